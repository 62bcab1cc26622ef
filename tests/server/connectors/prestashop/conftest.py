"""A PrestaShop that runs, and what reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.server.connectors.conftest import MakeSetup
from tests.server.connectors.prestashop.reading import Reader
from tests.server.connectors.shops.prestashop import Presta
from tests.support.record import TestClock


@pytest.fixture
def shop(now: datetime) -> Iterator[Presta]:
    made = Presta(at=now - timedelta(days=40))
    made.start()
    made.at = now
    yield made
    made.stop()


@pytest.fixture
def reader(make_setup: MakeSetup, shop: Presta, clock: TestClock) -> Reader:
    return Reader(make_setup, shop, clock)
