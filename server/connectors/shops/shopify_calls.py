"""Reads Shopify's calls: what they say of products and stock, in whatever order they come."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from server.connectors.shops import values
from server.connectors.shops.local_inventory import MAX_QUANTITY
from server.connectors.shops.shopify_goods import FREED, SOLD, Variant, products_of, titled
from server.connectors.shops.values import Unreadable
from server.connectors.shops.versions import Versions
from server.connectors.source import Delivery, Received, Setup
from server.errors import BadInput
from server.ports import Batch, ProductReport, StockReport

TOPIC, DOMAIN = "x-shopify-topic", "x-shopify-shop-domain"
NAME, TRIGGERED = "x-shopify-webhook-id", "x-shopify-triggered-at"
MAX_NAME_CHARACTERS = 150
MAX_AGE_MS = 48 * 3_600_000
"""A call about stock older than this is no news: Shopify repeats one for some hours."""
SHOPIFYS = ".myshopify.com"


@dataclass(slots=True)
class _Said:
    """What a call says."""

    products: list[ProductReport] = field(default_factory=list)
    stock: list[StockReport] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    aliases: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call with what is needed to read it. `told_at` orders calls about one thing: microseconds
    of when Shopify was moved to make it.
    """

    setup: Setup
    body: Mapping[str, Any]
    told_at: str
    received_at: int
    seen: Versions
    said: _Said

    def news(self, thing: str) -> None:
        """Raises Unreadable where a later call about `thing` came before this one."""
        if self.seen.is_old(thing, self.told_at):
            raise Unreadable("out_of_order")


