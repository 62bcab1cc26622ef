"""Reading a WooCommerce shop: goods, families, sales, pieces, tax."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from server.connectors.shops.woocommerce_product import NEAR_MS
from server.ports import PermanentError
from tests.server.connectors.conftest import MakeSetup
from tests.server.connectors.shops.contract import BAG, COAT, GOODS, SCARF
from tests.server.connectors.shops.woocommerce import WooShop, gmt
from tests.server.connectors.woocommerce.reading import HOUR, SECOND, TWICE, Reader, by_sku, said
from tests.support.record import TestClock


def test_all_pages_are_read_with_the_key(reader: Reader, shop: WooShop) -> None:
    batch = reader.read()
    assert batch.whole
    assert {sku: one.price for sku, one in by_sku(batch).items()} == GOODS
    coat = by_sku(batch)[COAT]
    assert coat.names == {"fr": {"name": "COAT-01 & Co", "lead": "Bien COAT-01 ."}}
    assert (coat.maker, coat.category, coat.availability) == ("Pluvier", "Pluie", "in_stock")
    assert coat.picture_url == "https://shop.example/COAT-01.jpg"
    assert coat.sold_since == round((shop.at - 40 * 24 * HOUR).timestamp() - 60) * 1000
    assert sum("page=3" in path for path in shop.paths()) == 1


def test_a_family_is_sold_in_its_variations(reader: Reader, shop: WooShop) -> None:
    parent = shop.add_family("Tee", TWICE)
    hidden = shop.variations[parent["id"]][1]
    found = by_sku(reader.read())
    assert {sku: found[sku].price for sku in TWICE} == TWICE
    assert found["T-S"].names["fr"]["name"] == "Tee, T0"
    assert {found[sku].group for sku in TWICE} == {str(parent["id"])}
    hidden["status"] = "private"
    assert "T-M" not in by_sku(reader.read(after_s=3600))


@pytest.mark.parametrize(("version", "asked"), [(9.0, 20), (10.3, 1)])
def test_many_families_are_read_at_once_where_the_shop_can(
    reader: Reader, shop: WooShop, version: float, asked: int
) -> None:
    shop.version = version
    families = [shop.add_family(f"Tee {n}", {f"T{n}-S": 100 + n}) for n in range(20)]
    found = by_sku(reader.read())
    assert {found[f"T{n}-S"].price for n in range(20)} == {100 + n for n in range(20)}
    assert sum(path.count("/products/") for path in shop.paths()) == (asked if asked > 1 else 0)
    families[3]["variations"] = [1]  # it names others than were given
    reader.read(after_s=3600)
    assert any(f"/products/{families[3]['id']}/" in path for path in shop.paths())


def test_what_is_not_for_sale_is_left_out(reader: Reader, shop: WooShop) -> None:
    shop.by_sku(COAT)["status"] = "draft"
    shop.add("BUNDLE", 100, type="grouped")
    shop.add("ELSEWHERE", 100, type="external")
    shop.add("", 100)
    batch = reader.read()
    assert batch.whole
    assert set(by_sku(batch)) == set(GOODS) - {COAT}
    assert batch.refused == {"not_sold": 2, "no_sku": 1}


def test_one_sku_at_two_prices_is_believed_at_neither(reader: Reader, shop: WooShop) -> None:
    shop.add(COAT, 1_000)
    assert by_sku(reader.read())[COAT].problem == "duplicate"


@pytest.mark.parametrize(
    ("begins", "ends", "at", "sale"),
    [(-1, 2, "49.00", True), (1, 2, "99.00", True), (-2, -1, "99.00", False)],
)
def test_a_sale_is_told_with_its_instants(
    reader: Reader, shop: WooShop, now: datetime, begins: int, ends: int, at: str, sale: bool
) -> None:
    begin, end = now + begins * HOUR, now + ends * HOUR
    shop.change(
        COAT,
        now,
        price=at,
        regular_price="99.00",
        sale_price="49.00",
        date_on_sale_from_gmt=gmt(begin),
        date_on_sale_to_gmt=gmt(end - SECOND),
    )
    coat = by_sku(reader.read())[COAT]
    assert said(coat) == (9_900, 4_900 if sale else None, "")
    if sale:
        assert (coat.sale_from, coat.sale_until) == (
            round(begin.timestamp() * 1000),
            round(end.timestamp() * 1000),
        )


def test_a_price_that_the_shop_does_not_ask_is_not_believed(
    reader: Reader, shop: WooShop, now: datetime
) -> None:
    """A sale that should run and does not yet (its timer is late), a price that a plug-in makes."""
    early = now - HOUR
    shop.sale(COAT, 9_000, early, now + HOUR, early)
    shop.change(COAT, now, price="149.00")
    shop.change(BAG, now, price="100.00")
    found = by_sku(reader.read())
    assert {found[sku].problem for sku in (COAT, BAG)} == {"price_differs"}


def test_near_the_instant_of_a_change_either_clock_may_be_right(
    reader: Reader, shop: WooShop, now: datetime
) -> None:
    begin = now + timedelta(milliseconds=NEAR_MS) + 30 * SECOND
    shop.sale(COAT, 9_000, begin, now + HOUR, begin)  # the shop’s clock is ahead: it runs there
    shop.at = now
    assert said(by_sku(reader.read())[COAT]) == (14_900, 9_000, "")


@pytest.mark.parametrize("wrong", ["1,99", "1e3", "-1", "NaN", "12.3456", "<b>1</b>", True, []])
def test_a_price_that_is_none_is_said_to_be(reader: Reader, shop: WooShop, wrong: object) -> None:
    shop.by_sku(COAT).update(regular_price=wrong, price=wrong)
    assert by_sku(reader.read())[COAT].problem == "price"


def test_no_price_is_no_price(reader: Reader, shop: WooShop, now: datetime) -> None:
    shop.blank(COAT, now)
    assert said(by_sku(reader.read())[COAT]) == (None, None, "")


def test_pieces_are_those_of_the_store_that_the_shop_counts(reader: Reader, shop: WooShop) -> None:
    shop.by_sku(COAT).update(manage_stock=True, stock_quantity=4)
    shop.by_sku(BAG).update(manage_stock=True, stock_quantity=-2, stock_status="onbackorder")
    shop.by_sku(SCARF).update(stock_status="outofstock")
    batch = reader.read()
    assert {(one.sku, one.store, one.quantity) for one in batch.stock} == {
        (COAT, "lille", 4),
        (BAG, "lille", 0),
        (SCARF, "lille", 0),
    }
    found = by_sku(batch)
    assert [found[sku].availability for sku in (COAT, BAG, SCARF)] == [
        "in_stock",
        "backorder",
        "out_of_stock",
    ]


def test_pieces_of_a_store_that_is_not_ours_are_counted_and_left(
    make_setup: MakeSetup, shop: WooShop, clock: TestClock
) -> None:
    shop.by_sku(COAT).update(manage_stock=True, stock_quantity=4)
    batch = Reader(make_setup, shop, clock, stock_store="main").read()
    assert not batch.stock
    assert (batch.refused, batch.unknown_stores) == ({"unknown_store": 1}, ("main",))


def test_prices_without_tax_are_not_shown_as_the_shops(reader: Reader, shop: WooShop) -> None:
    shop.taxed = False
    with pytest.raises(PermanentError, match="without tax"):
        reader.read()


def test_a_shop_that_begins_to_keep_its_prices_without_tax_is_read_anew(
    make_setup: MakeSetup, shop: WooShop, clock: TestClock
) -> None:
    reader = Reader(make_setup, shop, clock, tax_rates={"standard": "20"})
    assert by_sku(reader.read())[COAT].price == 14_900
    shop.taxed = False
    batch = reader.read()
    assert batch.whole
    assert by_sku(batch)[COAT].price == 17_880


def test_the_rate_that_was_given_is_added(
    make_setup: MakeSetup, shop: WooShop, clock: TestClock
) -> None:
    shop.taxed = False
    shop.change(COAT, shop.at, price="124.158333", regular_price="124.158333")
    shop.by_sku(BAG)["tax_class"] = "reduced-rate"
    shop.by_sku(SCARF)["tax_status"] = "none"
    shop.by_sku("SOCK-04")["tax_class"] = "zero-rate"
    rates = {"standard": "20", "reduced-rate": "5.5"}
    found = by_sku(Reader(make_setup, shop, clock, tax_rates=rates).read())
    assert [(found[sku].price, found[sku].tax_permyriad) for sku in (COAT, BAG, SCARF)] == [
        (14_899, 2_000),
        (12_649, 550),
        (4_900, 0),
    ]
    assert found["SOCK-04"].problem == "tax_class"


def test_another_currency_is_refused(reader: Reader, shop: WooShop) -> None:
    shop.currency = "USD"
    with pytest.raises(PermanentError, match="USD"):
        reader.read()
