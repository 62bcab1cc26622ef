"""Cards, items and playlists as JSON.

{"id": "autumn", "name": "Autumn", "edited_at": 0, "items": [
  {"id": "rain", "title": "Rain", "duration_ms": 12000, "transition": "fade",
   "schedule": {..}, "condition": {..},
   "content": {"card": {"template": "trio", "params": {"sky": "rain"},
                        "texts": {"headline": {"fr": "..", "en": ".."}},
                        "goods": [{"sku": "PLV-01", "picture": sha256, "channel": "web@{store}"}],
                        "live": {"chip": "weather:{store}"}, "assets": [sha256], "qr": sha256,
                        "price_loss": "fallback"}},
   "fallback": {card}},
  {"id": "more", "content": {"playlist": "winter"}}]}
"""

from __future__ import annotations

import re
from typing import Literal

from playlists.cards import (
    MAX_ASSETS,
    MAX_GOODS,
    MAX_NAME_CHARS,
    MAX_PARAM_CHARS,
    MAX_PARAMS,
)
from playlists.condition_json import condition_from_json, condition_to_json
from playlists.errors import Invalid
from playlists.fields import MAX_WHOLE, Fields, sha, text, whole
from playlists.ids import ChannelId, ItemId, Json, PlaylistId, Sha256, check_id, check_sku
from playlists.model import Card, Good, Item, Playlist, Transition
from playlists.model_json.members import (
    channel,
    choice,
    identifier,
    listed,
    name_of,
    number,
    opened,
    table,
    without_defaults,
)
from playlists.schedule import ALWAYS
from playlists.schedule_json import schedule_from_json, schedule_to_json

MAX_ITEMS = 500
"""Items of one playlist."""
MIN_ITEM_MS = 1_000
MAX_ITEM_MS = 30 * 60_000
"""How long one item may take: a loop is never longer."""
ITEM_MS = 10_000
"""How long an item takes unless it says so."""
MAX_TITLE_CHARS = 200
MAX_LANGUAGES = 16
MAX_PARAM_NAME_CHARS = 64

PriceLoss = Literal["price_free", "fallback"]
_PRICE_LOSS: tuple[PriceLoss, ...] = ("price_free", "fallback")
_TRANSITIONS: tuple[Transition, ...] = ("brand", "cut", "fade", "slide")
_LIVE = re.compile(r"[a-z][a-z_.]*:[^\s:\x00-\x1f]{1,140}")


def card_to_json(card: Card) -> dict[str, Json]:
    """The JSON form of a card."""
    return without_defaults(
        {
            "template": card.template,
            "params": dict(card.params),
            "texts": {name: dict(said) for name, said in card.texts.items()},
            "goods": [_good_to_json(good) for good in card.goods],
            "live": dict(card.live),
            "assets": list(card.assets),
            "qr": card.qr,
            "price_loss": card.price_loss,
        },
        price_loss="price_free",
    )


def card_from_json(value: object, path: str = "") -> Card:
    """Read a card. Raises Invalid."""
    names = ("template", "params", "texts", "goods", "live", "assets", "qr", "price_loss")
    fields = opened(value, path, *names)
    params: dict[str, str | int] = {}
    for name, param in _parameters(fields, "params"):
        params[name] = _param(param, f"{fields.at('params')}/{name}")
    texts = {
        name: _texts(said, f"{fields.at('texts')}/{name}")
        for name, said in _parameters(fields, "texts")
    }
    if len(params.keys() | texts.keys()) > MAX_PARAMS:
        raise Invalid(f"At most {MAX_PARAMS} params and texts in all.", fields.at("texts"))
    return Card(
        template=identifier(fields, "template"),
        params=params,
        texts=texts,
        goods=tuple(_good(good, at) for at, good in listed(fields, "goods", MAX_GOODS)),
        live={
            name: _live(key, f"{fields.at('live')}/{name}")
            for name, key in _parameters(fields, "live")
        },
        assets=tuple(Sha256(sha(file, at)) for at, file in listed(fields, "assets", MAX_ASSETS)),
        qr=Sha256(fields.sha("qr")) if fields.has("qr") else None,
        price_loss=choice(fields, "price_loss", _PRICE_LOSS, "price_free"),
    )


