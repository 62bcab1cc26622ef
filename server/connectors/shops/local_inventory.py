"""What each store of a shop has, in Google Merchant Center's local inventory format: RSS, Atom or
tab-separated text, packed or not.

Attributes: https://support.google.com/merchants/answer/14819809. Prices of stores' own are taken
where the product feed is read too (server.connectors.shops.merchant, `local_url`): only there is it
known what the other stores ask. Here they are counted, so that nobody believes that they are taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from pydantic import Field, field_validator

from server.connectors import http
from server.connectors.http import Validators
from server.connectors.plausible import MAX_PIECES
from server.connectors.shops import values
from server.connectors.shops.feed import ACCEPT, feed_rows
from server.connectors.shops.rows import Row
from server.connectors.source import Kind, Setup, StockConfig
from server.ports import Batch, StockReport

MAX_QUANTITY = MAX_PIECES
PRICED = ("price", "sale_price")


class LocalInventoryConfig(StockConfig):
    """Where the feed is."""

    url: str = Field(description="Address of the local inventory feed.")

    _url = field_validator("url")(http.check_url)


def fetch(setup: Setup) -> Batch:
    """All stock now, or that it did not change. Raises TemporaryError, PermanentError."""
    config: LocalInventoryConfig = setup.config
    began = setup.clock()
    kept = Validators.from_state(setup.state.get("feed"))
    refused: Counter[str] = Counter()
    stock = Stock()
    with http.get(config.url, setup.limits, kept, ACCEPT) as answer:
        if answer.unchanged:
            return Batch(began, unchanged=True, state=setup.state)
        for row in stock.reading(feed_rows(answer, setup.limits.max_rows), setup, refused):
            if any(row.fields.get(name) for name in PRICED):
                refused["local_price"] += 1
    state = {"feed": answer.validators.to_state()}
    return Batch(began, whole=True, stock=stock.reports(refused), refused=refused, state=state)


class Stock:
    """Gathers the stock of each SKU and store; one that is said twice, and differs, is not kept."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], int | None] = {}

    def reading(self, rows: Iterable[Row], setup: Setup, refused: Counter[str]) -> Iterable[Row]:
        """The rows of our stores, their stock taken; others are counted in `refused`."""
        for row in rows:
            key = row.fields.get("id", ""), row.fields.get("store_code", "")
            if not all(key):
                refused["no_id"] += 1
            elif row.problem:
                refused[row.problem] += 1
            elif setup.store(key[1]) is None:
                refused["unknown_store"] += 1
            else:
                said = quantity(row.fields)
                if isinstance(said, str):
                    refused[said] += 1
                else:
                    same = self._found.get(key, said) == said
                    self._found[key] = said if same else None
                yield row

    def reports(self, refused: Counter[str]) -> tuple[StockReport, ...]:
        """What was gathered."""
        doubled = sum(many is None for many in self._found.values())
        if doubled:
            refused["duplicate"] += doubled
        return tuple(
            StockReport(sku, store, many)
            for (sku, store), many in self._found.items()
            if many is not None
        )


def quantity(fields: Mapping[str, str]) -> int | str:
    """Pieces that a row tells of, or the word that says why it is ignored."""
    text = fields.get("quantity", "")
    if not text and values.availability(fields.get("availability", "")) == "out_of_stock":
        return 0
    if not (text.isascii() and text.isdecimal()):
        return "negative_stock" if text.startswith("-") else "no_quantity"
    if len(text) > len(str(MAX_QUANTITY)) or int(text) > MAX_QUANTITY:
        return "huge"
    return int(text)


KIND = Kind(
    name="local_inventory",
    title={"fr": "Stock par magasin", "en": "Stock by store"},
    config=LocalInventoryConfig,
    fetch=fetch,
    every_s=60,
)
