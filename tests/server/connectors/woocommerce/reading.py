"""A WooCommerce connector without a record, for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from server.connectors.shops import woocommerce
from server.connectors.source import Delivery, Received, Setup
from server.ports import Batch, ProductReport
from tests.server.connectors.conftest import MakeSetup
from tests.server.connectors.shops.contract import Call
from tests.server.connectors.shops.woocommerce import WooShop
from tests.support.record import TestClock

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
TWICE = {"T-S": 1_500, "T-M": 1_700}


class Reader:
    """A connector without a record: what its reads and calls leave is kept here."""

    def __init__(self, make: MakeSetup, shop: WooShop, clock: TestClock, **config: Any) -> None:
        wanted = shop.set_up()
        self.clock, self.shop = clock, shop
        self.learned: dict[str, str] = {}
        self.setup: Setup = replace(
            make(wanted.kind, {**wanted.config, **config}),
            secrets=wanted.secrets,
            aliases=lambda names: {n: self.learned[n] for n in names if n in self.learned},
        )

    def read(self, after_s: int = 60) -> Batch:
        self.clock.advance(after_s * 1000)
        self.shop.at += timedelta(seconds=after_s)
        batch = woocommerce.fetch(self.setup)
        self.setup = replace(self.setup, read=batch.state)
        if batch.whole:
            self.learned = {}
        return self._learn(batch)

    def hear(self, call: Call) -> Received:
        self.clock.advance(1)
        headers = {name.lower(): value for name, value in call.headers.items()}
        heard = woocommerce.receive(self.setup, Delivery(headers, call.body, self.clock()))
        self.setup = replace(self.setup, state=heard.batch.state)
        self._learn(heard.batch)
        return heard

    def _learn(self, batch: Batch) -> Batch:
        self.learned |= batch.aliases
        self.learned = {name: skus for name, skus in self.learned.items() if skus}
        return batch


def by_sku(batch: Batch) -> dict[str, ProductReport]:
    return {report.sku: report for report in batch.products}


def said(report: ProductReport) -> tuple[int | None, int | None, str]:
    return report.price, report.sale_price, report.problem
