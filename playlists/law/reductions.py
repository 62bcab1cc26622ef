"""The law of "was" and "-x %": the lowest price of the 30 days before a reduction, or nothing.

Directive 98/6/EC, article 6a (added by directive 2019/2161): who announces a reduction states the
lowest price applied in at least 30 days before it (6a(2)); when it grows step by step, where the
state so chose, before its first step (6a(5)). Percentages count from that price alone (CJEU
C-330/23, Aldi Süd, 26 September 2024). What the ledger does not cover is not said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from playlists.law.countries import PRIOR_DAYS, CountryRules
from playlists.ledger import Stretch
from playlists.localtime import day_start, local_date, zone_of

Basis = Literal["", "lowest", "first_step", "before", "since_sold"]
"""What a prior price is: the lowest of the 30 days; those before the first step; the last price
of what spoils soon; the lowest since it was first sold."""
NoPrior = Literal["", "history_too_short", "new_goods", "not_sold", "currency_changed"]
NoReduction = Literal[NoPrior, "regular", "unknown_country", "not_lower", "under_one", "no_end"]


@dataclass(frozen=True, slots=True)
class Goods:
    """What the shop says of a product beside its price (server.ports.ProductReport)."""

    measure: str = ""
    base: str = ""
    perishable: bool = False
    sold_since: int | None = None
    comparison: int | None = None
    comparison_source: str = ""


PLAIN_GOODS = Goods()


@dataclass(frozen=True, slots=True)
class Prior:
    """The lawful prior price in minor units and what it is, or None and why.

    `[from_ms, until_ms)` are the days that count.
    """

    price: int | None
    basis: Basis
    reason: NoPrior
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Reduction:
    """An announced reduction: when its price began (`step_ms`), and its first step (`first_ms`),
    which is earlier where it grew without a break.
    """

    first_ms: int
    step_ms: int


def reduction_at(stretches: Sequence[Stretch], at_ms: int) -> Reduction | None:
    """The reduction in force at `at_ms`, or None where there is none. A higher price, or a break,
    begins anew.
    """
    here = next((at for at, one in enumerate(stretches) if one.meets(at_ms, at_ms + 1)), None)
    if here is None or not stretches[here].reduced:
        return None
    first = here
    while first and _grew_from(stretches[first - 1], stretches[first]):
        first -= 1
    return Reduction(stretches[first].from_ms, stretches[here].from_ms)


def prior_price(
    stretches: Sequence[Stretch],
    reduction: Reduction,
    zone: str,
    rules: CountryRules,
    goods: Goods = PLAIN_GOODS,
) -> Prior:
    """The prior price of a reduction in a store of that time `zone`.

    The ledger must reach back to the beginning of the days that count; without that there is none.
    """
    if goods.perishable and rules.perishable == "before":
        return _judge(stretches, "before", reduction.first_ms - 1, reduction.first_ms)
    began = reduction.first_ms if rules.progressive else reduction.step_ms
    begin = window_begin(began, zone)
    known, since = stretches[0].from_ms, goods.sold_since
    if known <= begin:
        basis: Basis = "lowest" if began == reduction.step_ms else "first_step"
        return _judge(stretches, basis, begin, began)
    if since is None or since <= begin:
        return Prior(None, "", "history_too_short", begin, began)
    if rules.new_goods == "silent":
        return Prior(None, "", "new_goods", begin, began)
    if known > since:
        return Prior(None, "", "history_too_short", since, began)
    return _judge(stretches, "since_sold", since, began)


def window_begin(began_ms: int, zone: str) -> int:
    """The first instant of the days that count before a reduction: the store's midnight PRIOR_DAYS
    days before its day, so that they are never fewer, also where the clocks change.

    Days are whole ones, as in regulation 1182/71, article 3(2)(b).
    """
    place = zone_of(zone)
    return day_start(place, local_date(place, began_ms) - timedelta(days=PRIOR_DAYS))


def reduction_percent(price: int, prior: int) -> int | None:
    """How many whole percent `price` is below `prior`, rounded down so that it never boasts.

    None where there is nothing to announce: not lower, or by less than one percent.
    """
    if price >= prior:
        return None
    return (prior - price) * 100 // prior or None


def _judge(stretches: Sequence[Stretch], basis: Basis, begin: int, began: int) -> Prior:
    """The lowest price in force on `[begin, began)`."""
    applied = [one for one in stretches if one.meets(begin, began)]
    if not applied:
        return Prior(None, "", "not_sold", begin, began)
    reduced = [one for one in stretches if one.meets(began, began + 1)]
    if len({one.currency for one in (*applied, *reduced)}) > 1:
        return Prior(None, "", "currency_changed", begin, began)
    return Prior(min(one.price for one in applied), basis, "", begin, began)


def _grew_from(earlier: Stretch, later: Stretch) -> bool:
    same_currency = earlier.currency == later.currency
    unbroken = earlier.until_ms == later.from_ms
    return earlier.reduced and same_currency and unbroken and earlier.price >= later.price
