"""What the connectors' tests share: setups, and the demo's outside world as real peers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server import api
from server.config import Settings
from server.connectors.registry import kinds
from server.connectors.source import SECRET, Limits, Setup, StoreAt
from server.db.engine import Database
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
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.base.keys import load_keys
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from tests.support.record import START_MS, TestClock, Wakes, make_context

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
def now(clock: TestClock) -> datetime:
    """The tests' instant."""
    return datetime.fromtimestamp(clock() / 1000, UTC)


@pytest.fixture
def make_setup(clock: TestClock) -> MakeSetup:
    """A connector's setup: its kind, and its configuration as people write it."""

    def make(
        kind: str,
        config: dict[str, Any],
        *,
        secret: str = "",
        secrets: dict[str, str] | None = None,
        state: dict[str, Any] | None = None,
        limits: Limits = LIMITS,
    ) -> Setup:
        model = kinds()[kind].config.model_validate(config)
        kept = secrets or ({SECRET: secret} if secret else {})
        return Setup("source", model, kept, state or {}, OUR_STORES, clock, limits)

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
    now = datetime.fromtimestamp(START_MS / 1000, UTC)
    climate = Climate(JsonFile(None), Journal(), lambda: now)
    served = HttpPeer(weather_app(climate))
    served.start()
    yield WeatherPeer(climate, served.url)
    served.stop()


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    """Pluvier's four stores over SQLite and PostgreSQL, where peers on this machine are allowed."""
    ctx = local(any_ctx)
    open_stores(ctx)
    return ctx


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the record of the open chain, made once."""
    folder = tmp_path_factory.mktemp("chain")
    ctx = make_context(folder)
    open_stores(ctx)
    ctx.db.close()
    return folder


@pytest.fixture
def small_chain(opened: Path, tmp_path: Path, clock: TestClock) -> Iterator[Context]:
    """The same over SQLite alone: a copy of the record."""
    shutil.copytree(opened, tmp_path, dirs_exist_ok=True)
    settings = Settings(data_dir=tmp_path, allow_private=True, _env_file=None)  # type: ignore[call-arg]
    ctx = Context(
        Database(settings.db_url), settings, clock, load_keys(tmp_path / "keys", clock()), Wakes()
    )
    yield ctx
    ctx.db.close()


def local(ctx: Context) -> Context:
    """The context of a server that may reach this machine."""
    return replace(ctx, settings=ctx.settings.model_copy(update={"allow_private": True}))


def open_stores(ctx: Context) -> None:
    """Open the demo's stores."""
    for store in STORES:
        wish = StoreWish(
            store.plate,
            store.tz,
            round(store.latitude * 1e6),
            round(store.longitude * 1e6),
            channel=f"pluvier@{store.code}",
        )
        create_store(ctx, SYSTEM, wish, store.code)


def web_app(ctx: Context) -> Flask:
    """The web process's application, without the studio's pages."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = ctx.settings.max_request_bytes
    app.extensions["enseigne"] = ctx
    api.register(app, ctx, {})
    return app
