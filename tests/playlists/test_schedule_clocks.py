"""Schedules where clocks change, and the days of a store."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from playlists.errors import Invalid
from playlists.localtime import local_days, parse_date, zone_of
from playlists.schedule import (
    Calendar,
    Schedule,
    compile_schedule,
)
from tests.playlists.planning import HOUR, PARIS, clock, compiled, ms, utc

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
