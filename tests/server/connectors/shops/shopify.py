"""A Shopify shop: its Admin GraphQL API with cursors, costs and tokens, and its signed webhooks.

Shapes: https://shopify.dev/docs/api/webhooks, https://shopify.dev/docs/api/admin-graphql and
https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from tests.server.connectors.shops.contract import GOODS, Ability, Call, SetUp
from tests.server.connectors.shops.serving import Served, dumped
from tests.support.record import START_MS

SECRET = "shpss_the-secret-of-the-app"
TOKEN = "shpat_the-token-of-the-app"
LOCATIONS = {24826418: "Lille centre", 24826419: "prado", 24826420: "Entrepôt"}
LILLE = 24826418
FIRST_PRODUCT = 788032119674292922
FIRST_VARIANT = 642667041472713922
FIRST_ITEM = 271878346596884015
"""Numbers as large as Shopify's own, that no float holds."""
YESTERDAY = datetime.fromtimestamp(START_MS / 1000 - 86_400, UTC)
MOST_COST = 100
"""Of one query; Shopify's is 1,000, which these few goods would never reach."""
BUCKET, EACH_S = 160.0, 2_000.0
COSTS = {"productVariants": 7, "inventoryLevels": 3, "locations": 1}


@dataclass
class Variant:
    """One variant, alone in its product."""

    number: int
    sku: str
    price: str
    compare_at: str | None = None
    status: str = "ACTIVE"
    levels: dict[int, int] = field(default_factory=dict)
    updated_at: datetime = YESTERDAY

    @property
    def product(self) -> int:
        return FIRST_PRODUCT + self.number

    @property
    def id(self) -> int:
        return FIRST_VARIANT + self.number

    @property
    def item(self) -> int:
        return FIRST_ITEM + self.number


