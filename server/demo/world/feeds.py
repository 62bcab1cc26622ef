"""The shop's feeds as Google Merchant Center defines them: products and local inventory, RSS 2.0.

Attributes: https://support.google.com/merchants/answer/7052112 (products) and
https://support.google.com/merchants/answer/14819809 (local inventory).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.etree import ElementTree as ET

from server.demo.catalogue import (
    CHAIN_NAME,
    CURRENCY,
    HEAD_OFFICE_TZ,
    SLOGAN_EN,
    SLOGAN_FR,
    STORE_CODES,
)
from server.demo.goods import BY_SKU
from server.demo.world.stall import Article, Reduction, money

G = "http://base.google.com/ns/1.0"
ET.register_namespace("g", G)


def product_feed(articles: Iterable[Article], base: str, lang: str, now: datetime) -> bytes:
    """The product feed with links below the shop's address `base`, in `fr` or `en`."""
    slogan = SLOGAN_EN if lang == "en" else SLOGAN_FR
    rss, channel = _channel(base, slogan)
    for article in articles:
        product = BY_SKU[article.sku]
        entry = ET.SubElement(channel, "item")
        _put(entry, "id", article.sku)
        _put(entry, "title", product.name)
        _put(entry, "short_title", product.title.in_(lang))
        _put(entry, "description", product.lead.in_(lang))
        _put(entry, "link", f"{base}/p/{product.slug}?lang={lang}")
        _put(entry, "image_link", f"{base}/pictures/{product.picture}")
        _put(entry, "availability", _availability(article.available))
        _put(entry, "price", f"{money(article.price_minor)} {CURRENCY}")
        _put_sale(entry, article.reduction_at(now))
        if product.measure:
            _put(entry, "unit_pricing_measure", product.measure)
        _put(entry, "brand", CHAIN_NAME)
        _put(entry, "mpn", article.sku)
        _put(entry, "identifier_exists", "no")
        _put(entry, "condition", "new")
        _put(entry, "product_type", product.category.in_(lang))
    return _bytes(rss)


def local_feed(articles: Iterable[Article], base: str) -> bytes:
    """The local inventory feed: one item for each article in each store."""
    rss, channel = _channel(base, "Stock")
    for article in articles:
        for store in STORE_CODES:
            quantity = article.stock.get(store, 0)
            entry = ET.SubElement(channel, "item")
            _put(entry, "store_code", store)
            _put(entry, "id", article.sku)
            _put(entry, "quantity", str(quantity))
            _put(entry, "availability", _availability(quantity > 0))
    return _bytes(rss)


def _channel(base: str, description: str) -> tuple[ET.Element, ET.Element]:
    rss = ET.Element("rss", {"version": "2.0"})
    channel = ET.SubElement(rss, "channel")
    ET.SubElement(channel, "title").text = CHAIN_NAME
    ET.SubElement(channel, "link").text = base
    ET.SubElement(channel, "description").text = description
    return rss, channel


def _put(entry: ET.Element, name: str, text: str) -> None:
    ET.SubElement(entry, f"{{{G}}}{name}").text = text


def _put_sale(entry: ET.Element, sale: Reduction | None) -> None:
    """The sale price, and its dates when both are known: Merchant Center takes only pairs."""
    if sale is None:
        return
    _put(entry, "sale_price", f"{money(sale.price_minor)} {CURRENCY}")
    if sale.begins and sale.ends:
        dates = f"{_feed_instant(sale.begins)}/{_feed_instant(sale.ends)}"
        _put(entry, "sale_price_effective_date", dates)


def _feed_instant(instant: datetime) -> str:
    return instant.astimezone(HEAD_OFFICE_TZ).strftime("%Y-%m-%dT%H:%M:%S%z")


def _availability(available: bool) -> str:
    return "in_stock" if available else "out_of_stock"


def _bytes(rss: ET.Element) -> bytes:
    ET.indent(rss, space=" ")
    feed: bytes = ET.tostring(rss, encoding="utf-8", xml_declaration=True)
    return feed
