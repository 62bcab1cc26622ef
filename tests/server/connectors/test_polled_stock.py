"""Stock and weather that are polled become facts; what is listed no more is gone."""

from __future__ import annotations

from server.services.base.context import Context
from server.services.connectors import run_due
from tests.server.connectors.conftest import ShopPeer, WeatherPeer
from tests.server.connectors.peers import Reply, peer
from tests.server.connectors.polled import add, fact_values, ran, stock, view
from tests.server.connectors.test_merchant import HEAD, TAIL
from tests.support.record import TestClock


def test_stock_and_weather_become_facts(
    chain: Context, shop: ShopPeer, weather: WeatherPeer
) -> None:
    add(chain, "local_inventory", "stock", url=f"{shop.url}/local.xml")
    add(chain, "open_meteo", "weather", url=weather.url)
    assert [result.error for result in run_due(chain)] == ["", ""]
    assert stock(chain, "stock:PLV-ESTRAN-28@lille") is not None
    assert stock(chain, "weather.rain:lille") is not None


def local_rows(*skus: str) -> bytes:
    rows = "".join(
        f"<item><g:store_code>lille</g:store_code><g:id>{sku}</g:id>"
        "<g:quantity>3</g:quantity></item>"
        for sku in skus
    )
    return HEAD + rows.encode() + TAIL


def test_stock_that_is_no_longer_listed_is_none(small_chain: Context, clock: TestClock) -> None:
    listed = [["BAG", "TENT", "LAMP"], ["BAG", "TENT"]]
    with peer(lambda _path, _headers: Reply(body=local_rows(*listed[0]))) as sold:
        add(small_chain, "local_inventory", "stock", url=sold.url)
        run_due(small_chain)
        listed.pop(0)
        ran(small_chain, clock)
    assert fact_values(small_chain) == {
        "stock:BAG@lille": 3,
        "stock:TENT@lille": 3,
        "stock:LAMP@lille": 0,
    }


def test_a_listing_that_lost_most_of_its_stock_is_not_believed(
    small_chain: Context, clock: TestClock
) -> None:
    listed = [["BAG", "TENT", "LAMP"], ["BAG"]]
    with peer(lambda _path, _headers: Reply(body=local_rows(*listed[0]))) as sold:
        add(small_chain, "local_inventory", "stock", url=sold.url)
        run_due(small_chain)
        listed.pop(0)
        (failed,) = ran(small_chain, clock)
        assert "not believed" in failed.error
        assert set(fact_values(small_chain).values()) == {3}
        ran(small_chain, clock, after_s=5 * 3600)  # what was known has expired by now
    assert fact_values(small_chain)["stock:BAG@lille"] == 3
    assert view(small_chain, "stock").last_error == ""
