"""When the players of a store may be updated: while it is closed, on its own clock. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from playlists.intervals import Intervals, normalize, subtract
from playlists.localtime import instant, local_date, zone_of
from server.config import Settings
from server.services.screens.power_plans import Opening, spread

DAY_MS = 24 * 3_600_000
MINUTE_S = 60
HOUR_MINUTES = 60
DAY_MINUTES = 1_440
AHEAD_DAYS = 9
"""So far ahead the next closed hours are looked for: a week and its edges."""
LEAST_MS = 30 * 60_000
"""Closed hours shorter than this are none."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """When updates may begin around a store's hours: `margin_min` after closing and before opening;
    in a store without hours, or that never closes, from one minute of the day to another.
    """

    margin_min: int
    night: tuple[int, int]

    @classmethod
    def of(cls, settings: Settings) -> Quiet:
        """As it is set."""
        begin = settings.update_night_from_hour * HOUR_MINUTES
        end = settings.update_night_until_hour * HOUR_MINUTES
        night = (begin, end if end > begin else end + DAY_MINUTES)
        return cls(settings.update_margin_s // MINUTE_S, night)

    def at(self, opening: Opening, now: int) -> tuple[int, int]:
        """The stretch (unix ms) in which an update may begin: the present one, else the next. Its
        end is the last instant; a long one is cut after a day.
        """
        begin, end = next((begin, end) for begin, end in self._stretches(opening, now) if end > now)
        begin = max(begin, now)
        return begin, min(end, begin + DAY_MS)

    def _stretches(self, opening: Opening, now: int) -> Intervals:
        zone = zone_of(opening.zone)
        first = local_date(zone, now) - timedelta(days=2)
        days = [first + timedelta(days=n) for n in range(AHEAD_DAYS + 2)]
        if any(opening.hours):
            open_at = [(day, opening.on(day)) for day in days]
            whole = (
                instant(zone, datetime.combine(days[0], time())),
                instant(zone, datetime.combine(days[-1], time())),
            )
            open_ = spread(zone, open_at, self.margin_min, self.margin_min)
            closed = subtract((whole,), open_)
            found = tuple(one for one in closed if one[1] - one[0] >= LEAST_MS)
            if any(end > now for _, end in found):
                return found
        nights = [(day, (self.night,)) for day in days]
        return normalize(spread(zone, nights, 0, 0))
