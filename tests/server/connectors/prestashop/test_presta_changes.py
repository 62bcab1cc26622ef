"""Several shops in one, what changes between reads of a PrestaShop, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from server.connectors.shops import prestashop
from server.ports import Batch, PermanentError, TemporaryError
from tests.server.connectors.conftest import LIMITS, OUR_STORES
from tests.server.connectors.prestashop.reading import HOUR, MINUTE, Reader, by_sku, said
from tests.server.connectors.shops.contract import BAG, COAT, GOODS, SCARF
from tests.server.connectors.shops.prestashop import LILLE, SHOP, Presta, local, net_of


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
