"""When something is planned, in a store's local time: rules in, UTC intervals out, once.

Clock edges at a missing or doubled local time follow `playlists.localtime`: a missing one is the
first instant after the gap; a doubled one is the first for a start, the second for an end.
Recurrences follow RFC 5545 §3.3.5 instead (`playlists.recurrence`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from playlists.intervals import (
    Intervals,
    clip,
    contains,
    intersect,
    next_edge,
    normalize,
    subtract,
    union,
)
from playlists.localtime import (
    LocalDay,
    day_start,
    instant,
    local_date,
    local_days,
    parse_moment,
    zone_of,
)
from playlists.recurrence import Recurrence, compile_recurrence

__all__ = [
    "ALWAYS",
    "Anchor",
    "Calendar",
    "Daypart",
    "Edge",
    "Holidays",
    "Intervals",
    "LocalDay",
    "Recurrence",
    "Schedule",
    "clip",
    "compile_schedule",
    "contains",
    "intersect",
    "local_days",
    "next_edge",
    "normalize",
    "open_hours",
    "subtract",
    "union",
]

Anchor = Literal["clock", "open", "close", "sunrise", "sunset"]
Holidays = Literal["any", "only", "except"]

MAX_CLOSED_DAYS = 7
"""How many days on an end such as "the next opening" is looked for."""

_DAY = timedelta(days=1)
_DAY_MINUTES = 1440
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Edge:
    """An end of a daypart: minutes after midnight, opening, closing, sunrise or sunset.

    `minutes` is 0 to 2880 for the clock (over 1440 is the next day; a start stays under it), -720
    to 720 for the others. Opening is a day's first, closing its last.
    """

    anchor: Anchor
    minutes: int


@dataclass(frozen=True, slots=True)
class Daypart:
    """A part of each day in `weekdays` (0 Monday to 6 Sunday), which is the day it begins on.

    An end at or before its start is the next day's, or the next one's that has such an edge: from
    closing to opening runs over a closed Sunday. A day that lacks an edge (closed, no sun in the
    calendar) has no such daypart.
    """

    start: Edge
    end: Edge
    weekdays: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Schedule:
    """All parts that are given must agree (intersection); an empty Schedule is always.

    `start` and `end` (exclusive) are local `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM[:SS]`; several
    dayparts or recurrences unite; `holidays` keeps to holidays, keeps off them, or does not care.
    """

    start: str | None = None
    end: str | None = None
    dayparts: tuple[Daypart, ...] = ()
    recurrences: tuple[Recurrence, ...] = ()
    holidays: Holidays = "any"
    open_hours_only: bool = False


ALWAYS = Schedule()


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a store's local days look like. Handed in: the domain computes neither holidays nor sun.

    `zone` is IANA. Dates are `YYYY-MM-DD`. `hours` are opening stretches as (from, until) minutes
    after local midnight; an until at or before its from, or over 1440, is the next day. A date in
    `special_hours` replaces the weekday's (0 Monday); `sun` is (rise, set) in unix milliseconds by
    date.
    """

    zone: str
    hours: tuple[tuple[tuple[int, int], ...], ...] = ((),) * 7
    special_hours: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = ()
    holidays: frozenset[str] = frozenset()
    sun: tuple[tuple[str, tuple[int, int]], ...] = ()


def compile_schedule(
    schedule: Schedule, calendar: Calendar, from_ms: int, until_ms: int
) -> Intervals:
    """When `schedule` holds in `[from_ms, until_ms)`; compile once, then look up.

    Raises Invalid on an unknown zone, and on what `validate_schedule` refuses of dates and rules.
    """
    days = _Days.of(calendar)
    window = _range(schedule, days.zone, from_ms, until_ms)
    found = clip(normalize((window,)), from_ms, until_ms)
    if not found:
        return ()
    if schedule.dayparts:
        parts = (s for part in schedule.dayparts for s in days.daypart(part, from_ms, until_ms))
        found = intersect(found, normalize(parts))
    if schedule.recurrences:
        many = (compile_recurrence(r, days.zone, from_ms, until_ms) for r in schedule.recurrences)
        found = intersect(found, union(*many))
    if schedule.holidays == "only":
        found = intersect(found, days.holidays(from_ms, until_ms))
    elif schedule.holidays == "except":
        found = subtract(found, days.holidays(from_ms, until_ms))
    if schedule.open_hours_only:
        found = intersect(found, days.opening(from_ms, until_ms))
    return found


