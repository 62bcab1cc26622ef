"""Reads what a PrestaShop asks for a product: its own sums with tax, and its specific prices with
their periods.

The shop works out what it asks now and what it would without a reduction; specific prices only say
since when and until when. One that is yet to begin is worked out here as the shop will do it
(classes/Product.php, `priceCalculation`), and not announced where that is not sure to the cent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.numbers import get_currency_precision

from server.connectors.shops.values import MAX_PRICE_MINOR, Unreadable

LIST, NOW, GROSS, NET = "enseigne_list", "enseigne_now", "enseigne_gross", "enseigne_net"
"""What the shop is to work out, each asked for by a name: with tax to the cent without and with
reductions; to six decimals without reductions, with tax and without.
"""
FINE = 6
"""Decimals that PrestaShop keeps of a price."""
NEVER = "0000-00-00 00:00:00"
MINUTE_MS = 60_000
NEAR_MS = 120_000
"""The shop's clock and ours may differ by this."""
SURE = Decimal("0.01")
"""Of a cent: nearer to a half than this, and nobody can tell how the shop will round."""
RATE_STEP, RATE_NEAR = Decimal("0.001"), Decimal("0.00002")
"""Tax rates are whole tenths of a percent; what rounding leaves of them may be off by so much."""
MIN_NET = Decimal("0.05")
"""Of a smaller price no rate can be told."""
RATIO_NEAR = Decimal("0.002")
"""By how much the ratio of two rounded prices may miss the contents."""
SMALLER = {"kg": "g", "l": "ml", "litre": "ml", "liter": "ml"}
_UNIT = re.compile(r"(?:/|par |per |le |au )? ?([^\W\d_]{1,12}[23²³]?)")
_AMOUNT = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,12})?")

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Market:
    """Whom prices are for: the shop, its currency with what it is worth (in the one that all prices
    are kept in), the group that visitors belong to; and the shop's time zone.
    """

    shop: str
    currency: str
    currency_id: str
    worth: str
    group: str
    zone: tzinfo

    @property
    def sole(self) -> bool:
        """Whether prices are kept in this currency, so that none is converted."""
        return self.worth.rstrip("0").rstrip(".") == "1"


@dataclass(frozen=True, slots=True)
class Special:
    """A specific price: since and until when (unix ms) what is taken off what."""

    product: str
    combination: str
    since: int
    until: int | None
    base: Decimal | None
    reduction: Decimal
    percentage: bool
    taxed: bool
    rank: tuple[Any, ...]

    def may_run(self, at_ms: int) -> bool:
        """Whether it is in force, by a clock that may differ a little from ours."""
        over = self.until is not None and self.until <= at_ms - NEAR_MS
        return self.since <= at_ms + NEAR_MS and not over

    def concerns(self, product: str, combination: str) -> bool:
        """Whether it is about this product, or all."""
        return self.product in ("0", product) and self.combination in ("0", combination)


@dataclass(frozen=True, slots=True)
class Priced:
    """What the shop asks, in minor units, and the tax rate in it (in hundredths of a percent)."""

    price: int
    sale: int | None = None
    since: int | None = None
    until: int | None = None
    tax_permyriad: int | None = None


def text(item: Item, name: str) -> str:
    """A value as text: PrestaShop writes numbers as text or not, from one version to the next."""
    value = item.get(name)
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value).strip() if isinstance(value, str | int | Decimal) else ""


