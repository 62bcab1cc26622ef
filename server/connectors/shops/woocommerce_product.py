"""Reads one WooCommerce product as its REST API and its webhooks write it (`wc/v3`).

Fields: https://woocommerce.github.io/woocommerce-rest-api-docs/#product-properties. What a report
says must be what the shop asks: `price` is what it asks now, so regular and sale price with their
dates are believed only where they come to that.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeGuard

from babel.numbers import get_currency_precision

from server.connectors.plausible import MAX_PIECES
from server.connectors.shops import values
from server.connectors.shops.values import MAX_PRICE_MINOR, Unreadable
from server.ports import ProductReport, StockReport

PUBLISHED = "publish"
FAMILY = "variable"
"""The type of a product whose variations are what is sold."""
SOLD = frozenset({"simple", "variation"})
"""Types with a price of their own; bundles and goods of other shops are left out."""
MAX_ID = 2**63
NEAR_MS = 120_000
"""The shop's clock and ours may differ by this: so near a sale's begin or end, either price is the
one asked now.
"""
STANDARD = "standard"
"""WooCommerce's word for the tax class that it writes as nothing."""
_AMOUNT = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,12})?")
AVAILABLE = {"instock": "in_stock", "outofstock": "out_of_stock", "onbackorder": "backorder"}

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a shop's prices are to be read. `taxed`: they contain the tax; where they do not, `rates`
    says what is added, in percent by tax class.
    """

    currency: str
    language: str
    taxed: bool
    rates: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class _Offer:
    """Prices as written, and since and until when (unix ms) the sale runs."""

    regular: Decimal
    sale: Decimal | None
    since: int | None
    until: int | None


def is_one(value: object) -> TypeGuard[Item]:
    """Whether this is a product at all: an object with a number."""
    number = value.get("id") if isinstance(value, Mapping) else None
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number < MAX_ID


def id_of(item: Item) -> str:
    """The shop's own number of a product."""
    return str(item["id"])


def is_sold(item: Item) -> bool:
    """Whether anyone can buy it: it is published."""
    return item.get("status") == PUBLISHED


def modified_s(item: Item) -> int | None:
    """When it was changed last, in whole seconds of the shop's clock."""
    at = _instant(item.get("date_modified_gmt"))
    return None if at is None else at // 1000


def created_ms(item: Item) -> int | None:
    """When it was made (unix ms of the shop's clock)."""
    return _instant(item.get("date_created_gmt"))


def report(item: Item, terms: Terms, now: int, parent: Item | None = None) -> ProductReport:
    """What the shop says of one SKU at `now` (unix ms); `parent` is the product that a variation is
    of. What can be read but not believed is said in `problem`. Raises Unreadable where it is no
    SKU's (`no_sku`, `not_sold`).
    """
    sku = _text(item, "sku")
    if not sku:
        raise Unreadable("no_sku")
    kind = _text(item, "type") or ("simple" if parent is None else "variation")
    if kind not in SOLD:
        raise Unreadable("not_sold")
    family = item if parent is None else parent
    version = modified_s(item)
    name = _name(item, parent)
    found = ProductReport(
        sku,
        currency=terms.currency,
        availability=AVAILABLE.get(_text(item, "stock_status"), ""),
        names={terms.language: {"name": name, "lead": _lead(family)}} if name else {},
        link=values.link(_text(item, "permalink")),
        picture_url=_picture(item) or _picture(family),
        maker=_first_name(family, "brands", values.MAX_MAKER_CHARACTERS),
        category=_first_name(family, "categories", values.MAX_CATEGORY_CHARACTERS),
        version="" if version is None else str(version),
        group=id_of(family),
        sold_since=created_ms(item),
    )
    try:
        return _priced(found, item, terms, now)
    except Unreadable as error:
        return replace(found, problem=error.reason)


def gone(sku: str, version: str = "") -> ProductReport:
    """A SKU that the shop sells no more."""
    return ProductReport(sku, version=version, gone=True, problem="gone")


def pieces(item: Item, sku: str, store: str) -> StockReport | None:
    """How many there are in `store` (the shop's own code); None where the shop does not count."""
    counted = item.get("stock_quantity")
    if item.get("manage_stock") and isinstance(counted, int | Decimal):
        whole = int(counted)
        return StockReport(sku, store, whole if 0 < whole <= MAX_PIECES else 0)
    if item.get("stock_status") == "outofstock":
        return StockReport(sku, store, 0)
    return None


