"""A WooCommerce shop as its REST API (`wc/v3`) and its webhooks speak: pages with totals, prices of
variations apart, deletes that say only a number, deliveries of one second under one name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from server.connectors.shops.woocommerce import signature
from server.connectors.vendor import basic
from tests.server.connectors.peers import Peer, Reply, peer
from tests.server.connectors.shops.contract import GOODS, Ability, Call, Fault, SetUp
from tests.server.connectors.shops.serving import broken

KEY, KEY_SECRET = "ck_0123456789", "cs_0123456789"
CALLS = "the webhooks’ own secret"
MADE = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
API = "/wp-json/wc/v3"
MAX_PER_PAGE = 10
"""The shop gives no more at once than this, so that few goods make many pages."""

Item = dict[str, Any]


def euros(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def gmt(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


@dataclass
class WooShop:
    """The shop. `at` is its clock; `between` is called before each page of products is given."""

    items: dict[int, Item] = field(default_factory=dict)
    variations: dict[int, list[Item]] = field(default_factory=dict)
    at: datetime = MADE
    fault: Fault = ""
    currency: str = "EUR"
    taxed: bool = True
    version: float = 9.0
    between: Callable[[int], None] = lambda _page: None
    per_page: int = MAX_PER_PAGE
    peer: Peer | None = None
    _open: ExitStack = field(default_factory=ExitStack)

    able = Ability(calls=True, stock=True, tokens=True)

    def start(self) -> None:
        for sku, minor in GOODS.items():
            self.add(sku, minor)
        self.at += timedelta(hours=1)
        self.peer = self._open.enter_context(peer(self.says))

    def stop(self) -> None:
        self._open.close()

    def set_up(self) -> SetUp:
        assert self.peer is not None
        config = {"shop": "pluvier", "url": self.peer.url, "stock_store": "lille"}
        secrets = {"key": KEY, "key_secret": KEY_SECRET, "calls": CALLS}
        return SetUp("woocommerce", config, secrets)

    def paths(self) -> list[str]:
        """What it was asked for."""
        return self.peer.paths() if self.peer is not None else []

    def opening(self, at: datetime) -> list[Call]:
        return []

    # What people do in the shop.

    def add(self, sku: str, minor: int, **more: Any) -> Item:
        number = max(self.items, default=7) + 3
        self.items[number] = {**self._product(number, sku, minor), **more}
        return self.items[number]

    def add_family(self, name: str, prices: dict[str, int]) -> Item:
        """A product sold in variations, one to each SKU."""
        parent = self.add("", 0, name=name, type="variable", price="", regular_price="")
        unsaid = ("type", "name", "images", "brands", "categories", "variations", "parent_id")
        made: list[Item] = []
        for size, (sku, minor) in enumerate(prices.items()):
            one = self._product(parent["id"] * 1_000 + size, sku, minor)
            made.append({name: value for name, value in one.items() if name not in unsaid})
            made[-1]["image"] = None
            made[-1]["attributes"] = [{"id": 1, "name": "Taille", "option": f"T{size}"}]
        self.variations[parent["id"]] = made
        parent["variations"] = [one["id"] for one in made]
        return parent

    def _product(self, number: int, sku: str, minor: int) -> Item:
        return {
            "id": number,
            "name": f"{sku} &amp; Co",
            "type": "simple",
            "status": "publish",
            "permalink": f"https://shop.example/produit/{sku.lower()}/",
            "date_created_gmt": gmt(self.at),
            "date_modified_gmt": gmt(self.at),
            "description": "<p>Long</p>",
            "short_description": f"<p>Bien <b>{sku}</b>.</p>",
            "sku": sku,
            "price": euros(minor),
            "regular_price": euros(minor),
            "sale_price": "",
            "date_on_sale_from_gmt": None,
            "date_on_sale_to_gmt": None,
            "on_sale": False,
            "tax_status": "taxable",
            "tax_class": "",
            "manage_stock": False,
            "stock_quantity": None,
            "stock_status": "instock",
            "backorders": "no",
            "parent_id": 0,
            "images": [{"id": 7, "src": f"https://shop.example/{sku}.jpg"}],
            "brands": [{"id": 3, "name": "Pluvier"}],
            "categories": [{"id": 9, "name": "Pluie"}],
            "attributes": [],
            "variations": [],
        }

    def by_sku(self, sku: str) -> Item:
        return next(item for item in self.items.values() if item["sku"] == sku)

    def change(self, which: str, at: datetime, **fields: Any) -> list[Call]:
        item = self.by_sku(which)
        item |= fields
        return self.touch(item, at)

    def touch(self, item: Item, at: datetime, topic: str = "product.updated") -> list[Call]:
        self.at = at
        item["date_modified_gmt"] = gmt(at)
        return [self.call(topic, item)]

    def price(self, sku: str, minor: int, at: datetime) -> list[Call]:
        none = {"sale_price": "", "date_on_sale_from_gmt": None, "date_on_sale_to_gmt": None}
        return self.change(sku, at, price=euros(minor), regular_price=euros(minor), **none)

    def sale(
        self, sku: str, minor: int, begin: datetime, end: datetime, at: datetime
    ) -> list[Call]:
        runs = begin <= at < end
        return self.change(
            sku,
            at,
            sale_price=euros(minor),
            price=euros(minor) if runs else self.by_sku(sku)["regular_price"],
            date_on_sale_from_gmt=gmt(begin),
            date_on_sale_to_gmt=gmt(datetime.fromtimestamp(end.timestamp() - 1, UTC)),
        )

    def blank(self, sku: str, at: datetime) -> list[Call]:
        return self.change(sku, at, price="", regular_price="")

    def delete(self, sku: str, at: datetime) -> list[Call]:
        self.at = at
        number = self.by_sku(sku)["id"]
        del self.items[number]
        return [self.call("product.deleted", {"id": number})]

    def stock(self, sku: str, store: str, pieces: int, at: datetime) -> list[Call]:
        assert store == "lille"
        status = "instock" if pieces else "outofstock"
        return self.change(sku, at, manage_stock=True, stock_quantity=pieces, stock_status=status)

    def break_with(self, fault: Fault) -> None:
        self.fault = fault

    def call(self, topic: str, item: Item, secret: str = CALLS) -> Call:
        """A delivery. Its name is made of the webhook and the second, as WooCommerce does."""
        assert self.peer is not None
        body = json.dumps(item).encode()
        name = hashlib.md5(f"{topic}{gmt(self.at)}".encode()).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{self.peer.url}/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Signature": signature(secret, body),
            "X-WC-Webhook-Delivery-ID": name,
        }
        return Call(headers, body)

    # What it answers.

    def says(self, path: str, headers: dict[str, str]) -> Reply:
        if wrong := broken(self.fault):
            return wrong
        given = headers.get("authorization")
        if self.fault == "401" or given != basic(KEY, KEY_SECRET)["Authorization"]:
            return Reply(401, json.dumps({"code": "woocommerce_rest_cannot_view"}).encode())
        reply = self._answer(path)
        if self.fault == "truncated":
            reply.body = reply.body[: len(reply.body) // 2]
        return reply

    def _answer(self, path: str) -> Reply:
        parts = urlsplit(path)
        query = {name: found[0] for name, found in parse_qs(parts.query).items()}
        match parts.path.removeprefix(API).strip("/").split("/"):
            case ["settings", "general", "woocommerce_currency"]:
                return self._json({"id": "woocommerce_currency", "value": self.currency})
            case ["settings", "tax", "woocommerce_prices_include_tax"]:
                return self._json({"value": "yes" if self.taxed else "no"})
            case ["products"]:
                if "include" not in query and query.get("_fields") != "id":
                    self.between(int(query.get("page", 1)))
                return self._page(self._products(query), query)
            case ["variations"] if self.version >= 10.3:
                every = [
                    {**one, "parent_id": parent}
                    for parent, some in self.variations.items()
                    for one in some
                ]
                return self._page(every, query)
            case ["products", number, "variations"] if int(number) in self.items:
                return self._page(self.variations.get(int(number), []), query)
        return Reply(404, b'{"code": "rest_no_route"}')

    def _products(self, query: dict[str, str]) -> list[Item]:
        status, after = query.get("status", "any"), query.get("modified_after", "")
        include = {int(one) for one in query.get("include", "").split(",") if one}
        return [
            item
            for _number, item in sorted(self.items.items())
            if (status == "any" or item["status"] == status)
            and (not after or item["date_modified_gmt"] > after)
            and (not include or item["id"] in include)
        ]

    def _page(self, items: list[Item], query: dict[str, str]) -> Reply:
        many = min(int(query.get("per_page", 10)), self.per_page)
        page, fields = int(query.get("page", 1)), query.get("_fields", "").split(",")
        shown = [
            {name: value for name, value in item.items() if fields == [""] or name in fields}
            for item in items[(page - 1) * many : page * many]
        ]
        totals = {"X-WP-Total": str(len(items)), "X-WP-TotalPages": str(-(-len(items) // many))}
        return self._json(shown, totals)

    def _json(self, value: object, headers: dict[str, str] | None = None) -> Reply:
        date = {"Date": format_datetime(self.at.astimezone(UTC), usegmt=True)}
        return Reply(body=json.dumps(value).encode(), headers={**date, **(headers or {})})
