"""Which reports are not believed, and which batches are held whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.ids import Sku
from playlists.pricing import LedgerRow
from server.ports import ProductReport
from server.services.prices import ledger, quarantine
from server.services.prices.ledger import ANY, Past
from server.services.prices.quarantine import Told
from tests.support.record import START_MS

DAY = 86_400_000
RULES = quarantine.Rules("EUR", jump_percent=50, batch_percent=5)
BAG = ProductReport("BAG", "EUR", 10_000)


def priced(price: int, since: int = START_MS - DAY, *, reduced: bool = False) -> LedgerRow:
    return LedgerRow(Sku("BAG"), ANY, price, "EUR", since, None, reduced, since)


def why(report: ProductReport, *past: LedgerRow) -> str:
    rows = ledger.rows_of(report, START_MS)
    return quarantine.suspicion(report, rows, Past.of(past), START_MS, RULES)


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (BAG, ""),
        (replace(BAG, price=None), "blank"),
        (replace(BAG, price=0), "zero"),
        (replace(BAG, price=-1), "zero"),
        (replace(BAG, sale_price=0), "zero"),
        (replace(BAG, currency="USD"), "currency"),
        (replace(BAG, currency=""), "currency"),
        (replace(BAG, sale_price=10_001), "sale"),
        (replace(BAG, problem="two_prices"), "two_prices"),
    ],
)
def test_a_report_is_judged_without_any_history(report: ProductReport, expected: str) -> None:
    assert why(report) == expected


@pytest.mark.parametrize(
    ("price", "expected"), [(15_000, ""), (15_001, "jump"), (5_000, ""), (4_999, "jump")]
)
def test_a_list_price_may_move_by_the_rules_percentage(price: int, expected: str) -> None:
    assert why(replace(BAG, price=price), priced(10_000)) == expected


def test_the_last_list_price_counts_and_not_the_sale_or_an_older_one() -> None:
    past = (priced(30_000, START_MS - 9 * DAY), priced(10_000), priced(5_500, reduced=True))
    assert why(replace(BAG, price=14_000), *past) == ""
    assert why(replace(BAG, price=16_000), *past) == "jump"


def test_a_list_price_hidden_by_an_endless_sale_is_weighed_all_the_same() -> None:
    past = (priced(10_000), priced(8_000, reduced=True))
    assert why(replace(BAG, price=800_000), *past) == "jump"
    assert why(replace(BAG, price=11_000), *past) == ""


def test_a_deep_sale_is_believed_with_an_end_and_doubted_without() -> None:
    deep = replace(BAG, sale_price=2_000)
    assert why(deep, priced(10_000)) == "jump"
    assert why(replace(deep, sale_until=START_MS + DAY), priced(10_000)) == ""


@pytest.mark.parametrize(
    ("price", "sale_price", "expected"),
    [
        (42_000, 8_000, (10_000, 42_000)),
        (42_000, 7_500, (10_000, 42_000)),
        (10_000, 2_000, (8_000, 2_000)),
        (42_000, None, (8_000, 42_000)),
        (None, None, (8_000, None)),
    ],
    ids=["the list leapt", "it leapt further", "the sale leapt", "no sale any more", "blank"],
)
def test_a_person_compares_the_prices_that_leapt(
    price: int | None, sale_price: int | None, expected: tuple[int, int | None]
) -> None:
    past = Past.of((priced(10_000), priced(8_000, reduced=True)))
    pending = {"price": price, "sale_price": sale_price}
    assert quarantine.at_odds(pending, past, START_MS) == expected


def test_a_sale_that_is_over_is_not_weighed() -> None:
    over = replace(BAG, sale_price=100, sale_until=START_MS)
    assert why(over, priced(10_000)) == ""


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (Told(0, 0, 0, 10, whole=True), "empty"),
        (Told(0, 0, 0, 0, whole=True), "empty"),
        (Told(0, 0, 0, 10, whole=False), ""),
        (Told(0, 4, 4, 10, whole=True), "shrunk"),
        (Told(0, 400, 4, 10, whole=True), "shrunk"),
        (Told(0, 5, 5, 10, whole=True), ""),
        (Told(0, 4, 4, 10, whole=False), ""),
        (Told(5, 100, 100, 100, whole=True), ""),
        (Told(6, 100, 100, 100, whole=True), "suspects"),
        (Told(1, 3, 3, 100, whole=False), "suspects"),
        (Told(2, 2, 2, 100, whole=False), ""),
    ],
)
def test_a_batch_is_held_whole(told: Told, expected: str) -> None:
    assert quarantine.held_whole(told, RULES) == expected
