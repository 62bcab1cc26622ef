"""A shop whose product pages carry schema.org JSON-LD, named by its sitemap."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, abort
from flask.typing import ResponseReturnValue

from tests.server.connectors.shops.contract import GOODS, Ability, Call, SetUp
from tests.server.connectors.shops.serving import Served

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


@dataclass
class Offer:
    """What a page says: the price now, and the struck one beside it."""

    price: str
    struck: str = ""


class PagesShop(Served):
    """The stand-in."""

    able = Ability(dated_sale=False)

    def __init__(self) -> None:
        super().__init__()
        self.offers = {sku: Offer(euros(minor)) for sku, minor in GOODS.items()}
        self.app.get("/robots.txt")(lambda: Response("User-agent: *\nAllow: /\n", 200))
        self.app.get("/sitemap.xml")(self._sitemap)
        self.app.get("/products/<sku>")(self._page)

    def _sitemap(self) -> ResponseReturnValue:
        pages = "".join(f"<url><loc>{self.url}/products/{sku}</loc></url>" for sku in self.offers)
        return Response(f'<urlset xmlns="{SITEMAP}">{pages}</urlset>', content_type="text/xml")

    def _page(self, sku: str) -> ResponseReturnValue:
        if sku not in self.offers:
            abort(404)
        said = json.dumps(product(sku, self.offers[sku]))
        script = f'<script type="application/ld+json">{said}</script>'
        return f"<!doctype html><html><head><title>{sku}</title>{script}</head><body></body></html>"

    def set_up(self) -> SetUp:
        config = {"shop": "pluvier", "sitemap": f"{self.url}/sitemap.xml", "delay_ms": 100}
        return SetUp("jsonld", config)

    def opening(self, at: datetime) -> list[Call]:
        return []

    def price(self, sku: str, minor: int, at: datetime) -> list[Call]:
        self.offers[sku] = Offer(euros(minor))
        return []

    def sale(
        self, sku: str, minor: int, begin: datetime, end: datetime, at: datetime
    ) -> list[Call]:
        self.offers[sku] = Offer(euros(minor), self.offers[sku].price)
        return []

    def blank(self, sku: str, at: datetime) -> list[Call]:
        self.offers[sku] = Offer("")
        return []

    def delete(self, sku: str, at: datetime) -> list[Call]:
        del self.offers[sku]
        return []

    def stock(self, sku: str, store: str, pieces: int, at: datetime) -> list[Call]:
        raise NotImplementedError("Product pages say nothing about stores.")


def product(sku: str, offer: Offer) -> dict[str, Any]:
    """A page's JSON-LD."""
    said: dict[str, Any] = {
        "@type": "Offer",
        "price": offer.price,
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
    }
    if offer.struck:
        said["priceSpecification"] = {
            "@type": "UnitPriceSpecification",
            "priceType": "https://schema.org/StrikethroughPrice",
            "price": offer.struck,
            "priceCurrency": "EUR",
        }
    name = f"Article {sku}"
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "sku": sku,
        "name": name,
        "offers": said,
    }


def euros(minor: int) -> str:
    return f"{minor / 100:.2f}"
