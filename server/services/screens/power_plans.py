"""When a display is to be off, from its rule, its store's hours and the law. Pure.

The law of France, for displays that it reaches (code de l'environnement, as of décret 2022-1294):

- `advert`, R. 581-35: luminous advertising is off from 1 to 6 o'clock.
- `sign`, R. 581-59: a luminous sign is off from 1 to 6 once the activity has ceased; where that
  ends or begins between midnight and 7, it is off one hour after the end at the latest and may be
  on one hour before the beginning.

Displays inside a closed place are not of these articles; a local rule may reach windows
(L. 581-14-4). So each screen says which applies to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from playlists.intervals import Intervals, normalize, subtract, union
from playlists.localtime import instant, local_days, zone_of
from playlists.wire.commands import Off, PowerPlan

Mode = Literal["always", "hours", "own"]
Night = Literal["none", "advert", "sign"]
Hours = tuple[tuple[int, int], ...]
"""Stretches of a day, in minutes from its midnight; those over 1440 end on the next day."""

DAYS = 35
"""So far ahead a plan reaches: as far as what plays."""
MINUTE_MS = 60_000
GRACE_MS = 60 * MINUTE_MS
NIGHT = (60, 360)
"""Minutes from midnight."""
_MARGIN_OF = range(7 * 60 + 1)
"""An activity that ends or begins at such a minute of the day has an hour around it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a display is switched: always on, or on in the store's hours (`before_min` and
    `after_min` around them) or hours of its own, by weekday from Monday; and the law that reaches
    it.
    """

    mode: Mode = "always"
    before_min: int = 0
    after_min: int = 0
    hours: tuple[Hours, ...] = ()
    night: Night = "none"


@dataclass(frozen=True, slots=True)
class Opening:
    """When a store is open: by weekday from Monday, other hours on special dates, and its zone."""

    zone: str
    hours: Sequence[Hours]
    special: Sequence[tuple[str, Hours]] = ()

    def on(self, day: date) -> Hours:
        """The hours of a date."""
        return dict(self.special).get(day.isoformat(), tuple(self.hours[day.weekday()]))


def plan_of(rule: Rule, opening: Opening, now_ms: int) -> PowerPlan:
    """The plan from this local midnight on, DAYS long: the same all day."""
    zone = zone_of(opening.zone)
    tiles = local_days(opening.zone, now_ms, DAYS)
    begin, end = tiles[0].from_ms, tiles[-1].until_ms
    first = date.fromisoformat(tiles[0].date) - timedelta(days=1)
    days = [first + timedelta(days=n) for n in range(DAYS + 2)]
    open_at = [(day, opening.on(day)) for day in days]
    whole: Intervals = ((begin, end),)
    law = _law(rule.night, zone, open_at)
    hours: Intervals = ()
    if rule.mode == "hours":
        hours = subtract(whole, spread(zone, open_at, rule.before_min, rule.after_min))
    elif rule.mode == "own":
        own = [(day, rule.hours[day.weekday()]) for day in days]
        hours = subtract(whole, spread(zone, own, 0, 0))
    law = subtract(whole, subtract(whole, law))
    found = [Off(a, b, "law") for a, b in law]
    found += [Off(a, b, "hours") for a, b in subtract(hours, law)]
    return PowerPlan(tuple(sorted(found, key=lambda off: off.from_ms)))


def _law(night: Night, zone: ZoneInfo, open_at: Sequence[tuple[date, Hours]]) -> Intervals:
    if night == "none":
        return ()
    off = normalize((_at(zone, day, NIGHT[0]), _at(zone, day, NIGHT[1])) for day, _ in open_at)
    if night == "advert":
        return off
    return subtract(off, normalize(_lit(zone, day, *one) for day, all_ in open_at for one in all_))


def _lit(zone: ZoneInfo, day: date, begin: int, end: int) -> tuple[int, int]:
    """When a sign may be on for this stretch of activity."""
    before = GRACE_MS if begin % 1440 in _MARGIN_OF else 0
    after = GRACE_MS if end % 1440 in _MARGIN_OF else 0
    return _at(zone, day, begin) - before, _at(zone, day, end) + after


def spread(
    zone: ZoneInfo, open_at: Sequence[tuple[date, Hours]], before: int, after: int
) -> Intervals:
    """When a place is open on these dates, with minutes before and after."""
    return union(
        normalize(
            (_at(zone, day, begin) - before * MINUTE_MS, _at(zone, day, end) + after * MINUTE_MS)
            for day, hours in open_at
            for begin, end in hours
        )
    )


def _at(zone: ZoneInfo, day: date, minutes: int) -> int:
    """The instant of a wall time, minutes from a date's midnight."""
    return instant(zone, datetime.combine(day, time()) + timedelta(minutes=minutes))
