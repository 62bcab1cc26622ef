"""A shop's calendar in Paris, and schedules said in a few words."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from playlists.intervals import Intervals
from playlists.schedule import (
    Anchor,
    Calendar,
    Daypart,
    Edge,
    Schedule,
    compile_schedule,
)

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = ((9 * 60, 12 * 60), (13 * 60, 19 * 60))
PARIS = Calendar("Europe/Paris", hours=(WEEK,) * 6 + ((),))


def ms(text: str, zone: str = "Europe/Paris", fold: int = 0) -> int:
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(wall.timestamp()) * 1000


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def clock(start: str, end: str, *weekdays: int) -> Daypart:
    def edge(text: str) -> Edge:
        hour, minute = text.split(":")
        return Edge("clock", int(hour) * 60 + int(minute))

    return Daypart(edge(start), edge(end), frozenset(weekdays or range(7)))


def between(start: tuple[Anchor, int], end: tuple[Anchor, int], *weekdays: int) -> Daypart:
    return Daypart(Edge(*start), Edge(*end), frozenset(weekdays or range(7)))


def compiled(
    schedule: Schedule, begin: str, end: str, calendar: Calendar = PARIS
) -> list[tuple[str, str]]:
    """Local `MM-DD HH:MM` pairs over a local window; `+` marks the second of two."""
    zone = ZoneInfo(calendar.zone)
    window = ms(begin, calendar.zone), ms(end, calendar.zone)

    def shown(t: int) -> str:
        wall = datetime.fromtimestamp(t // 1000, zone)
        return wall.strftime("%m-%d %H:%M") + ("+" if wall.fold else "")

    return [(shown(a), shown(b)) for a, b in compile_schedule(schedule, calendar, *window)]


def lengths(found: Intervals) -> list[int]:
    return [(b - a) // MINUTE for a, b in found]
