"""Schedules in a store's local time: ranges, dayparts, opening hours, sun, holidays."""

from __future__ import annotations

from dataclasses import replace

from playlists.schedule import (
    ALWAYS,
    Calendar,
    Schedule,
    compile_schedule,
    open_hours,
)
from tests.playlists.planning import PARIS, between, clock, compiled, ms


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
