"""What a PrestaShop lists of its goods without working out any price: numbers, references, specific
prices, stock; in each shop of a multistore that prices one of our stores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from server.connectors.plausible import MAX_PIECES
from server.connectors.shops import prestashop_prices as prices
from server.connectors.shops.prestashop_prices import Item, Market, Special, text
from server.connectors.shops.prestashop_read import SPECIAL, STOCK, Webservice, number
from server.connectors.shops.values import Unreadable
from server.ports import StockReport


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is: products by number (reference, when changed last in any shop), combinations by
    number (product, reference); by shop, the products that are sold in it and its specific prices;
    stock of the first shop by product and combination, and pieces of our stores.
    """

    products: Mapping[str, tuple[str, str]]
    combinations: Mapping[str, tuple[str, str]]
    sold: Mapping[str, frozenset[str]]
    specials: Mapping[str, tuple[Special, ...]]
    stock: Mapping[str, tuple[int, str]]
    pieces: tuple[StockReport, ...]
    refused: Mapping[str, int]

    @property
    def goods(self) -> list[object]:
        """What makes up the goods, whatever they cost."""
        listed = [(n, reference) for n, (reference, _at) in sorted(self.products.items())]
        sold = [(code, sorted(numbers)) for code, numbers in self.sold.items()]
        return [listed, sold, sorted(self.combinations.items())]

    @property
    def newest(self) -> str:
        """When a product was changed last, by the shop's clock."""
        return max((at for _reference, at in self.products.values()), default="")

    @property
    def families(self) -> set[str]:
        """Products that are sold in combinations."""
        return {product for product, _reference in self.combinations.values()}

    @property
    def skus(self) -> dict[str, str]:
        """SKUs by product and combination, of what is sold; empty where there is none."""
        sold, families = frozenset[str]().union(*self.sold.values()), self.families
        found = {
            f"{product}/{n}": reference
            for n, (product, reference) in self.combinations.items()
            if product in sold
        }
        found |= {
            f"{n}/0": reference
            for n, (reference, _at) in self.products.items()
            if n in sold and n not in families
        }
        return found

    def sold_out(self) -> list[str]:
        """Products and combinations of which there are none."""
        return sorted(key for key, (pieces, _policy) in self.stock.items() if pieces <= 0)

    def with_twins(self, numbers: Collection[str]) -> list[str]:
        """Those of these products that are sold, with all that share a SKU with one: no price of
        two may pass as the SKU's.
        """
        owners: dict[str, set[str]] = {}
        skus, wanted = self.skus, set(numbers)
        for key, sku in skus.items():
            owners.setdefault(sku, set()).add(key.split("/")[0])
        shared = [products for sku, products in owners.items() if sku and len(products) > 1]
        wanted |= {n for products in shared if products & wanted for n in products}
        return [n for n in dict.fromkeys(key.split("/")[0] for key in skus) if n in wanted]


def list_goods(
    shop: Webservice, markets: Sequence[Market]
) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]], dict[str, frozenset[str]]]:
    """Products, combinations, and what is sold in each shop. Raises TemporaryError,
    PermanentError.
    """
    products: dict[str, tuple[str, str]] = {}
    sold: dict[str, frozenset[str]] = {}
    for market in markets:
        rows = shop.rows("products", "id,reference,active,date_upd", id_shop=market.shop)
        active = set()
        for one in rows:
            n, at = number(one), text(one, "date_upd")
            reference, before = products.get(n, (text(one, "reference"), ""))
            products[n] = (reference, max(at, before))
            active |= {n} if text(one, "active") != "0" else set()
        sold[market.shop] = frozenset(active)
    parts = shop.rows("combinations", "id,id_product,reference")
    combinations = {number(one): (text(one, "id_product"), text(one, "reference")) for one in parts}
    return products, combinations, sold


def list_all(shop: Webservice, markets: Sequence[Market], stock_of: Collection[str]) -> Listing:
    """All that there is now; stock also of the shops `stock_of`, as pieces of our stores. Raises
    TemporaryError, PermanentError.
    """
    refused: Counter[str] = Counter()
    rows = list(shop.rows("specific_prices", SPECIAL))
    specials = {market.shop: _specials(rows, market, refused) for market in markets}
    goods = list_goods(shop, markets)
    own = markets[0].shop
    stock: dict[str, tuple[int, str]] = {}
    counts: list[tuple[str, str, int]] = []
    for code in dict.fromkeys((own, *stock_of)):
        for row in shop.rows("stock_availables", STOCK, id_shop=code):
            key = f"{text(row, 'id_product')}/{text(row, 'id_product_attribute') or '0'}"
            if code == own:
                stock[key] = (_pieces(row), text(row, "out_of_stock"))
            if code in stock_of:
                counts.append((key, code, _pieces(row)))
    made = Listing(*goods, specials, stock, (), refused)
    skus = made.skus
    pieces = tuple(StockReport(skus[k], code, n) for k, code, n in counts if skus.get(k))
    return Listing(*goods, specials, stock, pieces, refused)


def _specials(rows: Sequence[Item], market: Market, refused: Counter[str]) -> tuple[Special, ...]:
    found = []
    unreadable = 0
    for row in rows:
        try:
            one = prices.special(row, market)
        except Unreadable:
            unreadable += 1
        else:
            found += [one] if one is not None else []
    refused["special"] = max(refused["special"], unreadable)
    return tuple(found)


def _pieces(row: Item) -> int:
    try:
        counted = int(text(row, "quantity"))
    except ValueError:
        return 0
    return counted if 0 < counted <= MAX_PIECES else 0
