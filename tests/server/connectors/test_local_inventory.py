"""Stock by store from a feed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.connectors.shops import local_inventory
from server.demo.catalogue import STORE_CODES
from server.demo.goods import PRODUCTS
from server.ports import StockReport, TemporaryError
from tests.server.connectors.conftest import MakeSetup, ShopPeer
from tests.server.connectors.peers import Reply, peer
from tests.server.connectors.test_merchant import feed


def row(**fields: str) -> bytes:
    given = {"id": "BAG", "store_code": "lille", "quantity": "3", **fields}
    inner = "".join(f"<g:{name}>{text}</g:{name}>" for name, text in given.items() if text)
    return f"<item>{inner}</item>".encode()


def test_the_demo_shops_stock_is_read_whole(make_setup: MakeSetup, shop: ShopPeer) -> None:
    setup = make_setup("local_inventory", {"url": f"{shop.url}/local.xml"})
    batch = local_inventory.fetch(setup)
    assert batch.whole
    assert len(batch.stock) == len(PRODUCTS) * len(STORE_CODES)
    assert StockReport("PLV-ESTRAN-28", "lille", 3) in batch.stock
    assert local_inventory.fetch(replace(setup, state=batch.state)).unchanged


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": ""}, "no_id"),
        ({"store_code": "paris"}, "unknown_store"),
        ({"quantity": "-3"}, "negative_stock"),
        ({"quantity": "many"}, "no_quantity"),
        ({"quantity": ""}, "no_quantity"),
        ({"quantity": "9" * 30}, "huge"),
    ],
)
def test_rows_that_say_nothing_are_counted(
    make_setup: MakeSetup, fields: dict[str, str], reason: str
) -> None:
    with peer(feed(row(**fields), row(id="TENT"))) as shop:
        batch = local_inventory.fetch(make_setup("local_inventory", {"url": shop.url}))
    assert [one.sku for one in batch.stock] == ["TENT"]
    assert batch.refused == {reason: 1}


def test_out_of_stock_without_a_number_is_none(make_setup: MakeSetup) -> None:
    with peer(feed(row(quantity="", availability="out of stock"))) as shop:
        batch = local_inventory.fetch(make_setup("local_inventory", {"url": shop.url}))
    assert batch.stock == (StockReport("BAG", "lille", 0),)


def test_tabbed_text_says_the_same(make_setup: MakeSetup) -> None:
    text = (
        "store code\tid\tquantity\tprice\tsale price\n"
        "lille\tBAG\t3\t\t\nlille\tTENT\t\t\t\nparis\tBAG\t1\t\t\nlille\tLAMP\t4\n"
    )
    with peer(Reply(body=text.encode())) as shop:
        batch = local_inventory.fetch(make_setup("local_inventory", {"url": shop.url}))
    assert batch.stock == (StockReport("BAG", "lille", 3),)
    assert batch.refused == {"no_quantity": 1, "unknown_store": 1, "columns": 1}


def test_stock_that_is_told_twice_and_differs_is_not_believed(make_setup: MakeSetup) -> None:
    rows = row(), row(quantity="9"), row(), row(id="TENT"), row(id="TENT")
    with peer(feed(*rows)) as shop:
        batch = local_inventory.fetch(make_setup("local_inventory", {"url": shop.url}))
    assert [one.sku for one in batch.stock] == ["TENT"]
    assert batch.refused == {"duplicate": 1}


def test_a_price_of_a_stores_own_is_said_not_to_be_taken(make_setup: MakeSetup) -> None:
    with peer(feed(row(price="9.90 EUR"))) as shop:
        batch = local_inventory.fetch(make_setup("local_inventory", {"url": shop.url}))
    assert (len(batch.stock), batch.refused) == (1, {"local_price": 1})


def test_the_shops_own_store_codes_are_translated(make_setup: MakeSetup) -> None:
    config = {"stores": {"0041": "lille"}}
    with peer(feed(row(store_code="0041"), row(store_code="0042"))) as shop:
        batch = local_inventory.fetch(make_setup("local_inventory", {"url": shop.url, **config}))
    assert [one.store for one in batch.stock] == ["0041"]
    assert batch.refused == {"unknown_store": 1}


def test_a_cut_feed_is_not_taken(make_setup: MakeSetup) -> None:
    cut = Reply(body=feed(row()).body[:-20])
    with peer(cut) as shop, pytest.raises(TemporaryError):
        local_inventory.fetch(make_setup("local_inventory", {"url": shop.url}))
