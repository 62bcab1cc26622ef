"""Sources that are due: what they say is taken whole or not at all."""

from __future__ import annotations

import pytest

from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.connectors import run_due
from tests.server.connectors.conftest import ShopPeer
from tests.server.connectors.polled import EVERY_S, add_feed, lease, prices, ran, view
from tests.support.record import START_MS, TestClock


def test_a_feed_becomes_offers(chain: Context, shop: ShopPeer) -> None:
    add_feed(chain, f"{shop.url}/feed.xml")
    (result,) = run_due(chain)
    assert result.error == ""
    assert prices(chain, "PLV-BRUINE") == [14900]
    assert view(chain).last_success_at == START_MS
    assert view(chain).next_run_at == START_MS + EVERY_S * 1000
    assert run_due(chain) == []


def test_a_feed_that_stands_renews_its_leases(
    small_chain: Context, shop: ShopPeer, clock: TestClock
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    (again,) = ran(small_chain, clock)
    assert again.taken is not None
    assert again.taken.prices == 0
    assert lease(small_chain) == clock()
    assert view(small_chain).counters["unchanged"] == 1


def test_a_changed_price_arrives_with_the_next_poll(
    small_chain: Context, shop: ShopPeer, clock: TestClock
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    shop.act("price", sku="PLV-BRUINE", price="139.00")
    ran(small_chain, clock)
    assert prices(small_chain, "PLV-BRUINE") == [13900]


@pytest.mark.parametrize("mode", ["blank", "html", "truncated", "500", "down"])
def test_a_feed_that_fails_changes_nothing_and_renews_nothing(
    small_chain: Context, shop: ShopPeer, clock: TestClock, mode: str
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    shop.act("break", mode=mode)
    (failed,) = ran(small_chain, clock)
    assert failed.error
    assert prices(small_chain, "PLV-BRUINE") == [14900]
    assert lease(small_chain) == START_MS
    shown = view(small_chain)
    assert (shown.failures, shown.last_error, shown.last_success_at) == (1, failed.error, START_MS)
    shop.act("break", mode="none")
    ran(small_chain, clock, after_s=600)
    assert view(small_chain).last_error == ""
    assert lease(small_chain) == clock()


def test_a_new_store_is_told_all_though_the_feed_stands(
    small_chain: Context, shop: ShopPeer, clock: TestClock
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    wish = StoreWish("Nantes", "Europe/Paris", 47_213_000, -1_556_000, channel="pluvier@nantes")
    create_store(small_chain, SYSTEM, wish, "nantes")
    ran(small_chain, clock)
    assert prices(small_chain, "PLV-BRUINE", "nantes") == [14900]
