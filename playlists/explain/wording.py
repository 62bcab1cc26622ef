"""Facts, values and names in words, French or English: no keys, no codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from playlists.facts import FactValue

Language = Literal["fr", "en"]


@dataclass(frozen=True, slots=True)
class Names:
    """People's names by id; what has none here is called by its id.

    `items` are by (wish, item), `goods` by SKU, `sources` (connectors and shops) without their
    store, `files` by sha256.
    """

    wishes: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[tuple[str, str], str] = field(default_factory=dict)
    goods: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


_FACTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "stock": "stock of {what}",
        "nearest": "the nearest other shop with {what}",
        "nearest.metres": "metres to the nearest other shop with {what}",
        "nearest.pieces": "pieces of {what} in the nearest other shop",
        "nearest.hours": "the hours of the nearest other shop with {what}",
        "weather.temperature": "the temperature",
        "weather.rain": "rain",
        "weather.code": "the sky",
        "footfall": "the number of people passing {what}",
        "occupancy": "the number of people in {what}",
    },
    "fr": {
        "stock": "le stock de {what}",
        "nearest": "le magasin le plus proche qui a {what}",
        "nearest.metres": "les mètres jusqu’au magasin le plus proche qui a {what}",
        "nearest.pieces": "les exemplaires de {what} au magasin le plus proche",
        "nearest.hours": "les heures du magasin le plus proche qui a {what}",
        "weather.temperature": "la température",
        "weather.rain": "la pluie",
        "weather.code": "le ciel",
        "footfall": "le passage, {what}",
        "occupancy": "l’affluence, {what}",
    },
}
_UNITS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "weather.temperature": "{tenths}\u00a0°C",
        "weather.rain": "{tenths}\u00a0mm/h",
        "footfall": "{n} in 15\u00a0min",
    },
    "fr": {
        "weather.temperature": "{tenths}\u00a0°C",
        "weather.rain": "{tenths}\u00a0mm/h",
        "footfall": "{n} en 15\u00a0min",
    },
}
_OPS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "<": "less than",
        "<=": "at most",
        "==": "exactly",
        "!=": "anything but",
        ">=": "at least",
        ">": "more than",
    },
    "fr": {
        "<": "moins de",
        "<=": "au plus",
        "==": "exactement",
        "!=": "autre chose que",
        ">=": "au moins",
        ">": "plus de",
    },
}
_OF_SOURCES = ("gate_stale", "lease_over", "version_differs")
_SKIES: tuple[tuple[int, str, str], ...] = (
    (1, "clear", "dégagé"),
    (2, "some clouds", "quelques nuages"),
    (3, "overcast", "couvert"),
    (39, "haze", "brume"),
    (49, "fog", "brouillard"),
    (59, "drizzle", "bruine"),
    (69, "rain", "pluie"),
    (79, "snow", "neige"),
    (84, "showers", "averses"),
    (94, "snow showers", "averses de neige"),
    (99, "a thunderstorm", "orage"),
)
"""The last WMO 4677 code of each kind of sky, as weather services sum them up."""


class Wording:
    """Says things in one language."""

    def __init__(self, language: Language, names: Names) -> None:
        self._language: Language = language
        self._names = names

    def wish(self, wish: str, item: str = "") -> str:
        """A wish, or one of its items: `Autumn, Boots`; once where both are called alike."""
        named = self._names.wishes.get(wish, wish)
        own = self._names.items.get((wish, item), item)
        return named if own in ("", named) else f"{named}, {own}"

    def subject(self, code: str, subject: str) -> str:
        """What a reason or a rule is about."""
        names = self._names
        if code in _OF_SOURCES:
            of, _, store = subject.partition("@")
            return self._at(names.sources.get(of, of), store)
        found = {"asset": names.files, "asset_missing": names.files, "paused": names.wishes}
        return found.get(code, names.goods).get(subject, subject)

    def fact(self, key: str) -> str:
        """What a fact is about: `rain at Lille`."""
        kind, _, subject = key.partition(":")
        what, _, store = subject.rpartition("@")
        words = _FACTS[self._language].get(kind)
        if words is None:
            return key
        return self._at(words.format(what=self._names.goods.get(what, what)), store)

    def value(self, key: str, value: FactValue) -> str:
        """A value with its unit."""
        kind = key.partition(":")[0]
        if isinstance(value, bool) or not isinstance(value, int):
            return str(value) or "\u2013"
        if kind == "weather.code":
            return self._sky(value)
        words = _UNITS[self._language].get(kind, "{n}")
        return words.format(n=value, tenths=self._tenths(value))

    def op(self, op: str) -> str:
        """A comparison."""
        return _OPS[self._language][op]

    def _at(self, what: str, store: str) -> str:
        if not store:
            return what
        named = self._names.stores.get(store, store)
        return f"{what} ({named})" if self._language == "fr" else f"{what} at {named}"

    def _tenths(self, value: int) -> str:
        whole, part = divmod(abs(value), 10)
        point = "," if self._language == "fr" else "."
        sign = "\u2212" if value < 0 else ""
        return f"{sign}{whole}{point}{part}" if part else f"{sign}{whole}"

    def _sky(self, code: int) -> str:
        found = next((sky for sky in _SKIES if code <= sky[0]), _SKIES[-1])
        return found[2] if self._language == "fr" else found[1]
