"""Reads everything that some offers hang on, in one snapshot, and tells whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, cast

from sqlalchemy import String, Table, select
from sqlalchemy import cast as cast_to
from sqlalchemy.orm import Session

from playlists.facts import KINDS, FactKey, value_at
from playlists.facts import fact_line as line_of
from playlists.ids import ChannelId, Sku
from playlists.law.reductions import PLAIN_GOODS, Goods
from playlists.pricing import StockText
from server.db.models import ChannelRow, OfferRow, ProductRow
from server.services.base.naming import Names
from server.services.observed import facts as fact_services
from server.services.prices import folding, ledger, texts, withholding
from server.services.prices.ledger import Pair, Past, Stamp

STOCK = KINDS["stock"]


CHANNELS = cast(Table, ChannelRow.__table__)
OFFERS = cast(Table, OfferRow.__table__)
LAWFUL = tuple(one.name for one in fields(Goods))
"""Columns of a product that the law of displayed prices asks for."""
_CHANNEL, _OFFER, _PRODUCT = CHANNELS.c, OFFERS.c, ProductRow.__table__.c
_STAMP = (
    _OFFER.version,
    _OFFER.suspect,
    _OFFER.seen_version,
    _OFFER.seen_at,
    _OFFER.kept_until,
)


@dataclass(frozen=True, slots=True)
class ChannelOf:
    """A channel with its shop, its store, and that store's time zone and country (empty: none)."""

    id: ChannelId
    shop: str
    store: str
    zone: str
    country: str


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel's row, as far as a delta says it."""

    version: int
    as_of: int
    lease_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """An offer as it stands in the record."""

    body: Mapping[str, Any]
    version: int
    suspect: str
    seen_version: str
    seen_at: int = 0
    kept_until: int = 0
    pending: dict[str, Any] | None = None

    @property
    def confirmed_at(self) -> int:
        """When the shop last confirmed this price by itself, unix ms; 0: never."""
        return int(self.body.get("at", 0))

    def says(self, body: Mapping[str, Any]) -> bool:
        """Whether it says the same as `body`, whenever it was confirmed."""
        return {**self.body, "at": 0} == {**body, "at": 0}

    @property
    def stamp(self) -> tuple[int, str, str, int, int]:
        """Another one where somebody wrote it."""
        return (self.version, self.suspect, self.seen_version, self.seen_at, self.kept_until)


