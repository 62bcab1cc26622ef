"""What a PrestaShop lists and works out becomes reports: all of it, or what changed since."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from server.connectors.plausible import MAX_PIECES
from server.connectors.shops import prestashop_prices as prices
from server.connectors.shops import values
from server.connectors.shops.prestashop_prices import Item, Market, Special, text
from server.connectors.shops.prestashop_read import SPECIAL, STOCK, SUMS, Webservice, number, words
from server.connectors.shops.values import Unreadable
from server.connectors.source import Setup
from server.ports import Batch, ProductReport, StockReport

OVERLAP = timedelta(minutes=2)
"""Products changed so shortly before the newest change are asked for again, for as long: what is
changed in the same second, or written late, has the same date.
"""
MAX_SEEN = 2_000
"""Products remembered that were told within that time."""
FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is, without any price: products by number (reference, active, when changed),
    combinations by number (product, reference), specific prices, and stock by product and
    combination.
    """

    products: Mapping[str, tuple[str, str, str]]
    combinations: Mapping[str, tuple[str, str]]
    specials: tuple[Special, ...]
    stock: Mapping[str, tuple[int, str]]
    pieces: tuple[StockReport, ...]
    refused: Mapping[str, int]

    @property
    def goods(self) -> list[object]:
        """What makes up the goods, whatever they cost."""
        listed = [(n, ref, active) for n, (ref, active, _at) in sorted(self.products.items())]
        return [listed, sorted(self.combinations.items())]

    @property
    def newest(self) -> str:
        """When a product was changed last, by the shop's clock."""
        return max((at for _ref, _active, at in self.products.values()), default="")

    def sold_out(self) -> list[str]:
        """Products and combinations of which there are none."""
        return sorted(key for key, (pieces, _policy) in self.stock.items() if pieces <= 0)


def fetch(setup: Setup) -> Batch:
    """What the shop says now, or that nothing changed. Raises TemporaryError, PermanentError."""
    began, kept = setup.clock(), setup.state
    shop = Webservice(setup)
    every_ms = setup.config.whole_every_s * 1000
    young = "whole_at" in kept and began - int(kept["whole_at"]) < every_ms
    market = shop.market()
    language = str(kept["language"]) if young else shop.language()
    reader = Reader(shop, market, language, began)
    if setup.glance:
        return reader.glance()
    seen = reader.listing()
    marks = {
        "goods": _digest(seen.goods),
        "specials": _digest([str(one) for one in seen.specials]),
        "worth": market.worth,
    }
    state = {
        "at": began,
        "language": language,
        "newest": seen.newest,
        "newest_at": kept["newest_at"] if kept.get("newest") == seen.newest else began,
        "out": seen.sold_out(),
        "stock": _digest([str(one) for one in seen.pieces]),
        **marks,
    }
    if not young or any(kept[name] != mark for name, mark in marks.items()):
        return reader.whole(seen, state)
    return reader.changed(seen, state | {"whole_at": kept["whole_at"]}, kept)


