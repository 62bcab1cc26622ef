"""A card of the deck as canonical bytes, and the files it needs."""

from __future__ import annotations

import re

from playlists.errors import Invalid
from playlists.fields import MAX_WHOLE, Fields, text, whole
from playlists.ids import ChannelId, Json, Sha256, canonical, check_id, check_sku
from playlists.manifest import DeckCard, DeckGood

MAX_PARAMS = 64
MAX_PARAM_CHARS = 4_000
MAX_GOODS = 24
MAX_ASSETS = 64
MAX_NAME_CHARS = 160

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[!-~]+")


def encode_card(card: DeckCard) -> bytes:
    """A card's canonical bytes. Raises Invalid, naming the part that is wrong."""
    body = card_json(card)
    read_card(body, "")
    return canonical(body)


def files_of(card: DeckCard) -> tuple[Sha256, ...]:
    """Every file that a card needs to show (assets, pictures, QR code), each once."""
    pictures = [good.picture for good in card.goods if good.picture is not None]
    code = [] if card.qr is None else [card.qr]
    return tuple(dict.fromkeys([*card.assets, *pictures, *code]))


def card_json(card: DeckCard) -> dict[str, Json]:
    """A card as it stands in a deck, empty members left out."""
    return {
        "t": card.template,
        "p": dict(card.params),
        "s": [
            {"k": good.sku, "c": good.channel, **({"i": good.picture} if good.picture else {})}
            for good in card.goods
        ],
        **({"l": dict(card.live)} if card.live else {}),
        **({"a": list(card.assets)} if card.assets else {}),
        **({"q": card.qr} if card.qr else {}),
        **({} if card.price_loss == "price_free" else {"n": card.price_loss}),
    }


def read_card(value: object, path: str) -> DeckCard:
    """Undo `card_json`. Raises Invalid, naming the part that is wrong under `path`."""
    fields = Fields.of(value, path)
    params: dict[str, str | int] = {}
    for name, param in fields.members("p", MAX_PARAMS):
        at = f"{fields.at('p')}/{name}"
        if isinstance(param, str):
            params[name] = text(param, at, MAX_PARAM_CHARS, empty=True)
        else:
            params[name] = whole(param, at, -MAX_WHOLE)
    live = fields.members("l", MAX_PARAMS) if fields.has("l") else ()
    assets = fields.items("a", MAX_ASSETS) if fields.has("a") else ()
    if fields.has("n") and fields.text("n") != "fallback":
        raise Invalid("Only fallback may stand here.", fields.at("n"))
    return DeckCard(
        template=check_id(fields.text("t"), fields.at("t")),
        params=params,
        goods=tuple(_read_good(good, at) for at, good in fields.items("s", MAX_GOODS)),
        live={name: text(key, f"{fields.at('l')}/{name}", MAX_NAME_CHARS) for name, key in live},
        assets=tuple(check_sha(asset, at) for at, asset in assets),
        qr=Sha256(fields.sha("q")) if fields.has("q") else None,
        price_loss="fallback" if fields.has("n") else "price_free",
    )


def _read_good(value: object, path: str) -> DeckGood:
    fields = Fields.of(value, path)
    return DeckGood(
        sku=check_sku(fields.text("k"), fields.at("k")),
        channel=ChannelId(check_name(fields.value("c"), fields.at("c"))),
        picture=Sha256(fields.sha("i")) if fields.has("i") else None,
    )


def check_sha(value: object, path: str) -> Sha256:
    """Return `value` if it is a content address. Raises Invalid."""
    found = text(value, path, 64)
    if not _SHA256.fullmatch(found):
        raise Invalid("A sha256 has 64 lower-case hex digits.", path)
    return Sha256(found)


def check_name(value: object, path: str) -> str:
    """Return `value` if it names a channel, a source or a zone: plain ASCII. Raises Invalid."""
    name = text(value, path, MAX_NAME_CHARS)
    if not _NAME.fullmatch(name):
        raise Invalid("A name is plain ASCII without spaces.", path)
    return name
