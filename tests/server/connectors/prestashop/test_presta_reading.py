"""Reading a PrestaShop: goods, contents, specific prices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from playlists.law import measures
from server.connectors.shops import prestashop_read
from server.ports import PermanentError
from tests.server.connectors.conftest import MakeSetup
from tests.server.connectors.prestashop.reading import HOUR, MINUTE, Reader, by_sku, ms, said
from tests.server.connectors.shops.contract import BAG, COAT, GOODS
from tests.server.connectors.shops.prestashop import LILLE, SHOP, Presta, local
from tests.support.record import TestClock


def test_all_goods_are_read_at_the_price_with_tax(
    reader: Reader, shop: Presta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prestashop_read, "ROWS", 10)
    monkeypatch.setattr(prestashop_read, "SUMS", 7)
    batch = reader.read()
    assert batch.whole
    assert {sku: one.price for sku, one in by_sku(batch).items()} == GOODS
    coat = by_sku(batch)[COAT]
    assert coat.names == {"fr": {"name": "Produit COAT-01", "lead": "Bien COAT-01."}}
    assert (coat.maker, coat.availability, coat.tax_permyriad) == ("Pluvier", "in_stock", 2_000)
    assert coat.picture_url.endswith("/img/p/1/2/3/123.jpg")
    assert coat.sold_since == ms(shop.at - MINUTE - timedelta(days=40))
    assert any("limit=20%2C10" in path for path in shop.paths())


def test_a_product_in_combinations_is_sold_in_them(reader: Reader, shop: Presta) -> None:
    tee = shop.add("TEE", 1_500)
    shop.combine(tee, "TEE-S", 0, "S")
    shop.combine(tee, "TEE-XL", 240, "XL")
    found = by_sku(reader.read())
    assert "TEE" not in found
    assert (found["TEE-S"].price, found["TEE-XL"].price) == (1_500, 1_740)
    assert found["TEE-XL"].names["fr"]["name"] == "Produit TEE, XL"
    assert found["TEE-S"].group == found["TEE-XL"].group == str(tee["id"])


def test_what_is_not_sold_or_has_no_reference_is_left_out(reader: Reader, shop: Presta) -> None:
    shop.by_sku(COAT)["active"] = "0"
    shop.by_sku(BAG)["show_price"] = "0"
    shop.add("", 100)
    batch = reader.read()
    assert COAT not in by_sku(batch)
    assert by_sku(batch)[BAG].price is None
    assert batch.refused == {"no_sku": 1}


def test_one_reference_at_two_prices_is_believed_at_neither(reader: Reader, shop: Presta) -> None:
    shop.add(COAT, 1_000)
    assert by_sku(reader.read())[COAT].problem == "duplicate"
    reader.read(5 * MINUTE)
    shop.price(COAT, 9_900, shop.at + MINUTE)
    assert by_sku(reader.read())[COAT].problem == "duplicate", "nor where one alone changed"


def test_a_currency_that_the_shop_does_not_have_is_refused(
    make_setup: MakeSetup, shop: Presta, clock: TestClock
) -> None:
    with pytest.raises(PermanentError, match="CHF"):
        Reader(make_setup, shop, clock, currency="CHF").read()


def test_pieces_are_counted_by_shop(reader: Reader, shop: Presta) -> None:
    coat, bag = str(shop.by_sku(COAT)["id"]), str(shop.by_sku(BAG)["id"])
    shop.stock_row(coat, "0", LILLE, 3)
    shop.stock_row(bag, "0", LILLE, -1)
    shop.stock_row(coat, "0", SHOP, 0)
    shop.stock_row(bag, "0", SHOP, 0)["out_of_stock"] = "1"
    batch = reader.read()
    assert {(one.sku, one.store, one.quantity) for one in batch.stock} == {
        (COAT, LILLE, 3),
        (BAG, LILLE, 0),
    }
    assert by_sku(batch)[COAT].availability == "out_of_stock"
    assert by_sku(batch)[BAG].availability == "backorder"


@pytest.mark.parametrize(
    ("unity", "ratio", "contents"),
    [
        ("l", "0.330022", "0.33 l"),
        ("par litre", "1.500000", "1.5 litre"),
        ("/kg", "1.125000", "1125 g"),
        ("kg", "0.125000", "0.125 kg"),
        ("candies", "5.000000", "5 candies"),
        ("kg", "0.000000", ""),
        ("kg", "0.001700", ""),
        ("", "1.000000", ""),
        ("10 pièces", "1.000000", ""),
    ],
)
def test_contents_are_told_for_the_unit_price(
    reader: Reader, shop: Presta, unity: str, ratio: str, contents: str
) -> None:
    shop.by_sku(COAT).update(unity=unity, unit_price_ratio=ratio)
    coat = by_sku(reader.read())[COAT]
    assert coat.measure == contents
    if contents and "candies" not in contents:
        assert measures.contents(coat.measure) is not None


def test_a_version_without_contents_is_read_without_them(reader: Reader, shop: Presta) -> None:
    shop.version = 9
    assert set(by_sku(reader.read())) == set(GOODS)


def test_a_shop_of_a_store_that_is_not_ours_is_named(
    make_setup: MakeSetup, shop: Presta, clock: TestClock
) -> None:
    shop.stock(COAT, "lille", 3, shop.at)
    batch = Reader(make_setup, shop, clock, stores={LILLE: "lyon"}).read()
    assert (batch.stock, batch.unknown_stores) == ((), (LILLE,))


@pytest.mark.parametrize(
    ("off", "sale"),
    [
        ({"reduction": "30.000000"}, 11_900),
        ({"reduction": "30.000000", "reduction_tax": "0"}, 11_300),
        ({"reduction": "0.200000", "reduction_type": "percentage"}, 11_920),
        ({"price": "100.000000"}, 12_000),
        ({"price": "100.000000", "reduction": "0.1", "reduction_type": "percentage"}, 10_800),
    ],
)
@pytest.mark.parametrize(("begins", "ends"), [(-1, 2), (1, 2), (None, None), (-1, None), (None, 2)])
def test_a_reduction_has_its_price_and_its_period(
    reader: Reader,
    shop: Presta,
    now: datetime,
    off: dict[str, str],
    sale: int,
    begins: int | None,
    ends: int | None,
) -> None:
    """What runs is what the shop asks; what is yet to begin is worked out as the shop will."""
    floor = now.replace(second=0, microsecond=0)
    period: dict[str, Any] = {}
    if begins is not None:
        period["from"] = local(floor + begins * HOUR)
    if ends is not None:
        period["to"] = local(floor + ends * HOUR)
    shop.special(str(shop.by_sku(COAT)["id"]), **off, **period)
    assert said(reader.read(), COAT) == (
        14_900,
        sale,
        ms(floor + begins * HOUR) if begins is not None else None,
        ms(floor + ends * HOUR + MINUTE) if ends is not None else None,
    )
    if begins == 1:  # and that is what the shop asks then
        assert said(reader.read(after=HOUR), COAT)[:2] == (14_900, sale)


def test_what_is_over_is_no_sale(reader: Reader, shop: Presta, now: datetime) -> None:
    shop.special(str(shop.by_sku(COAT)["id"]), reduction="9", to=local(now - HOUR))
    assert said(reader.read(), COAT) == (14_900, None, None, None)


@pytest.mark.parametrize(
    "whose",
    [
        {"id_customer": "7"},
        {"id_cart": "7"},
        {"id_group": "3"},
        {"id_country": "8"},
        {"id_shop": "9"},
        {"from_quantity": "3"},
    ],
)
def test_somebodys_price_is_nobodys_on_a_screen(
    reader: Reader, shop: Presta, now: datetime, whose: dict[str, str]
) -> None:
    begin = local(now + HOUR)
    shop.special(str(shop.by_sku(COAT)["id"]), **{"reduction": "9", "from": begin, **whose})
    assert said(reader.read(), COAT) == (14_900, None, None, None)


def test_a_combinations_own_price_goes_before_its_products(
    reader: Reader, shop: Presta, now: datetime
) -> None:
    tee = shop.add("TEE", 1_500)
    shop.combine(tee, "TEE-S", 0, "S")
    large = shop.combine(tee, "TEE-XL", 240, "XL")
    mine = {"id_product_attribute": str(large["id"]), "to": local(now + HOUR)}
    shop.special(str(tee["id"]), reduction="1.00", to=local(now + 5 * HOUR))
    shop.special(str(tee["id"]), price="12.000000", **mine)
    batch = reader.read()
    assert said(batch, "TEE-S")[:2] == (1_500, 1_400)
    assert said(batch, "TEE-XL")[:2] == (1_740, 1_440)
    assert by_sku(batch)["TEE-XL"].sale_until == ms(
        (now + HOUR).replace(second=0, microsecond=0) + MINUTE
    )


def test_a_sale_that_lies_between_two_cents_is_not_announced(
    reader: Reader, shop: Presta, now: datetime
) -> None:
    sock = shop.by_sku("SOCK-05")  # 9.05: 10 % off is 8.145
    half = {"reduction": "0.100000", "reduction_type": "percentage"}
    shop.special(str(sock["id"]), **half, **{"from": local(now + HOUR)})
    assert said(reader.read(), "SOCK-05") == (905, None, None, None)
    assert said(reader.read(after=HOUR), "SOCK-05")[1] == 815, "it is what the shop asks then"


def test_a_price_beneath_the_list_that_nothing_explains_has_no_end(
    reader: Reader, shop: Presta, now: datetime
) -> None:
    """A price of a country, which the shop takes for its own."""
    row = shop.special(str(shop.by_sku(COAT)["id"]), reduction="9", to=local(now + HOUR))
    row["id_country"] = "8"
    assert said(reader.read(), COAT) == (14_900, 14_000, None, None)


def test_where_tax_explains_no_price_a_fixed_one_hides_the_list(
    reader: Reader, shop: Presta
) -> None:
    coat = shop.by_sku(COAT)
    coat["ecotax"] = "1.370000"
    shop.special(str(coat["id"]), price="100.000000")
    assert by_sku(reader.read())[COAT].problem == "list_unknown"


def test_the_shops_clock_may_be_behind_at_a_begin_and_at_an_end(
    reader: Reader, shop: Presta, now: datetime
) -> None:
    floor = now.replace(second=0, microsecond=0)
    period = {"from": local(floor + 2 * MINUTE), "to": local(floor + 9 * MINUTE)}
    shop.special(str(shop.by_sku(COAT)["id"]), reduction="9", **period)
    shop.at -= MINUTE
    wanted = (14_900, 14_000, ms(floor + 2 * MINUTE), ms(floor + 10 * MINUTE))
    assert said(reader.read(), COAT) == wanted
    assert said(reader.read(), COAT) == wanted  # begun here, not yet there
    assert said(reader.read(), COAT) == wanted
    assert said(reader.read(4 * MINUTE), COAT) == wanted
    assert said(reader.read(3 * MINUTE), COAT) == (14_900, None, None, None)  # over here


def test_an_unreadable_specific_price_is_counted(reader: Reader, shop: Presta) -> None:
    shop.special(str(shop.by_sku(COAT)["id"]), reduction_type="gift")
    shop.special(str(shop.by_sku(BAG)["id"]), **{"from": "tomorrow"})
    assert reader.read().refused == {"special": 2}
