"""What changes in a WooCommerce shop while it is read and between reads, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from server.ports import PermanentError, TemporaryError
from tests.server.connectors.conftest import LIMITS, MakeSetup
from tests.server.connectors.peers import Reply
from tests.server.connectors.shops.contract import BAG, COAT, GOODS
from tests.server.connectors.shops.woocommerce import WooShop
from tests.server.connectors.woocommerce.reading import HOUR, SECOND, TWICE, Reader, by_sku, said


def test_a_product_deleted_while_the_listing_is_read_leaves_no_gap(
    reader: Reader, shop: WooShop
) -> None:
    def between(page: int) -> None:
        if page == 2 and shop.items.get(10):
            shop.delete(COAT, shop.at)

    shop.between = between
    batch = reader.read()
    assert not batch.whole
    assert reader.read().whole
    assert reader.read().unchanged


def test_nor_does_one_made_in_its_place_hide_it(reader: Reader, shop: WooShop) -> None:
    def between(page: int) -> None:
        if page == 2 and shop.items.pop(10, None):
            shop.add("NEW", 100)

    shop.between = between
    batch = reader.read()
    assert not batch.whole
    assert set(by_sku(reader.read())) == {*GOODS, "NEW"} - {COAT}


def test_a_price_changed_while_the_listing_is_read_is_the_new_one(
    reader: Reader, shop: WooShop
) -> None:
    shop.between = lambda page: page == 2 and shop.price(COAT, 9_900, shop.at) and None
    batch = reader.read()
    assert batch.whole
    assert by_sku(batch)[COAT].price == 9_900


def test_between_two_whole_reads_only_changes_are_read(reader: Reader, shop: WooShop) -> None:
    reader.read()
    asked = len(shop.paths())
    assert reader.read().unchanged
    assert len(shop.paths()) - asked == 4  # its settings, what was modified, how many there are
    shop.price(COAT, 9_900, shop.at + 30 * SECOND)
    batch = reader.read()
    assert not batch.whole
    assert {sku: one.price for sku, one in by_sku(batch).items()} == {COAT: 9_900}
    assert reader.read().unchanged  # still within the overlap, and seen
    assert reader.read(after_s=3600).whole


def test_a_sale_that_the_shop_does_not_begin_in_time_is_not_believed(
    reader: Reader, shop: WooShop, now: datetime
) -> None:
    shop.sale(COAT, 9_000, now + 600 * SECOND, now + 2 * HOUR, now)
    assert said(by_sku(reader.read())[COAT]) == (14_900, 9_000, "")
    assert reader.read(after_s=400).unchanged
    late = by_sku(reader.read(after_s=300))  # its timer did not run: it asks the price before
    assert {sku: one.problem for sku, one in late.items()} == {COAT: "price_differs"}
    shop.change(COAT, shop.at + 30 * SECOND, price="90.00")
    assert said(by_sku(reader.read())[COAT]) == (14_900, 9_000, "")


def test_what_is_withdrawn_or_renamed_is_gone(reader: Reader, shop: WooShop) -> None:
    parent = shop.add_family("Tee", TWICE)
    reader.read()
    shop.change(COAT, shop.at, status="draft")
    shop.change(BAG, shop.at, sku="BAG-2027")
    shop.variations[parent["id"]].pop()
    shop.touch(parent, shop.at)
    found = by_sku(reader.read())
    assert {sku for sku, one in found.items() if one.gone} == {COAT, BAG, "T-M"}
    assert {sku for sku, one in found.items() if not one.gone} == {"BAG-2027", "T-S"}


def test_a_deleted_product_is_missed_at_the_next_read(reader: Reader, shop: WooShop) -> None:
    reader.read()
    shop.delete(COAT, shop.at)
    batch = reader.read()
    assert batch.whole
    assert COAT not in by_sku(batch)


def test_a_new_product_is_read_alone(reader: Reader, shop: WooShop) -> None:
    reader.read()
    shop.add("NEW", 500)
    batch = reader.read()
    assert not batch.whole
    assert set(by_sku(batch)) == {"NEW"}


def test_a_key_that_expired_is_told(reader: Reader, shop: WooShop) -> None:
    shop.break_with("401")
    with pytest.raises(PermanentError, match="Make a new one"):
        reader.read()


def test_a_limit_says_when_to_come_back(reader: Reader, shop: WooShop) -> None:
    shop.break_with("429")
    with pytest.raises(TemporaryError) as told:
        reader.read()
    assert told.value.retry_after_s == 90


def test_a_page_that_is_told_to_wait_is_asked_for_again(reader: Reader, shop: WooShop) -> None:
    limited = iter([True, False])

    def says(path: str, headers: dict[str, str]) -> Reply:
        if "page=2" in path and next(limited, False):
            return Reply(429, headers={"Retry-After": "0"})
        return shop.says(path, headers)

    assert shop.peer is not None
    shop.peer.says = says
    assert set(by_sku(reader.read())) == set(GOODS)


@pytest.mark.parametrize("fault", ["500", "html", "truncated"])
def test_a_broken_answer_may_pass(reader: Reader, shop: WooShop, fault: Any) -> None:
    reader.read()
    shop.break_with(fault)
    with pytest.raises(TemporaryError):
        reader.read()


def test_without_encryption_no_key_is_sent(reader: Reader, shop: WooShop) -> None:
    public = replace(LIMITS, allow_private=False)
    reader.setup = replace(reader.setup, limits=public)
    with pytest.raises(PermanentError, match="https://"):
        reader.read()
    assert shop.paths() == []


@pytest.mark.parametrize("rate", ["twenty", "-1", "101", "NaN", ""])
def test_a_tax_rate_is_a_percentage(make_setup: MakeSetup, rate: str) -> None:
    config = {"shop": "a", "url": "https://a.example", "tax_rates": {"standard": rate}}
    with pytest.raises(ValueError, match="percent"):
        make_setup("woocommerce", config)