@dataclass(frozen=True, slots=True)
class Product:
    """What is shown of a product, and what the shop last said of it."""

    names: Names
    picture_url: str = ""
    availability: str = ""
    maker: str = ""
    category: str = ""
    tax_permyriad: int | None = None
    goods: Goods = PLAIN_GOODS


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that the offers of `skus` in some channels hang on, as of one snapshot."""

    skus: tuple[Sku, ...]
    states: Mapping[ChannelId, ChannelState]
    offers: Mapping[Pair, Standing]
    products: Mapping[Sku, Product]
    stock: Mapping[tuple[str, Sku], StockText]
    pasts: Mapping[Pair, Past]
    stamps: Mapping[Pair, Stamp]
    withheld: withholding.Withheld = withholding.NOTHING


def gather(
    session: Session,
    channels: Sequence[ChannelOf],
    skus: Iterable[Sku],
    now: int,
    since_ms: int | None = None,
) -> Seen:
    """Read what the offers of `skus` in `channels` hang on; of their histories what may be asked by
    rows that are recorded at `since_ms` (unix ms) or later, if given.
    """
    wanted = tuple(sorted(set(skus)))
    ids = [channel.id for channel in channels]
    pasts, stamps = folding.read(session, ids, wanted, since_ms)
    return Seen(
        wanted,
        _states(session, ids, lock=False),
        _offers(session, ids, wanted),
        _products(session, channels[0].shop, wanted) if channels else {},
        _stock(session, channels, wanted, now),
        pasts,
        stamps,
        withholding.gather(session, _stores(channels), wanted),
    )


def _stores(channels: Sequence[ChannelOf]) -> dict[ChannelId, str]:
    return {channel.id: channel.store for channel in channels}


def lock(session: Session, channels: Sequence[ChannelOf]) -> None:
    """Nobody else writes these channels until this transaction ends."""
    _states(session, [channel.id for channel in channels], lock=True)


def unmoved(session: Session, seen: Seen, channels: Sequence[ChannelOf]) -> bool:
    """Whether the record still says what was `seen` of `channels`; from now on nobody else writes
    them. Whoever changes a name or a stock that screens say writes the channel's version too.
    """
    ids = [channel.id for channel in channels]
    mine = set(ids)
    if _states(session, ids, lock=True) != _of(seen.states, mine):
        return False
    query = select(_OFFER.channel, _OFFER.sku, *_STAMP).where(
        _OFFER.channel.in_(ids), _OFFER.sku.in_(seen.skus)
    )
    stand = {(row.channel, row.sku): tuple(row[2:]) for row in session.execute(query)}
    offers = {pair: one.stamp for pair, one in seen.offers.items() if pair[0] in mine}
    if stand != offers:
        return False
    held = withholding.gather(session, _stores(channels), seen.skus)
    if held != seen.withheld.within(_stores(channels)):
        return False
    stamps = {pair: stamp for pair, stamp in seen.stamps.items() if pair[0] in mine}
    return ledger.stamps(session, ids, seen.skus) == stamps


def _of(states: Mapping[ChannelId, ChannelState], ids: Collection[ChannelId]) -> Any:
    return {name: state for name, state in states.items() if name in ids}


def _states(
    session: Session, ids: Sequence[ChannelId], lock: bool
) -> dict[ChannelId, ChannelState]:
    query = (
        select(_CHANNEL.id, _CHANNEL.version, _CHANNEL.as_of, _CHANNEL.lease_ms)
        .where(_CHANNEL.id.in_(ids))
        .order_by(_CHANNEL.id)
    )
    rows = session.execute(query.with_for_update() if lock else query)
    return {ChannelId(name): ChannelState(*rest) for name, *rest in rows}


def _offers(
    session: Session, ids: Sequence[ChannelId], skus: Sequence[Sku]
) -> dict[Pair, Standing]:
    found: dict[Pair, Standing] = {}
    bodies: dict[str, Any] = {}  # most channels say the same: each text is read once
    for at in range(0, len(skus), ledger.IN_ROWS):
        query = select(
            _OFFER.channel,
            _OFFER.sku,
            cast_to(_OFFER.body, String),
            *_STAMP,
            _OFFER.pending,
        ).where(_OFFER.channel.in_(ids), _OFFER.sku.in_(skus[at : at + ledger.IN_ROWS]))
        for channel, sku, text, *rest in session.execute(query):
            body = bodies.get(text)
            if body is None:
                body = bodies[text] = json.loads(text)
            found[ChannelId(channel), Sku(sku)] = Standing(body, *rest)
    return found


def _products(session: Session, shop: str, skus: Sequence[Sku]) -> dict[Sku, Product]:
    found: dict[Sku, Product] = {}
    for at in range(0, len(skus), ledger.IN_ROWS):
        query = select(
            _PRODUCT.sku,
            _PRODUCT.names,
            _PRODUCT.picture_url,
            _PRODUCT.availability,
            _PRODUCT.maker,
            _PRODUCT.category,
            _PRODUCT.tax_permyriad,
            *(_PRODUCT[name] for name in LAWFUL),
        ).where(_PRODUCT.shop == shop, _PRODUCT.sku.in_(skus[at : at + ledger.IN_ROWS]))
        for sku, *rest in session.execute(query):
            described, lawful = rest[: -len(LAWFUL)], rest[-len(LAWFUL) :]
            product = Product(*described)
            if any(lawful):
                product = replace(product, goods=Goods(*lawful))
            found[Sku(sku)] = product
    return found


def _stock(
    session: Session, channels: Sequence[ChannelOf], skus: Sequence[Sku], now: int
) -> dict[tuple[str, Sku], StockText]:
    keys = {
        FactKey(f"stock:{sku}@{channel.store}"): (channel.store, sku)
        for channel in channels
        for sku in skus
    }
    found = {}
    for key, facts in fact_services.facts_for(session, keys).items():
        line = line_of(facts, key, now, now + 1)
        quantity = None if line is None else value_at(line, now)
        if line is not None and isinstance(quantity, int):
            said = texts.stock_text(quantity, (line.source, STOCK.max_age_ms))
            if said is not None:
                found[keys[key]] = said
    return found
