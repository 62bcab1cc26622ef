"""A PrestaShop as its webservice speaks: rows by number and page, sums worked out on request,
numbers as text, `[]` where there is nothing; dates by the shop's own clock, in whole minutes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from server.connectors.vendor import basic
from tests.server.connectors.peers import Peer, Reply, peer
from tests.server.connectors.shops.contract import GOODS, Ability, Call, Fault, SetUp
from tests.server.connectors.shops.serving import broken

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
ZONE = ZoneInfo("Europe/Paris")
MADE = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
NEVER = "0000-00-00 00:00:00"
RATE = Decimal("0.2")
SHOP, LILLE = "1", "2"
"""The shops of the multistore: the web shop, and the one of the store in Lille."""

Row = dict[str, Any]


def local(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def net_of(minor: int) -> str:
    """A price without tax to six decimals, as the back office keeps what is typed with tax."""
    return str((Decimal(minor) / 100 / (1 + RATE)).quantize(Decimal("0.000001")))


@dataclass
class Presta:
    """The shop. `at` is its clock; `between` is called before each answer with sums."""

    products: dict[str, Row] = field(default_factory=dict)
    combinations: dict[str, Row] = field(default_factory=dict)
    specials: dict[str, Row] = field(default_factory=dict)
    stocks: dict[str, Row] = field(default_factory=dict)
    options: dict[str, Row] = field(default_factory=dict)
    currencies: dict[str, Row] = field(default_factory=dict)
    own: dict[tuple[str, str], Row] = field(default_factory=dict)
    """What a shop of the multistore says otherwise of a product."""
    at: datetime = MADE
    fault: Fault = ""
    version: int = 8
    between: Callable[[], None] = lambda: None
    peer: Peer | None = None
    _open: ExitStack = field(default_factory=ExitStack)
    _last: int = 0

    able = Ability(stock=True, tokens=True)

    def start(self) -> None:
        self.currencies["1"] = {"id": 1, "iso_code": "EUR", "conversion_rate": "1.000000"}
        for sku, minor in GOODS.items():
            self.add(sku, minor)
        self.peer = self._open.enter_context(peer(self.says))

    def stop(self) -> None:
        self._open.close()

    def set_up(self) -> SetUp:
        assert self.peer is not None
        config = {"shop": "pluvier", "url": self.peer.url, "stores": {LILLE: "lille"}}
        return SetUp("prestashop", config, {"secret": KEY})

    def paths(self) -> list[str]:
        """What it was asked for."""
        return self.peer.paths() if self.peer is not None else []

    def opening(self, at: datetime) -> list[Call]:
        return []

    # What people do in the shop.

    def number(self) -> str:
        self._last += 1
        return str(self._last)

    def add(self, sku: str, minor: int, **more: Any) -> Row:
        made = self.number()
        self.products[made] = {
            "id": int(made),
            "reference": sku,
            "active": "1",
            "price": net_of(minor),
            "ecotax": "0.000000",
            "name": [{"id": "1", "value": f"Produit {sku}"}, {"id": "2", "value": f"Good {sku}"}],
            "description_short": [{"id": "1", "value": f"<p>Bien {sku}.</p>"}],
            "manufacturer_name": "Pluvier",
            "id_default_image": "123",
            "date_add": local(self.at),
            "date_upd": local(self.at),
            "show_price": "1",
            "unity": "",
            "unit_price_ratio": "0.000000",
            **more,
        }
        self.stock_row(made, "0", SHOP, 5)
        return self.products[made]

    def combine(self, product: Row, sku: str, impact: int, option: str) -> Row:
        """A combination: what it costs beside its product's price, without tax."""
        made, value = self.number(), self.number()
        self.options[value] = {"id": int(value), "name": [{"id": "1", "value": option}]}
        self.combinations[made] = {
            "id": int(made),
            "id_product": str(product["id"]),
            "reference": sku,
            "price": net_of(impact),
            "ecotax": "0.000000",
            "associations": {"product_option_values": [{"id": value}]},
        }
        self.stock_row(str(product["id"]), made, SHOP, 5)
        return self.combinations[made]

    def special(self, product: str, **more: Any) -> Row:
        made = self.number()
        self.specials[made] = {
            "id": int(made),
            "id_product": product,
            "id_product_attribute": "0",
            "id_shop": "0",
            "id_currency": "0",
            "id_country": "0",
            "id_group": "0",
            "id_customer": "0",
            "id_cart": "0",
            "id_specific_price_rule": "0",
            "price": "-1.000000",
            "from_quantity": "1",
            "reduction": "0.000000",
            "reduction_tax": "1",
            "reduction_type": "amount",
            "from": NEVER,
            "to": NEVER,
            **more,
        }
        return self.specials[made]

    def stock_row(self, product: str, combination: str, shop: str, pieces: int) -> Row:
        for row in self.stocks.values():
            if (row["id_product"], row["id_product_attribute"], row["id_shop"]) == (
                product,
                combination,
                shop,
            ):
                row["quantity"] = str(pieces)
                return row
        made = self.number()
        self.stocks[made] = {
            "id": int(made),
            "id_product": product,
            "id_product_attribute": combination,
            "id_shop": shop,
            "quantity": str(pieces),
            "out_of_stock": "2",
        }
        return self.stocks[made]

    def by_sku(self, sku: str) -> Row:
        return next(row for row in self.products.values() if row["reference"] == sku)

    def change(self, which: str, at: datetime, **fields: Any) -> list[Call]:
        self.at = at
        self.by_sku(which).update(fields, date_upd=local(at))
        return []

    def price(self, sku: str, minor: int, at: datetime) -> list[Call]:
        mine = str(self.by_sku(sku)["id"])
        self.specials = {n: r for n, r in self.specials.items() if r["id_product"] != mine}
        return self.change(sku, at, price=net_of(minor))

    def sale(
        self, sku: str, minor: int, begin: datetime, end: datetime, at: datetime
    ) -> list[Call]:
        self.at = at
        row = self.by_sku(sku)
        off = self.sum(row, None, reduced=False, taxed=True, decimals=2) - Decimal(minor) / 100
        dates = {"from": local(begin), "to": local(end)}
        self.special(str(row["id"]), reduction=str(off), **dates)
        return []  # a specific price is not a change of the product

    def blank(self, sku: str, at: datetime) -> list[Call]:
        return self.change(sku, at, price="0.000000")

    def delete(self, sku: str, at: datetime) -> list[Call]:
        self.at = at
        del self.products[str(self.by_sku(sku)["id"])]
        return []

    def stock(self, sku: str, store: str, pieces: int, at: datetime) -> list[Call]:
        assert store == "lille"
        self.at = at
        self.stock_row(str(self.by_sku(sku)["id"]), "0", LILLE, pieces)
        return []

    def break_with(self, fault: Fault) -> None:
        self.fault = fault

    # What it answers.

    def says(self, path: str, headers: dict[str, str]) -> Reply:
        if wrong := broken(self.fault):
            return wrong
        if self.fault == "401" or headers.get("authorization") != basic(KEY, "")["Authorization"]:
            errors = [{"code": 20, "message": "Authentification key is not active"}]
            return Reply(401, json.dumps({"errors": errors}).encode())
        said = self._answer(path)
        if said is None:
            return Reply(
                400, b'{"errors": [{"code": 35, "message": "Unable to display this field"}]}'
            )
        body = json.dumps(said).encode()
        return Reply(body=body[: len(body) // 2] if self.fault == "truncated" else body)

    def _answer(self, path: str) -> object:
        parts = urlsplit(path)
        query = dict(parse_qsl(parts.query))
        assert query["output_format"] == "JSON"
        resource = parts.path.removeprefix("/api/")
        tables: dict[str, dict[str, Row]] = {
            "products": self.products,
            "combinations": self.combinations,
            "specific_prices": self.specials,
            "stock_availables": self.stocks,
            "product_option_values": self.options,
            "currencies": self.currencies,
            "languages": {"1": {"id": 1, "iso_code": "fr"}, "2": {"id": 2, "iso_code": "en"}},
        }
        rows = [dict(row) for row in tables[resource].values()]
        if resource == "products":
            rows = [row | self.own.get((query["id_shop"], str(row["id"])), {}) for row in rows]
        for name, wanted in query.items():
            if found := re.fullmatch(r"filter\[(\w+)\]", name):
                among = wanted.strip("[]").split("|")
                rows = [row for row in rows if str(row[found[1]]) in among]
        if resource == "stock_availables":
            rows = [row for row in rows if row["id_shop"] in ("0", query["id_shop"])]
        rows.sort(key=lambda row: int(row["id"]))
        if "limit" in query:
            first, many = map(int, query["limit"].split(","))
            rows = rows[first : first + many]
        if self.version >= 9 and "unit_price_ratio" in query["display"]:
            return None
        display = re.sub(r"\[\w+\]", "", query["display"][1:-1]).split(",")
        if any(name.startswith("price[") for name in query):
            self.between()
            for row in rows:
                self._add_sums(resource, row, query)
        shown = [{name: row[name] for name in display if name in row} for row in rows]
        for row, full in zip(shown, rows, strict=True):
            if "product_option_values[" in query["display"]:
                row["associations"] = full["associations"]
        return {resource: shown} if shown else []

    def _add_sums(self, resource: str, row: Row, query: dict[str, str]) -> None:
        asked: dict[str, dict[str, str]] = {}
        for name, value in query.items():
            if found := re.fullmatch(r"price\[(\w+)\]\[(\w+)\]", name):
                asked.setdefault(found[1], {})[found[2]] = value
        parent, shop = None, query["id_shop"]
        if resource == "combinations":
            if row["id_product"] not in self.products:
                return
            parent = self.products[row["id_product"]] | self.own.get((shop, row["id_product"]), {})
        for name, how in asked.items():
            made = self.sum(
                row,
                parent,
                reduced=how["use_reduction"] == "1",
                taxed=how["use_tax"] == "1",
                decimals=int(how["decimals"]),
                group=how["group"],
                shop=shop,
            )
            row[name] = f"{made:.6f}"

    def sum(
        self,
        row: Row,
        parent: Row | None,
        *,
        reduced: bool,
        taxed: bool,
        decimals: int,
        group: str = "1",
        shop: str = SHOP,
    ) -> Decimal:
        """As classes/Product.php works it out: the highest special's price in the place of the
        product's, what the combination adds, tax, eco-tax, reduction; rounded at the end.
        """
        family = row if parent is None else parent
        part = "0" if parent is None else str(row["id"])
        one = self._in_force(str(family["id"]), part, group, shop)
        fixed = one is not None and Decimal(one["price"]) >= 0
        price = Decimal(one["price"]) if one is not None and fixed else Decimal(family["price"])
        if parent is not None and not (fixed and one and one["id_product_attribute"] != "0"):
            price += Decimal(row["price"])
        factor = 1 + RATE if taxed else Decimal(1)
        price = price * factor + Decimal(family["ecotax"]) * factor
        if reduced and one is not None:
            off = Decimal(one["reduction"])
            if one["reduction_type"] == "percentage":
                price -= price * off
            elif one["reduction_tax"] == "1":
                price -= off if taxed else off / (1 + RATE)
            else:
                price -= off * factor
        return max(price.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP), Decimal(0))

    def _in_force(self, product: str, combination: str, group: str, shop: str) -> Row | None:
        minute = local(self.at.replace(second=0, microsecond=0))
        found = [
            row
            for row in self.specials.values()
            if row["id_product"] in ("0", product)
            and row["id_product_attribute"] in ("0", combination)
            and row["id_shop"] in ("0", shop)
            and row["id_group"] in ("0", group)
            and row["id_customer"] == row["id_cart"] == "0"
            and int(row["from_quantity"]) <= 1
            and (row["from"] == NEVER or row["from"] <= minute)
            and (row["to"] == NEVER or minute <= row["to"])
        ]
        ranked = sorted(
            found,
            key=lambda r: (r["id_product_attribute"] != "0", -int(r["id_specific_price_rule"])),
        )
        return ranked[-1] if ranked else None
