"""The goods that the shops deliver, as a person looks through them to promote one: what they cost
and cost before, and how many each store has.

A search walks one index (shop, SKU, terms) and stops when a page is full; what a page shows is read
in a fixed number of statements, however many goods there are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.facts import FactKey, fact_line, value_at
from playlists.ids import ChannelId, Sku
from playlists.pricing import Offer, Step
from playlists.slot import Lease
from server.db.models import ProductRow, StoreRow
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.naming import name_in, said_in
from server.services.observed import shelves
from server.services.observed.facts import facts_for
from server.services.prices import past
from server.services.prices.freshness import leases_of
from server.services.prices.products import folded
from server.services.prices.withholding import RECALLED

GOODS_SHOWN = 24
MAX_STORES = 6
"""Stores whose stock stands beside each product."""
MAX_WORDS = 6
"""Words of one search that count."""
MAX_CHOSEN = 12


@dataclass(frozen=True, slots=True)
class Shelf:
    """A store that sells: its channel, and what it is called."""

    id: str
    name: str
    channel: str


@dataclass(frozen=True, slots=True)
class Asking:
    """What is looked for: words, the store whose prices are told (empty: the first), a page's
    `next`.
    """

    words: str = ""
    store: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a product costs in a store now, minor units. `prior` only where the law lets it be said;
    `because` why or why not (codes of playlists.law.display); `unit` and `comparison` are said
    beside it; `ends_at` (unix ms) is when this price does.
    """

    price: int
    currency: str
    prior: int | None
    because: tuple[str, ...]
    unit: str
    comparison: str
    ends_at: int | None


@dataclass(frozen=True, slots=True)
class Product:
    """One product. `cost` None: no price may show now, and `why` is suspect, stale or none.
    `stock` is by store what screens promise, None where the shop does not say; `counts` what a
    store counted and what of it is reserved.
    """

    sku: str
    name: str
    maker: str
    category: str
    picture: str
    pictured: bool
    cost: Cost | None
    why: str
    stock: Mapping[str, int | None]
    counts: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A page of products, told from one store; `stores` are those whose stock is told."""

    store: Shelf | None
    stores: tuple[Shelf, ...]
    goods: tuple[Product, ...]
    next: str


def catalogue(ctx: Context, actor: Actor, asking: Asking, language: str) -> Catalogue:
    """The products of a store's shop that have all the words that are asked for, by SKU. Raises
    BadInput (a cursor that is not ours).
    """
    actor.require("content")
    if len(asking.after) > 64:
        raise BadInput("Pass on the “next” of the page before as it is.", field="after")
    now = ctx.clock()
    with ctx.db.read() as session:
        selling = shelves_of(session, actor)
        home = next((one for one in selling if one.id == asking.store), None)
        home = home or (selling[0] if selling else None)
        if home is None:
            return Catalogue(None, (), (), "")
        skus = _found(session, home.channel.partition("@")[0], asking)
        shown = skus[:GOODS_SHOWN]
        stores = _beside(selling, home)
        goods = _goods(session, home, stores, shown, language, now)
    more = shown[-1] if len(skus) > len(shown) else ""
    return Catalogue(home, stores, goods, more)


def chosen(
    ctx: Context, actor: Actor, skus: Sequence[str], store: str, language: str
) -> tuple[Product, ...]:
    """Some products by SKU, in that order, as a store sells them; those that it does not are left
    out.
    """
    actor.require("content")
    now = ctx.clock()
    with ctx.db.read() as session:
        selling = shelves_of(session, actor)
        home = next((one for one in selling if one.id == store), None)
        home = home or (selling[0] if selling else None)
        if home is None:
            return ()
        some = [Sku(sku) for sku in skus[:MAX_CHOSEN]]
        found = _goods(session, home, _beside(selling, home), some, language, now)
    by_sku = {one.sku: one for one in found}
    return tuple(by_sku[sku] for sku in some if sku in by_sku)


def shelves_of(session: Session, actor: Actor) -> tuple[Shelf, ...]:
    """The actor's stores that have a shop behind them, by name."""
    rows = session.execute(
        select(StoreRow.id, StoreRow.name, StoreRow.channel).order_by(StoreRow.name)
    )
    return tuple(
        Shelf(row.id, row.name, row.channel) for row in rows if row.channel and actor.sees(row.id)
    )


