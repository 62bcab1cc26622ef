"""PrestaShop: the shop's own sums become prices, its specific prices their periods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from playlists.law import measures
from server.connectors.shops import prestashop, prestashop_read
from server.connectors.source import Setup
from server.ports import Batch, PermanentError, ProductReport, TemporaryError
from tests.server.connectors.conftest import LIMITS, OUR_STORES, MakeSetup
from tests.server.connectors.shops.contract import BAG, COAT, GOODS, SCARF
from tests.server.connectors.shops.prestashop import LILLE, SHOP, Presta, local, net_of
from tests.support.record import TestClock

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def now(clock: TestClock) -> datetime:
    return datetime.fromtimestamp(clock() / 1000, UTC)


@pytest.fixture
def shop(now: datetime) -> Iterator[Presta]:
    made = Presta(at=now - timedelta(days=40))
    made.start()
    made.at = now
    yield made
    made.stop()


class Reader:
    """A connector without a record: what its reads leave is kept here."""

    def __init__(self, make: MakeSetup, shop: Presta, clock: TestClock, **config: Any) -> None:
        wanted = shop.set_up()
        self.clock, self.shop = clock, shop
        self.setup: Setup = replace(
            make(wanted.kind, {**wanted.config, **config}), secrets=wanted.secrets
        )

    def read(self, after: timedelta = MINUTE) -> Batch:
        self.clock.advance(round(after.total_seconds() * 1000))
        self.shop.at += after
        batch = prestashop.fetch(self.setup)
        self.setup = replace(self.setup, state=batch.state)
        return batch


@pytest.fixture
def reader(make_setup: MakeSetup, shop: Presta, clock: TestClock) -> Reader:
    return Reader(make_setup, shop, clock)


def by_sku(batch: Batch) -> dict[str, ProductReport]:
    return {report.sku: report for report in batch.products}


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def said(batch: Batch, sku: str) -> tuple[int | None, int | None, int | None, int | None]:
    one = by_sku(batch)[sku]
    assert not one.problem
    return one.price, one.sale_price, one.sale_from, one.sale_until


# --- reading -----------------------------------------------------------------------------------


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


# --- specific prices ---------------------------------------------------------------------------


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


# --- shops of a multistore ---------------------------------------------------------------------


def by_store(batch: Batch, sku: str) -> dict[str | None, tuple[int | None, int | None, str]]:
    found = [one for one in batch.products if one.sku == sku]
    return {one.store: (one.price, one.sale_price, one.problem) for one in found}


def test_a_store_has_the_price_of_its_own_shop(reader: Reader, shop: Presta) -> None:
    coat = str(shop.by_sku(COAT)["id"])
    shop.own[LILLE, coat] = {"price": net_of(13_900)}
    batch = reader.read()
    others = {store.id for store in OUR_STORES} - {"lille"}
    assert by_store(batch, COAT) == {
        LILLE: (13_900, None, ""),
        **dict.fromkeys(others, (14_900, None, "")),
    }
    assert by_store(batch, BAG) == {None: (11_990, None, "")}
    shop.own[LILLE, coat] |= {"price": net_of(12_900), "date_upd": local(shop.at + MINUTE)}
    again = reader.read(5 * MINUTE)
    assert not again.whole
    assert by_store(again, COAT)[LILLE] == (12_900, None, "")


def test_a_reduction_of_one_shop_is_its_stores_alone(reader: Reader, shop: Presta) -> None:
    shop.special(str(shop.by_sku(COAT)["id"]), reduction="9", id_shop=LILLE)
    found = by_store(reader.read(), COAT)
    assert found[LILLE] == (14_900, 14_000, "")
    assert found["prado"] == (14_900, None, "")


def test_what_one_shop_does_not_sell_is_gone_from_its_store_alone(
    reader: Reader, shop: Presta
) -> None:
    reader.read()
    shop.own[LILLE, str(shop.by_sku(COAT)["id"])] = {"active": "0"}
    batch = reader.read()
    assert batch.whole
    found = by_store(batch, COAT)
    assert found[LILLE] == (None, None, "gone")
    assert found["prado"] == (14_900, None, "")


# --- between whole reads -----------------------------------------------------------------------


def test_only_what_changed_is_worked_out(reader: Reader, shop: Presta) -> None:
    reader.read()
    assert reader.read(3 * MINUTE).unchanged
    before = len(shop.paths())
    assert reader.read().unchanged
    asked = shop.paths()[before:]
    assert sum("use_tax" in path for path in asked) <= 1, "the newest change is looked at again"
    shop.price(COAT, 9_900, shop.at + MINUTE)
    batch = reader.read(timedelta(0))
    assert (batch.whole, batch.complete) == (False, True)
    assert {sku: one.price for sku, one in by_sku(batch).items()} == {COAT: 9_900}
    assert reader.read().unchanged


def test_two_changes_in_one_second_are_both_seen(reader: Reader, shop: Presta) -> None:
    reader.read()
    at = shop.at + MINUTE
    shop.price(COAT, 9_900, at)
    assert by_sku(reader.read(timedelta(0)))[COAT].price == 9_900
    shop.price(COAT, 8_900, at)
    assert by_sku(reader.read(timedelta(0)))[COAT].price == 8_900


def test_a_new_specific_price_is_seen_though_no_product_changed(
    reader: Reader, shop: Presta, now: datetime
) -> None:
    reader.read()
    shop.sale(COAT, 9_900, now - HOUR, now + HOUR, shop.at)
    assert said(reader.read(), COAT)[:2] == (14_900, 9_900)


def test_what_is_deleted_hidden_or_renamed_brings_a_whole_read(
    reader: Reader, shop: Presta
) -> None:
    reader.read()
    shop.delete(COAT, shop.at)
    shop.by_sku(BAG)["active"] = "0"
    shop.by_sku(SCARF)["reference"] = "SCARF-9"
    batch = reader.read()
    assert batch.whole
    assert set(by_sku(batch)) == {*GOODS, "SCARF-9"} - {COAT, BAG, SCARF}


def test_stock_alone_is_told_alone(reader: Reader, shop: Presta) -> None:
    shop.stock(COAT, "lille", 3, shop.at)
    reader.read()
    shop.stock(COAT, "lille", 2, shop.at)
    batch = reader.read(3 * MINUTE)
    assert [(one.sku, one.quantity) for one in batch.stock] == [(COAT, 2)]
    assert not batch.products
    shop.stock_row(str(shop.by_sku(COAT)["id"]), "0", SHOP, 0)
    assert by_sku(reader.read())[COAT].availability == "out_of_stock"


def test_goods_that_changed_while_they_were_read_are_not_whole(
    reader: Reader, shop: Presta
) -> None:
    def between() -> None:
        if str(shop.by_sku(BAG)["active"]) == "1":
            shop.change(BAG, shop.at, active="0")
            shop.price(COAT, 9_900, shop.at)

    shop.between = between
    batch = reader.read()
    assert not batch.whole
    assert by_sku(batch)[COAT].price == 9_900
    assert BAG not in by_sku(batch)
    assert reader.read().whole


def test_everything_is_read_now_and_then(reader: Reader) -> None:
    reader.read()
    assert not reader.read().whole
    assert reader.read(after=HOUR).whole


# --- refusals ----------------------------------------------------------------------------------


def test_a_key_that_was_withdrawn_is_told(reader: Reader, shop: Presta) -> None:
    shop.break_with("401")
    with pytest.raises(PermanentError, match="Make a new one"):
        reader.read()


def test_a_limit_says_when_to_come_back(reader: Reader, shop: Presta) -> None:
    shop.break_with("429")
    with pytest.raises(TemporaryError) as told:
        reader.read()
    assert told.value.retry_after_s == 90


@pytest.mark.parametrize("fault", ["500", "html", "truncated"])
def test_a_broken_answer_may_pass(reader: Reader, shop: Presta, fault: Any) -> None:
    reader.read()
    shop.break_with(fault)
    with pytest.raises(TemporaryError):
        reader.read()


def test_without_encryption_no_key_is_sent(reader: Reader, shop: Presta) -> None:
    reader.setup = replace(reader.setup, limits=replace(LIMITS, allow_private=False))
    with pytest.raises(PermanentError, match="https://"):
        reader.read()
    assert shop.paths() == []


@pytest.mark.parametrize("wrong", ["12,50", "NaN", "", "1.234", "-3"])
def test_a_sum_that_is_none_is_not_believed(
    reader: Reader, shop: Presta, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(_resource: str, row: dict[str, Any], _query: object) -> None:
        row |= dict.fromkeys(("enseigne_list", "enseigne_gross", "enseigne_net"), "149.000000")
        row["enseigne_now"] = wrong

    monkeypatch.setattr(shop, "_add_sums", add)
    assert by_sku(reader.read())[COAT].problem == "price"


def test_a_glance_sees_the_first_goods(reader: Reader) -> None:
    reader.setup = replace(reader.setup, glance=True)
    batch = prestashop.fetch(reader.setup)
    assert not batch.whole
    assert len(batch.products) == len(GOODS)
