"""Keeps what stores counted, and makes of it the stock that plans and screens go by.

The shelf is written where it changes; the fact `stock:SKU@STORE` says what may be promised of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from playlists.facts import KINDS, Fact, FactKey
from playlists.ids import SourceId
from server.db.models import FactRow, ShelfRow
from server.services.base.kept import MAX_IN, batched
from server.services.observed.sellable import Shelf, StockRules, promised, shelve

_SHELVES = cast(Table, ShelfRow.__table__)
_VALUES = ("counted", "reserved", "is_out", "back_since", "counted_at", "source")
AT_ONCE = 200
"""Shelves that are looked at again in one write transaction."""

Place = tuple[str, str]
"""A store and a SKU."""


@dataclass(frozen=True, slots=True)
class Count:
    """What a source (a connector's id) counted of a SKU in one of our stores at an instant (ms)."""

    store: str
    sku: str
    counted: int
    reserved: int
    at_ms: int


def key_of(store: str, sku: str) -> FactKey:
    """The fact that says what may be promised."""
    return FactKey(f"stock:{sku}@{store}")


def take(
    session: Session, source: str, counts: Sequence[Count], rules: StockRules
) -> tuple[Fact, ...]:
    """Keep some counts of a source in the caller's transaction. Returns the facts to record; a
    count older than the one known changes nothing.
    """
    held = read(session, {(one.store, one.sku) for one in counts})
    found: list[Fact] = []
    written: dict[Place, dict[str, Any]] = {}
    for one in sorted(counts, key=lambda one: one.at_ms):
        place = (one.store, one.sku)
        was, at_ms = held.get(place, (None, 0))
        if at_ms > one.at_ms:
            continue
        shelf = shelve(one.counted, one.reserved, was, rules, one.at_ms)
        if shelf != was:
            held[place] = (shelf, one.at_ms)
            written[place] = _row(place, source, shelf, one.at_ms)
        found.append(_fact(place, source, shelf, rules, one.at_ms))
    _write(session, list(written.values()))
    return tuple(found)


def settled(session: Session, source: str, rules: StockRules, now: int) -> tuple[Fact, ...]:
    """Shelves of a source whose pieces stayed for long enough are back, in the caller's
    transaction; the facts to record. Nothing is brought back that is too old to be believed.
    """
    rows = session.scalars(
        select(ShelfRow)
        .where(
            ShelfRow.source == source,
            ShelfRow.back_since > 0,
            ShelfRow.back_since <= now - rules.settle_ms,
        )
        .limit(AT_ONCE)
    ).all()
    keys = {key_of(row.store_id, row.sku): row for row in rows}
    facts = session.scalars(select(FactRow).where(FactRow.key.in_(list(keys)))).all()
    observed = {fact.key: fact.observed_at for fact in facts if fact.expires_at > now}
    found: list[Fact] = []
    for key, row in keys.items():
        shelf = shelve(row.counted, row.reserved, _shelf(row), rules, now)
        row.is_out, row.back_since = shelf.out, shelf.back_since
        if key in observed:
            place = (row.store_id, row.sku)
            found.append(_fact(place, source, shelf, rules, observed[key]))
    return tuple(found)


def waiting(session: Session, now: int) -> tuple[str, ...]:
    """The sources with pieces that came back a while ago."""
    rows = select(ShelfRow.source).where(ShelfRow.back_since > 0, ShelfRow.back_since < now)
    return tuple(sorted(session.scalars(rows.distinct())))


def read(session: Session, places: Iterable[Place]) -> dict[Place, tuple[Shelf, int]]:
    """Shelves with the instant (ms) of the count that they are of."""
    found: dict[Place, tuple[Shelf, int]] = {}
    here = tuple_(ShelfRow.store_id, ShelfRow.sku)
    for some in batched(sorted(places), MAX_IN // 2):
        for row in session.scalars(select(ShelfRow).where(here.in_(list(some)))):
            found[row.store_id, row.sku] = (_shelf(row), row.counted_at)
    return found


def forget(session: Session, source: str) -> None:
    """A source is gone."""
    session.execute(_SHELVES.delete().where(_SHELVES.c.source == source))


def _shelf(row: ShelfRow) -> Shelf:
    return Shelf(row.counted, row.reserved, row.is_out, row.back_since)


def _row(place: Place, source: str, shelf: Shelf, at_ms: int) -> dict[str, Any]:
    return {
        "store_id": place[0],
        "sku": place[1],
        "counted": shelf.counted,
        "reserved": shelf.reserved,
        "is_out": shelf.out,
        "back_since": shelf.back_since,
        "counted_at": at_ms,
        "source": source,
    }


def _fact(place: Place, source: str, shelf: Shelf, rules: StockRules, at_ms: int) -> Fact:
    store, sku = place
    life = KINDS["stock"].max_age_ms
    pieces = promised(shelf, rules)
    said_by = SourceId(f"{source}@{store}")
    return Fact(key_of(store, sku), pieces, at_ms, None, at_ms, at_ms + life, said_by)


def _write(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(_SHELVES)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["store_id", "sku"],
            set_={name: insert.excluded[name] for name in _VALUES},
        ),
        list(rows),
    )