def _beside(selling: Sequence[Shelf], home: Shelf) -> tuple[Shelf, ...]:
    return (home, *(one for one in selling if one.id != home.id))[:MAX_STORES]


def _found(session: Session, shop: str, asking: Asking) -> list[Sku]:
    query = select(ProductRow.sku).where(ProductRow.shop == shop)
    for word in folded(asking.words).split()[:MAX_WORDS]:
        query = query.where(ProductRow.terms.contains(word, autoescape=True))
    if asking.after:
        query = query.where(ProductRow.sku > asking.after)
    rows = session.scalars(query.order_by(ProductRow.sku).limit(GOODS_SHOWN + 1))
    return [Sku(sku) for sku in rows]


def _goods(
    session: Session,
    home: Shelf,
    stores: Sequence[Shelf],
    skus: Collection[Sku],
    language: str,
    now: int,
) -> tuple[Product, ...]:
    shop, channel = home.channel.partition("@")[0], ChannelId(home.channel)
    query = select(ProductRow).where(ProductRow.shop == shop, ProductRow.sku.in_(skus))
    rows = list(session.scalars(query.order_by(ProductRow.sku)))
    offers = past.offers_at(session, channel, skus, None)
    lease = leases_of(session, {channel}).get(channel)
    stock = _stock(session, stores, skus, now)
    counts = shelves.read(session, [(one.id, sku) for one in stores for sku in skus])
    found = []
    for row in rows:
        sku = Sku(row.sku)
        held = offers.get(sku)
        step = _running(held.offer, now) if held is not None else None
        fresh = held is not None and lease is not None and now < _over(held.offer, lease)
        cost = _cost(held.offer, step, language) if held and step and fresh else None
        why = "" if cost else "none" if held is None else "stale" if step else "withheld"
        if held is not None and held.offer.reason == RECALLED:
            why = "recalled"
        found.append(
            Product(
                row.sku,
                name_in(row.names, language, sku),
                row.maker,
                row.category,
                row.picture_sha or "",
                bool(row.picture_url),
                cost,
                why,
                {one.id: stock.get((one.id, sku)) for one in stores},
                {
                    store: (shelf.counted, shelf.reserved)
                    for (store, of), (shelf, _) in counts.items()
                    if of == sku
                },
            )
        )
    return tuple(found)


def _over(offer: Offer, lease: Lease) -> int:
    """When a price may no longer show unless the shop confirms it, unix ms."""
    return max(lease.as_of, offer.confirmed_at) + lease.lease_ms


def _running(offer: Offer, now: int) -> Step | None:
    return next(
        (s for s in offer.steps if s.from_ms <= now and (s.until_ms is None or now < s.until_ms)),
        None,
    )


def _cost(offer: Offer, step: Step, language: str) -> Cost:
    said = said_in(step.texts, language)
    return Cost(
        *(step.price, offer.currency, step.prior, step.because),
        *(said.get("unit", ""), said.get("comparison", "")),
        step.until_ms,
    )


def _stock(
    session: Session, stores: Sequence[Shelf], skus: Collection[Sku], now: int
) -> dict[tuple[str, Sku], int]:
    keys = {FactKey(f"stock:{sku}@{one.id}"): (one.id, sku) for one in stores for sku in skus}
    found: dict[tuple[str, Sku], int] = {}
    for key, facts in facts_for(session, keys).items():
        pieces = value_at(fact_line(facts, key, now, now + 1), now)
        if isinstance(pieces, int):
            found[keys[key]] = pieces
    return found