@dataclass(frozen=True, slots=True)
class Reader:
    """One read of a shop, begun at `now` (unix ms)."""

    shop: Webservice
    market: Market
    language: str
    now: int

    def glance(self) -> Batch:
        """The first few products."""
        first = islice(self.shop.rows("products", "id"), SUMS)
        seen = self.listing(goods=[number(one) for one in first])
        reports, refused = self.reports(seen.products, seen)
        return Batch(
            self.now,
            products=tuple(reports.values()),
            stock=seen.pieces,
            refused=refused,
            unknown_stores=self.unknown_stores,
        )

    def whole(self, seen: Listing, state: Mapping[str, Any]) -> Batch:
        """All products; those that changed meanwhile once more."""
        reports, refused = self.reports(seen.products, seen)
        after = replace(seen, products=self._products(), combinations=self._combinations())
        moved = {n for n, row in after.products.items() if seen.products.get(n) != row}
        if moved:
            reports = {s: one for s, one in reports.items() if one.group not in moved}
            again, _left_out = self.reports(moved, after)
            reports |= again
        steady = seen.goods == after.goods
        return Batch(
            self.now,
            whole=steady,
            products=tuple(reports.values()),
            stock=seen.pieces,
            refused=Counter(refused) + Counter(seen.refused),
            unknown_stores=self.unknown_stores,
            state={
                **state,
                "whole_at": self.now if steady else 0,
                "seen": _told(reports, self._recent(after, seen.newest, self.now)),
            },
        )

    def changed(self, seen: Listing, state: Mapping[str, Any], kept: Mapping[str, Any]) -> Batch:
        """What is new since the last read."""
        recent = self._recent(seen, str(kept["newest"]), int(kept["newest_at"]))
        others = self._at_a_boundary(seen, int(kept["at"])) | {
            key.split("/")[0] for key in set(kept["out"]) ^ set(state["out"])
        }
        reports, refused = self.reports(recent | (others & set(seen.products)), seen)
        told, before = _told(reports, recent), kept.get("seen", {})
        known = {n for n in recent - others if n in told and before.get(n) == told[n]}
        news = tuple(one for one in reports.values() if one.group not in known)
        state = {**state, "seen": told}
        if not news and state["stock"] == kept["stock"]:
            return Batch(self.now, unchanged=True, state=state)
        return Batch(self.now, products=news, stock=seen.pieces, refused=refused, state=state)

    def listing(self, goods: Iterable[str] | None = None) -> Listing:
        """What there is now; only of these products, where they are named."""
        refused: Counter[str] = Counter()
        specials = []
        for row in self.shop.rows("specific_prices", SPECIAL):
            try:
                found = prices.special(row, self.market)
            except Unreadable as error:
                refused[error.reason] += 1
            else:
                specials += [found] if found is not None else []
        stock, pieces = {}, []
        products, combinations = self._products(), self._combinations()
        if goods is not None:
            products = {n: products[n] for n in goods if n in products}
        skus = _skus(products, combinations)
        own = self.market.shop
        for code in dict.fromkeys((own, *filter(str.isdecimal, self.shop.setup.config.stores))):
            for row in self.shop.rows("stock_availables", STOCK, id_shop=code):
                product, combination = text(row, "id_product"), text(row, "id_product_attribute")
                key = f"{product}/{combination or '0'}"
                counted = _pieces(row)
                if code == own:
                    stock[key] = (counted, text(row, "out_of_stock"))
                if skus.get(key) and code in self.shop.setup.config.stores:
                    pieces.append(StockReport(skus[key], code, counted))
        known = tuple(one for one in pieces if one.store not in self.unknown_stores)
        return Listing(products, combinations, tuple(specials), stock, known, refused)

    def reports(
        self, numbers: Iterable[str], seen: Listing
    ) -> tuple[dict[str, ProductReport], Counter[str]]:
        """These products as reports, by SKU; and what was left out, by reason."""
        refused: Counter[str] = Counter()
        wanted = _with_twins(set(numbers), _skus(seen.products, seen.combinations))
        families = {product for product, _reference in seen.combinations.values()}
        parents = {number(one): one for one in self.shop.products(wanted, self.market)}
        parts = self.shop.combinations(families & set(wanted), self.market)
        options = self._options(parts)
        found: dict[str, ProductReport] = {}
        rows: list[tuple[Item, Item | None]] = [
            (one, None) for n, one in parents.items() if n not in families
        ]
        rows += [
            (one, parents[text(one, "id_product")])
            for one in parts
            if text(one, "id_product") in parents
        ]
        for item, parent in rows:
            one = self._report(item, parent, seen, options)
            if not one.sku:
                refused["no_sku"] += 1
                continue
            twin = found.get(one.sku)
            if twin is not None and _money(twin) != _money(one):
                one = replace(one, problem="duplicate")
            found[one.sku] = one
        return found, refused

    def _report(
        self, item: Item, parent: Item | None, seen: Listing, options: Mapping[str, str]
    ) -> ProductReport:
        family = item if parent is None else parent
        product, combination = number(family), number(item) if parent is not None else "0"
        chosen = [options.get(number(one), "") for one in _option_rows(item)] if parent else []
        name = ", ".join(filter(None, [words(family, "name", self.language), *chosen]))
        lead = words(family, "description_short", self.language)
        found = ProductReport(
            text(item, "reference"),
            currency=self.market.currency,
            availability=_availability(seen.stock.get(f"{product}/{combination}")),
            names={
                self.shop.setup.config.language: {
                    "name": values.words(name, values.MAX_NAME_CHARACTERS),
                    "lead": values.words(lead, values.MAX_LEAD_CHARACTERS),
                }
            },
            picture_url=_picture(self.shop.setup.config.url, text(family, "id_default_image")),
            maker=values.words(text(family, "manufacturer_name"), values.MAX_MAKER_CHARACTERS),
            group=product,
            measure=prices.measure(item),
            sold_since=prices.instant(text(family, "date_add"), self.market.zone),
        )
        if text(family, "show_price") == "0":
            return found
        mine = [one for one in seen.specials if one.concerns(product, combination)]
        try:
            asked = prices.priced(item, parent, mine, self.market, self.now)
        except Unreadable as error:
            return replace(found, problem=error.reason)
        return replace(
            found,
            price=asked.price,
            sale_price=asked.sale,
            sale_from=asked.since,
            sale_until=asked.until,
            tax_permyriad=asked.tax_permyriad,
        )

    @property
    def unknown_stores(self) -> tuple[str, ...]:
        """Shops that were given stores which are none of ours."""
        setup = self.shop.setup
        return tuple(code for code in setup.config.stores if setup.store(code) is None)

    def _products(self) -> dict[str, tuple[str, str, str]]:
        rows = self.shop.rows("products", "id,reference,active,date_upd")
        return {
            number(one): (text(one, "reference"), text(one, "active"), text(one, "date_upd"))
            for one in rows
        }

    def _combinations(self) -> dict[str, tuple[str, str]]:
        rows = self.shop.rows("combinations", "id,id_product,reference")
        return {number(one): (text(one, "id_product"), text(one, "reference")) for one in rows}

    def _options(self, parts: list[Item]) -> dict[str, str]:
        """The names of what combinations are chosen by."""
        if not any(_option_rows(one) for one in parts):
            return {}
        rows = self.shop.rows("product_option_values", "id,name")
        return {number(one): words(one, "name", self.language) for one in rows}

    def _recent(self, seen: Listing, newest: str, newest_at: int) -> set[str]:
        """Products changed since `newest`, which was first read at `newest_at` (unix ms); for a
        while also those of shortly before.
        """
        if self.now - newest_at > OVERLAP.total_seconds() * 1000:
            return {n for n, (_ref, _active, at) in seen.products.items() if at > newest}
        try:
            after = (datetime.strptime(newest, FORMAT) - OVERLAP).strftime(FORMAT)  # noqa: DTZ007
        except ValueError:
            after = ""
        return {n for n, (_ref, _active, at) in seen.products.items() if at >= after}

    def _at_a_boundary(self, seen: Listing, since: int) -> set[str]:
        """Products of which a period began or ended since then, by either clock."""
        passed = range(since - prices.NEAR_MS, self.now + 1)
        found: set[str] = set()
        for one in seen.specials:
            if one.since in passed or (one.until is not None and one.until in passed):
                found |= set(seen.products) if one.product == "0" else {one.product}
        return found


