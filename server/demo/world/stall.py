"""What the web shop sells now: prices, sales and stock, kept in a file, changed by actions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from server.demo.catalogue import CURRENCY, STORE_CODES, Product, first_day_of, sale_window
from server.demo.goods import BY_SKU, PRODUCTS
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.peer import Action, BadAction, wanted_choice, wanted_int

MAX_PRICE_MINOR = 1_000_000
"""Dearest price the shop accepts, in cents."""
MAX_QUANTITY = 9_999
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present instant, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Reduction:
    """A sale price in cents, from `begins` (inside) to `ends` (outside; None: without end)."""

    price_minor: int
    begins: datetime | None
    ends: datetime | None


@dataclass(frozen=True)
class Article:
    """One SKU as the shop holds it. `version` grows with each change of price or stock."""

    sku: str
    price_minor: int
    version: int
    reduction: Reduction | None = None
    stock: dict[str, int] = field(default_factory=dict)

    @property
    def available(self) -> bool:
        """Whether any store has a piece."""
        return any(self.stock.values())

    def reduction_at(self, now: datetime) -> Reduction | None:
        """The sale to announce: the running or coming one, not one that is over."""
        over = self.reduction and self.reduction.ends and self.reduction.ends <= now
        return None if over else self.reduction


Listener = Callable[[str, Article, str | None], None]
"""Called after a change with the event, the article and, for stock, the store."""


def money(minor: int) -> str:
    """Cents as the decimal number of a feed: 8990 is 89.90."""
    return f"{minor // 100}.{minor % 100:02d}"


class Stall:
    """The shop's articles. Thread-safe; each change is stored, then told to the listener."""

    def __init__(self, file: JsonFile, journal: Journal, clock: Clock = utc_now) -> None:
        self._file, self._journal, self._clock = file, journal, clock
        self._lock = threading.RLock()
        self._listener: Listener = lambda event, article, store: None
        self._load(file.read())

    def listen(self, listener: Listener) -> None:
        """Have `listener` told of each change, in order."""
        self._listener = listener

    def articles(self) -> list[Article]:
        """All articles now, in the catalogue's order."""
        with self._lock:
            return [self._articles[product.sku] for product in PRODUCTS]

    def article(self, sku: str) -> Article:
        """One article; `KeyError` when the shop does not sell it."""
        with self._lock:
            return self._articles[sku]

    @property
    def now(self) -> datetime:
        """The shop's own clock."""
        return self._clock()

    def actions(self) -> dict[str, Action]:
        """What can be done to the shop, by name."""
        return {
            "price": self.set_price,
            "sale": self.start_sale,
            "sale-end": self.end_sale,
            "stock": self.set_stock,
            "reset": self.reset,
        }

    def set_price(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"sku", "price": "79.90"}`: a new list price."""
        with self._lock:
            old = self._wanted(body)
            price = _wanted_price(body, "price")
            sale = old.reduction if old.reduction and old.reduction.price_minor < price else None
            new = replace(old, price_minor=price, reduction=sale)
            return self._put(new, "product.updated", "price", price_minor=price)

    def start_sale(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"sku", "sale_price", "from"?, "until"?}`: a reduction, instants in ISO 8601."""
        with self._lock:
            old = self._wanted(body)
            price = _wanted_price(body, "sale_price")
            if price >= old.price_minor:
                raise BadAction(f"sale_price must be below the price, {money(old.price_minor)}")
            begins = _wanted_instant(body, "from") or self._clock()
            ends = _wanted_instant(body, "until")
            if ends and ends <= max(begins, self._clock()):
                raise BadAction("until must lie in the future and after from")
            new = replace(old, reduction=Reduction(price, begins, ends))
            until = ends.isoformat() if ends else None
            return self._put(new, "product.updated", "sale", price_minor=price, until=until)

    def end_sale(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"sku"}`: back to the list price now."""
        with self._lock:
            old = self._wanted(body)
            new = replace(old, reduction=None)
            price = old.price_minor
            return self._put(new, "product.updated", "sale-end", price_minor=price)

    def set_stock(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"sku", "store", "quantity"}`: pieces in one store."""
        with self._lock:
            old = self._wanted(body)
            store = wanted_choice(body, "store", STORE_CODES)
            quantity = wanted_int(body, "quantity", 0, MAX_QUANTITY)
            new = replace(old, stock={**old.stock, store: quantity})
            return self._put(new, "inventory.updated", "stock", store=store, quantity=quantity)

    def reset(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{}`: every article as on the demo's first day, told as changes; versions go on."""
        with self._lock:
            last = max(article.version for article in self._articles.values())
            for product in PRODUCTS:
                fresh = opening_article(product, self.first_day, last)
                self._articles[product.sku] = fresh
                self._listener("product.updated", fresh, None)
            for article in self._articles.values():
                for store in STORE_CODES:
                    self._listener("inventory.updated", article, store)
            self._save()
            return {"at_ms": self._journal.add("reset")["at_ms"], "articles": len(PRODUCTS)}

    def item(self, sku: str) -> dict[str, Any]:
        """One article as JSON, prices as decimal strings and as cents."""
        return self._as_json(self.article(sku))

    def state(self) -> dict[str, Any]:
        """The whole shop as JSON."""
        articles = [self._as_json(article) for article in self.articles()]
        return {"first_day": self.first_day.isoformat(), "articles": articles}

    def _wanted(self, body: Mapping[str, Any]) -> Article:
        return self._articles[wanted_choice(body, "sku", tuple(BY_SKU))]

    def _put(self, article: Article, event: str, kind: str, **details: Any) -> dict[str, Any]:
        changed = replace(article, version=article.version + 1)
        self._articles[changed.sku] = changed
        self._save()
        name = BY_SKU[changed.sku].name
        entry = self._journal.add(kind, sku=changed.sku, name=name, **details)
        self._listener(event, changed, details.get("store"))
        return {"at_ms": entry["at_ms"], "article": self._as_json(changed)}

    def _as_json(self, article: Article) -> dict[str, Any]:
        sale = article.reduction_at(self._clock())
        return {
            "sku": article.sku,
            "price": money(article.price_minor),
            "price_minor": article.price_minor,
            "currency": CURRENCY,
            "sale_price": money(sale.price_minor) if sale else None,
            "sale_price_minor": sale.price_minor if sale else None,
            "sale_from": _iso(sale.begins) if sale else None,
            "sale_until": _iso(sale.ends) if sale else None,
            "availability": "in_stock" if article.available else "out_of_stock",
            "stock": dict(article.stock),
            "version": article.version,
        }

    def _save(self) -> None:
        kept = {sku: asdict(article) for sku, article in self._articles.items()}
        for article in kept.values():
            if article["reduction"]:
                article["reduction"]["begins"] = _iso(article["reduction"]["begins"])
                article["reduction"]["ends"] = _iso(article["reduction"]["ends"])
        self._file.write({"first_day": self.first_day.isoformat(), "articles": kept})

    def _load(self, kept: dict[str, Any] | None) -> None:
        if kept is None:
            self.first_day = first_day_of(self._clock())
            self._articles = {p.sku: opening_article(p, self.first_day) for p in PRODUCTS}
            self._save()
            return
        self.first_day = date.fromisoformat(kept["first_day"])
        stored = {sku: _restored(fields) for sku, fields in kept["articles"].items()}
        self._articles = {
            p.sku: stored.get(p.sku) or opening_article(p, self.first_day) for p in PRODUCTS
        }


