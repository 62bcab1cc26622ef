"""What a PrestaShop says of its goods, as reports: one for all stores, or one for each where the
shops of a multistore ask different prices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from server.connectors.shops import prestashop_prices as prices
from server.connectors.shops import values
from server.connectors.shops.prestashop_listing import Listing
from server.connectors.shops.prestashop_prices import Item, Market, text
from server.connectors.shops.prestashop_read import Webservice, number, words
from server.connectors.shops.values import Unreadable
from server.ports import ProductReport

Money = Mapping[str, Any]
"""What a shop asks for a product, as fields of a report."""
NOT_SOLD: Money = {"gone": True, "problem": "gone"}
Row = tuple[Item, Item | None]
"""A product, or a combination and its product."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Works out reports as of `now` (unix ms). The first market is that of all stores but those
    whose own shop is among the others.
    """

    shop: Webservice
    markets: Sequence[Market]
    language: str
    now: int

    def reports(
        self, numbers: Collection[str], seen: Listing
    ) -> tuple[list[ProductReport], Counter[str]]:
        """These products, and what was left out, by reason."""
        wanted, refused = seen.with_twins(numbers), Counter[str]()
        rows: dict[str, Row] = {}
        asked: dict[str, dict[str, Money]] = {}
        for market in self.markets:
            for key, row in self._rows(wanted, seen, market):
                rows.setdefault(key, row)
                asked.setdefault(key, {})[market.shop] = self._money(key, row, seen, market)
        options = self._options([item for item, parent in rows.values() if parent is not None])
        by_sku: dict[str, list[ProductReport]] = {}
        for key, row in rows.items():
            one = self._described(key, row, seen, options)
            if not one.sku:
                refused["no_sku"] += 1
                continue
            mine = list(self._by_store(one, asked[key]))
            twins = by_sku.setdefault(one.sku, mine)
            if [_money_of(r) for r in twins] != [_money_of(r) for r in mine]:
                by_sku[one.sku] = [replace(one, problem="duplicate")]
        return [one for some in by_sku.values() for one in some], refused

    def _rows(self, wanted: list[str], seen: Listing, market: Market) -> Iterator[tuple[str, Row]]:
        """What is sold in a shop, by product and combination, with the shop's sums."""
        here = [n for n in wanted if n in seen.sold[market.shop]]
        parents = {number(one): one for one in self.shop.products(here, market)}
        families = seen.families
        for n, item in parents.items():
            if n not in families:
                yield f"{n}/0", (item, None)
        for item in self.shop.combinations(families & set(here), market):
            parent = parents.get(text(item, "id_product"))
            if parent is not None:
                yield f"{number(parent)}/{number(item)}", (item, parent)

    def _money(self, key: str, row: Row, seen: Listing, market: Market) -> Money:
        item, parent = row
        if text(item if parent is None else parent, "show_price") == "0":
            return {}
        product, _slash, combination = key.partition("/")
        mine = [o for o in seen.specials[market.shop] if o.concerns(product, combination)]
        try:
            asked = prices.priced(item, parent, mine, market, self.now)
        except Unreadable as error:
            return {"problem": error.reason}
        return {
            "price": asked.price,
            "sale_price": asked.sale,
            "sale_from": asked.since,
            "sale_until": asked.until,
            "tax_permyriad": asked.tax_permyriad,
        }

    def _by_store(self, one: ProductReport, asked: Mapping[str, Money]) -> Iterator[ProductReport]:
        """The report with what the shop asks; where shops ask otherwise, one for each store."""
        own = self.markets[0].shop
        usual = asked.get(own, NOT_SOLD)
        if all(asked.get(market.shop, NOT_SOLD) == usual for market in self.markets):
            yield replace(one, **usual)
            return
        known = {market.shop for market in self.markets[1:]}
        for code in self._codes():
            money = asked.get(code, NOT_SOLD) if code in known else usual
            yield replace(one, store=code, **money)

    def _codes(self) -> list[str]:
        """The stores that this shop prices, as it calls them."""
        setup = self.shop.setup
        codes = {ours: code for code, ours in setup.config.stores.items()}
        channel = f"{setup.config.shop}@"
        priced = (store.id for store in setup.stores if store.channel.startswith(channel))
        return [codes.get(store, store) for store in priced]

    def _described(
        self, key: str, row: Row, seen: Listing, options: Mapping[str, str]
    ) -> ProductReport:
        item, parent = row
        family = item if parent is None else parent
        chosen = [options.get(number(one), "") for one in _option_rows(item)] if parent else []
        name = ", ".join(filter(None, [words(family, "name", self.language), *chosen]))
        lead = words(family, "description_short", self.language)
        market, config = self.markets[0], self.shop.setup.config
        return ProductReport(
            text(item, "reference"),
            currency=market.currency,
            availability=_availability(seen.stock.get(key)),
            names={
                config.language: {
                    "name": values.words(name, values.MAX_NAME_CHARACTERS),
                    "lead": values.words(lead, values.MAX_LEAD_CHARACTERS),
                }
            },
            picture_url=_picture(config.url, text(family, "id_default_image")),
            maker=values.words(text(family, "manufacturer_name"), values.MAX_MAKER_CHARACTERS),
            group=number(family),
            measure=prices.measure(item),
            sold_since=prices.instant(text(family, "date_add"), market.zone),
        )

    def _options(self, parts: Iterable[Item]) -> dict[str, str]:
        """The names of what combinations are chosen by."""
        if not any(_option_rows(one) for one in parts):
            return {}
        rows = self.shop.rows("product_option_values", "id,name")
        return {number(one): words(one, "name", self.language) for one in rows}


def _money_of(report: ProductReport) -> tuple[object, ...]:
    sale = (report.sale_price, report.sale_from, report.sale_until)
    return (report.store, report.price, report.problem, *sale)


def _availability(stock: tuple[int, str] | None) -> str:
    """`out_of_stock` is the shop's policy: 1 takes orders for what is not there."""
    if stock is None:
        return ""
    pieces, policy = stock
    if pieces > 0:
        return "in_stock"
    return "backorder" if policy == "1" else "out_of_stock"


def _option_rows(item: Item) -> list[Item]:
    associations = item.get("associations")
    found = associations.get("product_option_values") if isinstance(associations, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _picture(url: str, image: str) -> str:
    """Where PrestaShop keeps a picture: each digit of its number is a folder."""
    if not (image.isascii() and image.isdecimal()) or image == "0":
        return ""
    return values.link(f"{url}/img/p/{'/'.join(image)}/{image}.jpg")
