"""Where a store's shelf and the shop online say otherwise of a product, and for how much of a day.

"In stock online, out here" loses a sale that was asked for by name; the reverse hides goods. What
is counted is what screens go by (server/services/observed/sellable.py) against the availability
that the shop gives. Looked at every minute; a stretch is written where it begins and ends. What is
not believed any more contradicts nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Literal

from sqlalchemy import Select, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from playlists.localtime import LocalDay, local_days
from server.db.models import ChannelRow, FactRow, ParadoxRow, ProductRow, ShelfRow, StoreRow
from server.services.base.context import Context
from server.services.base.kept import batched

Kind = Literal["out_here", "out_online"]
"""The shop online has it and the store has not; the reverse."""
AT_ONCE = 200
"""Stretches written in one transaction."""
WHOLE = 1_000
"""Shares are in thousandths."""
DAY_MS = 86_400_000
COLUMNS = ("store", "sku", "day", "kind", "seconds", "of_seconds", "permille")


@dataclass(frozen=True, slots=True)
class Share:
    """For how much of a day (store-local, YYYY-MM-DD) of `of_ms` milliseconds, today's until now,
    a store and the shop online said otherwise of a SKU.
    """

    store: str
    sku: str
    day: str
    kind: Kind
    ms: int
    of_ms: int

    @property
    def permille(self) -> int:
        """The same in thousandths, rounded down."""
        return self.ms * WHOLE // max(1, self.of_ms)


def observe(ctx: Context) -> int:
    """Look at all shelves now; begin and end stretches. Returns how many did."""
    now = ctx.clock()
    with ctx.db.read() as session:
        said = {(store, sku): kind for store, sku, kind in _paradoxical(session, now)}
        lasting = select(ParadoxRow).where(ParadoxRow.ended_at == 0)
        held = {
            (row.store_id, row.sku): (row.kind, row.began_at) for row in session.scalars(lasting)
        }
    over = [place for place, (kind, _) in held.items() if said.get(place) != kind]
    new = [place for place, kind in said.items() if held.get(place, ("", 0))[0] != kind]
    for some in batched(over, AT_ONCE):
        with ctx.db.write() as session:
            for store, sku in some:
                here = (ParadoxRow.store_id == store, ParadoxRow.sku == sku)
                ended = update(ParadoxRow).where(*here, ParadoxRow.ended_at == 0)
                session.execute(ended.values(ended_at=now))
    for some in batched(new, AT_ONCE):
        with ctx.db.write() as session:
            for store, sku in some:
                kind = said[store, sku]
                session.merge(ParadoxRow(store_id=store, sku=sku, began_at=now, kind=kind))
    return len(over) + len(new)


def shares(
    session: Session,
    now: int,
    from_ms: int,
    until_ms: int,
    stores: Collection[str] | None = None,
) -> Iterator[Share]:
    """The shares of the store-local days that touch `[from_ms, until_ms)`, up to `now`, by store,
    day, SKU and kind; `stores` None: of all. Days without any are left out.
    """
    until_ms = min(until_ms, now)
    zones = select(StoreRow.id, StoreRow.zone).order_by(StoreRow.id)
    if stores is not None:
        zones = zones.where(StoreRow.id.in_(list(stores)))
    for store, zone in session.execute(zones).all():
        days = _days(zone, from_ms, until_ms)
        if days:
            yield from _of_store(session, store, days, now)


def table(found: Iterable[Share]) -> str:
    """The same as CSV (RFC 4180), with a head."""
    written = StringIO()
    out = csv.writer(written)
    out.writerow(COLUMNS)
    for one in found:
        seconds = (one.ms // 1000, one.of_ms // 1000)
        out.writerow([one.store, one.sku, one.day, one.kind, *seconds, one.permille])
    return written.getvalue()


def often(
    session: Session, now: int, stores: Collection[str], percent: int
) -> dict[tuple[str, Kind], int]:
    """How many products of each store contradicted the shop online for more than `percent` of the
    last 24 hours.
    """
    begin = now - DAY_MS
    spent: dict[tuple[str, str, Kind], int] = {}
    for row in session.scalars(_touching(stores, begin, now)):
        key = (row.store_id, row.sku, _kind(row.kind))
        spent[key] = spent.get(key, 0) + _within(row, begin, now, now)
    found: dict[tuple[str, Kind], int] = {}
    for (store, _, kind), ms in spent.items():
        if ms * 100 > DAY_MS * percent:
            found[store, kind] = found.get((store, kind), 0) + 1
    return found


def sweep(session: Session, before: int) -> None:
    """Forget stretches that ended before an instant."""
    session.execute(delete(ParadoxRow).where(ParadoxRow.ended_at > 0, ParadoxRow.ended_at < before))


def _paradoxical(session: Session, now: int) -> Iterator[tuple[str, str, Kind]]:
    """Every store and SKU that contradicts its shop online now."""
    key = "stock:" + ShelfRow.sku + "@" + ShelfRow.store_id
    out_here = and_(ShelfRow.is_out, ProductRow.availability == "in_stock")
    out_online = and_(~ShelfRow.is_out, ProductRow.availability == "out_of_stock")
    rows = (
        select(ShelfRow.store_id, ShelfRow.sku, ShelfRow.is_out)
        .join(StoreRow, StoreRow.id == ShelfRow.store_id)
        .join(ChannelRow, ChannelRow.id == StoreRow.channel)
        .join(ProductRow, and_(ProductRow.shop == ChannelRow.shop, ProductRow.sku == ShelfRow.sku))
        .join(FactRow, FactRow.key == key)
        .where(or_(out_here, out_online), FactRow.expires_at > now)
    )
    for store, sku, is_out in session.execute(rows):
        yield store, sku, "out_here" if is_out else "out_online"


def _of_store(
    session: Session, store: str, days: Collection[LocalDay], now: int
) -> Iterator[Share]:
    begin, end = min(day.from_ms for day in days), max(day.until_ms for day in days)
    rows = session.scalars(_touching([store], begin, end)).all()
    for day in days:
        spent: dict[tuple[str, Kind], int] = {}
        for row in rows:
            ms = _within(row, day.from_ms, day.until_ms, now)
            if ms:
                key = (row.sku, _kind(row.kind))
                spent[key] = spent.get(key, 0) + ms
        of_ms = min(day.until_ms, now) - day.from_ms
        for (sku, kind), ms in sorted(spent.items()):
            yield Share(store, sku, day.date, kind, ms, of_ms)


def _touching(stores: Collection[str], begin: int, end: int) -> Select[ParadoxRow]:
    return select(ParadoxRow).where(
        ParadoxRow.store_id.in_(list(stores)),
        ParadoxRow.began_at < end,
        or_(ParadoxRow.ended_at == 0, ParadoxRow.ended_at > begin),
    )


def _within(row: ParadoxRow, begin: int, end: int, now: int) -> int:
    """Milliseconds of a stretch in `[begin, end)`, up to now."""
    return max(0, min(row.ended_at or now, end) - max(row.began_at, begin))


def _days(zone: str, from_ms: int, until_ms: int) -> list[LocalDay]:
    if from_ms >= until_ms:
        return []
    many = (until_ms - from_ms) // DAY_MS + 3
    return [day for day in local_days(zone, from_ms, many) if day.from_ms < until_ms]


def _kind(said: str) -> Kind:
    return "out_here" if said == "out_here" else "out_online"