def special(row: Item, market: Market) -> Special | None:
    """A specific price where everyone in the shop has it for one piece; None where it is somebody's
    (a customer's, a cart's, another group's, another shop's), a country's, or of several pieces.
    Raises Unreadable (`special`).
    """
    own = (
        ("id_shop", market.shop),
        ("id_currency", market.currency_id),
        ("id_country", "0"),
        ("id_group", market.group),
    )
    if any(text(row, name) not in ("", "0", value) for name, value in own):
        return None
    if any(text(row, name) not in ("", "0") for name in ("id_customer", "id_cart")):
        return None
    pieces = text(row, "from_quantity")
    if pieces not in ("", "0", "1"):
        return None
    kind = text(row, "reduction_type")
    if kind not in ("amount", "percentage"):
        raise Unreadable("special")
    fixed, rule = text(row, "price"), text(row, "id_specific_price_rule")
    if rule and not (rule.isascii() and rule.isdecimal()):
        raise Unreadable("special")
    score = sum(
        points
        for name, value, points in (
            ("id_shop", market.shop, 16),
            ("id_currency", market.currency_id, 8),
            ("id_group", market.group, 2),
        )
        if text(row, name) == value
    )
    product, combination = text(row, "id_product") or "0", text(row, "id_product_attribute") or "0"
    begin, end = text(row, "from") or NEVER, text(row, "to") or NEVER
    return Special(
        product,
        combination,
        _begins(begin, market.zone),
        _ends(end, market.zone),
        None if not fixed or fixed.startswith("-") else _decimal(row, "price"),
        _decimal(row, "reduction"),
        kind == "percentage",
        text(row, "reduction_tax") != "0",
        # As the shop ranks them (PS_SPECIFIC_PRICE_PRIORITIES as installed); the highest wins.
        (combination != "0", pieces, -int(rule or 0), score, end),
    )


def instant(value: str, zone: tzinfo) -> int | None:
    """`2026-11-20 09:00:00` by the shop's clock as unix ms; None where it says nothing."""
    try:
        moment = datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _begins(value: str, zone: tzinfo) -> int:
    """The shop looks at whole minutes: a period begins with the first one that is not before it."""
    at = 0 if value == NEVER else instant(value, zone)
    if at is None:
        raise Unreadable("special")
    return -(-at // MINUTE_MS) * MINUTE_MS


def _ends(value: str, zone: tzinfo) -> int | None:
    """It lasts through the minute that it ends in."""
    if value == NEVER:
        return None
    at = instant(value, zone)
    if at is None:
        raise Unreadable("special")
    return at // MINUTE_MS * MINUTE_MS + MINUTE_MS


def priced(
    item: Item, parent: Item | None, specials: Sequence[Special], market: Market, at_ms: int
) -> Priced:
    """What the shop asks for a product, or a combination of `parent`, as it said at `at_ms`. Raises
    Unreadable (`price`, `list_unknown`).
    """
    sums = _Sums.read(item, parent, market)
    running = sorted((one for one in specials if one.may_run(at_ms)), key=_rank, reverse=True)
    listed, tax = sums.listed, sums.tax_permyriad
    if running and running[0].base is not None:
        catalogue = sums.catalogue()
        if catalogue is None:
            raise Unreadable("list_unknown")
        listed = max(catalogue, sums.now)
    if sums.now < listed:
        why = next((one for one in running if sums.explained_by(one)), None)
        if why is None:
            return Priced(listed, sums.now, tax_permyriad=tax)
        if why.until is not None and why.until <= at_ms:
            return Priced(listed, tax_permyriad=tax)
        return Priced(listed, sums.now, why.since or None, why.until, tax)
    without_effect = any(one.since <= at_ms - NEAR_MS for one in running)
    coming = (one for one in specials if one.since > at_ms - NEAR_MS)
    later = None if without_effect else min(coming, key=_begin, default=None)
    asked = sums.with_special(later) if later is not None else None
    if later is None or asked is None or not 0 < asked < listed:
        return Priced(listed, tax_permyriad=tax)
    return Priced(listed, asked, later.since, later.until, tax)


def _rank(one: Special) -> tuple[Any, ...]:
    return one.rank


def _begin(one: Special) -> int:
    return one.since


@dataclass(frozen=True, slots=True)
class _Sums:
    """What the shop worked out, in minor units, and what its sums are made of."""

    listed: int
    now: int
    gross: Decimal
    kept: Decimal
    impact: Decimal
    rate: Decimal | None
    plain: bool
    digits: int

    @classmethod
    def read(cls, item: Item, parent: Item | None, market: Market) -> _Sums:
        digits = get_currency_precision(market.currency)
        family = item if parent is None else parent
        gross, net = _decimal(item, GROSS), _decimal(item, NET)
        return cls(
            _whole(_decimal(item, LIST), digits),
            _whole(_decimal(item, NOW), digits),
            gross,
            _decimal(family, "price"),
            _decimal(item, "price") if parent is not None else Decimal(0),
            _rate(gross, net),
            market.sole and not _decimal(family, "ecotax") and not _decimal(item, "ecotax"),
            digits,
        )

    @property
    def tax_permyriad(self) -> int | None:
        return None if self.rate is None else int(self.rate * 10_000)

    def catalogue(self) -> int | None:
        """The price without any specific price, where a running one hides it."""
        if self.rate is None or not self.plain:
            return None
        return _sure((self.kept + self.impact) * (1 + self.rate), self.digits)

    def explained_by(self, one: Special) -> bool:
        """Whether what the shop asks now is its price under `one`, to what rounding leaves open."""
        asked = self.with_special(one)
        return asked is None or abs(asked - self.now) <= 1

    def with_special(self, one: Special) -> int | None:
        """What the shop will ask under a specific price; None where that is not sure."""
        base = self.gross
        needs_rate = one.base is not None or not (one.percentage or one.taxed)
        if needs_rate and (self.rate is None or not self.plain):
            return None
        factor = 1 + (self.rate or Decimal(0))
        if one.base is not None:
            impact = Decimal(0) if one.combination != "0" else self.impact
            base = (one.base + impact) * factor
        if one.percentage:
            return _sure(base * (1 - one.reduction), self.digits)
        if not self.plain and one.reduction:
            return None
        return _sure(base - one.reduction * (1 if one.taxed else factor), self.digits)


def measure(item: Item) -> str:
    """The contents of a product, such as `0.33 l`: how many of the shop's units (`unity`) one has.
    Empty where there is no unit price, or the ratio of two rounded prices says no plain number.
    """
    unit = _UNIT.fullmatch(text(item, "unity").lower())
    written = text(item, "unit_price_ratio")
    if unit is None or not _AMOUNT.fullmatch(written):
        return ""
    ratio = Decimal(written)
    number = ratio.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)
    if number <= 0 or abs(ratio - number) > ratio * RATIO_NEAR:
        return ""
    smaller = SMALLER.get(unit[1])
    # Three decimals may be read as thousands; of a smaller unit it is a whole number.
    if number > 1 and number != number.quantize(Decimal("0.01")) and smaller is not None:
        return f"{number * 1000:f} {smaller}".replace(".000", "")
    plain = f"{number:f}".rstrip("0").rstrip(".")
    return f"{plain} {unit[1]}"


