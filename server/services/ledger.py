"""Writes down every price as received: rows are appended, never changed, and say what runs from
then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.ledger import Stretch, effective
from playlists.pricing import LedgerRow
from server.db.mappers import ledger_from
from server.db.models import LedgerEntry
from server.ports import ProductReport

IN_ROWS = 500
"""Keys in one IN clause, rows in one INSERT."""

History = tuple[LedgerRow, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a price came from: the connector, and its version of the row."""

    source: str
    version: str = ""


def rows_of(report: ProductReport, channel: ChannelId, at_ms: int) -> History:
    """What a report says of the price from `at_ms` on: the list price, and within its dates the
    sale price.

    All rows of one report are recorded together, at `at_ms`, so that they replace what was said
    before.
    """
    if report.price is None:
        return ()
    row = LedgerRow(
        Sku(report.sku), channel, report.price, report.currency, at_ms, None, False, at_ms
    )
    if report.sale_price is None or report.sale_price >= report.price:
        return (row,)
    begin = max(at_ms, report.sale_from or at_ms)
    end = report.sale_until
    if end is not None and end <= begin:
        return (row,)
    sale = replace(row, price=report.sale_price, valid_from=begin, valid_until=end, reduced=True)
    return (row, sale)


def news(history: History, rows: History, at_ms: int) -> History:
    """`rows` where they change what the history says from `at_ms` on, nothing where they repeat
    it.
    """
    before = effective(row for row in history if row.recorded_at <= at_ms)
    after = effective((*history, *rows))
    return () if _ahead(before, at_ms) == _ahead(after, at_ms) else rows


def _ahead(stretches: Iterable[Stretch], at_ms: int) -> list[Stretch]:
    return [
        replace(stretch, from_ms=max(stretch.from_ms, at_ms))
        for stretch in stretches
        if stretch.until_ms is None or stretch.until_ms > at_ms
    ]


def histories(
    session: Session, channels: Sequence[ChannelId], skus: Iterable[Sku]
) -> Mapping[tuple[ChannelId, Sku], History]:
    """All that the ledger holds of `skus` in `channels`, by channel and SKU."""
    found: dict[tuple[ChannelId, Sku], list[LedgerRow]] = {}
    wanted = sorted(set(skus))
    for at in range(0, len(wanted), IN_ROWS):
        query = select(LedgerEntry).where(
            LedgerEntry.channel.in_(channels), LedgerEntry.sku.in_(wanted[at : at + IN_ROWS])
        )
        for entry in session.scalars(query):
            row = ledger_from(entry)
            found.setdefault((row.channel, row.sku), []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def append(session: Session, rows: Sequence[LedgerRow], origin: Origin) -> None:
    """Add `rows` in the caller's transaction."""
    values = [
        {
            "channel": row.channel,
            "sku": row.sku,
            "price": row.price,
            "currency": row.currency,
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
            "reduced": row.reduced,
            "recorded_at": row.recorded_at,
            "source": origin.source,
            "source_version": origin.version,
        }
        for row in rows
    ]
    for at in range(0, len(values), IN_ROWS):
        session.execute(insert(LedgerEntry), values[at : at + IN_ROWS])
