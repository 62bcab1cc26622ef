"""A WooCommerce shop's REST API as this connector may use it: a key over https, pages with totals,
and how its prices are to be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from server.connectors import vendor
from server.connectors.shops import woocommerce_product as product
from server.connectors.shops.woocommerce_product import Item, Terms
from server.connectors.source import Setup
from server.connectors.vendor import Said
from server.ports import PermanentError, TemporaryError

API = "/wp-json/wc/v3"
KEY, KEY_SECRET = "key", "key_secret"
PER_PAGE = 100
"""The most that WooCommerce gives at once."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop's API as this connector may use it."""

    setup: Setup

    def ask(self, path: str, **query: str | int) -> Said:
        """One answer. Raises TemporaryError, PermanentError."""
        url, limits = self.setup.config.url, self.setup.limits
        if not url.startswith("https://") and not limits.allow_private:
            raise PermanentError(
                "The shop’s address begins with http://, so its key could be overheard. Write "
                "https://."
            )
        secrets = self.setup.secrets
        header = vendor.basic(secrets.get(KEY, ""), secrets.get(KEY_SECRET, ""))
        return vendor.patiently(lambda: vendor.ask(f"{url}{API}{path}", limits, header, query))

    def pages(self, path: str, **query: str | int) -> Iterator[tuple[list[Item], int, Said]]:
        """The items of each page, how many there are in all, and the answer."""
        page, last = 1, 1
        while page <= last:
            said = self.ask(path, per_page=PER_PAGE, page=page, **query)
            items = said.value
            if not isinstance(items, list):
                raise TemporaryError("The shop did not answer with a list of products.")
            total, last = _number(said, "x-wp-total"), _number(said, "x-wp-totalpages")
            if last > vendor.MAX_PAGES:
                raise PermanentError(f"The listing has over {vendor.MAX_PAGES} pages.")
            yield [one for one in items if product.is_one(one)], total, said
            page += 1

    def count(self, status: str = "any") -> int:
        """How many products there are."""
        said = self.ask("/products", per_page=1, _fields="id", status=status)
        return _number(said, "x-wp-total")

    def terms(self) -> Terms:
        """How its prices are to be read. Raises PermanentError where they could not be shown."""
        config = self.setup.config
        currency = self._setting("/settings/general/woocommerce_currency")
        if currency != config.currency:
            raise PermanentError(
                f"The shop’s prices are in {currency or 'no currency'}, this source is set up for "
                f"{config.currency}."
            )
        taxed = self._setting("/settings/tax/woocommerce_prices_include_tax") == "yes"
        return terms_of(config, taxed)

    def _setting(self, path: str) -> str:
        value = self.ask(path).value
        return str(value.get("value", "")) if isinstance(value, Mapping) else ""


def terms_of(config: Any, taxed: bool) -> Terms:
    """The terms of a shop whose prices contain the tax or do not. Raises PermanentError."""
    rates = {name: Decimal(rate) for name, rate in config.tax_rates.items()}
    if not taxed and not rates:
        raise PermanentError(
            "The shop keeps its prices without tax, and nobody may be shown those. Write the tax "
            "rates here, or have the shop keep prices with tax (WooCommerce, Settings, Tax)."
        )
    return Terms(config.currency, config.language, taxed, rates)


def _number(said: Said, name: str) -> int:
    text = said.headers.get(name, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise TemporaryError(f"The shop does not say how much there is ({name} is missing).")
    return int(text)
