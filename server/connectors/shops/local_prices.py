"""Prices that single stores ask, beside those of the whole shop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from server.connectors.shops.aside import Aside
from server.connectors.shops.goods import Reader
from server.connectors.shops.rows import Row
from server.connectors.source import Setup
from server.ports import ProductReport

MONEY = ("price", "currency", "sale_price", "sale_from", "sale_until", "problem")


class LocalPrices:
    """What stores ask, by SKU and the shop's own store code."""

    def __init__(self, setup: Setup, kept: Aside) -> None:
        self._kept = kept
        codes = {ours: code for code, ours in setup.config.stores.items()}
        channel = f"{setup.config.shop}@"
        self._codes = [
            codes.get(store.id, store.id)
            for store in setup.stores
            if store.channel.startswith(channel)
        ]

    def add(self, rows: Iterable[Row], reader: Reader) -> None:
        """Rows of the local inventory; those without a price say nothing here."""
        self._kept.add(
            (
                (row.fields["id"], row.fields["store_code"], _money(row, reader))
                for row in rows
                if row.fields.get("price") or row.fields.get("sale_price")
            ),
            twice={"problem": "duplicate"},
        )

    def applied(self, product: ProductReport) -> Iterator[ProductReport]:
        """The shop's report; where stores ask something else, one for each store in its place."""
        own = self._kept.of(product.sku)
        if not own:
            yield product
            return
        usual = {name: getattr(product, name) for name in MONEY}
        if all({**_NONE, **one} == usual for one in own.values()):
            yield product
            return
        for code in self._codes:
            yield replace(product, store=code, **{**_NONE, **own.get(code, usual)})


_NONE: Mapping[str, Any] = {
    "price": None,
    "currency": "",
    "sale_price": None,
    "sale_from": None,
    "sale_until": None,
    "problem": "",
}


def _money(row: Row, reader: Reader) -> dict[str, Any]:
    money, problem = reader.money(row.fields)
    if not money and not problem:
        problem = "price"  # a sale price without the price that it reduces
    return {**money, "problem": row.problem or problem} if problem or row.problem else dict(money)