def _skus(
    products: Mapping[str, tuple[str, str, str]], combinations: Mapping[str, tuple[str, str]]
) -> dict[str, str]:
    """SKUs by product and combination, of what is sold; empty where there is none."""
    families = {product for product, _reference in combinations.values()}
    found = {
        f"{product}/{n}": reference
        for n, (product, reference) in combinations.items()
        if products.get(product, ("", "0", ""))[1] != "0"
    }
    found |= {
        f"{n}/0": reference
        for n, (reference, active, _at) in products.items()
        if n not in families and active != "0"
    }
    return found


def _with_twins(numbers: set[str], skus: Mapping[str, str]) -> list[str]:
    """Those of these products that are sold, with all that share a SKU with one: no price of two
    may pass as the SKU's.
    """
    owners: dict[str, set[str]] = {}
    for key, sku in skus.items():
        owners.setdefault(sku, set()).add(key.split("/")[0])
    shared = [products for sku, products in owners.items() if sku and len(products) > 1]
    twins = {n for products in shared if products & numbers for n in products}
    return [n for n in {key.split("/")[0]: None for key in skus} if n in numbers | twins]


def _pieces(row: Item) -> int:
    try:
        counted = int(text(row, "quantity"))
    except ValueError:
        return 0
    return counted if 0 < counted <= MAX_PIECES else 0


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


def _money(report: ProductReport) -> tuple[object, ...]:
    sale = (report.sale_price, report.sale_from, report.sale_until)
    return (report.price, report.problem, *sale)


def _told(reports: Mapping[str, ProductReport], numbers: set[str]) -> dict[str, str]:
    """What is said of these products, shortened; of so many as are remembered."""
    by_product: dict[str, list[str]] = {}
    for one in reports.values():
        if one.group in numbers and (one.group in by_product or len(by_product) < MAX_SEEN):
            by_product.setdefault(one.group, []).append(str(one))
    return {n: _digest(said) for n, said in by_product.items()}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
