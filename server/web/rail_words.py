"""What is known of a store in words: each fact with its value, its source, its age and what is left
of its life.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.services.situation.rails import Known, Rail
from server.web.clock import length
from server.web.fact_words import degrees, fact_name, fact_value
from server.web.phrases import Language, sentence
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

WHOLE = 100
"""How long the rule under a fresh fact is."""
AGEING = 25
"""Below this much of its life left a fact is ageing."""
CODE, TEMPERATURE = "weather.code", "weather.temperature"


@dataclass(frozen=True, slots=True)
class Line:
    """A fact; `left` is percent of its life, `limit` that life in words."""

    name: str
    value: str
    source: str
    age: str
    left: int
    limit: str

    @property
    def old(self) -> bool:
        """Whether it is about to be too old."""
        return self.left < AGEING

    @property
    def over(self) -> bool:
        """Whether it is too old to be believed."""
        return self.left <= 0


def rail_lines(rail: Rail, now: int, language: Language) -> tuple[Line, ...]:
    """All that is known of a store."""
    sky = _weather(rail, now, language)
    counts = [
        _line(
            fact_name(one.key, {}, language),
            fact_value(one.key, one.value, language),
            *(one.source, one.said_at, one.life_ms, now),
        )
        for one in rail.facts
        if not one.key.startswith("weather.")
    ]
    prices = [
        _line(_("Prices"), _("confirmed by the shop"), one.shop, one.said_at, one.life_ms, now)
        for one in rail.leases
    ]
    stock = [
        _line(
            _("Stock"),
            ngettext("%(num)s product", "%(num)s products", one.products),
            *(one.source, one.said_at, one.life_ms, now),
        )
        for one in rail.stock
    ]
    return (*sky, *prices, *stock, *_paradoxes(rail), *counts)


def _paradoxes(rail: Rail) -> list[Line]:
    """Products that the shop online and the store say otherwise of for too long."""
    return [
        Line(name, ngettext("%(num)s product", "%(num)s products", many), day, "", WHOLE, "")
        for name, many, day in (
            (_("In stock online, out here"), rail.out_here, _("over the last 24 hours")),
            (_("In stock here, out online"), rail.out_online, _("over the last 24 hours")),
        )
        if many
    ]


def summary(rail: Rail, now: int, language: Language) -> str:
    """A store that is well, in one line."""
    sky = _weather(rail, now, language)
    parts = [sky[0].value] if sky and not sky[0].over else []
    prices = min((one.said_at for one in rail.leases), default=None)
    if prices is not None:
        parts.append(_("prices confirmed %(age)s ago", age=length(now - prices)))
    counters = sum(not one.key.startswith("weather.") for one in rail.facts)
    if counters:
        parts.append(ngettext("%(num)s counter", "%(num)s counters", counters))
    if not parts:
        return _("Nothing is known of it.")
    return sentence(", ".join(parts) + ".")


def _weather(rail: Rail, now: int, language: Language) -> tuple[Line, ...]:
    """One line for all that is said of the sky."""
    found = {one.key.partition(":")[0]: one for one in rail.facts}
    said = [one for name, one in found.items() if name.startswith("weather.")]
    if not said:
        return ()
    parts = []
    if CODE in found:
        parts.append(fact_value(found[CODE].key, found[CODE].value, language))
    warmth = found.get(TEMPERATURE)
    if warmth is not None and isinstance(warmth.value, int):
        parts.append(degrees(warmth.value))
    oldest: Known = min(said, key=lambda one: one.said_at)
    value = ", ".join(parts) or fact_value(said[0].key, said[0].value, language)
    return (_line(_("Weather"), value, oldest.source, oldest.said_at, oldest.life_ms, now),)


def _line(name: str, value: str, source: str, said_at: int, life_ms: int, now: int) -> Line:
    age = max(0, now - said_at)
    left = max(0, WHOLE - age * WHOLE // max(1, life_ms))
    by = source or _("by hand")
    return Line(name, value, by, length(age), left, _("of %(life)s", life=length(life_ms)))
