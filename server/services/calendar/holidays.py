"""Holidays and imported events as stretches of the window, with who has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from server.services.calendar.window import Run, Window, runs
from server.services.chain.calendars import holiday_names


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
        named = holiday_names(country, shown.first.year, shown.last.year, language)
        for day, name in named.items():
            if 0 <= (at := (day - shown.first).days) < shown.days:
                by_name[name, at].add(country)
    found = [
        Free(name, run, tuple(sorted(where)))
        for (name, at), where in by_name.items()
        for run in runs([at])
    ]
    return tuple(sorted(found, key=lambda free: (free.run, free.name)))
