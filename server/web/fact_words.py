"""Facts in words: what a key is called, a value with its unit, a comparison."""

from __future__ import annotations

from collections.abc import Mapping

from playlists.facts import FactKey, FactValue
from server.web.clock import NBSP
from server.web.phrases import Language, say

MINUS = "\u2212"
_OPS: Mapping[str, str] = {
    "<": "op_lt",
    "<=": "op_le",
    "==": "op_eq",
    "!=": "op_ne",
    ">=": "op_ge",
    ">": "op_gt",
    "within": "op_within",
}
_SKIES = (
    (1, "clear"),
    (2, "some"),
    (3, "overcast"),
    (39, "haze"),
    (49, "fog"),
    (59, "drizzle"),
    (69, "rain"),
    (79, "snow"),
    (84, "showers"),
    (94, "snow_showers"),
    (99, "storm"),
)
"""The last WMO 4677 code of each kind of sky, as weather services sum them up."""


def fact_name(key: str, goods: Mapping[str, str], language: Language) -> str:
    """`Rain`, `Stock, Galet`, `People there, tills`."""
    kind, _, subject = key.partition(":")
    what = subject.partition("@")[0]
    name = kind.removeprefix("weather.")
    return say(f"fact_{name}", language, what=goods.get(what, what))


def fact_value(key: str, value: FactValue | None, language: Language) -> str:
    """A value as people say it."""
    if value is None:
        return say("fact_unknown", language)
    kind = FactKey(key).partition(":")[0]
    if not isinstance(value, int) or isinstance(value, bool):
        return str(value) or say("value_nowhere", language)
    if kind == "weather.temperature":
        return degrees(value)
    if kind == "weather.rain":
        return (
            say("value_rain", language, n=tenths(value, language))
            if value
            else say("value_dry", language)
        )
    if kind == "stock":
        return say("value_pieces", language, n=value)
    if kind in ("nearest.metres", "nearest.pieces"):
        return str(value)
    if kind in ("footfall", "occupancy"):
        return say("value_people", language, n=value)
    return _sky(value, language)


def needed(
    key: str, op: str, value: FactValue, high: int | None, language: Language, *, negated: bool
) -> str:
    """What a comparison asks for."""
    said = say(
        _OPS[op], language, value=_plain(key, value, language), high=_high(key, high, language)
    )
    return say("op_not", language, what=said) if negated else said


def degrees(value: int) -> str:
    """Tenths of a degree as whole degrees, halves away from zero."""
    whole = (abs(value) + 5) // 10
    return f"{MINUS if value < 0 and whole else ''}{whole}°"


def tenths(value: int, language: Language) -> str:
    """Tenths with the language's point; `0,2`, `3`."""
    whole, part = divmod(value, 10)
    return f"{whole}{',' if language == 'fr' else '.'}{part}" if part else str(whole)


def _plain(key: str, value: FactValue, language: Language) -> str:
    kind = key.partition(":")[0]
    if isinstance(value, int) and not isinstance(value, bool):
        if kind == "weather.temperature":
            return degrees(value)
        if kind == "weather.rain":
            return f"{tenths(value, language)}{NBSP}mm/h"
        if kind == "weather.code":
            return _sky(value, language)
    return str(value) or say("value_nowhere", language)


def _sky(code: int, language: Language) -> str:
    kind = next((kind for last, kind in _SKIES if code <= last), "storm")
    return say(f"sky_{kind}", language)


def _high(key: str, high: int | None, language: Language) -> str:
    return "" if high is None else _plain(key, high, language)
