"""What a shop asked for a SKU, second by second, as it had said so by then; and how a price that a
screen showed compares.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from playlists.pricing import LedgerRow

PROPAGATION_MS = 60_000
"""How long a change may take to a screen within reach: its report each minute brings it, even where
every push is lost.
"""

Terms = tuple[int, str]
"""Minor units and currency."""
Kind = Literal["equal", "late", "other"]


@dataclass(frozen=True, slots=True)
class Span:
    """`[from_ms, until_ms)` at these terms, None without a price."""

    from_ms: int
    until_ms: int
    terms: Terms | None


def shop_line(rows: Iterable[LedgerRow], from_ms: int, until_ms: int) -> tuple[Span, ...]:
    """What the shop said over `[from_ms, until_ms)`: at each instant the row that ranks first among
    those recorded by then and valid then (the later recorded; then a reduction, the later begun).
    """
    known = [row for row in rows if row.valid_until is None or row.valid_until > from_ms]
    edges = {from_ms}
    for row in known:
        ends = () if row.valid_until is None else (row.valid_until,)
        begins = max(row.recorded_at, row.valid_from)
        edges.update(edge for edge in (begins, *ends) if from_ms < edge < until_ms)
    ordered = sorted(edges)
    spans: list[Span] = []
    for begin, end in zip(ordered, [*ordered[1:], until_ms], strict=True):
        terms = _terms(known, begin)
        if spans and spans[-1].terms == terms:
            spans[-1] = Span(spans[-1].from_ms, end, terms)
        else:
            spans.append(Span(begin, end, terms))
    return tuple(spans)


def _terms(rows: Iterable[LedgerRow], at_ms: int) -> Terms | None:
    valid = [
        row
        for row in rows
        if row.recorded_at <= at_ms
        and row.valid_from <= at_ms
        and (row.valid_until is None or row.valid_until > at_ms)
    ]
    if not valid:
        return None
    first = max(valid, key=lambda row: (row.recorded_at, row.reduced, row.valid_from, -row.price))
    return None if first.withdrawn else (first.price, first.currency)


def compare(
    line: tuple[Span, ...], shown: Terms, from_ms: int, until_ms: int
) -> Iterator[tuple[Kind, int, int]]:
    """How a price that was shown on `[from_ms, until_ms)` compares: stretches in order, each equal
    to the shop's, late (the shop's until at most PROPAGATION_MS before) or other.
    """
    at = max(0, bisect_right(line, from_ms, key=lambda span: span.from_ms) - 1)
    before = (span.until_ms for span in reversed(line[:at]) if span.terms == shown)
    ended = next(before, -PROPAGATION_MS)
    for span in line[at:]:
        begin, end = max(from_ms, span.from_ms), min(until_ms, span.until_ms)
        if begin >= end:
            break
        if span.terms == shown:
            yield "equal", begin, end
            ended = span.until_ms
            continue
        late = min(end, max(begin, ended + PROPAGATION_MS))
        if late > begin:
            yield "late", begin, late
        if end > late:
            yield "other", late, end
