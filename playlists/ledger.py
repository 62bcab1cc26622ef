"""The law of "was" and "-x %": the lowest price of the 30 days before a reduction, or nothing.

Directive 98/6/EC, article 6a (added by directive 2019/2161): who announces a reduction states the
lowest price applied in at least 30 days before it (6a(2)); when it grows step by step, before its
first step (6a(5), in France code de la consommation L112-1-1). Percentages count from that price
alone (CJEU C-330/23, Aldi Süd, 26 September 2024). What the ledger does not cover is not said.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from playlists.errors import Invalid
from playlists.pricing import LedgerRow

DAY_MS = 86_400_000
PRIOR_DAYS = 30
"""Days before a reduction whose lowest price is the prior price (98/6/EC, article 6a(2))."""

NoPrior = Literal["", "history_too_short", "not_sold", "currency_changed"]
NoReduction = NoPrior | Literal["regular", "not_lower"]


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


@dataclass(frozen=True, slots=True)
class Prior:
    """The lawful prior price in minor units, or None and why: the history is too short, the product
    was not sold in it, or the currency changed."""

    price: int | None
    reason: NoPrior


class PriceStep(NamedTuple):
    """One price from then to then; `prior` only where the law lets it be said, else `reason` says
    why not: regular (no reduction announced), not_lower (than the prior price), or as in Prior."""

    from_ms: int
    until_ms: int | None
    price: int
    prior: int | None
    reason: NoReduction


def effective(rows: Iterable[LedgerRow]) -> tuple[Stretch, ...]:
    """The prices really in force, disjoint and in order, from one SKU's rows in any order.

    Where rows overlap, the later recorded counts; recorded together, a reduction, then the later
    begun, then the lower price. Raises Invalid for rows of several SKUs or channels, or below zero.
    """
    ranked = sorted(rows, key=_rank)
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


def reduction_began(stretches: Sequence[Stretch], at_ms: int) -> int | None:
    """When the reduction in force at `at_ms` began, or None where there is none.

    A reduction that grows without a break is one, from its first step; a higher price begins anew.
    """
    began, later = None, None
    for stretch in reversed(stretches):
        if later is None:
            if stretch.reduced and stretch.meets(at_ms, at_ms + 1):
                began, later = stretch.from_ms, stretch
        elif _grew_from(stretch, later):
            began, later = stretch.from_ms, stretch
        else:
            break
    return began


def prior_price(stretches: Sequence[Stretch], reduction_began_ms: int) -> Prior:
    """The lowest price in force in the PRIOR_DAYS before a reduction began.

    The ledger must reach back to the beginning of those days; without that there is no prior price.
    """
    begin = reduction_began_ms - PRIOR_DAYS * DAY_MS
    if not stretches or stretches[0].from_ms > begin:
        return Prior(None, "history_too_short")
    applied = [stretch for stretch in stretches if stretch.meets(begin, reduction_began_ms)]
    if not applied:
        return Prior(None, "not_sold")
    first = (reduction_began_ms, reduction_began_ms + 1)
    at_begin = [stretch for stretch in stretches if stretch.meets(*first)]
    if len({stretch.currency for stretch in (*applied, *at_begin)}) > 1:
        return Prior(None, "currency_changed")
    return Prior(min(stretch.price for stretch in applied), "")


def reduction_percent(price: int, prior: int) -> int | None:
    """How many whole percent `price` is below `prior`, rounded down so that it never boasts.

    None where there is nothing to announce: not lower, or by less than one percent.
    """
    if price >= prior:
        return None
    return (prior - price) * 100 // prior or None


def steps(rows: Iterable[LedgerRow], now_ms: int, horizon_ms: int) -> tuple[PriceStep, ...]:
    """The prices in force in `[now_ms, horizon_ms)` with what may be said of each, uncut.

    Prices in another currency than the first are left out: an offer has one currency.
    """
    stretches = effective(rows)
    ahead = [stretch for stretch in stretches if stretch.meets(now_ms, horizon_ms)]
    return tuple(
        _step(stretches, stretch) for stretch in ahead if stretch.currency == ahead[0].currency
    )


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
    if row is not None:
        stretches.append(Stretch(at_ms, None, row.price, row.currency, row.reduced))


def _terms(priced: Stretch | LedgerRow) -> tuple[int, str, bool]:
    return (priced.price, priced.currency, priced.reduced)


def _grew_from(earlier: Stretch, later: Stretch) -> bool:
    same_currency = earlier.currency == later.currency
    unbroken = earlier.until_ms == later.from_ms
    return earlier.reduced and same_currency and unbroken and earlier.price >= later.price


def _step(stretches: Sequence[Stretch], stretch: Stretch) -> PriceStep:
    bare = PriceStep(stretch.from_ms, stretch.until_ms, stretch.price, None, "regular")
    began = reduction_began(stretches, stretch.from_ms)
    if began is None:
        return bare
    prior = prior_price(stretches, began)
    if prior.price is None:
        return bare._replace(reason=prior.reason)
    if prior.price <= stretch.price:
        return bare._replace(reason="not_lower")
    return bare._replace(prior=prior.price, reason="")
