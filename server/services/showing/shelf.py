"""The shop's goods as a person picks them for a card: found by name or SKU, with picture, price and
stock as one store has them now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import String, cast, or_, select

from playlists.facts import FactKey, fact_line, value_at
from playlists.ids import ChannelId, Sku
from server.db.models import ProductRow, StoreRow
from server.errors import NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.naming import name_in, names_of
from server.services.observed.facts import facts_for
from server.services.prices import past
from server.services.prices.past import Held
from server.services.prices.texts import money

MAX_FOUND = 24
"""Goods that one search gives."""


@dataclass(frozen=True, slots=True)
class OnShelf:
    """A product in a store: `price` in words, empty where it may not show now; `stock` None where
    it is not known.
    """

    sku: str
    name: str
    price: str
    stock: int | None
    picture: str | None


def shelf(ctx: Context, actor: Actor, store: str, asked: str, language: str) -> tuple[OnShelf, ...]:
    """The goods of a store's shop whose name or SKU has `asked` in it. Raises NotFound."""
    actor.require("read", store)
    now = ctx.clock()
    with ctx.db.read() as session:
        row = session.get(StoreRow, store)
        if row is None:
            raise NotFound("There is no such store among yours.")
        channel = ChannelId(row.channel or "")
        query = select(ProductRow).where(ProductRow.shop == channel.partition("@")[0])
        if asked.strip():
            part = asked.strip()
            named = cast(ProductRow.names, String).icontains(_escaped(part), autoescape=True)
            as_sku = ProductRow.sku.icontains(part, autoescape=True)
            query = query.where(or_(named, as_sku))
        rows = list(session.scalars(query.order_by(ProductRow.sku).limit(MAX_FOUND)))
        skus = [Sku(one.sku) for one in rows]
        offers = past.offers_at(session, channel, skus, None)
        keys = {sku: FactKey(f"stock:{sku}@{store}") for sku in skus}
        facts = facts_for(session, keys.values())
    found: list[OnShelf] = []
    for one in rows:
        key = keys[Sku(one.sku)]
        pieces = value_at(fact_line(facts.get(key, ()), key, now, now + 1), now)
        found.append(
            OnShelf(
                one.sku,
                name_in(one.names, language, one.sku),
                _price(offers.get(Sku(one.sku)), now, language),
                pieces if isinstance(pieces, int) else None,
                one.picture_sha,
            )
        )
    return tuple(sorted(found, key=lambda good: good.name))


def names_of_goods(ctx: Context, skus: Collection[str], language: str) -> Mapping[str, str]:
    """What the shops call some SKUs."""
    with ctx.db.read() as session:
        found = names_of(session, skus)
    return {sku: name_in(names, language, sku) for sku, names in found.items()}


def _price(held: Held | None, now: int, language: str) -> str:
    if held is None:
        return ""
    for step in held.offer.steps:
        if step.from_ms <= now and (step.until_ms is None or now < step.until_ms):
            return money(step.price, held.offer.currency, language)
    return ""


def _escaped(text: str) -> str:
    """As JSON columns keep it where they keep plain ASCII."""
    return text.encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00")
