"""A shop of one's own making: it signs a call for each change, and serves a sign of life."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any

from flask.typing import ResponseReturnValue

from tests.server.connectors.shops.contract import GOODS, Ability, Call, SetUp
from tests.server.connectors.shops.serving import Served, dumped

SECRET = "the secret that we agreed upon"


class OwnShop(Served):
    """The stand-in."""

    able = Ability(read=False, calls=True, stock=True)

    def __init__(self) -> None:
        super().__init__()
        self.versions = 0
        self.app.get("/alive")(self._alive)

    def _alive(self) -> ResponseReturnValue:
        return {"status": "open"}

    def set_up(self) -> SetUp:
        config = {
            "shop": "pluvier",
            "stores": {"0041": "lille"},
            "heartbeat_url": f"{self.url}/alive",
            "heartbeat_text": '"open"',
        }
        return SetUp("webhook", config, {"secret": SECRET})

    def opening(self, at: datetime) -> list[Call]:
        items = [self._item(sku, minor, name=f"Article {sku}") for sku, minor in GOODS.items()]
        return [self.call("product.updated", items, at)]

    def price(self, sku: str, minor: int, at: datetime) -> list[Call]:
        return [self.call("product.updated", [self._item(sku, minor)], at)]

    def sale(
        self, sku: str, minor: int, begin: datetime, end: datetime, at: datetime
    ) -> list[Call]:
        sale = {
            "sale_price": f"{minor / 100:.2f}",
            "sale_from": begin.isoformat(),
            "sale_until": end.isoformat(),
        }
        item = self._item(sku, GOODS[sku], **sale)
        return [self.call("product.updated", [item], at)]

    def blank(self, sku: str, at: datetime) -> list[Call]:
        return [self.call("product.updated", [self._item(sku, 0)], at)]

    def delete(self, sku: str, at: datetime) -> list[Call]:
        self.versions += 1
        return [self.call("product.deleted", [{"sku": sku, "version": self.versions}], at)]

    def stock(self, sku: str, store: str, pieces: int, at: datetime) -> list[Call]:
        self.versions += 1
        store = {"lille": "0041"}.get(store, store)
        item = {"sku": sku, "store": store, "quantity": pieces, "version": self.versions}
        return [self.call("inventory.updated", [item], at)]

    def _item(self, sku: str, minor: int, **more: Any) -> dict[str, Any]:
        self.versions += 1
        price = f"{minor / 100:.2f}"
        return {"sku": sku, "price": price, "currency": "EUR", "version": self.versions, **more}

    def call(self, event: str, items: list[dict[str, Any]], at: datetime) -> Call:
        """A call as it goes over the wire."""
        body = dumped({"shop": "pluvier", "event": event, "items": items})
        timestamp = str(int(at.timestamp()))
        signed = hmac.new(SECRET.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
        headers = {
            "Content-Type": "application/json",
            "X-Enseigne-Timestamp": timestamp,
            "X-Enseigne-Signature": f"sha256={signed.hexdigest()}",
            "X-Enseigne-Delivery": secrets.token_hex(8),
        }
        return Call(headers, body)
