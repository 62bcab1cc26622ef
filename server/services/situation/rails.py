"""What is known of each store now: its weather, its counters, its stock, how long its prices hold,
each with its age and the source that said it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from playlists.facts import HAND, KINDS, FactKey, FactValue, kind_of
from server.db.mappers import value_from
from server.db.models import ChannelRow, ConnectorRow, FactRow, StoreRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.paging import Cut, Page, paged
from server.services.observed import paradoxes
from server.services.observed.world import store_of
from server.services.situation.looking import connector_of

MAX_STORES = 8
"""Stores on one page."""
WEATHER = tuple(name for name in KINDS if name.startswith("weather."))
COUNTED = ("footfall", "occupancy")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which stores: one by id, or those after a cursor."""

    store: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A fact that holds now, or did until it grew too old. `source` is what its connector is
    called, empty for a person's hand; it was said at `said_at` and holds for `life_ms`.
    """

    key: str
    value: FactValue
    source: str
    said_at: int
    life_ms: int


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock of `products` as one source says it; `said_at` of the longest unconfirmed."""

    source: str
    products: int
    said_at: int
    life_ms: int = KINDS["stock"].max_age_ms


@dataclass(frozen=True, slots=True)
class Lease:
    """How long prices show that the shop confirmed at `said_at`."""

    shop: str
    said_at: int
    life_ms: int


@dataclass(frozen=True, slots=True)
class Rail:
    """A store and what is known of it. `out_here` products that the shop online has were out in it
    for too much of the last day; `out_online`: the reverse.
    """

    id: str
    name: str
    zone: str
    facts: tuple[Known, ...]
    stock: tuple[Stock, ...]
    leases: tuple[Lease, ...]
    out_here: int = 0
    out_online: int = 0


def rails(
    ctx: Context,
    session: Session,
    actor: Actor,
    asked: Asked,
    sources: Sequence[ConnectorRow],
    now: int,
) -> Page[Rail]:
    """A page of the actor's stores. Raises BadInput for a strange cursor."""
    statement = select(StoreRow)
    if actor.stores is not None:
        statement = statement.where(StoreRow.id.in_(actor.stores))
    if asked.store:
        statement = statement.where(StoreRow.id == asked.store)
    cut = Cut(asked.after, MAX_STORES)
    page = paged(session, ctx.settings, statement, [StoreRow.id], cut, lambda row: row)
    stores = [row.id for row in page.items]
    if not stores:
        return Page(())
    names = {row.id: row.name for row in sources}
    facts = _facts(session, stores, names, now)
    stock = _stock(session, stores, names)
    leases = _leases(session, stores)
    often = paradoxes.often(session, now, stores, ctx.settings.paradox_percent)
    return Page(
        tuple(
            Rail(
                *(row.id, row.name, row.zone),
                tuple(facts.get(row.id, ())),
                tuple(stock.get(row.id, ())),
                tuple(leases.get(row.id, ())),
                often.get((row.id, "out_here"), 0),
                often.get((row.id, "out_online"), 0),
            )
            for row in page.items
        ),
        page.next,
    )


def _facts(
    session: Session, stores: Collection[str], names: Mapping[str, str], now: int
) -> dict[str, list[Known]]:
    """The newest that was said of now, by store and key."""
    skies = [f"{name}:{store}" for name in WEATHER for store in stores]
    counts = [FactRow.key.startswith(f"{name}:", autoescape=True) for name in COUNTED]
    here = [FactRow.key.endswith(f"@{store}", autoescape=True) for store in stores]
    rows = session.scalars(
        select(FactRow)
        .where(
            or_(FactRow.key.in_(skies), or_(*counts) & or_(*here)),
            FactRow.valid_from <= now,
            or_(FactRow.valid_until.is_(None), FactRow.valid_until > now),
        )
        .order_by(FactRow.key, FactRow.observed_at)
    )
    newest = {row.key: row for row in rows if store_of(row.key) in stores}
    found: dict[str, list[Known]] = {}
    for key, row in newest.items():
        kind = kind_of(FactKey(key))
        said_by = row.source.partition("@")[0]
        by = names.get(connector_of(row.source, names), said_by)
        life = kind.max_age_ms if kind is not None else row.expires_at - row.observed_at
        if said_by == HAND:
            by, life = "", row.expires_at - row.observed_at
        known = Known(key, value_from(row.value), by, row.observed_at, life)
        found.setdefault(store_of(key), []).append(known)
    return found


def _stock(
    session: Session, stores: Collection[str], names: Mapping[str, str]
) -> dict[str, list[Stock]]:
    sources = {f"{name}@{store}": (name, store) for name in names for store in stores}
    counted = (
        select(FactRow.source, func.count(), func.min(FactRow.observed_at))
        .where(FactRow.source.in_(sources), FactRow.key.startswith("stock:", autoescape=True))
        .group_by(FactRow.source)
        .order_by(FactRow.source)
    )
    found: dict[str, list[Stock]] = {}
    for source, products, said_at in session.execute(counted):
        name, store = sources[source]
        found.setdefault(store, []).append(Stock(names[name], products, said_at))
    return found


def _leases(session: Session, stores: Collection[str]) -> dict[str, list[Lease]]:
    rows = select(ChannelRow).where(ChannelRow.store_id.in_(stores), ChannelRow.as_of > 0)
    found: dict[str, list[Lease]] = {}
    for row in session.scalars(rows.order_by(ChannelRow.id)):
        found.setdefault(row.store_id, []).append(Lease(row.shop, row.as_of, row.lease_ms))
    return found
