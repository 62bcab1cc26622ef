"""People's names of the wishes and items that an explanation speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.model import Card, Item
from server.db.models import OfferRow
from server.services.base.kept import MAX_IN, batched
from server.services.publishing.inputs import Recalled
from server.services.showing.looks import Look, first_card, look_of, shop_pictures


@dataclass(frozen=True, slots=True)
class WishNames:
    """`wishes` by id (campaign, playlist, override, emergency), `items` by (wish, item), `goods` by
    SKU. `looks` are those of items, and of wishes with an empty item.
    """

    wishes: Mapping[str, str]
    items: Mapping[tuple[str, str], str]
    goods: Mapping[str, str]
    looks: Mapping[tuple[str, str], Look]

    def of(self, wish: str, item: str = "") -> str:
        """What a wish, or one of its items, is called."""
        named = self.items.get((wish, item)) if item else None
        return named or self.wishes.get(wish, wish)

    def look(self, wish: str, item: str = "") -> Look:
        """How a wish, or one of its items, looks."""
        return self.looks.get((wish, item)) or Look()


def wish_names(session: Session, recalled: Recalled, language: str) -> WishNames:
    """The names in the inputs of a plan; goods are called as their offers call them."""
    playlists: dict[str, tuple[Item, ...]] = {}
    wishes: dict[str, str] = {}
    plays: dict[str, str] = {}
    for key, wish in recalled.wishes.items():
        kind, _, name = key.partition(":")
        if kind == "playlist":
            wishes.setdefault(name, wish.name)
            playlists[name] = wish.items
        elif kind == "campaign":
            wishes[name] = wish.name
        if kind != "playlist" and wish.playlist is not None:
            plays[name] = wish.playlist
    for name, playlist in plays.items():
        wishes.setdefault(name, wishes.get(playlist, name))
    goods = _goods(session, recalled.home.channel or "", playlists, language)
    pictured = shop_pictures(session, goods)
    items: dict[tuple[str, str], str] = {}
    looks: dict[tuple[str, str], Look] = {}
    for wish_id, playlist in [*((name, name) for name in playlists), *plays.items()]:
        unfolded = tuple(_unfolded(playlist, playlists, set()))
        looks[wish_id, ""] = look_of(first_card(unfolded), pictured)
        for item in unfolded:
            called = _item(item, goods, language) or wishes[wish_id]
            items.setdefault((wish_id, item.id), called)
            looks.setdefault((wish_id, item.id), look_of(first_card((item,)), pictured))
    return WishNames(wishes, items, goods, looks)


def _unfolded(
    playlist: str, playlists: Mapping[str, tuple[Item, ...]], seen: set[str]
) -> Iterator[Item]:
    """The items in their order, those of playlists inside it too, each of these once: an
    explanation speaks of both.
    """
    seen.add(playlist)
    for item in playlists.get(playlist, ()):
        yield item
        if not isinstance(item.content, Card) and item.content not in seen:
            yield from _unfolded(item.content, playlists, seen)


def _item(item: Item, goods: Mapping[str, str], language: str) -> str:
    if item.title or not isinstance(item.content, Card):
        return item.title
    for texts in (item.content.texts.get("headline"), item.content.texts.get("second")):
        if texts:
            return texts.get(language) or next(iter(texts.values()))
    return ", ".join(goods.get(good.sku, good.sku) for good in item.content.goods)


def _goods(
    session: Session, channel: str, playlists: Mapping[str, tuple[Item, ...]], language: str
) -> dict[str, str]:
    skus = {
        str(good.sku)
        for items in playlists.values()
        for item in items
        if isinstance(item.content, Card)
        for good in item.content.goods
    }
    found: dict[str, str] = {}
    for some in batched(sorted(skus), MAX_IN):
        rows = select(OfferRow.sku, OfferRow.body).where(
            OfferRow.channel == channel, OfferRow.sku.in_(some)
        )
        for sku, body in session.execute(rows):
            names: Mapping[str, str] = body["nm"].get(language) or next(
                iter(body["nm"].values()), {}
            )
            found[sku] = names.get("name") or sku
    return found
