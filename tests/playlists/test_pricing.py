"""The ledger's law, case by case, and against a slow oracle that looks at every day."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.errors import Invalid
from playlists.ids import ChannelId, Sku
from playlists.ledger import (
    DAY_MS,
    PRIOR_DAYS,
    PriceStep,
    Prior,
    effective,
    prior_price,
    reduction_began,
    reduction_percent,
    steps,
)
from playlists.pricing import LedgerRow

TOO_SHORT = Prior(None, "history_too_short")


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


def prior(rows: list[LedgerRow], began: int) -> Prior:
    return prior_price(effective(rows), began * DAY_MS)


def shown(rows: list[LedgerRow], day: int) -> tuple[int, int | None, str]:
    """Price, prior price and reason on one day."""
    [step] = steps(rows, day * DAY_MS, (day + 1) * DAY_MS)
    return step.price, step.prior, step.reason


def test_a_plain_sale_names_the_price_before_it() -> None:
    """Directive 98/6/EC, article 6a(1) and (2)."""
    rows = [row(11990, 0), row(8990, 40, 50, sale=True)]
    assert prior(rows, 40) == Prior(11990, "")
    assert shown(rows, 45) == (8990, 11990, "")


def test_the_lowest_price_counts_not_the_last_one() -> None:
    """Article 6a(2): raised just before the sale, the price before the raise is the prior price."""
    rows = [row(9990, 0), row(11990, 35), row(8990, 40, 50, sale=True)]
    assert shown(rows, 45) == (8990, 9990, "")


def test_an_earlier_sale_within_30_days_counts() -> None:
    """Article 6a(2): "the lowest price applied", a reduced one too."""
    rows = [row(11990, 0), row(7990, 20, 25, sale=True), row(8990, 40, 50, sale=True)]
    assert shown(rows, 45) == (8990, None, "not_lower")


def test_an_earlier_sale_before_the_30_days_does_not_count() -> None:
    """Article 6a(2): 30 days before the reduction, no more."""
    rows = [row(11990, 0), row(7990, 5, 10, sale=True), row(8990, 40, 50, sale=True)]
    assert shown(rows, 45) == (8990, 11990, "")


def test_a_price_on_the_first_of_the_30_days_counts() -> None:
    """Article 6a(2): "not shorter than 30 days", so the window's first instant belongs to it."""
    until = 10 * DAY_MS + 1
    cheap = LedgerRow(Sku("A"), ChannelId("shop@lille"), 5000, "EUR", 0, until, False, 1)
    rows = [row(11990, 0), cheap, row(8990, 40, 50, sale=True)]
    assert prior(rows, 40) == Prior(5000, "")
    ends_before = [row(11990, 0), row(5000, 0, 10, recorded=1), row(8990, 40, 50, sale=True)]
    assert prior(ends_before, 40) == Prior(11990, "")


def test_the_sale_price_itself_does_not_count() -> None:
    """Article 6a(2): "prior to the application of the price reduction"; its own instant is not."""
    rows = [row(11990, 0), row(100, 40, 50, sale=True)]
    assert prior(rows, 40) == Prior(11990, "")


def test_a_history_of_29_days_says_nothing() -> None:
    """Article 6a(2) needs 30 days; states may allow less (6a(4)), we do not."""
    assert prior([row(11990, 0)], 29) == TOO_SHORT
    assert shown([row(11990, 0), row(8990, 29, 40, sale=True)], 30) == (
        8990,
        None,
        "history_too_short",
    )


def test_a_history_of_exactly_30_days_is_enough() -> None:
    """Article 6a(2): "not shorter than 30 days"."""
    assert prior([row(11990, 0)], 30) == Prior(11990, "")
    assert prior_price(effective([row(11990, 0)]), 30 * DAY_MS - 1) == TOO_SHORT


def test_an_empty_ledger_says_nothing() -> None:
    """No history, no prior price."""
    assert prior([], 40) == TOO_SHORT
    assert steps([], 0, DAY_MS) == ()


def test_a_reduction_that_grows_keeps_the_price_before_its_first_step() -> None:
    """Article 6a(5), code de la consommation L112-1-1: reductions increased progressively."""
    rows = [
        row(10000, 0),
        row(8000, 40, 45, sale=True),
        row(7000, 45, 50, sale=True),
        row(5000, 50, 60, sale=True),
    ]
    assert [shown(rows, day)[1] for day in (42, 47, 55)] == [10000, 10000, 10000]