def euros(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def iso(at: datetime) -> str:
    """As Shopify writes it: whole seconds, in the shop's own zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Shopify(Served):
    """The stand-in."""

    able = Ability(calls=True, dated_sale=False, stock=True, tokens=True)

    def __init__(self) -> None:
        super().__init__()
        self.goods = {
            sku: Variant(number, sku, euros(minor))
            for number, (sku, minor) in enumerate(GOODS.items())
        }
        self.currency, self.taxes_included, self.token = "EUR", True, TOKEN
        self.signs_with = SECRET
        self.scopes = {"read_products", "read_inventory", "read_locations"}
        self.throttled = 0
        self._left, self._left_at = BUCKET, time.monotonic()
        self.app.post("/admin/api/2026-10/graphql.json")(self._graphql)
        self.app.post("/admin/oauth/access_token")(self._grant)

    def set_up(self) -> SetUp:
        stores = {str(LILLE): "lille"}
        config = {"shop": "pluvier", "url": self.url, "stores": stores}
        return SetUp("shopify", config, {"webhook": SECRET, "token": TOKEN})

    # What happens in the shop

    def opening(self, at: datetime) -> list[Call]:
        return []

    def price(self, sku: str, minor: int, at: datetime) -> list[Call]:
        return self._changed(sku, at, price=euros(minor), compare_at=None)

    def sale(
        self, sku: str, minor: int, begin: datetime, end: datetime, at: datetime
    ) -> list[Call]:
        before = self.goods[sku].price
        return self._changed(sku, at, price=euros(minor), compare_at=before)

    def blank(self, sku: str, at: datetime) -> list[Call]:
        return self._changed(sku, at, price="0.00", compare_at=None)

    def archive(self, sku: str, at: datetime) -> list[Call]:
        return self._changed(sku, at, status="ARCHIVED")

    def delete(self, sku: str, at: datetime) -> list[Call]:
        gone = self.goods.pop(sku)
        return [self.call("products/delete", {"id": gone.product}, at)]

    def stock(self, sku: str, store: str, pieces: int, at: datetime) -> list[Call]:
        place = {"lille": LILLE, "prado": 24826419}[store]
        one = self.goods[sku]
        one.levels[place] = pieces
        level = {
            "inventory_item_id": one.item,
            "location_id": place,
            "available": pieces,
            "updated_at": iso(at),
            "admin_graphql_api_id": f"gid://shopify/InventoryLevel/1?inventory_item_id={one.item}",
        }
        return [self.call("inventory_levels/update", level, at)]

    def _changed(self, sku: str, at: datetime, **changes: Any) -> list[Call]:
        one = self.goods[sku]
        for name, value in changes.items():
            setattr(one, name, value)
        one.updated_at = at
        return [self.call("products/update", product_body(one), at)]

    def call(self, topic: str, body: Any, at: datetime) -> Call:
        """A webhook as it goes over the wire."""
        raw = dumped(body)
        signed = hmac.digest(self.signs_with.encode(), raw, hashlib.sha256)
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(signed).decode(),
            "X-Shopify-Shop-Domain": "pluvier.myshopify.com",
            "X-Shopify-API-Version": "2026-10",
            "X-Shopify-Webhook-Id": secrets.token_hex(16),
            "X-Shopify-Event-Id": secrets.token_hex(16),
            "X-Shopify-Triggered-At": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}741Z",
        }
        return Call(headers, raw)

    # What is asked of it

    def _grant(self) -> ResponseReturnValue:
        asked = request.form
        if (asked["grant_type"], asked["client_secret"]) != ("client_credentials", SECRET):
            return {"error": "invalid_client"}, 401
        return {"access_token": self.token, "scope": ",".join(self.scopes), "expires_in": 86_399}

    def _graphql(self) -> ResponseReturnValue:
        if request.headers.get("X-Shopify-Access-Token") != self.token:
            said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return {"errors": said}, 401
        asked = request.get_json()
        query, given = asked["query"], asked["variables"]
        names = [name for name in COSTS if f"{name}(" in query]
        cost = 1 + (COSTS[names[0]] * given["first"] if names else 1)
        if cost > MOST_COST:
            said = f"Query cost is {cost}, which exceeds the single query max cost limit."
            code = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MOST_COST}
            return {"errors": [{"message": said, "extensions": code}]}
        if not self._pay(cost):
            self.throttled += 1
            code = {
                "code": "THROTTLED",
                "documentation": "https://shopify.dev/api/usage/rate-limits",
            }
            error = {"message": "Throttled", "extensions": code}
            return {"errors": [error], "extensions": self._cost(cost, None)}
        needed = {"productVariants": "read_products", "inventoryLevels": "read_inventory"}
        for name in names:
            if needed.get(name, "read_locations") not in self.scopes:
                return {"errors": [denied(name, needed[name])], "data": None}
        return {"data": self._data(names, given), "extensions": self._cost(cost, cost)}

    def _pay(self, cost: int) -> bool:
        now = time.monotonic()
        self._left = min(BUCKET, self._left + (now - self._left_at) * EACH_S)
        self._left_at = now
        if cost > self._left:
            return False
        self._left -= cost
        return True

    def _cost(self, asked: int, paid: int | None) -> dict[str, Any]:
        bucket = {
            "maximumAvailable": BUCKET,
            "currentlyAvailable": int(self._left),
            "restoreRate": EACH_S,
        }
        return {
            "cost": {
                "requestedQueryCost": asked,
                "actualQueryCost": paid,
                "throttleStatus": bucket,
            }
        }

    def _data(self, names: list[str], given: dict[str, Any]) -> dict[str, Any]:
        if not names:
            shop = {"currencyCode": self.currency, "taxesIncluded": self.taxes_included}
            return {"shop": shop}
        if "locations" in names:
            places = [
                {"id": f"gid://shopify/Location/{number}", "name": name}
                for number, name in LOCATIONS.items()
            ]
            return {"locations": paged(places, given)}
        if "productVariants" in names:
            return {"productVariants": paged([node(one) for one in self.goods.values()], given)}
        place = int(given["location"].rpartition("/")[2])
        levels = [level(one, place) for one in self.goods.values() if place in one.levels]
        return {"location": {"inventoryLevels": paged(levels, given)}}


def paged(nodes: list[Any], given: dict[str, Any]) -> dict[str, Any]:
    """A connection's page: the cursor is opaque to those who ask."""
    begin = int(base64.b64decode(given["after"])) if given["after"] else 0
    end = begin + given["first"]
    cursor = base64.b64encode(str(end).encode()).decode() if nodes else None
    page = {"hasNextPage": end < len(nodes), "endCursor": cursor}
    return {"nodes": nodes[begin:end], "pageInfo": page}


def denied(name: str, scope: str) -> dict[str, Any]:
    """What is said to an app without a right."""
    return {
        "message": f"Access denied for {name} field. Required access: `{scope}` access scope.",
        "extensions": {"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}` access scope."},
        "path": [name],
    }


def node(one: Variant) -> dict[str, Any]:
    """A variant as the Admin API says it."""
    image = {"url": f"https://cdn.shopify.com/s/files/{one.number}.jpg"}
    return {
        "id": f"gid://shopify/ProductVariant/{one.id}",
        "title": "Default Title",
        "sku": one.sku,
        "price": one.price,
        "compareAtPrice": one.compare_at,
        "availableForSale": True,
        "inventoryItem": {"id": f"gid://shopify/InventoryItem/{one.item}"},
        "unitPriceMeasurement": {
            "quantityValue": 750,
            "quantityUnit": "ML",
            "referenceValue": 1,
            "referenceUnit": "L",
        },
        "product": {
            "id": f"gid://shopify/Product/{one.product}",
            "title": f"Article {one.sku}",
            "status": one.status,
            "description": "Chaud et sec.",
            "vendor": "Pluvier",
            "productType": "Vêtements",
            "updatedAt": iso(one.updated_at),
            "onlineStoreUrl": f"https://pluvier.example/products/{one.sku.lower()}",
            "featuredMedia": {"preview": {"image": image}},
        },
    }


def level(one: Variant, place: int) -> dict[str, Any]:
    """An inventory level as the Admin API says it."""
    return {
        "updatedAt": iso(one.updated_at),
        "item": {"id": f"gid://shopify/InventoryItem/{one.item}"},
        "quantities": [{"quantity": one.levels[place]}],
    }


def product_body(one: Variant) -> dict[str, Any]:
    """A product as `products/update` carries it."""
    at = iso(one.updated_at)
    variant = {
        "admin_graphql_api_id": f"gid://shopify/ProductVariant/{one.id}",
        "barcode": None,
        "compare_at_price": one.compare_at,
        "created_at": "2026-01-02T18:45:06+01:00",
        "id": one.id,
        "inventory_policy": "deny",
        "position": 1,
        "price": one.price,
        "product_id": one.product,
        "sku": one.sku,
        "taxable": True,
        "title": "Default Title",
        "updated_at": at,
        "option1": "Default Title",
        "option2": None,
        "option3": None,
        "image_id": None,
        "inventory_item_id": one.item,
        "inventory_quantity": sum(one.levels.values()),
        "inventory_management": "shopify",
        "old_inventory_quantity": sum(one.levels.values()),
    }
    return {
        "admin_graphql_api_id": f"gid://shopify/Product/{one.product}",
        "body_html": "<p>Chaud et <b>sec</b>.</p>",
        "created_at": "2026-01-02T18:45:06+01:00",
        "handle": one.sku.lower(),
        "id": one.product,
        "product_type": "Vêtements",
        "published_at": "2026-01-02T18:45:00+01:00",
        "template_suffix": None,
        "title": f"Article {one.sku}",
        "updated_at": at,
        "vendor": "Pluvier",
        "status": one.status.lower(),
        "published_scope": "web",
        "tags": "laine",
        "variants": [variant],
        "options": [{"id": 1, "product_id": one.product, "name": "Title", "position": 1}],
        "images": [{"id": 850703190, "position": 1, "src": "https://cdn.shopify.com/a.jpg"}],
        "image": None,
        "variant_gids": [
            {"admin_graphql_api_id": f"gid://shopify/ProductVariant/{one.id}", "updated_at": at}
        ],
    }
