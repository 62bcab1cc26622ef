"""What the connectors' tests share: setups, and the demo's outside world as real peers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from server.connectors.registry import kinds
from server.connectors.source import Limits, Setup, StoreAt
from server.demo.catalogue import STORES
from server.demo.world.breakage import Breakage
from server.demo.world.climate import Climate
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.peer import HttpPeer
from server.demo.world.shop import Shop, shop_app
from server.demo.world.stall import Stall
from server.demo.world.weather import weather_app
from server.demo.world.webhook import Webhook
from tests.support.record import START_MS, TestClock

LIMITS = Limits(
    allow_private=True, connect_s=2, read_s=2, total_s=5, max_bytes=1024 * 1024, max_rows=1000
)
OUR_STORES = tuple(
    StoreAt(
        store.code,
        round(store.latitude * 1e6),
        round(store.longitude * 1e6),
        f"pluvier@{store.code}",
    )
    for store in STORES
)

MakeSetup = Callable[..., Setup]


@pytest.fixture
def make_setup(clock: TestClock) -> MakeSetup:
    """A connector's setup: its kind, and its configuration as people write it."""

    def make(
        kind: str,
        config: dict[str, Any],
        *,
        secret: str = "",
        state: dict[str, Any] | None = None,
        limits: Limits = LIMITS,
    ) -> Setup:
        model = kinds()[kind].config.model_validate(config)
        return Setup("source", model, secret, state or {}, OUR_STORES, clock, limits)

    return make


@dataclass
class ShopPeer:
    """The demo's shop behind its address."""

    shop: Shop
    url: str

    def act(self, action: str, **body: Any) -> dict[str, Any]:
        """What a person does on the outside world's page."""
        return self.shop.actions()[action](body)


@pytest.fixture
def shop() -> Iterator[ShopPeer]:
    """The demo's shop as a real peer, its webhook off."""
    journal = Journal()
    stall = Stall(JsonFile(None), journal)
    made = Shop(stall, Breakage(journal), Webhook(None, "", stall, journal))
    served = HttpPeer(shop_app(made))
    served.start()
    yield ShopPeer(made, served.url)
    served.stop()


@dataclass
class WeatherPeer:
    """The demo's weather service behind its address."""

    climate: Climate
    url: str


@pytest.fixture
def weather() -> Iterator[WeatherPeer]:
    """The demo's weather service as a real peer, at the tests' instant."""
    from datetime import UTC, datetime

    now = datetime.fromtimestamp(START_MS / 1000, UTC)
    climate = Climate(JsonFile(None), Journal(), lambda: now)
    served = HttpPeer(weather_app(climate))
    served.start()
    yield WeatherPeer(climate, served.url)
    served.stop()