def test_a_growing_sale_longer_than_30_days_keeps_it_too() -> None:
    """Article 6a(5) sets no end: the window stays where the first reduction began."""
    rows = [row(10000, 0), row(8000, 40, 80, sale=True), row(6000, 80, 90, sale=True)]
    assert shown(rows, 85) == (6000, 10000, "")


def test_a_pause_begins_a_new_reduction() -> None:
    """Article 6a(5) speaks of one reduction that grows; after a break article 6a(2) holds anew."""
    rows = [row(10000, 0), row(8000, 40, 45, sale=True), row(7000, 47, 50, sale=True)]
    assert shown(rows, 48) == (7000, 8000, "")


def test_a_sale_price_that_rises_begins_a_new_reduction() -> None:
    """Article 6a(5) is for growing reductions only; the cheaper sale counts from then on."""
    rows = [row(10000, 0), row(7000, 40, 45, sale=True), row(8000, 45, 50, sale=True)]
    assert shown(rows, 42) == (7000, 10000, "")
    assert shown(rows, 47) == (8000, None, "not_lower")


def test_a_lower_price_that_was_not_announced_says_nothing() -> None:
    """Article 6a(1) is about announced reductions; a new regular price is not one."""
    assert shown([row(10000, 0), row(8000, 40)], 45) == (8000, None, "regular")


def test_a_sale_at_a_higher_price_says_nothing() -> None:
    """A "reduction" that does not reduce may not be announced (directive 2005/29/EC, article 6)."""
    assert shown([row(10000, 0), row(10000, 40, 50, sale=True)], 45) == (10000, None, "not_lower")


def test_a_product_not_sold_for_a_while_counts_the_days_it_was() -> None:
    """Commission guidance 2021/C 526/02: days without an offer have no price; the others count."""
    rows = [row(9000, 0, 15), row(10000, 30), row(8000, 40, 50, sale=True)]
    assert prior(rows, 40) == Prior(9000, "")


def test_a_product_not_sold_in_30_days_has_no_prior_price() -> None:
    """Without any price applied in the period there is nothing to compare with (article 6a(2))."""
    rows = [row(9000, 0, 5), row(8000, 40, 50, sale=True)]
    assert shown(rows, 45) == (8000, None, "not_sold")


def test_a_correction_counts_from_when_it_was_recorded() -> None:
    """The ledger is append-only: a later row over the same days replaces the earlier one."""
    wrong = row(1, 20, 30)
    rows = [row(10000, 0), wrong, row(10000, 20, 30, recorded=21), row(8000, 40, 50, sale=True)]
    assert prior(rows, 40) == Prior(10000, "")


def test_a_correction_may_lower_the_past_too() -> None:
    """What was really applied counts, also when it is learned late (article 6a(2): "applied")."""
    rows = [row(10000, 0), row(8000, 40, 50, sale=True), row(9000, 20, 30, recorded=45)]
    assert shown(rows, 46) == (8000, 9000, "")


def test_a_cancelled_sale_never_happened() -> None:
    """A planned sale that a later row overrides was not applied (article 6a(2))."""
    rows = [
        row(10000, 0),
        row(5000, 20, 25, sale=True, recorded=10),
        row(10000, 20, 25, recorded=15),
        row(8000, 40, 50, sale=True),
    ]
    assert shown(rows, 45) == (8000, 10000, "")


def test_sale_and_regular_price_recorded_together_are_both_known() -> None:
    """A shop's feed names both at once: the sale is in force in its dates, the regular after."""
    rows = [row(10000, 0), row(10000, 40), row(8000, 40, 50, sale=True)]
    first, after = steps(rows, 40 * DAY_MS, 60 * DAY_MS)
    assert first == PriceStep(40 * DAY_MS, 50 * DAY_MS, 8000, 10000, "")
    assert after == PriceStep(50 * DAY_MS, None, 10000, None, "regular")


def test_a_change_of_currency_makes_history_begin_anew() -> None:
    """Amounts of two currencies are not comparable (as on joining the euro); nothing is said."""
    rows = [row(10000, 0, currency="HRK"), row(1300, 35), row(1200, 40, 50, sale=True)]
    assert shown(rows, 45) == (1200, None, "currency_changed")


def test_a_sale_in_another_currency_than_its_history_says_nothing() -> None:
    """The same, with the change on the sale's first day."""
    rows = [row(10000, 0, currency="HRK"), row(1200, 40, 50, sale=True)]
    assert shown(rows, 45) == (1200, None, "currency_changed")
    assert reduction_began(effective(rows), 45 * DAY_MS) == 40 * DAY_MS


