"""Writes down every price as received: rows are appended, never changed, and say what runs from
then on.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import String, Table, case, cast, func, insert, select
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.ledger import Stretch, effective
from playlists.pricing import LedgerRow
from server.db.models import LedgerEntry
from server.ports import ProductReport

IN_ROWS = 500
"""Keys in one IN clause, rows in one INSERT."""
ANY = ChannelId("*")
"""The channel of rows that are the same in many channels."""

History = tuple[LedgerRow, ...]
Pair = tuple[ChannelId, Sku]
Stamp = tuple[int, int]
"""How many rows a pair has, and the highest id: another one where rows were appended."""

_ROW, _FIELD = ";", ","
_TABLE = typing.cast(Table, LedgerEntry.__table__)
_LEDGER = _TABLE.c


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """One price history. Channels whose rows say the same share one object, and so all that is
    worked out of it; its rows name no channel. `listed` is the list price last recorded, which a
    sale without an end may hide.
    """

    rows: History = ()
    stretches: tuple[Stretch, ...] = ()
    tax_permyriad: int | None = None
    listed: LedgerRow | None = None
    _after: dict[tuple[History, int | None], Past] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: History, tax_permyriad: int | None = None) -> Past:
        """The history of `rows`, with the tax rate last named."""
        return cls(rows, effective(rows), tax_permyriad, _last_listed(rows))

    def with_rows(self, rows: History, tax_permyriad: int | None = None) -> Past:
        """This history once `rows` were appended, worked out once."""
        key = rows, tax_permyriad
        if key not in self._after:
            tax = self.tax_permyriad if tax_permyriad is None else tax_permyriad
            everything = (*self.rows, *rows)
            listed = _last_listed(rows if self.listed is None else (self.listed, *rows))
            self._after[key] = Past(everything, effective(everything), tax, listed)
        return self._after[key]

    def price_at(self, at_ms: int) -> int | None:
        """The price in force at an instant, minor units; None where there is none."""
        return next((one.price for one in self.stretches if one.meets(at_ms, at_ms + 1)), None)

    def learns(self, rows: History, at_ms: int) -> bool:
        """Whether `rows` change what is said from `at_ms` on, rather than repeat it."""
        return ahead(self.stretches, at_ms) != ahead(self.with_rows(rows).stretches, at_ms)


def _last_listed(rows: Iterable[LedgerRow]) -> LedgerRow | None:
    listed = (row for row in rows if not row.reduced and not row.withdrawn)
    return max(listed, key=lambda row: (row.recorded_at, row.valid_from), default=None)


NOTHING = Past()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a price came from: the connector, its version of the row, and the tax rate that it
    names (hundredths of a percent).
    """

    source: str
    version: str = ""
    tax_permyriad: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Rows to append to one channel's ledger."""

    channel: ChannelId
    rows: History
    origin: Origin


def rows_of(report: ProductReport, at_ms: int) -> History:
    """What a report says of the price from `at_ms` on: the list price, and within its dates the
    sale price; in whichever channel.

    All rows of one report are recorded together, at `at_ms`, so that they replace what was said
    before.
    """
    if report.price is None:
        return ()
    row = LedgerRow(Sku(report.sku), ANY, report.price, report.currency, at_ms, None, False, at_ms)
    if report.sale_price is None or report.sale_price >= report.price:
        return (row,)
    begin = max(at_ms, report.sale_from or at_ms)
    end = report.sale_until
    if end is not None and end <= begin:
        return (row,)
    sale = replace(row, price=report.sale_price, valid_from=begin, valid_until=end, reduced=True)
    return (row, sale)


def cut(rows: History, end_ms: int) -> History:
    """What a report that comes late still says: nothing from `end_ms` on, when the shop had spoken
    again.
    """
    return tuple(
        replace(row, valid_until=min(end_ms, row.valid_until or end_ms))
        for row in rows
        if row.valid_from < end_ms
    )


def ahead(stretches: Iterable[Stretch], at_ms: int) -> list[Stretch]:
    """What is said from `at_ms` on."""
    return [
        replace(stretch, from_ms=max(stretch.from_ms, at_ms))
        for stretch in stretches
        if stretch.until_ms is None or stretch.until_ms > at_ms
    ]


_SAID = (
    *(_LEDGER.sku, _LEDGER.price, _LEDGER.currency),
    *(_LEDGER.valid_from, _LEDGER.valid_until, _LEDGER.reduced, _LEDGER.recorded_at),
)
_STAMPS = select(_LEDGER.channel, _LEDGER.sku, func.count(), func.max(_LEDGER.id)).group_by(
    _LEDGER.channel, _LEDGER.sku
)
# The database joins a pair's rows to one text: equal texts are equal histories, read once.
_TEXT = func.aggregate_strings(
    cast(_LEDGER.price, String)
    + _FIELD
    + _LEDGER.currency
    + _FIELD
    + cast(_LEDGER.valid_from, String)
    + _FIELD
    + func.coalesce(cast(_LEDGER.valid_until, String), "")
    + _FIELD
    + case((_LEDGER.reduced, "1"), else_="")
    + _FIELD
    + cast(_LEDGER.recorded_at, String)
    + _FIELD
    + func.coalesce(cast(_LEDGER.tax_permyriad, String), ""),
    _ROW,
)