def _rate(gross: Decimal, net: Decimal) -> Decimal | None:
    """The tax rate between two prices, where there is one that explains them."""
    if net < MIN_NET or gross < net:
        return None
    exact = gross / net - 1
    rate = (exact / RATE_STEP).quantize(Decimal(1), rounding=ROUND_HALF_UP) * RATE_STEP
    return rate if abs(exact - rate) <= RATE_NEAR else None


def _sure(amount: Decimal, digits: int) -> int | None:
    """Minor units, rounded as shops do; None where it lies between two."""
    scaled = amount.scaleb(digits)
    if abs(abs(scaled % 1) - Decimal("0.5")) < SURE:
        return None
    minor = int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return minor if 0 <= minor <= MAX_PRICE_MINOR else None


def _whole(amount: Decimal, digits: int) -> int:
    """Minor units of what the shop rounded. Raises Unreadable (`price`)."""
    scaled = amount.scaleb(digits)
    if scaled != int(scaled) or not 0 <= scaled <= MAX_PRICE_MINOR:
        raise Unreadable("price")
    return int(scaled)


def _decimal(item: Item, name: str) -> Decimal:
    """An amount; nothing is zero where the shop leaves it out. Raises Unreadable (`price`)."""
    written = text(item, name)
    if not written and name not in (LIST, NOW, GROSS, NET):
        return Decimal(0)
    if not _AMOUNT.fullmatch(written):
        raise Unreadable("price")
    return Decimal(written)