def test_steps_of_another_currency_are_left_out() -> None:
    """An offer has one currency: the page never mixes two."""
    rows = [row(10000, 0, currency="HRK"), row(1300, 35)]
    assert [step.price for step in steps(rows, 30 * DAY_MS, 60 * DAY_MS)] == [10000]
    assert [step.price for step in steps(rows, 35 * DAY_MS, 60 * DAY_MS)] == [1300]


def test_a_sale_begins_and_ends_without_anybody_there() -> None:
    """Every step to come is known before, so a screen that is cut off changes on time."""
    rows = [row(10000, 0), row(8000, 40, 50, sale=True), row(7000, 60, 61, sale=True)]
    planned = steps(rows, 35 * DAY_MS, 70 * DAY_MS)
    assert [(step.from_ms // DAY_MS, step.price, step.prior) for step in planned] == [
        (0, 10000, None),
        (40, 8000, 10000),
        (50, 10000, None),
        (60, 7000, 8000),
        (61, 10000, None),
    ]


def test_steps_keep_their_own_ends() -> None:
    """Uncut, so that asking a minute later gives the same bytes."""
    rows = [row(10000, 0), row(8000, 40, 50, sale=True)]
    assert steps(rows, 41 * DAY_MS, 42 * DAY_MS) == steps(rows, 41 * DAY_MS + 60_000, 43 * DAY_MS)


def test_the_same_price_recorded_again_and_again_is_one_stretch() -> None:
    """A feed repeats itself; the timeline does not."""
    rows = [row(10000, day) for day in range(0, 50, 5)]
    assert len(effective(rows)) == 1


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
    assert [reduction_began(stretches, day * DAY_MS) for day in (5, 15, 30)] == [None, None, None]
    assert reduction_began(stretches, 29 * DAY_MS) == 20 * DAY_MS


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


def slow_prior(rows: list[LedgerRow], began: int) -> Prior:
    applied = [in_force(rows, day) for day in range(began - PRIOR_DAYS, began)]
    some = [r for r in rows if r.valid_until is None or r.valid_until > r.valid_from]
    if not some or min(r.valid_from for r in some) > (began - PRIOR_DAYS) * DAY_MS:
        return TOO_SHORT
    prices = [r.price for r in applied if r is not None]
    return Prior(min(prices), "") if prices else Prior(None, "not_sold")


@given(histories, st.integers(0, 130), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_the_prior_price_is_that_of_the_slow_oracle(
    rows: list[LedgerRow], began: int, rng: random.Random
) -> None:
    expected = slow_prior(rows, began)
    assert prior(rows, began) == expected
    shuffled = list(rows)
    rng.shuffle(shuffled)
    assert prior(shuffled, began) == expected


@given(histories)
@settings(max_examples=200, deadline=None)
def test_every_step_has_the_oracle_s_price_and_never_a_prior_below_it(
    rows: list[LedgerRow],
) -> None:
    planned = steps(rows, 0, 140 * DAY_MS)
    for day in range(140):
        at = day * DAY_MS
        now = [s for s in planned if s.from_ms <= at and (s.until_ms is None or at < s.until_ms)]
        expected = in_force(rows, day)
        assert [step.price for step in now] == ([] if expected is None else [expected.price])
        for step in now:
            assert step.prior is None or (expected is not None and expected.reduced)
            assert step.prior is None or step.prior > step.price
            assert (step.prior is None) == (step.reason != "")


@given(histories, st.integers(0, 130))
@settings(max_examples=200, deadline=None)
def test_the_prior_price_of_a_step_comes_from_30_whole_days_before_its_reduction(
    rows: list[LedgerRow], day: int
) -> None:
    stretches = effective(rows)
    began = reduction_began(stretches, day * DAY_MS)
    here = in_force(rows, day)
    assert (began is not None) == (here is not None and here.reduced)
    if began is not None:
        assert not _grew(rows, began // DAY_MS), "the reduction began earlier"
        priors = {s.prior for s in steps(rows, day * DAY_MS, day * DAY_MS + 1)}
        lawful = slow_prior(rows, began // DAY_MS).price
        assert priors <= {None, lawful}


def _grew(rows: list[LedgerRow], day: int) -> bool:
    """Whether on the day before there was a reduction too, at a price no lower."""
    before, now = in_force(rows, day - 1), in_force(rows, day)
    return bool(before and now and before.reduced and before.price >= now.price)
