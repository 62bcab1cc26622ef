"""When a store is open over the next days, as a fact carries it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from playlists.intervals import normalize
from playlists.localtime import instant, local_date, zone_of

DAYS = 4
"""So many days from this one on: a shop that is shut over a long weekend opens again in them."""
MINUTE_MS = 60_000


def stretches(zone: str, week: Sequence[Any], special: Sequence[Any], now: int) -> str:
    """`from-until` in minutes since 1970, one after another from the local day of `now` (unix ms)
    on, as `said` reads them; "" where no hours are known. `week` and `special` are as in a store's
    row.
    """
    place, dated = zone_of(zone), dict(special)
    if len(week) != 7:
        return ""
    first = local_date(place, now)
    found = []
    for day in (first + timedelta(days=n) for n in range(-1, DAYS)):
        for begin, end in dated.get(day.isoformat(), week[day.weekday()]):
            found.append((_at(place, day, begin), _at(place, day, end)))
    today = _at(place, first, 0)
    open_ = [one for one in normalize(found) if one[1] > today]
    return " ".join(f"{begin // MINUTE_MS}-{end // MINUTE_MS}" for begin, end in open_)


def said(text: str) -> tuple[tuple[int, int], ...]:
    """The stretches in unix ms."""
    pairs = (one.partition("-") for one in text.split())
    return tuple((int(a) * MINUTE_MS, int(b) * MINUTE_MS) for a, _, b in pairs)


def _at(zone: Any, day: date, minutes: int) -> int:
    return instant(zone, datetime.combine(day, time()) + timedelta(minutes=minutes))
