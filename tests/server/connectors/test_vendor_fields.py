"""Whatever a shop system writes into its fields: a price to the cent, none, or a reason; never an
error, and never a price that is not written there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from server.connectors.shops import prestashop_prices as presta
from server.connectors.shops import woocommerce_product as woo
from server.connectors.shops.values import Unreadable
from tests.server.connectors.shops.prestashop import Presta
from tests.server.connectors.shops.woocommerce import WooShop
from tests.support.record import START_MS

TERMS = woo.Terms("EUR", "fr", True, {})
MARKET = presta.Market("1", "EUR", "1", "1.000000", "1", ZoneInfo("Europe/Paris"))
GOOD = WooShop(at=datetime.fromtimestamp(START_MS / 1000 - 1e6, UTC)).add("COAT", 14_900)
PRESTA = Presta()
COAT = PRESTA.add("COAT", 14_900)
SPECIAL = PRESTA.special("1", reduction="9.000000")

junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000),
    st.text(max_size=12),
    st.sampled_from(["149.00", "1e2", "٣", "0x10", "-0", "149,00", "2026-13-01T00:00:00", "\x00"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["id", "name", "src", "option"]), st.integers(), max_size=2),
)


def fields_of(item: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(sorted(item)), junk, max_size=4)


def amounts(item: dict[str, Any], *names: str) -> set[Decimal]:
    """All that is written as a price."""
    found = set()
    for name in names:
        try:
            found.add(Decimal(str(item.get(name))) * 100)
        except ArithmeticError:
            continue
    return found


@settings(max_examples=300, deadline=None)
@given(fields_of(GOOD))
def test_woocommerce(changed: dict[str, Any]) -> None:
    item = GOOD | changed
    if not woo.is_one(item):
        return
    try:
        report = woo.report(item, TERMS, START_MS)
    except Unreadable:
        return
    written = amounts(item, "regular_price", "sale_price", "price")
    for price in (report.price, report.sale_price):
        assert price is None or price in written
    woo.pieces(item, "COAT", "lille")
    assert isinstance(report.names, dict)


@settings(max_examples=300, deadline=None)
@given(fields_of(COAT), fields_of(SPECIAL), junk)
def test_prestashop(changed: dict[str, Any], special: dict[str, Any], asked: object) -> None:
    item = COAT | changed
    item |= dict.fromkeys((presta.LIST, presta.GROSS), "149.000000")
    item |= {presta.NET: "124.166667", presta.NOW: asked}
    try:
        found = presta.special(SPECIAL | special, MARKET)
        said = presta.priced(item, None, [found] if found else [], MARKET, START_MS)
    except Unreadable:
        return
    assert Decimal(said.price) in {Decimal(14_900), *amounts(item, presta.NOW)} or found
    assert said.sale is None or 0 <= said.sale < said.price
