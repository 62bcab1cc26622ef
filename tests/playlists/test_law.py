"""The law of displayed prices: its parts, and against a slow oracle that looks at every day."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.errors import Invalid
from playlists.ids import ChannelId, Sku
from playlists.law.countries import DIRECTIVE, FRANCE, PLAIN, PRIOR_DAYS, UNKNOWN, rules_of
from playlists.law.display import Display, displays
from playlists.law.measures import contents
from playlists.law.reductions import (
    Goods,
    Prior,
    Reduction,
    prior_price,
    reduction_at,
    reduction_percent,
)
from playlists.ledger import DAY_MS, effective
from playlists.pricing import LedgerRow

UTC = "UTC"


def row(
    price: int,
    begin: int,
    end: int | None = None,
    *,
    sale: bool = False,
    recorded: int | None = None,
    currency: str = "EUR",
    sku: str = "A",
) -> LedgerRow:
    """A price from day `begin` to day `end`, recorded on its first day unless said otherwise."""
    until = None if end is None else end * DAY_MS
    at = begin if recorded is None else recorded
    shop = ChannelId("shop@lille")
    return LedgerRow(Sku(sku), shop, price, currency, begin * DAY_MS, until, sale, at * DAY_MS)


def steps(rows: list[LedgerRow], begin: int, end: int) -> tuple[Display, ...]:
    """What is shown from day `begin` to day `end`."""
    return displays(effective(rows), begin * DAY_MS, end * DAY_MS, UTC, FRANCE)


def prior_on(rows: list[LedgerRow], began: int) -> tuple[int | None, str]:
    """The prior price of a reduction that began on that day, in one step."""
    at = Reduction(began * DAY_MS, began * DAY_MS)
    found = prior_price(effective(rows), at, UTC, DIRECTIVE)
    return found.price, found.reason


def test_each_country_has_the_rules_of_its_own_or_of_the_directive_or_none() -> None:
    assert rules_of("FR") is rules_of("FR-MQ") is rules_of("mq") is FRANCE
    assert all(rules_of(code) is DIRECTIVE for code in PLAIN)
    assert rules_of("DE").code == "DE"
    assert rules_of("PL").code == "PL"
    assert rules_of("") is rules_of("US") is UNKNOWN


def test_every_rule_of_every_country_names_its_source() -> None:
    for code in ("FR", "DE", "PL", "LU"):
        rules = rules_of(code)
        assert set(rules.sources) == set(DIRECTIVE.sources)
        assert all(rules.sources.values())


def test_a_prior_price_names_the_days_that_count() -> None:
    rows = [row(10000, 0), row(8000, 40, 50, sale=True)]
    reduction = reduction_at(effective(rows), 45 * DAY_MS)
    assert reduction == Reduction(40 * DAY_MS, 40 * DAY_MS)
    assert reduction is not None
    found = prior_price(effective(rows), reduction, UTC, FRANCE)
    assert found == Prior(10000, "lowest", "", 10 * DAY_MS, 40 * DAY_MS)


def test_sale_and_regular_price_recorded_together_are_both_known() -> None:
    """A shop's feed names both at once: the sale is in force in its dates, the regular after."""
    rows = [row(10000, 0), row(10000, 40), row(8000, 40, 50, sale=True)]
    first, after = steps(rows, 40, 60)
    assert (first.from_ms, first.until_ms, first.prior) == (40 * DAY_MS, 50 * DAY_MS, 10000)
    assert after == Display(50 * DAY_MS, None, 10000, "EUR")
    assert after.because == ()


def test_steps_of_another_currency_are_left_out() -> None:
    """An offer has one currency: the page never mixes two."""
    rows = [row(10000, 0, currency="HRK"), row(1300, 35)]
    assert [step.price for step in steps(rows, 30, 60)] == [10000]
    assert [step.price for step in steps(rows, 35, 60)] == [1300]


