"""Sources that go wrong after they were right: what was good stays, what is wrong is told."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from playlists.facts import FactKey
from server.db.models import ChannelRow, FactRow, OfferRow, ProductRow
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, run_due
from tests.server.connectors.conftest import WeatherPeer
from tests.server.connectors.peers import Reply, endless, peer
from tests.server.connectors.test_merchant import HEAD, XML, feed, item
from tests.support.record import TestClock

CAP_BYTES = 2 * 1024 * 1024
TWO_GB = 2 * 1024**3
SKUS = tuple(f"SKU-{number}" for number in range(8))
GOOD = feed(*(item(id=sku, price="49.90 EUR") for sku in SKUS))


def goods_without_end(_stopping: threading.Event) -> Iterator[bytes]:
    yield HEAD
    while True:
        yield b"".join(item(id=sku, price="1.00 EUR") for sku in SKUS) * 50


BROKEN: dict[str, Reply] = {
    "nothing at all": Reply(body=b"", headers=XML),
    "a web page": Reply(body=b"<!doctype html><h1>Back soon</h1>", headers=XML),
    "cut": Reply(body=GOOD.body[: len(GOOD.body) * 2 // 3], headers=XML),
    "a zip bomb": Reply(
        body=gzip.compress(HEAD + b" " * 64 * 1024 * 1024),
        headers={**XML, "Content-Encoding": "gzip"},
    ),
    "2 GB announced": Reply(body=GOOD.body, headers=XML, claimed_length=TWO_GB),
    "bytes without end": Reply(drip=endless, headers=XML),
    "goods without end": Reply(drip=goods_without_end, headers=XML),
    "500": Reply(500),
}


@pytest.fixture
def chain(small_chain: Context) -> Context:
    """The four stores under a small cap, so that what is over it is soon over it."""
    settings = small_chain.settings.model_copy(
        update={"feed_max_bytes": CAP_BYTES, "http_timeout_s": 5.0}
    )
    return replace(small_chain, settings=settings)


def state(ctx: Context) -> dict[str, Any]:
    """All that screens are told of prices."""
    with ctx.db.read() as session:
        offers = {(row.channel, row.sku): row.body for row in session.scalars(select(OfferRow))}
        channels = {row.id: (row.version, row.as_of) for row in session.scalars(select(ChannelRow))}
        products = set(session.scalars(select(ProductRow.sku)))
    return {"offers": offers, "channels": channels, "products": products}


def first_good_then(ctx: Context, clock: TestClock, then: Reply, check: Callable[[], None]) -> None:
    """Read a good feed, then `then`, and check; then the good one again, and all is as before."""
    answer = [GOOD]
    with peer(lambda _path, _headers: answer[0]) as shop:
        config = {"shop": "pluvier", "url": shop.url}
        connectors.create_connector(ctx, SYSTEM, ConnectorWish("merchant", "F", config), "feed")
        run_due(ctx)
        before = state(ctx)["offers"]
        assert len(before) == len(SKUS) * 4
        answer[0] = then
        clock.advance(3_600_000)
        run_due(ctx)
        check()
        answer[0] = GOOD
        clock.advance(24 * 3_600_000)
        run_due(ctx)
        assert state(ctx)["offers"] == before
        assert connectors.get_connector(ctx, SYSTEM, "feed").value.last_error == ""


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_broken_feed_leaves_every_price_and_renews_none(
    chain: Context, clock: TestClock, wrong: str
) -> None:
    begun = clock()

    def check() -> None:
        held = state(chain)
        assert {as_of for _, as_of in held["channels"].values()} == {begun}
        assert all(step[2] == 4990 for offer in held["offers"].values() for step in offer["st"])
        assert held["products"] == set(SKUS)
        assert all(offer["st"] for offer in held["offers"].values())
        seen = connectors.get_connector(chain, SYSTEM, "feed").value
        assert (seen.failures, bool(seen.last_error)) == (1, True)
        assert seen.last_success_at == begun

    first_good_then(chain, clock, BROKEN[wrong], check)


def test_another_currency_leaves_the_goods_without_a_price(
    chain: Context, clock: TestClock
) -> None:
    dollars = Reply(body=GOOD.body.replace(b" EUR", b" USD"), headers=XML)
    begun = clock()

    def check() -> None:
        held = state(chain)
        assert {as_of for _, as_of in held["channels"].values()} == {begun}
        assert len(held["offers"]) == len(SKUS) * 4
        assert not [offer for offer in held["offers"].values() if offer["st"]]
        assert all(offer["nm"] for offer in held["offers"].values())
        assert held["products"] == set(SKUS)
        assert "held" in connectors.get_connector(chain, SYSTEM, "feed").value.last_error

    first_good_then(chain, clock, dollars, check)


@pytest.mark.parametrize("mode", ["down", "missing", "nan"])
def test_weather_that_goes_wrong_leaves_what_was_forecast(
    chain: Context, weather: WeatherPeer, clock: TestClock, mode: str
) -> None:
    config = {"url": weather.url}
    connectors.create_connector(chain, SYSTEM, ConnectorWish("open_meteo", "W", config), "sky")
    run_due(chain)
    before = forecast(chain)
    assert len(before) > 24
    weather.climate.set_mode({"mode": mode})
    clock.advance(900_000)
    run_due(chain)
    assert forecast(chain) == before
    assert connectors.get_connector(chain, SYSTEM, "sky").value.last_error


def forecast(ctx: Context) -> list[tuple[int, object, int]]:
    key = FactKey("weather.temperature:lille")
    with ctx.db.read() as session:
        rows = session.scalars(select(FactRow).where(FactRow.key == key))
        return sorted((row.valid_from, row.value["v"], row.expires_at) for row in rows)
