"""The price of a kilogram, a litre, a metre: exactly, from what the shop says is in the pack.

Directive 98/6/EC: the unit price is the final price of one unit of quantity (2(b)) and stands
wherever the selling price does (3(1), 3(4)), of the price in force; it need not where both are the
same. Nothing is guessed: contents that can be read in two ways have no unit price.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, Literal, NamedTuple

from playlists.law.countries import CountryRules

NoUnit = Literal["", "no_measure", "unreadable", "other_unit", "same_as_price", "too_small"]

_UNITS: Final[Mapping[str, tuple[str, Fraction]]] = {
    "mg": ("mass", Fraction(1, 10**6)),
    "g": ("mass", Fraction(1, 1000)),
    "kg": ("mass", Fraction(1)),
    "ml": ("volume", Fraction(1, 1000)),
    "cl": ("volume", Fraction(1, 100)),
    "dl": ("volume", Fraction(1, 10)),
    "l": ("volume", Fraction(1)),
    "m³": ("volume", Fraction(1000)),
    "mm": ("length", Fraction(1, 1000)),
    "cm": ("length", Fraction(1, 100)),
    "m": ("length", Fraction(1)),
    "cm²": ("area", Fraction(1, 10**4)),
    "m²": ("area", Fraction(1)),
    "ct": ("pieces", Fraction(1)),
}
"""What each unit measures, and how much of kg, l, m, m² or pieces it is."""
_SPELLINGS: Final = {
    spelling: unit
    for unit, spellings in {
        "g": ("gr", "gram", "gramme", "grammes"),
        "kg": ("kilogram", "kilogramme"),
        "l": ("lt", "litre", "litres", "liter"),
        "cm²": ("cm2", "sqcm"),
        "m²": ("m2", "sqm"),
        "m³": ("m3", "cbm"),
        "ct": ("pc", "pcs", "pieces", "pièces", "sheet"),
    }.items()
    for spelling in spellings
}
_CONTENTS = re.compile(
    r"(?:(?P<packs>[1-9]\d{0,3})\s*[x×*]\s*)?"
    r"(?P<whole>\d{1,7})(?:[.,](?P<decimals>\d{1,6}))?\s*(?P<unit>[^\W\d_]+[23²³]?)"
)
_GROUP = 3
"""Digits after a point that may be thousands as well: `1.500 g`."""


class UnitPrice(NamedTuple):
    """The price of one `unit`, minor units of the price's currency."""

    amount: int
    unit: str


def contents(text: str) -> tuple[str, Fraction] | None:
    """What `750 ml`, `6 x 33 cl` or `1,5 kg` measures and how much of kg, l, m, m² or pieces it is;
    None where that cannot be read for certain.
    """
    found = _CONTENTS.fullmatch(" ".join(text.split()).lower())
    if found is None:
        return None
    spelled = found["unit"]
    unit = _UNITS.get(_SPELLINGS.get(spelled, spelled))
    decimals = found["decimals"] or ""
    if unit is None or (len(decimals) == _GROUP and int(found["whole"])):
        return None
    number = Fraction(int(found["whole"] + decimals), 10 ** len(decimals))
    measured, size = unit
    return (measured, number * int(found["packs"] or 1) * size) if number else None


def unit_price(
    price: int, measure: str, base: str, rules: CountryRules
) -> tuple[UnitPrice | None, NoUnit]:
    """The price of one unit at a selling price (minor units), halves of a minor unit up; or None
    and why.

    `base` chooses among the country's units for what is measured (m³ rather than l); another one
    than these, like 100 g, is not followed.
    """
    if not measure.strip():
        return None, "no_measure"
    held = contents(measure)
    if held is None:
        return None, "unreadable"
    measured, quantity = held
    units = rules.units.get(measured, ())
    if not units:
        return None, "other_unit"
    unit = _chosen(base, units)
    size = _UNITS[unit][1]
    if quantity == size:
        return None, "same_as_price"
    exact = price * size / quantity
    amount = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return (UnitPrice(amount, unit), "") if amount else (None, "too_small")


def _chosen(base: str, units: tuple[str, ...]) -> str:
    wanted = contents(base)
    return next((unit for unit in units if wanted == _UNITS[unit]), units[0])