def test_a_sale_begins_and_ends_without_anybody_there() -> None:
    """Every step to come is known before, so a screen that is cut off changes on time."""
    rows = [row(10000, 0), row(8000, 40, 50, sale=True), row(7000, 60, 61, sale=True)]
    assert [(step.from_ms // DAY_MS, step.price, step.prior) for step in steps(rows, 35, 70)] == [
        (0, 10000, None),
        (40, 8000, 10000),
        (50, 10000, None),
        (60, 7000, 8000),
        (61, 10000, None),
    ]


def test_steps_keep_their_own_ends() -> None:
    """Uncut, so that asking later gives the same bytes."""
    rows = [row(10000, 0), row(8000, 40, 50, sale=True)]
    assert steps(rows, 41, 42) == steps(rows, 42, 43)
    assert steps([], 0, 1) == ()


def test_the_same_price_recorded_again_and_again_is_one_stretch() -> None:
    """A feed repeats itself; the timeline does not."""
    rows = [row(10000, day) for day in range(0, 50, 5)]
    assert len(effective(rows)) == 1


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("750 ml", ("volume", Fraction(3, 4))),
        ("0.75l", ("volume", Fraction(3, 4))),
        ("0,750 L", ("volume", Fraction(3, 4))),
        ("6x33cl", ("volume", Fraction(198, 100))),
        ("4 × 125 g", ("mass", Fraction(1, 2))),
        ("1.5 KG", ("mass", Fraction(3, 2))),
        ("1,2500 kg", ("mass", Fraction(5, 4))),
        ("80 grammes", ("mass", Fraction(8, 100))),
        ("150 cm", ("length", Fraction(3, 2))),
        ("2.5 sqm", ("area", Fraction(5, 2))),
        ("5000 cm²", ("area", Fraction(1, 2))),
        ("1 cbm", ("volume", Fraction(1000))),
        ("24 pcs", ("pieces", Fraction(24))),
        ("1.500 g", None),
        ("1,250 kg", None),
        ("12 oz", None),
        ("ml", None),
        ("0 ml", None),
        ("0 x 33 cl", None),
        ("-5 ml", None),
        ("about 5 ml", None),
        ("500 g (drained 300 g)", None),
        ("1e3 g", None),
        ("", None),
    ],
)
def test_contents_are_read_for_certain_or_not_at_all(
    text: str, held: tuple[str, Fraction] | None
) -> None:
    assert contents(text) == held


@pytest.mark.parametrize(
    ("price", "before", "percent"),
    [
        (8990, 11990, 25),
        (7500, 10000, 25),
        (6666, 10000, 33),
        (1, 10000, 99),
        (0, 10000, 100),
        (9999, 10000, None),
        (9901, 10000, None),
        (9900, 10000, 1),
        (10000, 10000, None),
        (12000, 10000, None),
        (0, 0, None),
    ],
)
def test_percentages_are_rounded_down(price: int, before: int, percent: int | None) -> None:
    """CJEU C-330/23: from the prior price; directive 2005/29/EC: never more than the truth."""
    assert reduction_percent(price, before) == percent


def test_rows_of_two_products_are_not_one_history() -> None:
    """The prior price is of one product (article 6a(1): "of the product")."""
    with pytest.raises(Invalid, match="one SKU"):
        effective([row(1, 0), row(1, 0, sku="B")])
    with pytest.raises(Invalid, match="below zero"):
        effective([row(-1, 0)])


def test_no_reduction_where_no_price_is() -> None:
    """Between two offers, and at a regular price, no reduction runs."""
    stretches = effective([row(10000, 0, 10), row(8000, 20, 30, sale=True)])
    assert [reduction_at(stretches, day * DAY_MS) for day in (5, 15, 30)] == [None, None, None]
    found = reduction_at(stretches, 29 * DAY_MS)
    assert found is not None
    assert found.step_ms == 20 * DAY_MS


# --- the oracle -----------------------------------------------------------------------------------

histories = st.lists(
    st.builds(
        lambda price, begin, length, sale, recorded: row(
            price,
            begin,
            None if length is None else begin + length,
            sale=sale,
            recorded=recorded,
        ),
        st.integers(0, 12),
        st.integers(0, 80),
        st.none() | st.integers(0, 40),
        st.booleans(),
        st.integers(0, 10),
    ),
    max_size=9,
)


