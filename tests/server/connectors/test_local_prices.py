"""Prices that single stores ask: read beside the product feed, never mixed up with another's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from server.connectors.shops import merchant
from server.ports import Batch, StockReport, TemporaryError
from server.services.base.context import Context
from server.services.connectors import run_due
from tests.server.connectors.conftest import OUR_STORES, MakeSetup
from tests.server.connectors.peers import Peer, Reply, peer
from tests.server.connectors.polled import add, fact_values, prices, row
from tests.server.connectors.test_merchant import feed, item
from tests.support.record import TestClock

LILLE, *OTHERS = (store.id for store in OUR_STORES)


def local(**fields: str) -> bytes:
    given = {"id": "BAG", "store_code": LILLE, **fields}
    inner = "".join(f"<g:{name}>{text}</g:{name}>" for name, text in given.items())
    return f"<item>{inner}</item>".encode()


class TwoFeeds:
    """A shop whose feeds stand behind ETags."""

    def __init__(self, main: Reply, inventory: Reply) -> None:
        self.replies = {"/feed": main, "/local": inventory}

    def __call__(self, path: str, headers: dict[str, str]) -> Reply:
        reply = self.replies[path]
        tag = f'"{hash(reply.body)}"'
        if headers.get("if-none-match") == tag:
            return Reply(304)
        return replace(reply, headers={"ETag": tag})


def config(shop: Peer, **more: Any) -> dict[str, Any]:
    return {
        "shop": "pluvier",
        "url": f"{shop.url}/feed",
        "local_url": f"{shop.url}/local",
        **more,
    }


def asked(batch: Batch, sku: str = "BAG") -> dict[str | None, Any]:
    return {
        one.store: one.problem or (one.price, one.sale_price)
        for one in batch.products
        if one.sku == sku
    }


def fetched(make_setup: MakeSetup, *rows: bytes, **more: Any) -> Batch:
    with peer(TwoFeeds(feed(item(), item(id="TENT")), feed(*rows))) as shop:
        return merchant.fetch(make_setup("merchant", config(shop, **more)))


def test_a_store_that_asks_less_is_told_apart_from_the_others(make_setup: MakeSetup) -> None:
    batch = fetched(make_setup, local(price="99.90 EUR", quantity="3"))
    assert asked(batch) == {LILLE: (9990, None), **dict.fromkeys(OTHERS, (11990, None))}
    assert asked(batch, "TENT") == {None: (11990, None)}
    assert batch.stock == (StockReport("BAG", LILLE, 3),)
    assert batch.whole


def test_stores_that_ask_what_all_ask_need_no_rows_of_their_own(make_setup: MakeSetup) -> None:
    batch = fetched(
        make_setup, *(local(store_code=one.id, price="119.90 EUR") for one in OUR_STORES)
    )
    assert asked(batch) == {None: (11990, None)}


def test_a_stores_sale_has_its_dates(make_setup: MakeSetup) -> None:
    dates = "2026-10-24/2026-10-24"
    sale = {"price": "119.90 EUR", "sale_price": "89.90 EUR", "sale_price_effective_date": dates}
    batch = fetched(make_setup, local(**sale), time_zone="Europe/Paris")
    (there,) = (one for one in batch.products if one.store == LILLE)
    assert (there.price, there.sale_price) == (11990, 8990)
    assert there.sale_from is not None
    assert there.sale_until == there.sale_from + 86_400_000


def test_the_shops_own_codes_are_kept(make_setup: MakeSetup) -> None:
    rows = local(store_code="0041", price="99.90 EUR"), local(store_code="0042", price="1.00 EUR")
    batch = fetched(make_setup, *rows, stores={"0041": LILLE})
    assert asked(batch) == {"0041": (9990, None), **dict.fromkeys(OTHERS, (11990, None))}
    assert batch.refused == {"unknown_store": 1}


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([{"price": "cheap"}], "price"),
        ([{"sale_price": "9.90 EUR"}], "price"),
        ([{"price": "9.90 EUR", "sale_price": "8.90 USD"}], "currency"),
        ([{"price": "99.90 EUR"}, {"price": "89.90 EUR"}], "duplicate"),
    ],
)
def test_what_a_store_asks_is_not_guessed(
    make_setup: MakeSetup, rows: list[dict[str, str]], problem: str
) -> None:
    found = asked(fetched(make_setup, *(local(**one) for one in rows)))
    assert found[LILLE] == problem


def test_a_change_of_either_feed_is_taken_with_the_other_as_it_stands(
    make_setup: MakeSetup,
) -> None:
    says = TwoFeeds(feed(item()), feed(local(price="99.90 EUR")))
    with peer(says) as shop:
        setup = make_setup("merchant", config(shop))
        first = merchant.fetch(setup)
        setup = replace(setup, state=first.state)
        assert merchant.fetch(setup).unchanged
        says.replies["/feed"] = feed(item(price="129.90 EUR"))
        second = merchant.fetch(setup)
        assert asked(second) == {LILLE: (9990, None), **dict.fromkeys(OTHERS, (12990, None))}
        says.replies["/local"] = feed(local(price="95.90 EUR"))
        third = merchant.fetch(replace(setup, state=second.state))
        assert asked(third) == {LILLE: (9590, None), **dict.fromkeys(OTHERS, (12990, None))}
        says.replies["/local"] = feed()
        fourth = merchant.fetch(replace(setup, state=third.state))
        assert asked(fourth) == {None: (12990, None)}


def test_without_the_stores_prices_there_are_none(make_setup: MakeSetup) -> None:
    says = TwoFeeds(feed(item()), Reply(body=b"<rss><channel><item>"))
    with peer(says) as shop, pytest.raises(TemporaryError):
        merchant.fetch(make_setup("merchant", config(shop)))


def test_screens_get_each_stores_own_price_once(small_chain: Context, clock: TestClock) -> None:
    inventory = feed(local(price="99.90 EUR", quantity="3"))
    says = TwoFeeds(feed(item(), item(id="TENT")), inventory)
    with peer(says) as shop:
        add(small_chain, "merchant", "feed", **config(shop))
        run_due(small_chain)
        assert prices(small_chain, "BAG", LILLE) == [9990]
        assert prices(small_chain, "BAG", OTHERS[0]) == [11990]
        assert fact_values(small_chain)[f"stock:BAG@{LILLE}"] == 3
        written = row(small_chain).counters["prices"]
        says.replies["/feed"] = feed(item(), item(id="TENT", title="Tente"))
        says.replies["/local"] = feed(local(price="99.90 EUR"), local(id="TENT", quantity="2"))
        clock.advance(60_000)
        run_due(small_chain)
        assert row(small_chain).counters["prices"] == written
        assert fact_values(small_chain)[f"stock:BAG@{LILLE}"] == 0
        assert fact_values(small_chain)[f"stock:TENT@{LILLE}"] == 2
        assert prices(small_chain, "BAG", LILLE) == [9990]
