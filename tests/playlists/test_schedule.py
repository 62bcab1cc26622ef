"""Schedules in a store's local time: what compiles to which intervals, and where clocks change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.errors import Invalid
from playlists.intervals import Intervals, normalize
from playlists.localtime import local_days, parse_date, zone_of
from playlists.schedule import (
    ALWAYS,
    Anchor,
    Calendar,
    Daypart,
    Edge,
    Recurrence,
    Schedule,
    compile_schedule,
    open_hours,
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


# --- ranges and dayparts ----------------------------------------------------------------------


def test_an_empty_schedule_is_always() -> None:
    assert compile_schedule(ALWAYS, PARIS, 5, 90) == ((5, 90),)


def test_an_empty_window_holds_nothing() -> None:
    assert compile_schedule(Schedule(dayparts=(clock("0:00", "0:00"),)), PARIS, 90, 90) == ()


def test_a_date_range_ends_before_its_end_date() -> None:
    schedule = Schedule(start="2026-06-02", end="2026-06-04")
    assert compiled(schedule, "2026-06-01", "2026-06-09") == [("06-02 00:00", "06-04 00:00")]


def test_a_range_may_begin_and_end_at_a_time() -> None:
    schedule = Schedule(start="2026-06-02T08:30", end="2026-06-04T18:00:00")
    assert compiled(schedule, "2026-06-01", "2026-06-09") == [("06-02 08:30", "06-04 18:00")]


def test_a_range_outside_the_window_holds_nothing() -> None:
    schedule = Schedule(start="2026-07-01", dayparts=(clock("9:00", "10:00"),))
    assert compiled(schedule, "2026-06-01", "2026-06-09") == []


def test_a_daypart_over_midnight_belongs_to_the_weekday_it_begins_on() -> None:
    friday_night = Schedule(dayparts=(clock("22:00", "2:00", 4),))
    assert compiled(friday_night, "2026-06-01", "2026-06-15") == [
        ("06-05 22:00", "06-06 02:00"),
        ("06-12 22:00", "06-13 02:00"),
    ]


def test_a_daypart_that_began_before_the_window_is_in_it() -> None:
    long = Schedule(dayparts=(clock("22:00", "48:00", 4),))
    assert compiled(long, "2026-06-06T12:00", "2026-06-08") == [("06-06 12:00", "06-07 00:00")]


def test_a_daypart_that_ends_where_it_begins_is_a_whole_day() -> None:
    assert compiled(Schedule(dayparts=(clock("0:00", "0:00", 1),)), "2026-06-01", "2026-06-08") == [
        ("06-02 00:00", "06-03 00:00")
    ]


def test_several_dayparts_unite() -> None:
    schedule = Schedule(dayparts=(clock("9:00", "12:00", 0), clock("11:00", "14:00", 0)))
    assert compiled(schedule, "2026-06-01", "2026-06-02") == [("06-01 09:00", "06-01 14:00")]


# --- opening hours, sun, holidays -------------------------------------------------------------


def test_only_while_open_keeps_out_of_the_lunch_break_and_sunday() -> None:
    assert compiled(Schedule(open_hours_only=True), "2026-06-06", "2026-06-08") == [
        ("06-06 09:00", "06-06 12:00"),
        ("06-06 13:00", "06-06 19:00"),
    ]


def test_a_special_day_over_midnight_replaces_the_weekdays_hours() -> None:
    late = replace(PARIS, special_hours=(("2026-06-05", ((600, 1560),)), ("2026-06-06", ())))
    assert compiled(Schedule(open_hours_only=True), "2026-06-05", "2026-06-07", late) == [
        ("06-05 10:00", "06-06 02:00")
    ]
    assert open_hours(late, ms("2026-06-06"), ms("2026-06-07")) == (
        (ms("2026-06-06"), ms("2026-06-06T02:00")),
    )


def test_hours_may_end_the_next_day_by_ending_before_they_begin() -> None:
    bar = Calendar("Europe/Paris", hours=(((18 * 60, 2 * 60),),) * 7)
    assert compiled(Schedule(open_hours_only=True), "2026-06-02", "2026-06-03", bar) == [
        ("06-02 00:00", "06-02 02:00"),
        ("06-02 18:00", "06-03 00:00"),
    ]


def test_edges_lie_beside_the_first_opening_and_the_last_closing() -> None:
    schedule = Schedule(dayparts=(between(("open", -30), ("close", 15)),))
    assert compiled(schedule, "2026-06-06", "2026-06-09") == [
        ("06-06 08:30", "06-06 19:15"),
        ("06-08 08:30", "06-08 19:15"),
    ]


def test_from_closing_to_opening_runs_over_a_closed_day() -> None:
    night = Schedule(dayparts=(between(("close", 0), ("open", 0)),))
    assert compiled(night, "2026-06-05T12:30", "2026-06-08T12:30") == [
        ("06-05 19:00", "06-06 09:00"),
        ("06-06 19:00", "06-08 09:00"),
    ]


def test_a_closed_day_has_no_daypart_up_to_its_closing() -> None:
    schedule = Schedule(dayparts=(between(("clock", 480), ("close", 0), 6),))
    assert compiled(schedule, "2026-06-01", "2026-06-15") == []


def test_an_opening_that_never_comes_is_no_end() -> None:
    once = replace(PARIS, hours=((),) * 7, special_hours=(("2026-06-05", ((540, 1140),)),))
    schedule = Schedule(dayparts=(between(("close", 0), ("open", 0)),))
    assert compiled(schedule, "2026-06-01", "2026-06-20", once) == []


def test_from_sunset_to_sunrise_crosses_midnight_and_a_day_without_sun_has_none() -> None:
    sun = tuple(
        (f"2026-06-0{d}", (ms(f"2026-06-0{d}T05:40"), ms(f"2026-06-0{d}T21:50"))) for d in (1, 2)
    )
    lit = Schedule(dayparts=(between(("sunset", -20), ("sunrise", 10)),))
    assert compiled(lit, "2026-06-01", "2026-06-09", replace(PARIS, sun=sun)) == [
        ("06-01 21:30", "06-02 05:50")
    ]


def test_a_daypart_may_run_from_the_clock_to_sunset() -> None:
    sun = (("2026-06-02", (ms("2026-06-02T05:40"), ms("2026-06-02T21:50"))),)
    schedule = Schedule(dayparts=(between(("clock", 18 * 60), ("sunset", 0)),))
    assert compiled(schedule, "2026-06-01", "2026-06-09", replace(PARIS, sun=sun)) == [
        ("06-02 18:00", "06-02 21:50")
    ]


def test_only_holidays_and_all_but_holidays() -> None:
    calendar = replace(PARIS, holidays=frozenset({"2026-07-14"}))
    late = (clock("22:00", "2:00"),)
    assert compiled(Schedule(holidays="only"), "2026-07-01", "2026-07-31", calendar) == [
        ("07-14 00:00", "07-15 00:00")
    ]
    assert compiled(
        Schedule(holidays="except", dayparts=late), "2026-07-13T12:00", "2026-07-15T12:00", calendar
    ) == [("07-13 22:00", "07-14 00:00"), ("07-15 00:00", "07-15 02:00")]


# --- clocks change ----------------------------------------------------------------------------

NIGHT = Schedule(dayparts=(clock("2:00", "3:00"),))


def test_the_doubled_hour_in_autumn_runs_twice() -> None:
    found = compile_schedule(NIGHT, PARIS, ms("2026-10-25"), ms("2026-10-26"))
    assert found == ((utc("2026-10-25T00:00"), utc("2026-10-25T02:00")),)


def test_a_start_is_the_first_and_an_end_the_last_of_a_doubled_time() -> None:
    half = Schedule(dayparts=(clock("2:15", "2:45"),))
    assert compiled(half, "2026-10-25", "2026-10-26") == [("10-25 02:15", "10-25 02:45+")]
    before = Schedule(dayparts=(clock("1:00", "2:00"),))
    assert compiled(before, "2026-10-25", "2026-10-26") == [("10-25 01:00", "10-25 02:00")]
    ranged = Schedule(start="2026-10-25T02:15", end="2026-10-25T02:45")
    assert compiled(ranged, "2026-10-25", "2026-10-26") == [("10-25 02:15", "10-25 02:45+")]


def test_the_missing_hour_in_spring_is_skipped() -> None:
    assert compiled(NIGHT, "2026-03-29", "2026-03-30") == []
    assert compiled(Schedule(dayparts=(clock("2:45", "2:15", 6),)), "2026-03-29", "2026-03-31") == [
        ("03-29 03:00", "03-30 02:15")
    ]


def test_a_time_that_is_missing_is_the_first_instant_after_the_gap() -> None:
    schedule = Schedule(dayparts=(clock("1:30", "2:30"), clock("2:30", "4:00")))
    assert compiled(schedule, "2026-03-29", "2026-03-30") == [("03-29 01:30", "03-29 04:00")]


def test_days_of_23_and_25_hours_tile() -> None:
    spring = local_days("Europe/Paris", ms("2026-03-28T12:00"), 3)
    autumn = local_days("Europe/Paris", ms("2026-10-24T12:00"), 3)
    assert [(d.until_ms - d.from_ms) // HOUR for d in spring] == [24, 23, 24]
    assert [(d.until_ms - d.from_ms) // HOUR for d in autumn] == [24, 25, 24]
    assert [d.date for d in autumn] == ["2026-10-24", "2026-10-25", "2026-10-26"]
    assert all(a.until_ms == b.from_ms for a, b in pairwise(autumn))


def test_a_day_without_midnight_begins_after_the_gap() -> None:
    days = local_days("America/Santiago", ms("2026-09-05T12:00", "America/Santiago"), 3)
    assert days[1] == ("2026-09-06", utc("2026-09-06T04:00"), utc("2026-09-07T03:00"))
    assert days[0].until_ms == days[1].from_ms


def test_the_first_day_holds_the_instant_asked_for() -> None:
    for instant in (ms("2026-06-02"), ms("2026-06-03") - 1):
        assert local_days("Europe/Paris", instant, 1)[0].date == "2026-06-02"


def test_where_midnight_is_doubled_a_day_begins_and_ends_at_the_first() -> None:
    havana = Calendar("America/Havana")
    first, second = (ms("2026-11-01T00:00", havana.zone, fold) for fold in (0, 1))
    assert second - first == HOUR
    sunday = local_days(havana.zone, second + 1, 1)[0]
    assert sunday == ("2026-11-01", first, first + 25 * HOUR)
    assert compiled(Schedule(end="2026-11-01"), "2026-10-31", "2026-11-02", havana) == [
        ("10-31 00:00", "11-01 00:00")
    ]
    friday_on = Schedule(dayparts=(clock("12:00", "48:00", 4), clock("23:00", "0:30", 5)))
    assert compiled(friday_on, "2026-10-31T22:00", "2026-11-02", havana) == [
        ("10-31 22:00", "11-01 00:30+")
    ]


def test_a_date_that_a_zone_skipped_is_left_out() -> None:
    days = local_days("Pacific/Apia", utc("2011-12-30T00:00"), 2)
    assert [day.date for day in days] == ["2011-12-29", "2011-12-31"]


def test_no_days_are_none() -> None:
    assert local_days("Europe/Paris", 0, 0) == ()


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="IANA name"):
        zone_of(name)


def test_a_bare_date_is_nothing_else() -> None:
    assert parse_date("2026-06-02", "d") == date(2026, 6, 2)
    with pytest.raises(Invalid, match="YYYY-MM-DD"):
        parse_date("2026-06-02T10:00", "d")


# --- recurrences ------------------------------------------------------------------------------


def recurring(rule: str, start: str = "2026-01-05T09:00:00", **more: tuple[str, ...]) -> Schedule:
    return Schedule(recurrences=(Recurrence(start, HOUR, rule, **more),))


def begins(schedule: Schedule, begin: str, end: str) -> list[str]:
    return [a for a, _ in compiled(schedule, begin, end)]


def test_every_first_monday() -> None:
    found = begins(recurring("FREQ=MONTHLY;BYDAY=1MO"), "2026-05-25", "2026-07-30")
    assert found == ["06-01 09:00", "07-06 09:00"]


def test_every_other_week_keeps_its_phase_years_later() -> None:
    schedule = recurring("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU")
    assert begins(schedule, "2026-01-05", "2026-01-26") == [
        "01-05 09:00",
        "01-11 09:00",
        "01-19 09:00",
        "01-25 09:00",
    ]
    assert (date(2031, 6, 16) - date(2026, 1, 5)).days % 14 == 0
    assert begins(schedule, "2031-06-16", "2031-06-30") == ["06-16 09:00", "06-22 09:00"]


def test_count_counts_from_the_start() -> None:
    assert begins(recurring("FREQ=DAILY;COUNT=30"), "2026-02-02", "2026-03-01") == [
        "02-02 09:00",
        "02-03 09:00",
    ]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260107T090000", "01-07 09:00"),
        ("20260107T085959", "01-06 09:00"),
        ("20260107", "01-07 09:00"),
        ("20260107T080000Z", "01-07 09:00"),
        ("20260107T075959Z", "01-06 09:00"),
    ],
)
def test_until_is_included_local_or_utc_or_a_whole_day(until: str, last: str) -> None:
    found = begins(recurring(f"FREQ=DAILY;UNTIL={until}"), "2026-01-05", "2026-02-01")
    assert found[-1] == last


def test_exdates_take_out_a_time_or_a_whole_day_and_win_over_rdates() -> None:
    schedule = recurring(
        "FREQ=DAILY;COUNT=4;BYHOUR=9,15",
        exdates=("2026-01-05T15:00:00", "2026-01-06", "2026-01-08T12:00:00"),
        rdates=("2026-01-08T12:00:00", "2026-01-09T07:30:00", "2026-01-10"),
    )
    assert begins(schedule, "2026-01-05", "2026-02-01") == [
        "01-05 09:00",
        "01-09 07:30",
        "01-10 09:00",
    ]


def test_an_occurrence_that_began_before_the_window_is_in_it() -> None:
    long = Schedule(recurrences=(Recurrence("2026-01-01T00:00:00", 31 * DAY, "FREQ=YEARLY"),))
    assert compiled(long, "2026-01-31", "2026-02-09") == [("01-31 00:00", "02-01 00:00")]


def test_a_recurrence_in_the_gap_is_read_with_the_offset_before_it() -> None:
    schedule = recurring("FREQ=DAILY", "2026-03-01T02:30:00")
    assert compiled(schedule, "2026-03-29", "2026-03-30") == [("03-29 03:30", "03-29 04:30")]


def test_a_recurrence_at_a_doubled_time_begins_once_at_the_first_and_lasts_its_duration() -> None:
    schedule = recurring("FREQ=DAILY", "2026-03-01T02:30:00")
    assert compiled(schedule, "2026-10-25", "2026-10-26") == [("10-25 02:30", "10-25 02:30+")]


def test_recurrences_unite_and_agree_with_dayparts() -> None:
    schedule = Schedule(
        dayparts=(clock("9:30", "20:00"),),
        recurrences=(
            Recurrence("2026-01-05T09:00:00", HOUR, "FREQ=WEEKLY"),
            Recurrence("2026-01-06T12:00:00", HOUR, "FREQ=WEEKLY"),
        ),
    )
    assert compiled(schedule, "2026-06-01", "2026-06-03") == [
        ("06-01 09:30", "06-01 10:00"),
        ("06-02 12:00", "06-02 13:00"),
    ]


# --- against an oracle that looks at every minute ---------------------------------------------

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