def histories(
    session: Session, channels: Sequence[ChannelId], skus: Iterable[Sku]
) -> tuple[Mapping[Pair, Past], Mapping[Pair, Stamp]]:
    """All that the ledger holds of `skus` in `channels`, and the stamps of that."""
    found: dict[Pair, Past] = {}
    stamps: dict[Pair, Stamp] = {}
    read: dict[tuple[str, str], Past] = {}
    wanted = sorted(set(skus))
    for at in range(0, len(wanted), IN_ROWS):
        query = _STAMPS.add_columns(_TEXT).where(
            _LEDGER.channel.in_(channels), _LEDGER.sku.in_(wanted[at : at + IN_ROWS])
        )
        for channel, sku, count, last, text in session.execute(query):
            if (sku, text) not in read:
                read[sku, text] = _past(sku, text)
            found[ChannelId(channel), Sku(sku)] = read[sku, text]
            stamps[ChannelId(channel), Sku(sku)] = (count, last)
    return found, stamps


def stamps(
    session: Session, channels: Sequence[ChannelId], skus: Sequence[Sku]
) -> Mapping[Pair, Stamp]:
    """The stamps of `skus` in `channels`: as `histories` gave them where nothing was appended."""
    query = _STAMPS.where(_LEDGER.channel.in_(channels), _LEDGER.sku.in_(skus))
    return {
        (ChannelId(channel), Sku(sku)): (count, last)
        for channel, sku, count, last in session.execute(query)
    }


def since(session: Session, last: Mapping[Pair, int]) -> Mapping[Pair, tuple[History, int | None]]:
    """The rows of each pair that have a higher id, and the tax rate last named in them."""
    rows: dict[Pair, list[LedgerRow]] = {}
    taxes: dict[Pair, tuple[int, int]] = {}
    channels, skus = ({pair[at] for pair in last} for at in (0, 1))
    query = select(_LEDGER.id, _LEDGER.channel, _LEDGER.tax_permyriad, *_SAID).where(
        _LEDGER.channel.in_(channels), _LEDGER.sku.in_(skus), _LEDGER.id > min(last.values())
    )
    for number, channel, tax, sku, *said in session.execute(query.order_by(_LEDGER.id)):
        pair = ChannelId(channel), Sku(sku)
        if number > last.get(pair, number):
            row = LedgerRow(pair[1], ANY, *said)
            rows.setdefault(pair, []).append(row)
            if tax is not None:
                taxes[pair] = max(taxes.get(pair, (0, 0)), (row.recorded_at, tax))
    return {pair: (tuple(some), taxes.get(pair, (0, None))[1]) for pair, some in rows.items()}


def _past(sku: str, text: str) -> Past:
    rows: list[LedgerRow] = []
    taxed: list[tuple[int, int]] = []
    for row in sorted(text.split(_ROW)):
        price, currency, valid_from, valid_until, reduced, recorded_at, tax = row.split(_FIELD)
        until = int(valid_until) if valid_until else None
        recorded = int(recorded_at)
        money = (int(price), currency, int(valid_from), until, bool(reduced), recorded)
        rows.append(LedgerRow(Sku(sku), ANY, *money))
        if tax:
            taxed.append((recorded, int(tax)))
    return Past.of(tuple(rows), max(taxed)[1] if taxed else None)


def append(session: Session, entries: Iterable[Entry], now: int) -> None:
    """Add rows in the caller's transaction; the server learns them `now` (unix ms)."""
    values = [
        {
            "channel": entry.channel,
            "sku": row.sku,
            "price": row.price,
            "currency": row.currency,
            "tax_permyriad": entry.origin.tax_permyriad,
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
            "reduced": row.reduced,
            "recorded_at": row.recorded_at,
            "written_at": now,
            "source": entry.origin.source,
            "source_version": entry.origin.version,
        }
        for entry in entries
        for row in entry.rows
    ]
    for at in range(0, len(values), IN_ROWS):
        session.connection().execute(insert(_TABLE), values[at : at + IN_ROWS])


def withdraw(
    session: Session,
    channels: Sequence[ChannelId],
    skus: Iterable[Sku],
    at_ms: int,
    source: str,
    now: int,
) -> None:
    """Write down, in the caller's transaction, that products are not sold any more from `at_ms` on,
    where they had a price.
    """
    pasts, _ = histories(session, channels, skus)
    ends = [
        Entry(
            channel,
            (LedgerRow(sku, ANY, 0, "", at_ms, None, reduced=False, recorded_at=at_ms),),
            Origin(source),
        )
        for (channel, sku), past in sorted(pasts.items())
        if past.price_at(at_ms) is not None
    ]
    append(session, ends, now)
