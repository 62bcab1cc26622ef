"""The lawful display of one price at each instant: what may stand beside it, and why or why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from playlists.law.countries import CountryRules
from playlists.law.measures import NoUnit, UnitPrice, unit_price
from playlists.law.reductions import (
    PLAIN_GOODS,
    Basis,
    Goods,
    NoReduction,
    prior_price,
    reduction_at,
    reduction_percent,
)
from playlists.ledger import Stretch

NoComparison = Literal["", "none", "no_source", "not_higher", "unknown_country"]


class Display(NamedTuple):
    """One price from then to then (minor units of `currency`), and what may be said beside it.

    `prior` and `percent` only where the law lets them be said; `basis` is what that prior price
    is, else `reason` why there is none. `comparison` is somebody else's price, with whose.
    """

    from_ms: int
    until_ms: int | None
    price: int
    currency: str
    prior: int | None = None
    percent: int | None = None
    basis: Basis = ""
    reason: NoReduction = "regular"
    unit: UnitPrice | None = None
    unit_reason: NoUnit = "no_measure"
    comparison: int | None = None
    comparison_source: str = ""
    comparison_reason: NoComparison = "none"

    @property
    def because(self) -> tuple[str, ...]:
        """The reasons as codes `part:reason`; none for a plain price of which nothing is known."""
        said = []
        if self.prior is not None:
            said.append(f"was:{self.basis}")
        elif self.reason != "regular":
            said.append(f"prior:{self.reason}")
        if self.unit_reason not in ("", "no_measure"):
            said.append(f"unit:{self.unit_reason}")
        if self.comparison_reason not in ("", "none"):
            said.append(f"comparison:{self.comparison_reason}")
        return tuple(said)


def displays(
    stretches: Sequence[Stretch],
    now_ms: int,
    horizon_ms: int,
    zone: str,
    rules: CountryRules,
    goods: Goods = PLAIN_GOODS,
) -> tuple[Display, ...]:
    """The prices in force in `[now_ms, horizon_ms)`, uncut, in a store of that time `zone`.

    Prices in another currency than the first are left out: an offer has one currency.
    """
    ahead = [stretch for stretch in stretches if stretch.meets(now_ms, horizon_ms)]
    return tuple(
        _display(stretches, stretch, zone, rules, goods)
        for stretch in ahead
        if stretch.currency == ahead[0].currency
    )


def _display(
    stretches: Sequence[Stretch], stretch: Stretch, zone: str, rules: CountryRules, goods: Goods
) -> Display:
    unit, unit_reason = unit_price(stretch.price, goods.measure, goods.base, rules)
    compared, comparison_reason = _comparison(stretch.price, goods, rules)
    bare = Display(
        *(stretch.from_ms, stretch.until_ms, stretch.price, stretch.currency),
        unit=unit,
        unit_reason=unit_reason,
        comparison=compared,
        comparison_source=goods.comparison_source if compared is not None else "",
        comparison_reason=comparison_reason,
    )
    reduction = reduction_at(stretches, stretch.from_ms)
    if reduction is None:
        return bare
    if not rules.announced:
        return bare._replace(reason="unknown_country")
    prior = prior_price(stretches, reduction, zone, rules, goods)
    if prior.price is None:
        return bare._replace(reason=prior.reason)
    if prior.price <= stretch.price:
        return bare._replace(reason="not_lower")
    percent = reduction_percent(stretch.price, prior.price)
    if percent is None:
        return bare._replace(reason="under_one")
    if stretch.until_ms is None:
        return bare._replace(reason="no_end")
    return bare._replace(prior=prior.price, percent=percent, basis=prior.basis, reason="")


def _comparison(price: int, goods: Goods, rules: CountryRules) -> tuple[int | None, NoComparison]:
    """Somebody else's price: only with whose it is, and only where it is a higher one."""
    if goods.comparison is None:
        return None, "none"
    if not goods.comparison_source.strip():
        return None, "no_source"
    if not rules.announced:
        return None, "unknown_country"
    if goods.comparison <= price:
        return None, "not_higher"
    return goods.comparison, ""
