"""A WooCommerce shop that runs, and what reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, run_due
from tests.server.connectors.conftest import MakeSetup
from tests.server.connectors.shops.woocommerce import WooShop
from tests.server.connectors.woocommerce.reading import TWICE, Reader
from tests.support.record import TestClock


@pytest.fixture
def shop(now: datetime) -> Iterator[WooShop]:
    made = WooShop(at=now - timedelta(days=40))
    made.start()
    made.at = now
    yield made
    made.stop()


@pytest.fixture
def reader(make_setup: MakeSetup, shop: WooShop, clock: TestClock) -> Reader:
    return Reader(make_setup, shop, clock)


@pytest.fixture
def served(small_chain: Context, shop: WooShop, clock: TestClock) -> Context:
    """A chain that is connected to the shop, which was read."""
    shop.add_family("Tee", TWICE)
    wanted = shop.set_up()
    wish = ConnectorWish(wanted.kind, "Woo", dict(wanted.config), secrets=wanted.secrets)
    connectors.create_connector(small_chain, SYSTEM, wish, "woo")
    assert [ran.error for ran in run_due(small_chain)] == [""]
    clock.advance(1_000)
    return small_chain
