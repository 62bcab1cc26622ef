"""A shop that exports a Merchant Center feed (RSS 2.0), whole, with its dated sales."""

from __future__ import annotations

from datetime import datetime
from xml.sax.saxutils import escape

from flask import Response
from flask.typing import ResponseReturnValue

from tests.server.connectors.shops.contract import GOODS, Ability, Call, SetUp
from tests.server.connectors.shops.serving import Served

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Pluvier</title>'
)


class MerchantShop(Served):
    """The stand-in."""

    able = Ability()

    def __init__(self) -> None:
        super().__init__()
        self.goods = {sku: {"price": euros(minor)} for sku, minor in GOODS.items()}
        self.app.get("/feed.xml")(self._feed)

    def _feed(self) -> ResponseReturnValue:
        items = "".join(item(sku, said) for sku, said in self.goods.items())
        return Response(f"{HEAD}{items}</channel></rss>", content_type="application/xml")

    def set_up(self) -> SetUp:
        return SetUp("merchant", {"shop": "pluvier", "url": f"{self.url}/feed.xml"})

    def opening(self, at: datetime) -> list[Call]:
        return []

    def price(self, sku: str, minor: int, at: datetime) -> list[Call]:
        self.goods[sku] = {"price": euros(minor)}
        return []

    def sale(
        self, sku: str, minor: int, begin: datetime, end: datetime, at: datetime
    ) -> list[Call]:
        self.goods[sku] |= {
            "sale_price": euros(minor),
            "sale_price_effective_date": f"{begin.isoformat()}/{end.isoformat()}",
        }
        return []

    def blank(self, sku: str, at: datetime) -> list[Call]:
        self.goods[sku] = {"price": "0.00 EUR"}
        return []

    def delete(self, sku: str, at: datetime) -> list[Call]:
        del self.goods[sku]
        return []

    def stock(self, sku: str, store: str, pieces: int, at: datetime) -> list[Call]:
        raise NotImplementedError("A product feed says nothing about stores.")


def euros(minor: int) -> str:
    return f"{minor / 100:.2f} EUR"


def item(sku: str, said: dict[str, str]) -> str:
    """One item of the feed."""
    fields = {"id": sku, "availability": "in_stock", **said}
    parts = "".join(f"<g:{name}>{escape(text)}</g:{name}>" for name, text in fields.items())
    return f"<item><title>Article {sku}</title>{parts}</item>"
