"""The ledger's prices in force: one SKU's rows, received in any order, as one line of time."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

from playlists.errors import Invalid
from playlists.pricing import LedgerRow

DAY_MS = 86_400_000
ABSENT_MS = DAY_MS
"""A product that comes back within this was sold all along: listings forget, and stock runs out."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One price in force, `[from_ms, until_ms)`; `until_ms` None is open-ended."""

    from_ms: int
    until_ms: int | None
    price: int
    currency: str
    reduced: bool

    def meets(self, from_ms: int, until_ms: int) -> bool:
        """Whether it was in force at some instant of `[from_ms, until_ms)`."""
        return self.from_ms < until_ms and (self.until_ms is None or self.until_ms > from_ms)


def effective(rows: Iterable[LedgerRow]) -> tuple[Stretch, ...]:
    """The prices really in force, disjoint and in order, from one SKU's rows in any order.

    Where rows overlap, the later recorded counts; recorded together, a reduction, then the later
    begun, then the lower price. Where a product was withdrawn none is, until it comes back. Raises
    Invalid for rows of several SKUs or channels, or below zero.
    """
    ranked = sorted(_without_absences(list(rows)), key=_rank)
    if len({(row.sku, row.channel) for row in ranked}) > 1:
        raise Invalid("A price history is of one SKU in one channel.")
    if any(row.price < 0 for row in ranked):
        raise Invalid("A price is not below zero.", "price")
    by_begin = sorted(range(len(ranked)), key=lambda rank: ranked[rank].valid_from)
    edges = {row.valid_from for row in ranked}
    edges |= {row.valid_until for row in ranked if row.valid_until is not None}
    running: list[int] = []
    stretches: list[Stretch] = []
    begun = 0
    for edge in sorted(edges):
        while begun < len(by_begin) and ranked[by_begin[begun]].valid_from <= edge:
            heapq.heappush(running, -by_begin[begun])
            begun += 1
        while running and _over(ranked[-running[0]], edge):
            heapq.heappop(running)
        _change(stretches, edge, ranked[-running[0]] if running else None)
    return tuple(stretches)


def _without_absences(rows: list[LedgerRow]) -> list[LedgerRow]:
    """The rows but for withdrawals that were short."""
    if not any(row.withdrawn for row in rows):
        return rows
    begun = sorted(row.valid_from for row in rows if not row.withdrawn)

    def back(gone: LedgerRow) -> bool:
        after = bisect_right(begun, gone.valid_from)
        return after < len(begun) and begun[after] <= gone.valid_from + ABSENT_MS

    return [row for row in rows if not row.withdrawn or not back(row)]


def _rank(row: LedgerRow) -> tuple[int, bool, int, int, str, int]:
    until = -1 if row.valid_until is None else row.valid_until
    return (row.recorded_at, row.reduced, row.valid_from, -row.price, row.currency, until)


def _over(row: LedgerRow, at_ms: int) -> bool:
    return row.valid_until is not None and row.valid_until <= at_ms


def _change(stretches: list[Stretch], at_ms: int, row: LedgerRow | None) -> None:
    """From `at_ms` on `row` is in force: end the last stretch and begin another, if they differ."""
    last = stretches[-1] if stretches and stretches[-1].until_ms is None else None
    if last is not None:
        same = row is not None and _terms(last) == _terms(row)
        if same:
            return
        stretches[-1] = replace(last, until_ms=at_ms)
    if row is not None and not row.withdrawn:
        stretches.append(Stretch(at_ms, None, row.price, row.currency, row.reduced))


def _terms(priced: Stretch | LedgerRow) -> tuple[int, str, bool]:
    return (priced.price, priced.currency, priced.reduced)
