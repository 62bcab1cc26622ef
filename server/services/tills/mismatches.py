"""Where a store's till asks for another price than its screens may show: now, and in the past."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from server.db.models import ChannelRow, TillMismatchRow, TillPriceRow


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A stretch `[from_ms, until_ms)` (unix ms; None: it lasts) on which screens could show one
    price and the till asked for another. Minor units of each one's currency.
    """

    store: str
    sku: str
    channel: str
    connector: str
    shown: int
    shown_currency: str
    charged: int
    charged_currency: str
    from_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Apart:
    """How a store's tills stand now: SKUs whose till differs from the screens (`apart`), SKUs that
    are off because the till did not confirm a lower price in time (`silent`); since when (unix ms).
    """

    store: str
    apart: tuple[str, ...]
    silent: tuple[str, ...]
    since: int


def between(
    session: Session, stores: Collection[str], from_ms: int, until_ms: int
) -> list[Mismatch]:
    """All mismatches of some stores that meet `[from_ms, until_ms)`, by store and SKU."""
    rows = session.scalars(
        select(TillMismatchRow)
        .where(
            TillMismatchRow.store_id.in_(list(stores)),
            TillMismatchRow.from_ms < until_ms,
            or_(TillMismatchRow.until_ms.is_(None), TillMismatchRow.until_ms > from_ms),
        )
        .order_by(TillMismatchRow.store_id, TillMismatchRow.sku, TillMismatchRow.from_ms)
    )
    return [_view(row) for row in rows]


def now_apart(session: Session) -> list[Apart]:
    """The stores whose tills and screens differ now, or where a till is awaited in vain."""
    found: dict[str, tuple[set[str], set[str], list[int]]] = {}
    open_ones = select(
        TillMismatchRow.store_id, TillMismatchRow.sku, TillMismatchRow.from_ms
    ).where(TillMismatchRow.until_ms.is_(None))
    for store, sku, since in session.execute(open_ones):
        apart, _silent, begun = found.setdefault(store, (set(), set(), []))
        apart.add(sku)
        begun.append(since)
    waits = (
        select(ChannelRow.store_id, TillPriceRow.sku, TillPriceRow.deadline)
        .join(ChannelRow, ChannelRow.id == TillPriceRow.channel)
        .where(TillPriceRow.phase == "silent")
    )
    for store, sku, since in session.execute(waits):
        _apart, silent, begun = found.setdefault(store, (set(), set(), []))
        silent.add(sku)
        begun.append(since)
    return [
        Apart(store, tuple(sorted(apart)), tuple(sorted(silent)), min(begun))
        for store, (apart, silent, begun) in sorted(found.items())
    ]


def sweep(session: Session, before_ms: int) -> None:
    """Forget mismatches that ended before an instant."""
    session.execute(delete(TillMismatchRow).where(TillMismatchRow.until_ms < before_ms))


def _view(row: TillMismatchRow) -> Mismatch:
    return Mismatch(
        row.store_id,
        row.sku,
        row.channel,
        row.connector,
        row.shown,
        row.shown_currency,
        row.charged,
        row.charged_currency,
        row.from_ms,
        row.until_ms,
    )