def _priced(found: ProductReport, item: Item, terms: Terms, now: int) -> ProductReport:
    written = _decimal(item.get("regular_price"))
    if written is None:
        return found
    offer = _offer(item, written)
    asked = _decimal(item.get("price"))
    if asked is not None and not any(asked == _at(offer, at) for at in _near(now)):
        raise Unreadable("price_differs")
    rate = _rate(item, terms)
    found = replace(
        found,
        price=_minor(offer.regular, rate, terms),
        tax_permyriad=None if rate is None else int(rate * 100),
    )
    if offer.sale is None or (offer.until is not None and offer.until <= now):
        return found
    return replace(
        found,
        sale_price=_minor(offer.sale, rate, terms),
        sale_from=offer.since,
        sale_until=offer.until,
    )


def _offer(item: Item, regular: Decimal) -> _Offer:
    """What is written. WooCommerce ends a sale after the second that it names."""
    sale = _decimal(item.get("sale_price"))
    since, until = (_date(item, f"date_on_sale_{end}_gmt") for end in ("from", "to"))
    until = None if until is None else until + 1_000
    if sale is None or sale >= regular:
        return _Offer(regular, None, None, None)
    if since is not None and until is not None and until <= since:
        raise Unreadable("sale_dates")
    return _Offer(regular, sale, since, until)


def _at(offer: _Offer, at: int) -> Decimal:
    """The price that `offer` comes to at an instant."""
    if offer.sale is None or (offer.since or 0) > at:
        return offer.regular
    return offer.sale if offer.until is None or at < offer.until else offer.regular


def _near(now: int) -> tuple[int, int, int]:
    return now, now - NEAR_MS, now + NEAR_MS


def _rate(item: Item, terms: Terms) -> Decimal | None:
    """The tax in percent that is in the price or comes on top, where it is known. Raises Unreadable
    (`tax_class`) where the price is without it and nobody said how much it is.
    """
    if item.get("tax_status") in ("none", "shipping"):
        return Decimal(0)
    rate = terms.rates.get(_text(item, "tax_class") or STANDARD)
    if rate is None and not terms.taxed:
        raise Unreadable("tax_class")
    return rate


def _minor(written: Decimal, rate: Decimal | None, terms: Terms) -> int:
    """Minor units. A price with tax is never rounded; tax that is added is, as the shop does."""
    digits = get_currency_precision(terms.currency)
    scaled = written.scaleb(digits)
    if not terms.taxed:
        added = scaled * (1 + (rate or Decimal(0)) / 100)
        scaled = added.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    if scaled != int(scaled) or not 0 <= scaled <= MAX_PRICE_MINOR:
        raise Unreadable("price")
    return int(scaled)


def _decimal(value: object) -> Decimal | None:
    """A price as WooCommerce writes it: text with a full stop. None where there is none."""
    if value is None or value == "":
        return None
    known = isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    text = str(value).strip() if known else ""
    if not _AMOUNT.fullmatch(text):
        raise Unreadable("price")
    return Decimal(text)


def _date(item: Item, name: str) -> int | None:
    if item.get(name) in (None, ""):
        return None
    at = _instant(item[name])
    if at is None:
        raise Unreadable("sale_dates")
    return at


def _instant(value: object) -> int | None:
    """`2026-11-20T23:00:00`, in UTC as all fields that end in `_gmt`, as unix ms."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        moment = moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None
        return round(moment.timestamp() * 1000) if moment else None
    except (ValueError, OverflowError):
        return None


def _name(item: Item, parent: Item | None) -> str:
    """The product's name, and of a variation what it is chosen by."""
    if parent is None:
        return _words(_text(item, "name"), values.MAX_NAME_CHARACTERS)
    chosen = [_text(one, "option") for one in _all(item, "attributes")]
    whole = ", ".join(filter(None, [_text(parent, "name"), *chosen]))
    return _words(whole, values.MAX_NAME_CHARACTERS)


def _lead(item: Item) -> str:
    text = _text(item, "short_description") or _text(item, "description")
    return _words(text, values.MAX_LEAD_CHARACTERS)


def _words(text: str, most: int) -> str:
    return values.words(html.unescape(text), most)


def _picture(item: Item) -> str:
    image = item.get("image")
    first = image if isinstance(image, Mapping) else next(iter(_all(item, "images")), {})
    return values.link(_text(first, "src"))


def _first_name(item: Item, name: str, most: int) -> str:
    return _words(_text(next(iter(_all(item, name)), {}), "name"), most)


def _all(item: Item, name: str) -> list[Item]:
    """The objects of a list."""
    found = item.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _text(item: Item, name: str) -> str:
    value = item.get(name)
    return value.strip() if isinstance(value, str) else ""
