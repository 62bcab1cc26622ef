"""Holidays and imported events as stretches of the window, with who has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import holidays as tables

from server.services.calendar.window import Run, Window, runs


@dataclass(frozen=True, slots=True)
class Free:
    """A holiday: its name in the reader's language, and the countries that have it."""

    name: str
    run: Run
    countries: tuple[str, ...]


def public(shown: Window, countries: Iterable[str], language: str) -> tuple[Free, ...]:
    """The public holidays of some countries (`FR`, `FR-MQ`) in a window."""
    by_name: dict[tuple[str, int], set[str]] = defaultdict(set)
    for country in sorted({one for one in countries if one}):
        for day, name in _named(country, shown.first.year, shown.last.year, language):
            if 0 <= (at := day - shown.first.toordinal()) < shown.days:
                by_name[name, at].add(country)
    found = [
        Free(name, run, tuple(sorted(where)))
        for (name, at), where in by_name.items()
        for run in runs([at])
    ]
    return tuple(sorted(found, key=lambda free: (free.run, free.name)))


@lru_cache(maxsize=256)
def _named(country: str, first: int, last: int, language: str) -> tuple[tuple[int, str], ...]:
    code, _, part = country.partition("-")
    years = range(first, last + 1)
    try:
        cls = tables.country_holidays(code, subdiv=part or None)
        spoken = getattr(cls, "supported_languages", ())
        wanted = next((one for one in spoken if one.startswith(language)), None)
        found = tables.country_holidays(code, subdiv=part or None, years=years, language=wanted)
    except NotImplementedError:
        return ()
    return tuple((day.toordinal(), str(name)) for day, name in found.items())
