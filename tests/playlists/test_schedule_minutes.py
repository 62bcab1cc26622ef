"""Schedules against an oracle that looks at every minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.intervals import Intervals, normalize
from playlists.schedule import (
    Calendar,
    Daypart,
    Edge,
    Recurrence,
    Schedule,
    compile_schedule,
)
from tests.playlists.planning import DAY, HOUR, MINUTE, utc

TURNS = {
    "Europe/Paris": ("2026-03-29", "2026-10-25"),
    "America/Martinique": ("2026-03-29",),
    "Asia/Kathmandu": ("2026-10-25",),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "America/Santiago": ("2026-04-05", "2026-09-06"),
    "America/Havana": ("2026-03-08", "2026-11-01"),
}
NIGHTS = [(zone, night) for zone, nights in TURNS.items() for night in nights]
AROUND = 12


class Minutes:
    """Every minute of some days around a night, with the wall clock it shows."""

    def __init__(self, zone: str, night: str) -> None:
        self.night = date.fromisoformat(night)
        middle = utc(night)
        self.times = range(middle - AROUND * DAY, middle + AROUND * DAY, MINUTE)
        tz = ZoneInfo(zone)
        self.walls = [
            datetime.fromtimestamp(t // 1000, tz).replace(tzinfo=None, fold=0) for t in self.times
        ]

    def first_from(self, wall: datetime) -> int:
        """The first minute that shows `wall` or more: a start."""
        near = self._near(wall)
        return self.times[next(i for i in near if self.walls[i] >= wall)]

    def last_before(self, wall: datetime) -> int:
        """The minute after the last that shows less than `wall`: an end."""
        near = self._near(wall)
        return self.times[next(i for i in reversed(near) if self.walls[i] < wall)] + MINUTE

    def occurrence(self, wall: datetime) -> int:
        """RFC 5545: the first minute that shows it, or as the offset before the gap has it."""
        near = self._near(wall)
        shown = [i for i in near if self.walls[i] == wall]
        if shown:
            return self.times[shown[0]]
        before = next(i for i in reversed(near) if self.walls[i] < wall)
        return self.times[before] + (wall - self.walls[before]) // timedelta(milliseconds=1)

    def _near(self, wall: datetime) -> range:
        """Indices of the minutes within two days of `wall`: the clock moves by less."""
        at = int((wall - self.walls[0]) / timedelta(minutes=1))
        return range(max(0, at - 2880), min(len(self.walls), at + 2880))


@lru_cache
def minutes_of(zone: str, night: str) -> Minutes:
    return Minutes(zone, night)


def oracle(
    schedule: Schedule, calendar: Calendar, world: Minutes, begin: int, end: int
) -> Intervals:
    """The minutes of the window for which every part of the schedule holds, one by one."""
    dates = [world.night + timedelta(days=n) for n in range(-AROUND + 3, AROUND - 3)]
    parts: list[Callable[[int, datetime], bool]] = []
    if schedule.start is not None:
        first = world.first_from(datetime.fromisoformat(schedule.start))
        parts.append(lambda t, _: t >= first)
    if schedule.end is not None:
        edge = datetime.fromisoformat(schedule.end)
        last = world.last_before(edge)
        parts.append(lambda t, _: t < last)
    if schedule.dayparts:
        spans = [s for part in schedule.dayparts for s in walked(part, calendar, world, dates)]
        parts.append(lambda t, _: any(a <= t < b for a, b in spans))
    if schedule.recurrences:
        starts = [(o, r) for r in schedule.recurrences for o in listed(r, world, dates)]
        parts.append(lambda t, _: any(o <= t < o + r.duration_ms for o, r in starts))
    if schedule.holidays != "any":
        wanted = schedule.holidays == "only"
        parts.append(lambda _, wall: (wall.date().isoformat() in calendar.holidays) is wanted)
    if schedule.open_hours_only:
        open_now = [
            (world.first_from(midnight(d, a)), world.last_before(midnight(d, b)))
            for d in dates
            for a, b in hours_of(calendar, d)
        ]
        parts.append(lambda t, _: any(a <= t < b for a, b in open_now))
    shown = zip(world.times, world.walls, strict=True)
    return normalize(
        (t, t + MINUTE)
        for t, wall in shown
        if begin <= t < end and all(part(t, wall) for part in parts)
    )


def midnight(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minutes)


def hours_of(calendar: Calendar, day: date) -> list[tuple[int, int]]:
    hours = dict(calendar.special_hours).get(day.isoformat(), calendar.hours[day.weekday()])
    return [(a, b if a < b else b + 1440) for a, b in hours]


def edge_of(edge: Edge, calendar: Calendar, day: date) -> datetime | None:
    hours = hours_of(calendar, day)
    if edge.anchor == "clock":
        return midnight(day, edge.minutes)
    if not hours:
        return None
    base = hours[0][0] if edge.anchor == "open" else hours[-1][1]
    return midnight(day, base + edge.minutes)


def walked(
    part: Daypart, calendar: Calendar, world: Minutes, dates: list[date]
) -> Iterator[tuple[int, int]]:
    for day in dates:
        begin, end = edge_of(part.start, calendar, day), edge_of(part.end, calendar, day)
        if day.weekday() not in part.weekdays or begin is None or end is None:
            continue
        ahead = 0
        while end is None or end <= begin:
            ahead += 1
            end = edge_of(part.end, calendar, day + timedelta(days=ahead))
        if abs(end.date() - world.night) < timedelta(days=AROUND - 2):
            yield world.first_from(begin), world.last_before(end)


def listed(recurrence: Recurrence, world: Minutes, dates: list[date]) -> Iterator[int]:
    """FREQ=DAILY with INTERVAL, day by day."""
    start = datetime.fromisoformat(recurrence.start)
    interval = int(recurrence.rule.partition("INTERVAL=")[2])
    for day in dates:
        since = (day - start.date()).days
        excluded = day.isoformat() in recurrence.exdates
        if since >= 0 and since % interval == 0 and not excluded:
            yield world.occurrence(datetime.combine(day, start.time()))


def near_midnight_or_two() -> st.SearchStrategy[int]:
    return st.sampled_from([0, 30, 60, 90, 120, 150, 180, 1380, 1410, 1439])


_offset = st.sampled_from([-90, 0, 45])
_edges = st.one_of(
    st.builds(Edge, st.just("clock"), near_midnight_or_two()),
    st.builds(Edge, st.sampled_from(["open", "close"]), _offset),
)
_ends = _edges | st.builds(Edge, st.just("clock"), st.sampled_from([1440, 1500, 1575, 2880]))
_weekdays = st.frozensets(st.integers(0, 6), min_size=3)
_dayparts = st.builds(Daypart, _edges, _ends, _weekdays)


@st.composite
def plans(draw: st.DrawFn) -> tuple[Schedule, Calendar, Minutes]:
    zone, night = draw(st.sampled_from(NIGHTS))
    world = minutes_of(zone, night)

    def day(low: int, high: int) -> date:
        return world.night + timedelta(days=draw(st.integers(low, high)))

    def moment(low: int, high: int) -> str:
        wall = midnight(day(low, high), draw(near_midnight_or_two()))
        return draw(st.sampled_from([wall.date().isoformat(), wall.isoformat(timespec="minutes")]))

    def recurrence() -> Recurrence:
        start = midnight(day(-4, 1), draw(near_midnight_or_two())).isoformat()
        rule = f"FREQ=DAILY;INTERVAL={draw(st.integers(1, 3))}"
        exdates = draw(st.sets(st.integers(-3, 3), max_size=2))
        return Recurrence(
            start,
            draw(st.integers(1, 3000)) * MINUTE,
            rule,
            tuple((world.night + timedelta(days=n)).isoformat() for n in exdates),
        )

    hours = st.sampled_from([((540, 720), (780, 1140)), ((0, 1440),), ((1080, 150),)])
    calendar = Calendar(
        zone,
        hours=(*(draw(hours) for _ in range(6)), ()),
        special_hours=((day(-1, 1).isoformat(), draw(hours | st.just(()))),),
        holidays=frozenset({day(-1, 1).isoformat()}),
    )
    schedule = Schedule(
        start=moment(-3, 0) if draw(st.booleans()) else None,
        end=moment(0, 3) if draw(st.booleans()) else None,
        dayparts=tuple(draw(st.lists(_dayparts, max_size=2))),
        recurrences=tuple(recurrence() for _ in range(draw(st.integers(0, 2)))),
        holidays=draw(st.sampled_from(["any", "any", "only", "except"])),
        open_hours_only=draw(st.sampled_from([False, False, True])),
    )
    return schedule, calendar, world


@settings(max_examples=100, deadline=None)
@given(plans())
def test_compiling_agrees_with_looking_at_every_minute(
    plan: tuple[Schedule, Calendar, Minutes],
) -> None:
    schedule, calendar, world = plan
    middle = utc(world.night.isoformat())
    begin, end = middle - 36 * HOUR, middle + 48 * HOUR
    found = compile_schedule(schedule, calendar, begin, end)
    assert found == oracle(schedule, calendar, world, begin, end)


@settings(max_examples=50, deadline=None)
@given(plans(), st.integers(-40 * HOUR, 40 * HOUR), st.integers(0, 30 * HOUR))
def test_a_window_shows_the_same_plan_as_any_window_around_it(
    plan: tuple[Schedule, Calendar, Minutes], offset: int, length: int
) -> None:
    schedule, calendar, world = plan
    middle = utc(world.night.isoformat())
    wide = compile_schedule(schedule, calendar, middle - 3 * DAY, middle + 4 * DAY)
    begin = middle + offset
    clipped = normalize((max(a, begin), min(b, begin + length)) for a, b in wide)
    assert compile_schedule(schedule, calendar, begin, begin + length) == clipped