def open_hours(calendar: Calendar, from_ms: int, until_ms: int) -> Intervals:
    """When the store is open in `[from_ms, until_ms)`. Raises Invalid on an unknown zone."""
    return clip(_Days.of(calendar).opening(from_ms, until_ms), from_ms, until_ms)


def _range(schedule: Schedule, zone: ZoneInfo, from_ms: int, until_ms: int) -> tuple[int, int]:
    begin = parse_moment(schedule.start, "start") if schedule.start is not None else None
    end = parse_moment(schedule.end, "end") if schedule.end is not None else None
    return (
        from_ms if begin is None else instant(zone, begin),
        until_ms if end is None else instant(zone, end, end=True),
    )


@dataclass(frozen=True, slots=True)
class _Days:
    """A calendar's tables by date, and what hangs on them."""

    calendar: Calendar
    zone: ZoneInfo
    special: Mapping[str, tuple[tuple[int, int], ...]]
    sun: Mapping[str, tuple[int, int]]

    @classmethod
    def of(cls, calendar: Calendar) -> _Days:
        zone = zone_of(calendar.zone)
        return cls(calendar, zone, dict(calendar.special_hours), dict(calendar.sun))

    def dates(self, from_ms: int, until_ms: int, back: int) -> Iterator[date]:
        """The local dates that the window touches, `back` days before them and the day after."""
        day = local_date(self.zone, from_ms) - back * _DAY
        last = local_date(self.zone, until_ms) + _DAY
        while day <= last:
            yield day
            day += _DAY

    def hours(self, day: date) -> list[tuple[int, int]]:
        """The opening stretches that begin on a date, in minutes after its midnight."""
        hours = self.special.get(day.isoformat(), self.calendar.hours[day.weekday()])
        return [(a, b if b > a else b + _DAY_MINUTES) for a, b in hours]

    def opening(self, from_ms: int, until_ms: int) -> Intervals:
        """The opening hours of every date near the window."""
        return normalize(
            (self._at(_wall(day, begin)), self._at(_wall(day, end), end=True))
            for day in self.dates(from_ms, until_ms, 1)
            for begin, end in self.hours(day)
        )

    def holidays(self, from_ms: int, until_ms: int) -> Intervals:
        """The holidays near the window, each a whole local day."""
        return normalize(
            (day_start(self.zone, day), day_start(self.zone, day + _DAY))
            for day in self.dates(from_ms, until_ms, 1)
            if day.isoformat() in self.calendar.holidays
        )

    def daypart(self, part: Daypart, from_ms: int, until_ms: int) -> Iterator[tuple[int, int]]:
        """One stretch for each day that has the daypart; one that falls in a gap is empty."""
        on_clock = part.start.anchor == part.end.anchor == "clock"
        for day in self.dates(from_ms, until_ms, 1 if on_clock else MAX_CLOSED_DAYS + 4):
            if day.weekday() in part.weekdays:
                begin = self._edge(part.start, day)
                end = None if begin is None else self._end_after(begin, part.end, day)
                if begin is not None and end is not None:
                    yield self._at(begin), self._at(end, end=True)

    def _end_after(self, begin: datetime | int, edge: Edge, day: date) -> datetime | int | None:
        """The first such edge after `begin`, from `day` on; None where `day` itself has none."""
        for ahead in range(MAX_CLOSED_DAYS + 1):
            found = self._edge(edge, day + ahead * _DAY)
            if found is not None and self._is_after(found, begin):
                return found
            if found is None and ahead == 0:
                return None
        return None

    def _edge(self, edge: Edge, day: date) -> datetime | int | None:
        """Where an edge lies: a wall-clock time, for the sun an instant, or None."""
        if edge.anchor in ("sunrise", "sunset"):
            sun = self.sun.get(day.isoformat())
            return sun and sun[edge.anchor == "sunset"] + edge.minutes * _MINUTE_MS
        if edge.anchor == "clock":
            return _wall(day, edge.minutes)
        hours = self.hours(day)
        if not hours:
            return None
        opening = edge.anchor == "open"
        anchor = min(a for a, _ in hours) if opening else max(b for _, b in hours)
        return _wall(day, anchor + edge.minutes)

    def _is_after(self, end: datetime | int, begin: datetime | int) -> bool:
        """On the wall clock where both are on it: in a gap two of its times are one instant."""
        if isinstance(end, datetime) and isinstance(begin, datetime):
            return end > begin
        return self._at(end, end=True) > self._at(begin)

    def _at(self, edge: datetime | int, *, end: bool = False) -> int:
        return edge if isinstance(edge, int) else instant(self.zone, edge, end=end)


def _wall(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minutes)
