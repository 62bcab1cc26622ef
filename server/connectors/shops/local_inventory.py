"""A shop's stock per store in Google Merchant Center's local inventory format.

Attributes: https://support.google.com/merchants/answer/14819809. A price of a store's own is not
taken from here: such rows are counted, so that nobody believes that they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pydantic import Field, field_validator

from server.connectors import http
from server.connectors.http import Validators
from server.connectors.plausible import MAX_PIECES
from server.connectors.shops import values
from server.connectors.shops.merchant import XML
from server.connectors.shops.rss import items
from server.connectors.source import Config, Kind, Setup
from server.ports import Batch, StockReport

MAX_QUANTITY = MAX_PIECES


class LocalInventoryConfig(Config):
    """Where the feed is."""

    url: str = Field(description="Address of the local inventory feed.")

    _url = field_validator("url")(http.check_url)


def fetch(setup: Setup) -> Batch:
    """All stock now, or that it did not change. Raises TemporaryError, PermanentError."""
    config: LocalInventoryConfig = setup.config
    began = setup.clock()
    kept = Validators.from_state(setup.state.get("feed"))
    refused: Counter[str] = Counter()
    found: dict[tuple[str, str], StockReport] = {}
    with http.get(config.url, setup.limits, kept, XML) as answer:
        if answer.unchanged:
            return Batch(began, unchanged=True, state=setup.state)
        for item in items(answer, setup.limits.max_rows):
            if item.get("price") or item.get("sale_price"):
                refused["local_price"] += 1
            read = report(item)
            if isinstance(read, str):
                refused[read] += 1
            elif setup.store(read.store) is None:
                refused["unknown_store"] += 1
            else:
                found[read.sku, read.store] = read
    state = {"feed": answer.validators.to_state()}
    return Batch(began, whole=True, stock=tuple(found.values()), refused=refused, state=state)


def report(item: Mapping[str, str]) -> StockReport | str:
    """One row, or the word that says why it is ignored."""
    sku, store = item.get("id", ""), item.get("store_code", "")
    if not sku or not store:
        return "no_id"
    text = item.get("quantity", "")
    if not text and values.availability(item.get("availability", "")) == "out_of_stock":
        return StockReport(sku, store, 0)
    if not (text.isascii() and text.isdecimal()):
        return "negative_stock" if text.startswith("-") else "no_quantity"
    if len(text) > len(str(MAX_QUANTITY)) or int(text) > MAX_QUANTITY:
        return "huge"
    return StockReport(sku, store, int(text))


KIND = Kind(
    name="local_inventory",
    title={"fr": "Stock par magasin", "en": "Stock by store"},
    config=LocalInventoryConfig,
    fetch=fetch,
    every_s=60,
)
