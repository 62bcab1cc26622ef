"""A PrestaShop connector without a record, for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from server.connectors.shops import prestashop
from server.connectors.source import Setup
from server.ports import Batch, ProductReport
from tests.server.connectors.conftest import MakeSetup
from tests.server.connectors.shops.prestashop import Presta
from tests.support.record import TestClock

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Reader:
    """A connector without a record: what its reads leave is kept here."""

    def __init__(self, make: MakeSetup, shop: Presta, clock: TestClock, **config: Any) -> None:
        wanted = shop.set_up()
        self.clock, self.shop = clock, shop
        self.setup: Setup = replace(
            make(wanted.kind, {**wanted.config, **config}), secrets=wanted.secrets
        )

    def read(self, after: timedelta = MINUTE) -> Batch:
        self.clock.advance(round(after.total_seconds() * 1000))
        self.shop.at += after
        batch = prestashop.fetch(self.setup)
        self.setup = replace(self.setup, state=batch.state)
        return batch


def by_sku(batch: Batch) -> dict[str, ProductReport]:
    return {report.sku: report for report in batch.products}


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def said(batch: Batch, sku: str) -> tuple[int | None, int | None, int | None, int | None]:
    one = by_sku(batch)[sku]
    assert not one.problem
    return one.price, one.sale_price, one.sale_from, one.sale_until