def in_force(rows: list[LedgerRow], day: int) -> LedgerRow | None:
    """Look at every row: which one is in force at the begin of this day."""
    at = day * DAY_MS
    found = [
        r for r in rows if r.valid_from <= at and (r.valid_until is None or at < r.valid_until)
    ]
    ranked = sorted(found, key=lambda r: (r.recorded_at, r.reduced, r.valid_from, -r.price))
    return ranked[-1] if ranked else None


def slow_prior(rows: list[LedgerRow], began: int) -> tuple[int | None, str]:
    applied = [in_force(rows, day) for day in range(began - PRIOR_DAYS, began)]
    some = [r for r in rows if r.valid_until is None or r.valid_until > r.valid_from]
    if not some or min(r.valid_from for r in some) > (began - PRIOR_DAYS) * DAY_MS:
        return None, "history_too_short"
    prices = [r.price for r in applied if r is not None]
    return (min(prices), "") if prices else (None, "not_sold")


@given(histories, st.integers(0, 130), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_the_prior_price_is_that_of_the_slow_oracle(
    rows: list[LedgerRow], began: int, rng: random.Random
) -> None:
    if not effective(rows):
        return
    expected = slow_prior(rows, began)
    assert prior_on(rows, began) == expected
    shuffled = list(rows)
    rng.shuffle(shuffled)
    assert prior_on(shuffled, began) == expected


@given(histories)
@settings(max_examples=200, deadline=None)
def test_every_step_has_the_oracle_s_price_and_never_a_prior_below_it(
    rows: list[LedgerRow],
) -> None:
    planned = steps(rows, 0, 140)
    for day in range(140):
        at = day * DAY_MS
        now = [s for s in planned if s.from_ms <= at and (s.until_ms is None or at < s.until_ms)]
        expected = in_force(rows, day)
        assert [step.price for step in now] == ([] if expected is None else [expected.price])
        for step in now:
            assert step.prior is None or (expected is not None and expected.reduced)
            assert step.prior is None or step.percent == reduction_percent(step.price, step.prior)
            assert step.prior is None or step.until_ms is not None
            assert (step.prior is None) == (step.reason != "")


@given(histories, st.sampled_from(["FR", "DE", "PL", "LU", "CH", ""]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_in_every_country_a_price_says_why_and_a_percentage_counts_from_what_is_struck(
    rows: list[LedgerRow], country: str, perishable: bool
) -> None:
    goods = Goods(perishable=perishable, sold_since=5 * DAY_MS)
    rules = rules_of(country)
    for shown in displays(effective(rows), 0, 140 * DAY_MS, UTC, rules, goods):
        if shown.prior is None:
            assert (shown.percent, shown.basis) == (None, "")
            assert shown.reason
        else:
            assert rules.announced
            assert shown.prior in {row.price for row in rows}
            assert shown.percent == (shown.prior - shown.price) * 100 // shown.prior >= 1
            assert (shown.basis != "", shown.reason) == (True, "")


@given(histories, st.integers(0, 130))
@settings(max_examples=200, deadline=None)
def test_the_prior_price_of_a_step_comes_from_30_whole_days_before_its_reduction(
    rows: list[LedgerRow], day: int
) -> None:
    reduction = reduction_at(effective(rows), day * DAY_MS)
    here = in_force(rows, day)
    assert (reduction is not None) == (here is not None and here.reduced)
    if reduction is not None:
        first = reduction.first_ms // DAY_MS
        assert not _grew(rows, first), "the reduction began earlier"
        assert {s.prior for s in steps(rows, day, day + 1)} <= {None, slow_prior(rows, first)[0]}


def _grew(rows: list[LedgerRow], day: int) -> bool:
    """Whether on the day before there was a reduction too, at a price no lower."""
    before, now = in_force(rows, day - 1), in_force(rows, day)
    return bool(before and now and before.reduced and before.price >= now.price)