def item_to_json(item: Item) -> dict[str, Json]:
    """The JSON form of an item."""
    nested = not isinstance(item.content, Card)
    content: Json = (
        {"card": card_to_json(item.content)}
        if isinstance(item.content, Card)
        else {"playlist": item.content}
    )
    return without_defaults(
        {
            "id": item.id,
            "title": item.title,
            "content": content,
            "duration_ms": None if nested else item.duration_ms,
            "transition": "brand" if nested else item.transition,
            "schedule": schedule_to_json(item.schedule),
            "condition": condition_to_json(item.condition) if item.condition else None,
            "fallback": card_to_json(item.fallback) if item.fallback else None,
        },
        transition="brand",
    )


def item_from_json(value: object, path: str = "") -> Item:
    """Read an item. Raises Invalid."""
    names = ("id", "title", "content", "duration_ms", "transition", "schedule", "condition")
    fields = opened(value, path, *names, "fallback")
    condition = fields.raw.get("condition")
    fallback = fields.raw.get("fallback")
    return Item(
        id=ItemId(identifier(fields, "id")),
        content=_content(fields.value("content"), fields.at("content")),
        duration_ms=number(fields, "duration_ms", MIN_ITEM_MS, MAX_ITEM_MS, ITEM_MS),
        schedule=(
            schedule_from_json(fields.value("schedule"), fields.at("schedule"))
            if fields.has("schedule")
            else ALWAYS
        ),
        condition=(
            None if condition is None else condition_from_json(condition, fields.at("condition"))
        ),
        fallback=None if fallback is None else card_from_json(fallback, fields.at("fallback")),
        title=fields.text("title", MAX_TITLE_CHARS, empty=True) if fields.has("title") else "",
        transition=choice(fields, "transition", _TRANSITIONS, "brand"),
    )


def playlist_to_json(playlist: Playlist) -> dict[str, Json]:
    """The JSON form of a playlist."""
    return without_defaults(
        {
            "id": playlist.id,
            "name": playlist.name,
            "items": [item_to_json(item) for item in playlist.items],
            "edited_at": playlist.edited_at,
        },
        edited_at=0,
    )


def playlist_from_json(value: object, path: str = "") -> Playlist:
    """Read a playlist, each item named once. Raises Invalid."""
    fields = opened(value, path, "id", "name", "items", "edited_at")
    items = tuple(item_from_json(item, at) for at, item in listed(fields, "items", MAX_ITEMS))
    seen: set[ItemId] = set()
    for index, item in enumerate(items):
        if item.id in seen:
            raise Invalid("Another item has this id.", f"{fields.at('items')}/{index}/id")
        seen.add(item.id)
    return Playlist(
        id=PlaylistId(identifier(fields, "id")),
        name=name_of(fields),
        items=items,
        edited_at=number(fields, "edited_at", 0, MAX_WHOLE, 0),
    )


def _parameters(fields: Fields, name: str) -> list[tuple[str, object]]:
    return list(table(fields, name, MAX_PARAMS, MAX_PARAM_NAME_CHARS))


def _param(value: object, path: str) -> str | int:
    if isinstance(value, str):
        return text(value, path, MAX_PARAM_CHARS, empty=True)
    return whole(value, path, -MAX_WHOLE)


def _texts(value: object, path: str) -> dict[str, str]:
    fields = Fields.of(value, path)
    if not 1 <= len(fields.raw) <= MAX_LANGUAGES:
        raise Invalid(f"Say it in 1 to {MAX_LANGUAGES} languages.", path)
    return {
        check_id(language, path): text(said, fields.at(language), MAX_PARAM_CHARS, empty=True)
        for language, said in fields.raw.items()
    }


def _live(value: object, path: str) -> str:
    key = text(value, path, MAX_NAME_CHARS)
    if not _LIVE.fullmatch(key):
        raise Invalid("A live text is named like weather:{store}.", path)
    return key


def _good_to_json(good: Good) -> dict[str, Json]:
    return without_defaults({"sku": good.sku, "picture": good.picture, "channel": good.channel})


def _good(value: object, path: str) -> Good:
    fields = opened(value, path, "sku", "picture", "channel")
    where = channel(fields, "channel")
    return Good(
        sku=check_sku(fields.text("sku"), fields.at("sku")),
        picture=Sha256(fields.sha("picture")) if fields.has("picture") else None,
        channel=ChannelId(where) if where else None,
    )


def _content(value: object, path: str) -> Card | PlaylistId:
    fields = opened(value, path, "card", "playlist")
    if len(fields.raw) != 1:
        raise Invalid("Give a card or a playlist.", path)
    if fields.has("playlist"):
        return PlaylistId(identifier(fields, "playlist"))
    return card_from_json(fields.value("card"), fields.at("card"))
