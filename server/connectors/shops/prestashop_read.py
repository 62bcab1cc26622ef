"""Reads a PrestaShop through its webservice: lists what there is, then asks for what changed.

1. The numbers of all products and combinations, all specific prices and all stock are listed each
   time: none of them costs the shop a sum, and nothing else tells what was deleted.
2. Products are asked for by number, with the shop's own sums, where their `date_upd` is new, a
   period began or ended, or they sold out; all of them now and then, and where the list of goods
   or the specific prices changed.
3. What is listed again afterwards must be what was read, else the answer is not whole.

https://devdocs.prestashop-project.org/8/webservice/cheat-sheet/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babel.numbers import get_currency_precision

from server.connectors import vendor
from server.connectors.shops.prestashop_prices import (
    FINE,
    GROSS,
    LIST,
    NET,
    NOW,
    Item,
    Market,
    text,
)
from server.connectors.source import Setup
from server.ports import PermanentError, TemporaryError

ROWS = 1_000
"""Rows asked for at once where they are only listed."""
SUMS = 50
"""Products asked for at once with their prices, which the shop works out one by one."""
PRODUCT = (
    "id,reference,active,price,ecotax,name,description_short,manufacturer_name,id_default_image,"
    "date_add,date_upd,show_price"
)
UNIT = "unity,unit_price_ratio"
"""What a unit price is of. Not every version of PrestaShop has both."""
COMBINATION = "id,id_product,reference,price,ecotax,product_option_values[id]"
SPECIAL = (
    "id,id_product,id_product_attribute,id_shop,id_currency,id_country,id_group,id_customer,id_cart,"
    "id_specific_price_rule,price,from_quantity,reduction,reduction_tax,reduction_type,from,to"
)
STOCK = "id,id_product,id_product_attribute,id_shop,quantity,out_of_stock"


@dataclass(slots=True)
class Webservice:
    """A shop's webservice as this connector may use it. `units`: it knows what unit prices are of,
    as far as was heard.
    """

    setup: Setup
    units: bool = True

    def rows(self, resource: str, display: str, **more: str) -> Iterator[Item]:
        """All of a resource, page by page in the order of their numbers. Raises TemporaryError,
        PermanentError.
        """
        for page in range(vendor.MAX_PAGES):
            limit = f"{page * ROWS},{ROWS}"
            found = self.some(resource, display, sort="[id_ASC]", limit=limit, **more)
            yield from found
            if len(found) < ROWS:
                return
            if page * ROWS > self.setup.limits.max_rows:
                break
        raise PermanentError(f"The shop lists over {self.setup.limits.max_rows} {resource}.")

    def some(self, resource: str, display: str, **query: str) -> list[Item]:
        """The rows of one answer. An empty one is `[]`, whatever was asked for."""
        config, limits = self.setup.config, self.setup.limits
        if not config.url.startswith("https://") and not limits.allow_private:
            raise PermanentError(
                "The shop’s address begins with http://, so its key could be overheard. Write "
                "https://."
            )
        asked = {"output_format": "JSON", "display": f"[{display}]", **query}
        asked.setdefault("id_shop", str(config.shop_number))
        header = vendor.basic(self.setup.secret, "")
        url = f"{config.url}/api/{resource}"
        value = vendor.patiently(lambda: vendor.ask(url, limits, header, asked)).value
        if value == []:
            return []
        found = value.get(resource) if isinstance(value, Mapping) else None
        if not isinstance(found, list):
            raise TemporaryError("The shop did not answer with a list, as its webservice does.")
        return [one for one in found if isinstance(one, Mapping) and number(one)]

    def market(self) -> Market:
        """Whom prices are for. Raises PermanentError where the shop has no such currency."""
        config = self.setup.config
        query = {"filter[iso_code]": f"[{config.currency}]"}
        found = self.some("currencies", "id,iso_code,conversion_rate", **query)
        mine = next((one for one in found if text(one, "iso_code") == config.currency), None)
        if mine is None:
            raise PermanentError(f"The shop has no prices in {config.currency}.")
        worth = text(mine, "conversion_rate")
        place = (str(config.shop_number), config.currency, number(mine), worth, str(config.group))
        return Market(*place, config.zone)

    def language(self) -> str:
        """The number of the language that names are read in; empty where the shop has it not."""
        code = self.setup.config.language
        found = self.some("languages", "id,iso_code", **{"filter[iso_code]": f"[{code}]"})
        return next((number(one) for one in found if text(one, "iso_code").lower() == code), "")

    def products(self, numbers: Iterable[str], market: Market) -> list[Item]:
        """These products, with the shop's sums."""
        wanted = sorted(set(numbers), key=int)
        if self.units:
            try:
                return self._with_sums("products", "id", wanted, f"{PRODUCT},{UNIT}", market)
            except PermanentError:  # it refuses fields that it does not have
                self.units = False
        return self._with_sums("products", "id", wanted, PRODUCT, market)

    def combinations(self, numbers: Iterable[str], market: Market) -> list[Item]:
        """The combinations of these products, with the shop's sums."""
        return self._with_sums("combinations", "id_product", numbers, COMBINATION, market)

    def _with_sums(
        self, resource: str, field: str, numbers: Iterable[str], display: str, market: Market
    ) -> list[Item]:
        display = f"{display},{LIST},{NOW},{GROSS},{NET}"
        wanted, found = sorted(set(numbers), key=int), []
        for at in range(0, len(wanted), SUMS):
            some = "|".join(wanted[at : at + SUMS])
            query = {f"filter[{field}]": f"[{some}]", "id_shop": market.shop, **sums(market)}
            found += self.some(resource, display, **query)
        return found


def sums(market: Market) -> dict[str, str]:
    """The parameters by which the shop works out its prices.
    https://devdocs.prestashop-project.org/8/webservice/tutorials/advanced-use/specific-price/
    """
    to_the_cent = get_currency_precision(market.currency)
    asked: dict[str, str] = {}
    for name, taxed, reduced, decimals in (
        (LIST, 1, 0, to_the_cent),
        (NOW, 1, 1, to_the_cent),
        (GROSS, 1, 0, FINE),
        (NET, 0, 0, FINE),
    ):
        for key, value in (
            ("use_tax", taxed),
            ("use_reduction", reduced),
            ("decimals", decimals),
            ("currency", market.currency_id),
            ("group", market.group),
        ):
            asked[f"price[{name}][{key}]"] = str(value)
    return asked


def number(item: Item) -> str:
    """The shop's own number of a row; empty where it has none."""
    found = text(item, "id")
    return found if found.isascii() and found.isdecimal() and found != "0" else ""


def words(item: Item, name: str, language: str) -> str:
    """A text in a language: PrestaShop writes it plain where it has one, else in a list."""
    value: Any = item.get(name)
    if isinstance(value, list):
        all_of_it = [one for one in value if isinstance(one, Mapping)]
        mine = [one for one in all_of_it if text(one, "id") == language] or all_of_it
        return text(mine[0], "value") if mine else ""
    return text(item, name)
