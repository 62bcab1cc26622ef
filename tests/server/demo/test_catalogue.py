"""The demo chain is whole: stores, goods, pictures, and a past that makes "was" prices lawful."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from defusedxml import ElementTree

from server.demo.catalogue import (
    GOODS_ART,
    STORE_CODES,
    STORES,
    Product,
    day_start,
    first_day_of,
    sale_window,
)
from server.demo.goods import BY_SKU, BY_SLUG, PRODUCTS
from server.demo.history import HISTORY_DAYS, price_history

FIRST_DAY = date(2026, 10, 15)
LOOK_BACK = timedelta(days=30)


def lowest_before(sku: str, began: datetime) -> int | None:
    """The rule, worked out here on its own: lowest price in force in the 30 days before `began`."""
    points = [p for p in price_history(FIRST_DAY) if p.sku == sku and p.from_utc < began]
    ends = [*(p.from_utc for p in points[1:]), began]
    opened = began - LOOK_BACK
    in_force = [p.price_minor for p, end in zip(points, ends, strict=False) if end > opened]
    return min(in_force) if in_force else None


def test_there_are_four_stores_in_two_time_zones_and_two_of_them_four_km_apart() -> None:
    assert len(STORES) == 4
    assert {store.tz for store in STORES} == {"Europe/Paris", "America/Martinique"}
    assert all(ZoneInfo(store.tz) for store in STORES)
    _, port, prado, _ = STORES
    north = (port.latitude - prado.latitude) * 111.2
    east = (port.longitude - prado.longitude) * 111.2 * math.cos(math.radians(43.28))
    assert round(math.hypot(north, east)) == 4


def test_there_are_25_products_each_with_both_languages_and_stock_in_every_store() -> None:
    assert len(PRODUCTS) == len(BY_SKU) == len(BY_SLUG) == 25
    for product in PRODUCTS:
        assert tuple(code for code, _ in product.stock) == STORE_CODES
        assert all((product.title.fr, product.title.en, product.lead.fr, product.lead.en))
        assert len(product.name) <= 12
        if product.sale:
            assert product.sale.price_minor < product.price_minor


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.slug)
def test_every_picture_is_a_trimmed_vector_that_needs_nothing_else(product: Product) -> None:
    name = product.picture
    text = (GOODS_ART / name).read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert 0 < width <= 32
    assert 0 < height <= 32
    assert not re.search(r'(?:href="(?!#)|url\((?!#)|<script|<foreignObject|<image)', text)
    known = set(re.findall(r'\sid="([^"]+)"', text))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= known
    assert all(one.startswith(name.removesuffix(".svg")) for one in known)


def test_the_history_has_forty_days_and_ends_yesterday() -> None:
    points = price_history(FIRST_DAY)
    today = day_start(FIRST_DAY, 0)
    assert all(point.from_utc < today for point in points)
    starts = {
        sku: min(p.from_utc for p in points if p.sku == sku) for sku in {p.sku for p in points}
    }
    assert set(starts.values()) == {day_start(FIRST_DAY, -HISTORY_DAYS)}
    assert len(starts) == 24


def test_the_history_of_a_sku_ends_with_what_the_shop_asks_on_the_first_day() -> None:
    last = {point.sku: point for point in price_history(FIRST_DAY)}
    for product in PRODUCTS:
        if product.is_new:
            assert product.sku not in last
            continue
        running = product.sale is not None and product.sale.first_day < 0
        asked = product.sale.price_minor if running and product.sale else product.price_minor
        assert (last[product.sku].price_minor, last[product.sku].sale) == (asked, running)


@pytest.mark.parametrize(
    ("sku", "prior"),
    [
        ("PLV-ESTRAN-28", 11990),
        ("PLV-AZIMUT", 3490),  # raised to 44.90 and then reduced: the struck price is no reference
        ("PLV-NOROIT", 2790),  # an earlier sale lies inside the 30 days
        ("PLV-CALANQUE", 4490),  # the earlier sale ended just before them
        ("PLV-VIGIE", None),  # never sold before: no reference at all
    ],
)
def test_the_lawful_prior_price_is_the_lowest_of_the_30_days_before(
    sku: str, prior: int | None
) -> None:
    sale = BY_SKU[sku].sale
    assert sale is not None
    assert lowest_before(sku, sale_window(sale, FIRST_DAY)[0]) == prior


def test_a_sale_ends_at_the_head_offices_midnight_also_over_the_autumn_clock_change() -> None:
    sale = BY_SKU["PLV-ESCALE"].sale
    assert sale is not None
    begins, ends = sale_window(sale, FIRST_DAY)
    assert begins == datetime(2026, 10, 16, 22, tzinfo=UTC)
    assert ends == datetime(2026, 10, 27, 23, tzinfo=UTC)


def test_the_first_day_is_the_head_offices_day() -> None:
    assert first_day_of(datetime(2026, 10, 14, 22, 30, tzinfo=UTC)) == date(2026, 10, 15)
