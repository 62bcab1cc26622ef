"""Schedules that recur, by RFC 5545."""

from __future__ import annotations

from datetime import date

import pytest

from playlists.schedule import (
    Recurrence,
    Schedule,
)
from tests.playlists.planning import DAY, HOUR, clock, compiled


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