def opening_article(product: Product, first_day: date, version: int = 0) -> Article:
    """A product as the shop sells it on the demo's first day."""
    sale = None
    if product.sale:
        sale = Reduction(product.sale.price_minor, *sale_window(product.sale, first_day))
    return Article(product.sku, product.price_minor, version + 1, sale, dict(product.stock))


def _restored(fields: dict[str, Any]) -> Article:
    sale = fields["reduction"]
    reduction = sale and Reduction(
        sale["price_minor"], _instant(sale["begins"]), _instant(sale["ends"])
    )
    return Article(**{**fields, "reduction": reduction})


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _wanted_price(body: Mapping[str, Any], key: str) -> int:
    """A price in cents from the decimal string (or whole-euro integer) `key` of an action."""
    try:
        minor = Decimal(str(body.get(key))) * 100
    except InvalidOperation:
        minor = Decimal("NaN")
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise BadAction(f'{key} must be a price such as "79.90"')
    if not 0 < minor <= MAX_PRICE_MINOR:
        raise BadAction(f"{key} must lie between 0.01 and {money(MAX_PRICE_MINOR)}")
    return int(minor)


def _wanted_instant(body: Mapping[str, Any], key: str) -> datetime | None:
    """The aware instant `key` of an action in UTC, None when it is absent."""
    value = body.get(key)
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        instant = None
    if instant is None or instant.tzinfo is None:
        raise BadAction(f'{key} must be an instant with its zone, such as "2026-10-24T22:00:00Z"')
    return instant.astimezone(UTC)
