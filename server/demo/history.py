"""Forty days of prices before the demo's first day, so that "was" prices can be lawful ones.

The rule they serve: a reduction is announced against the lowest price of the 30 days before it
began (directive 98/6/EC article 6a; CJEU C-330/23). Most goods have a quiet past; a few do not:

- Azimut was raised and then reduced: its lawful prior price lies under the struck list price.
- Noroît had an earlier, shorter sale inside the 30 days: that sale's price is the prior price.
- Calanque had a sale that ended before the 30 days: it does not count.
- Vigie is new: no history, so no "was" and no percentage.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from server.demo.catalogue import Product, day_start
from server.demo.goods import PRODUCTS

HISTORY_DAYS = 40


class PricePoint(NamedTuple):
    """From `from_utc` on, the SKU sold for `price_minor` cents; `sale` when that is a reduction."""

    sku: str
    from_utc: datetime
    price_minor: int
    sale: bool


_OWN_PAST: dict[str, tuple[tuple[int, int, bool], ...]] = {
    "PLV-AZIMUT": ((-HISTORY_DAYS, 3490, False), (-11, 4490, False)),
    "PLV-NOROIT": ((-HISTORY_DAYS, 3490, False), (-28, 2790, True), (-24, 3490, False)),
    "PLV-CALANQUE": (
        (-HISTORY_DAYS, 3790, True), (-39, 4490, False),
    ),
    "PLV-RADE": ((-HISTORY_DAYS, 62900, False), (-20, 64900, False)),
}  # fmt: skip
"""Past that is not simply the list price: (day, price in cents, reduced), oldest first."""


def price_history(first_day: date) -> list[PricePoint]:
    """Every price change of the 40 days before `first_day`, oldest first per SKU.

    A sale that began before the first day is the last point of its SKU, and still runs.
    """
    return [point for product in PRODUCTS for point in _past_of(product, first_day)]


def _past_of(product: Product, first_day: date) -> list[PricePoint]:
    if product.is_new:
        return []
    days = list(_OWN_PAST.get(product.sku, ((-HISTORY_DAYS, product.price_minor, False),)))
    if product.sale and product.sale.first_day < 0:
        days.append((product.sale.first_day, product.sale.price_minor, True))
    return [
        PricePoint(product.sku, day_start(first_day, day), price, sale) for day, price, sale in days
    ]
