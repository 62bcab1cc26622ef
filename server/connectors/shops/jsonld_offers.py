"""What schema.org's Product and Offer say of a price, as a report; what may be read in two ways is
said to be, never chosen.

https://schema.org/Offer, https://schema.org/UnitPriceSpecification, https://schema.org/priceType.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin

from server.connectors.shops import values
from server.connectors.shops.goods import Reader
from server.connectors.shops.jsonld_nodes import (
    Node,
    Number,
    Structured,
    listed,
    term,
    text_of,
    types,
)
from server.connectors.shops.rows import Row
from server.connectors.shops.values import Unreadable
from server.ports import ProductReport

LISTED = frozenset({"ListPrice", "StrikethroughPrice", "RegularPrice"})
"""Price types of what it costs without the reduction."""
ADVISED = frozenset({"MSRP", "SRP", "SuggestedRetailPrice"})
"""Price types of what the maker advises."""
MAX_OFFERS = 500
_UNITS = {
    "LTR": "l",
    "CLT": "cl",
    "MLT": "ml",
    "MTQ": "cbm",
    "KGM": "kg",
    "GRM": "g",
    "MGM": "mg",
    "MTR": "m",
    "CMT": "cm",
    "MTK": "sqm",
    "C62": "ct",
    "H87": "ct",
}
"""UN/CEFACT codes as shops write the units."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """Prices of one offer, minor units of `currency`; what is not said is None."""

    currency: str
    price: int | None = None
    listed: int | None = None
    sale: int | None = None
    advised: int | None = None
    since: int | None = None
    until: int | None = None
    measure: str = ""
    base: str = ""


def reports(
    page: Structured, product: Node, group: Node, reader: Reader, url: str
) -> list[ProductReport]:
    """What a product of the page at `url` says: one report for each SKU. None where it has no SKU
    or no offer.
    """
    return list(_OfferReader(page, product, group, reader, url).reports())


class _OfferReader:
    def __init__(
        self, page: Structured, product: Node, group: Node, reader: Reader, url: str
    ) -> None:
        self._page, self._product, self._group = page, product, group
        self._reader, self._url = reader, url

    def reports(self) -> Iterator[ProductReport]:
        offers = self._page.nodes(self._said("offers"))[:MAX_OFFERS]
        sku = _sku(self._product)
        nested = [one for offer in offers for one in self._page.nodes(offer.get("offers"))]
        if nested and all(_sku(one) for one in nested):
            offers = nested[:MAX_OFFERS]
        own = [one for one in offers if _sku(one)]
        if own and (not sku or any(_sku(one) != sku for one in own)):
            for offer in own:
                yield self._report(_sku(offer), [offer], group=sku)
        elif sku and offers:
            yield self._report(sku, offers)

    def _said(self, name: str) -> Any:
        return self._product.get(name, self._group.get(name))

    def _report(self, sku: str, offers: Sequence[Node], group: str = "") -> ProductReport:
        terms, problem = self._terms(offers)
        plain = self._reader.report(Row(0, {"id": sku, **self._fields(offers[0], group)}))
        product = replace(plain, problem=problem)
        if terms is None:
            return product
        product = replace(
            product,
            price=terms.price,
            currency=terms.currency,
            comparison=terms.advised,
            comparison_source=plain.maker if terms.advised is not None else "",
            measure=terms.measure,
            base=terms.base,
        )
        if terms.sale is not None:
            return replace(
                product, sale_price=terms.sale, sale_from=terms.since, sale_until=terms.until
            )
        return product

    def _fields(self, offer: Node, group: str) -> dict[str, str]:
        group = (
            text_of(self._product.get("inProductGroupWithID"))
            or text_of(self._group.get("productGroupID"))
            or group
        )
        fields = {
            "title": text_of(self._said("name")),
            "description": text_of(self._said("description")),
            "link": self._address(text_of(offer.get("url")) or text_of(self._said("url"))),
            "image_link": self._address(_picture(self._said("image"))),
            "brand": text_of(self._said("brand")) or text_of(self._said("manufacturer")),
            "product_type": text_of(self._said("category")).replace("/", " > "),
            "item_group_id": group,
            "availability": text_of(offer.get("availability")),
            "availability_date": text_of(self._said("releaseDate")),
        }
        return {name: html.unescape(text) for name, text in fields.items()}

    def _address(self, text: str) -> str:
        try:
            return urljoin(self._url, text) if text else ""
        except ValueError:
            return ""

    def _terms(self, offers: Sequence[Node]) -> tuple[_Terms | None, str]:
        """The terms of all offers where they agree, and what is wrong with them, as a code."""
        try:
            found = {self._terms_of(offer) for offer in offers}
        except Unreadable as error:
            return None, error.reason
        return (found.pop(), "") if len(found) == 1 else (None, "range")

    def _terms_of(self, offer: Node) -> _Terms:
        specs = [
            one
            for one in self._page.nodes(offer.get("priceSpecification"))
            if not one.get("validForMemberTier") and not one.get("eligibleQuantity")
        ]
        terms = _Terms(_currency(offer, specs))
        if "AggregateOffer" in types(offer):
            low, high = offer.get("lowPrice"), offer.get("highPrice")
            if low is None or high is None:
                raise Unreadable("range")
            if _amount(low, terms.currency) != _amount(high, terms.currency):
                raise Unreadable("range")
            offer = {**offer, "price": low}
        if offer.get("price") is not None:
            until = offer.get("priceValidUntil", offer.get("validThrough"))
            terms = self._with(terms, "price", offer["price"], offer.get("validFrom"), until)
        for spec in specs:
            terms = self._with_spec(terms, spec)
        return self._settled(terms)

    def _with_spec(self, terms: _Terms, spec: Node) -> _Terms:
        if spec.get("price") is None:
            return terms
        kinds = {term(one) for one in listed(spec.get("priceType"))} - {""}
        measure, base = self._quantities(spec)
        if measure and not base:
            return terms  # what a litre costs is not what the bottle costs
        name = (
            "listed"
            if kinds & LISTED
            else "advised"
            if kinds & ADVISED
            else "sale"
            if "SalePrice" in kinds
            else "price"
        )
        if kinds and name == "price":
            return terms  # an invoice's or a minimum price: not the customer's
        until = spec.get("validThrough", spec.get("priceValidUntil"))
        terms = self._with(terms, name, spec["price"], spec.get("validFrom"), until)
        return replace(terms, measure=measure, base=base) if measure else terms

    def _with(self, terms: _Terms, name: str, price: Any, since: Any, until: Any) -> _Terms:
        minor = _amount(price, terms.currency)
        before = getattr(terms, name)
        if before is not None and before != minor:
            raise Unreadable("twice")
        said: dict[str, Any] = {name: minor}
        terms = replace(terms, **said)
        if name not in ("price", "sale"):
            return terms
        zone = self._reader.zone
        begin = values.instant(text_of(since), zone) if text_of(since) else terms.since
        end = (
            values.instant(text_of(until), zone, end_of_day=True) if text_of(until) else terms.until
        )
        return replace(terms, since=begin, until=end)

    def _settled(self, terms: _Terms) -> _Terms:
        """Price and sale price, whichever way they were written."""
        over = terms.until is not None and terms.until <= self._reader.now
        if over and terms.sale is None:
            raise Unreadable("expired")
        sale, usual = terms.sale, terms.listed
        if sale is None and usual is not None and terms.price is not None:
            sale = terms.price if terms.price != usual else None
        elif usual is None:
            usual = terms.price
        if usual is None:
            raise Unreadable("price")
        if sale is not None and sale > usual:
            raise Unreadable("sale")
        dated = sale is not None
        return replace(
            terms,
            price=usual,
            sale=sale,
            listed=None,
            since=terms.since if dated else None,
            until=terms.until if dated else None,
        )

    def _quantities(self, spec: Node) -> tuple[str, str]:
        """Contents, and the quantity that a unit price is of."""
        measure = self._page.node(spec.get("referenceQuantity"))
        return _quantity(measure), _quantity(self._page.node(measure.get("valueReference")))


def _sku(node: Node) -> str:
    return text_of(node.get("sku")) or text_of(node.get("productID")).removeprefix("sku:")


def _currency(offer: Node, specs: Sequence[Node]) -> str:
    """The one that the offer and its specifications are in. Raises Unreadable (`currency`)."""
    found = {
        text_of(one.get("priceCurrency")).upper()
        for one in (offer, *specs)
        if one.get("priceCurrency")
    }
    if len(found) != 1 or len(currency := found.pop()) != 3 or not currency.isalpha():
        raise Unreadable("currency")
    return currency


def _amount(price: Any, currency: str) -> int:
    if isinstance(price, Number) and "." in price:
        whole, _mark, decimals = price.partition(".")
        price = f"{whole}.{decimals.rstrip('0')}".rstrip(".")
        return values.amount(price, currency, ".")
    return values.amount(_digits(price), currency)


def _digits(price: Any) -> str:
    text = text_of(price)
    if not text:
        raise Unreadable("price")
    return text


def _picture(value: Any) -> str:
    for one in listed(value):
        if isinstance(one, str):
            return one
        if isinstance(one, Mapping):
            found = text_of(one.get("contentUrl")) or text_of(one.get("url"))
            if found:
                return found
    return ""


def _quantity(node: Node) -> str:
    unit = text_of(node.get("unitText")) or _UNITS.get(term(node.get("unitCode")), "")
    value = text_of(node.get("value"))
    return f"{value} {unit}" if value and unit else ""
