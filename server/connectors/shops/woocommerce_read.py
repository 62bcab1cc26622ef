"""Reads a WooCommerce shop through its REST API: all of it now and then, between that what changed.

1. A whole read goes through `/products` by number, then reads again what was changed meanwhile. A
   listing that moved while it was read (its total changed, a product is missing) is not `whole`.
2. Between two of them only what was modified is read, and what calls asked for. The number of all
   products tells whether one was deleted; where it is not as expected, everything is read.
3. Prices of a product with variations lie in `/products/<id>/variations`; they are read with it,
   or all at once in `/variations` where there are many and the shop knows that.

https://woocommerce.github.io/woocommerce-rest-api-docs/#products
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any

from server.connectors.shops import woocommerce_product as product
from server.connectors.shops.values import Unreadable
from server.connectors.shops.woocommerce_api import PER_PAGE, Shop
from server.connectors.shops.woocommerce_product import Item, Terms
from server.connectors.source import Setup
from server.connectors.vendor import Said
from server.ports import Batch, PermanentError, ProductReport, StockReport

OVERLAP_S = 120
"""What was changed shortly before the last read is read again: clocks and transactions differ."""
MAX_ASKED = 500
"""Products that calls may ask to be read; more than that, and all are."""
MAX_SEEN = 2_000
MAX_BOUNDS = 2_000
"""Begins and ends of sales that are remembered, the soonest first."""
FIELDS = (
    "id,name,type,status,permalink,date_created_gmt,date_modified_gmt,short_description,sku,price,"
    "regular_price,sale_price,date_on_sale_from_gmt,date_on_sale_to_gmt,tax_status,tax_class,"
    "manage_stock,stock_quantity,stock_status,parent_id,images,image,brands,categories,attributes,"
    "variations"
)
MANY = 20
"""Families from which on all variations are asked for at once, where the shop can (10.3)."""
NOTHING: Mapping[str, list[Item]] = MappingProxyType({})


class _Moved(Exception):
    """The shop changed in a way that only a whole read can follow."""


@dataclass(slots=True)
class Goods:
    """What is read becomes reports; the SKUs of each product are remembered by its number."""

    setup: Setup
    terms: Terms
    now: int
    reports: dict[str, ProductReport] = field(default_factory=dict)
    stock: dict[str, StockReport] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    bounds: list[tuple[int, str]] = field(default_factory=list)
    """When which product is to be read again because a sale began or ended."""

    def take(self, item: Item, variations: Iterable[Item] | None = None) -> None:
        """A product with all its variations; none are given where it has none."""
        number = product.id_of(item)
        skus: list[str] = []
        if product.is_sold(item):
            if variations is None:
                skus += self._one(item, None)
            else:
                for one in variations:
                    skus += self._one(one, item) if product.is_sold(one) else []
        self.aliases[alias(number)] = " ".join(dict.fromkeys(skus))

    def drop(self, number: str) -> None:
        """Unsay what was taken of a product, to take it anew."""
        for sku in self.aliases.pop(alias(number), "").split():
            self.reports.pop(sku, None)
            self.stock.pop(sku, None)

    def forget(self, number: str) -> None:
        """A product that there is no longer."""
        self.aliases[alias(number)] = ""

    def settle(self) -> None:
        """What the products had before and have no longer is gone."""
        before = self.setup.aliases(list(self.aliases))
        for name, skus in before.items():
            for sku in set(skus.split()) - set(self.aliases[name].split()):
                self.reports.setdefault(sku, product.gone(sku))

    def _one(self, item: Item, parent: Item | None) -> list[str]:
        try:
            found = product.report(item, self.terms, self.now, parent)
        except Unreadable as error:
            self.refused[error.reason] += 1
            return []
        twin = self.reports.get(found.sku)
        if twin is not None and _money(twin) != _money(found):
            found = replace(found, problem="duplicate")
        self.reports[found.sku] = found
        for at in (found.sale_from, found.sale_until):
            if at is not None and at > self.now:
                self.bounds.append((at + product.NEAR_MS, found.group))
        if len(self.reports) > self.setup.limits.max_rows:
            raise PermanentError(f"The shop has over {self.setup.limits.max_rows} products.")
        code = self.setup.config.stock_store
        counted = product.pieces(item, found.sku, code) if code else None
        if counted is not None and self.setup.store(code) is None:
            self.refused["unknown_store"] += 1
        elif counted is not None:
            self.stock[found.sku] = counted
        return [found.sku]

    def batch(self, *, whole: bool, state: Mapping[str, Any]) -> Batch:
        """All of it."""
        unknown = self.setup.config.stock_store
        return Batch(
            self.now,
            whole=whole,
            products=tuple(self.reports.values()),
            stock=tuple(self.stock.values()),
            refused=self.refused,
            state=state,
            aliases=self.aliases,
            unknown_stores=(unknown,) if self.refused["unknown_store"] else (),
        )


def alias(number: str) -> str:
    """What a product’s number is remembered as."""
    return f"product {number}"


def fetch(setup: Setup) -> Batch:
    """What the shop says now, or that nothing changed. Raises TemporaryError, PermanentError."""
    shop, began, kept = Shop(setup), setup.clock(), setup.read
    every_ms = setup.config.whole_every_s * 1000
    if "since" in kept and began - int(kept["whole_at"]) < every_ms:
        try:
            return _changed(shop, began, kept)
        except _Moved:
            pass
    return _everything(shop, began)


def _everything(shop: Shop, began: int) -> Batch:
    terms = shop.terms()
    goods = Goods(shop.setup, terms, began)
    items: dict[str, Item] = {}
    totals: set[int] = set()
    since = 0
    for found, total, said in shop.pages(
        "/products", status=product.PUBLISHED, orderby="id", order="asc", _fields=FIELDS
    ):
        since = since or _clock_s(said, began)
        totals.add(total)
        for item in found:
            items[product.id_of(item)] = item
        if shop.setup.glance:
            break
    at_once = _all_variations(shop, items.values())
    for item in items.values():
        goods.take(item, _variations(shop, item, at_once))
    if shop.setup.glance:
        return goods.batch(whole=False, state={})
    meanwhile = {product.id_of(item): item for item in _modified(shop, since - 1)}
    for number, item in meanwhile.items():
        goods.drop(number)
        goods.take(item, _variations(shop, item))
    now = {number for number, item in (items | meanwhile).items() if product.is_sold(item)}
    whole = totals == {len(items)} and shop.count(product.PUBLISHED) == len(now)
    # One made in the place of one deleted leaves the total as it was, and a page cut short.
    whole = whole and not any(_created_s(item) >= since for item in meanwhile.values())
    if not whole:
        goods.settle()
    state = {
        "whole_at": began if whole else 0,
        "since": since,
        "total": shop.count(),
        "taxed": terms.taxed,
        "asked_at": began,
        "seen": {
            number: _digest(item)
            for number, item in (items | meanwhile).items()
            if (product.modified_s(item) or 0) > since - OVERLAP_S
        },
        "bounds": _soonest(goods.bounds),
    }
    return goods.batch(whole=whole, state=state)


def _changed(shop: Shop, began: int, kept: Mapping[str, Any]) -> Batch:
    setup, terms = shop.setup, shop.terms()
    if terms.taxed != kept["taxed"]:
        raise _Moved
    goods = Goods(setup, terms, began)
    bounds = [(int(at), str(number)) for at, number in kept.get("bounds", ())]
    # The shop may begin or end a sale later than it said: its timer runs when somebody comes by.
    asked = _asked(setup, int(kept["asked_at"])) | {n for at, n in bounds if at <= began}
    last = int(kept["since"])
    answers: list[Said] = []
    found = {product.id_of(item): item for item in _modified(shop, last - OVERLAP_S, answers)}
    created = sum(1 for item in found.values() if _created_s(item) >= last)
    total = shop.count()
    if total not in (kept["total"], int(kept["total"]) + created):
        raise _Moved
    seen = {number: _digest(item) for number, item in found.items()}
    before = kept.get("seen", {})
    news = {n: item for n, item in found.items() if before.get(n) != seen[n] or n in asked}
    missing = sorted(asked - set(news))
    for at in range(0, len(missing), PER_PAGE):
        some = ",".join(missing[at : at + PER_PAGE])
        for items, _total, _said in shop.pages("/products", include=some, _fields=FIELDS):
            news |= {product.id_of(item): item for item in items}
    for number in asked - set(news):
        goods.forget(number)
    for item in news.values():
        goods.take(item, _variations(shop, item))
    goods.settle()
    state = {
        **kept,
        "since": _clock_s(answers[0], began),
        "total": total,
        "asked_at": began,
        "seen": dict(list(seen.items())[-MAX_SEEN:]),
        "bounds": _soonest([*goods.bounds, *(b for b in bounds if b[0] > began)]),
    }
    if not news and not asked:
        return Batch(began, unchanged=True, state=state)
    return replace(goods.batch(whole=False, state=state), complete=True)


def _modified(shop: Shop, since_s: int, answers: list[Said] | None = None) -> Iterator[Item]:
    """All products, published or not, that were modified after an instant of the shop's clock."""
    after = datetime.fromtimestamp(since_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for items, _total, said in shop.pages(
        "/products", modified_after=after, dates_are_gmt="true", orderby="id", _fields=FIELDS
    ):
        if answers is not None:
            answers.append(said)
        yield from items


def _all_variations(shop: Shop, items: Collection[Item]) -> Mapping[str, list[Item]]:
    """The variations of many families by product; none where there are few, or the shop is too old
    to give them at once.
    """
    found: dict[str, list[Item]] = {}
    if sum(1 for item in items if item.get("type") == product.FAMILY) < MANY:
        return found
    try:
        for some, _total, _said in shop.pages("/variations", orderby="id", _fields=FIELDS):
            for one in some:
                found.setdefault(str(one.get("parent_id")), []).append(one)
    except PermanentError:
        return {}
    return found


def _variations(
    shop: Shop, item: Item, at_once: Mapping[str, list[Item]] = NOTHING
) -> list[Item] | None:
    """The variations of a product that is sold in some; None of one that is not. Those that were
    read `at_once` are good where they are the ones that the product names.
    """
    if item.get("type") != product.FAMILY:
        return None
    if not product.is_sold(item):
        return []
    known = at_once.get(product.id_of(item), [])
    named = item.get("variations")
    if (
        known
        and isinstance(named, list)
        and {product.id_of(one) for one in known} == set(map(str, named))
    ):
        return known
    path = f"/products/{product.id_of(item)}/variations"
    return [one for items, _total, _said in shop.pages(path, _fields=FIELDS) for one in items]


def _asked(setup: Setup, since: int) -> set[str]:
    """The products that calls asked to be read. Raises _Moved where they are too many to know."""
    asked = setup.state.get("asked", [])
    if len(asked) >= MAX_ASKED and int(asked[0][1]) >= since:
        raise _Moved
    return {str(number) for number, at in asked if int(at) >= since}


def _soonest(bounds: Iterable[tuple[int, str]]) -> list[list[Any]]:
    return [list(bound) for bound in sorted(set(bounds))[:MAX_BOUNDS]]


def _created_s(item: Item) -> int:
    return (product.created_ms(item) or 0) // 1000


def _clock_s(said: Said, began: int) -> int:
    """The shop's clock as its answer says it; ours, with room, where it does not."""
    try:
        return int(parsedate_to_datetime(said.headers.get("date", "")).timestamp())
    except (TypeError, ValueError, OverflowError):
        return began // 1000 - OVERLAP_S


def _digest(item: Item) -> str:
    text = json.dumps(item, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _money(report: ProductReport) -> tuple[object, ...]:
    sale = (report.sale_price, report.sale_from, report.sale_until)
    return (report.price, report.problem, report.gone, *sale)