def read_call(setup: Setup, delivery: Delivery) -> Received:
    """What a call says; the caller made sure that it is Shopify's. One about anything else is
    counted and well: refused, it would be repeated, and given up for good.

    Raises BadInput where it is another shop's, or not readable.
    """
    headers = delivery.headers
    _check_shop(setup, headers.get(DOMAIN, ""))
    try:
        body = json.loads(delivery.body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BadInput("The call’s body is to be JSON.") from None
    seen, said = Versions.from_state(setup.state), _Said()
    read = READERS.get(headers.get(TOPIC, ""))
    try:
        if read is None or not isinstance(body, dict):
            raise Unreadable("other_topic")
        told_at = _told_at(headers.get(TRIGGERED, ""), body)
        read(_Call(setup, body, told_at, delivery.received_at, seen, said))
    except Unreadable as error:
        said.refused[error.reason] += 1
    batch = Batch(
        delivery.received_at,
        products=tuple(said.products),
        stock=tuple(said.stock),
        refused=said.refused,
        state=seen.to_state(),
        aliases=said.aliases,
    )
    name = headers.get(NAME, "")
    good = 0 < len(name) <= MAX_NAME_CHARACTERS and name.isprintable()
    return Received(batch, (f"id={name}",) if good else ())


def _check_shop(setup: Setup, domain: str) -> None:
    """All shops that have an app sign with the same secret."""
    ours = urlsplit(setup.config.url).hostname or ""
    if domain and ours.endswith(SHOPIFYS) and domain.lower() != ours:
        raise BadInput(
            f"This connector is for “{ours}”; the call comes from another shop.",
            field="shop",
            code="other_shop",
        )


def _told_at(triggered: str, body: Mapping[str, Any]) -> str:
    """Microseconds: of the header, that has nanoseconds, else of the body's own seconds."""
    whole, _point, parts = triggered.removesuffix("Z").partition(".")
    try:
        if triggered:
            return f"{values.instant(f'{whole}Z', UTC) // 1000}{parts[:6]:0<6}"
        return f"{_instant(body.get('updated_at')) * 1000}"
    except Unreadable:
        return ""


def _product(call: _Call) -> None:
    """`products/create`, `products/update`: the whole product. Variants that were its own and are
    no more are gone, where it lists all that it has.
    """
    body, said = call.body, call.said
    product = _id(body.get("id"))
    call.news(f"product:{product}")
    variants = [_variant(body, one) for one in _list(body, "variants")]
    if not variants:
        raise Unreadable("no_variants")
    known = call.setup.aliases(
        ["currency", f"product:{product}", *(f"sku:{one.sku}" for one in variants)]
    )
    version = str(variants[0].updated_at)
    if str(body.get("status", "active")) not in SOLD:
        said.products += [_gone(one.sku, version) for one in variants]
        return
    currency = known.get("currency", call.setup.config.currency)
    bearers = Counter(one.sku for one in variants)
    for one in variants:
        report = one.report(currency, call.setup.config.language)
        bearer = known.get(f"sku:{one.sku}", one.id)
        if bearer not in (one.id, FREED) or bearers[one.sku] > 1:
            report = replace(report, problem="duplicate")
        else:
            said.aliases |= one.aliases()
        said.products.append(report)
    listed = _list(body, "variant_gids") if body.get("variant_gids") else variants
    if len(listed) > len(variants):
        return
    here = {one.sku for one in variants}
    past = [sku for sku in known.get(f"product:{product}", "").split() if sku not in here]
    _bury(call, past, version)
    said.aliases |= products_of(variants)


def _deleted(call: _Call) -> None:
    """`products/delete`: a number alone."""
    product = _id(call.body.get("id"))
    call.news(f"product:{product}")
    known = call.setup.aliases([f"product:{product}"])
    skus = known.get(f"product:{product}", "").split()
    if not skus:
        raise Unreadable("unknown_product")
    version = call.told_at[:-3] or str(call.received_at)
    _bury(call, skus, version)
    call.said.aliases[f"product:{product}"] = ""


def _bury(call: _Call, skus: list[str], version: str) -> None:
    """SKUs that their product has no more."""
    for sku in skus:
        call.said.products.append(_gone(sku, version))
        call.said.aliases[f"sku:{sku}"] = FREED


def _gone(sku: str, version: str) -> ProductReport:
    return ProductReport(sku, version=version, gone=True, problem="gone")


def _level(call: _Call) -> None:
    """`inventory_levels/update`: pieces of an inventory item at a location."""
    body = call.body
    item, place = _id(body.get("inventory_item_id")), _id(body.get("location_id"))
    updated = _instant(body.get("updated_at"))
    if call.received_at - updated > MAX_AGE_MS:
        raise Unreadable("late")
    known = call.setup.aliases([f"item:{item}", f"location:{place}"])
    code = known.get(f"location:{place}", place)
    if call.setup.store(code) is None:
        raise Unreadable("unknown_store")
    sku = known.get(f"item:{item}", "")
    if not sku:
        raise Unreadable("unknown_item")
    pieces = body.get("available")
    if isinstance(pieces, bool) or not isinstance(pieces, int):
        raise Unreadable("no_quantity")
    if pieces > MAX_QUANTITY:
        raise Unreadable("huge")
    call.news(f"level:{item}/{place}")
    call.said.stock.append(StockReport(sku, code, max(0, pieces), str(updated)))


READERS: Mapping[str, Callable[[_Call], None]] = {
    "products/create": _product,
    "products/update": _product,
    "products/delete": _deleted,
    "inventory_levels/update": _level,
}


def _variant(product: Mapping[str, Any], one: object) -> Variant:
    if not isinstance(one, dict):
        raise Unreadable("no_id")
    return Variant(
        id=_id(one.get("id")),
        product=_id(product.get("id")),
        item=_id(one.get("inventory_item_id")),
        said_sku=_text(one, "sku"),
        price=_text(one, "price"),
        compare_at=_text(one, "compare_at_price"),
        updated_at=_instant(product.get("updated_at")),
        title=titled(_text(product, "title"), _text(one, "title")),
        lead=_text(product, "body_html"),
        picture=_picture(product, one),
        maker=_text(product, "vendor"),
        category=_text(product, "product_type"),
        available=_available(one),
    )


def _available(variant: Mapping[str, Any]) -> bool | None:
    """Whether customers can order it; None where the call leaves that open."""
    if not variant.get("inventory_management") or variant.get("inventory_policy") == "continue":
        return True
    quantity = variant.get("inventory_quantity")
    return quantity > 0 if isinstance(quantity, int) else None


def _picture(product: Mapping[str, Any], variant: Mapping[str, Any]) -> str:
    pictures = [one for one in _list(product, "images") if isinstance(one, dict)]
    own = [one for one in pictures if one.get("id") == variant.get("image_id")]
    return _text((own or pictures or [{}])[0], "src")


def _id(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise Unreadable("no_id")
    return str(value)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    return value if isinstance(value, list) else []


def _instant(value: object) -> int:
    return values.instant(value if isinstance(value, str) else "", UTC)
