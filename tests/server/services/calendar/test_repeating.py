"""Repetitions: rules of whole local days, read back as they were said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from playlists.localtime import day_start, zone_of
from playlists.recurrence import compile_recurrence, validate_recurrence
from server.services.calendar.repeating import Repeat, recurrence_of, repeat_of

PARIS = zone_of("Europe/Paris")
REPEATS = (
    Repeat("daily"),
    Repeat("weeks", every=2, days=(0, 5)),
    Repeat("nth", days=(5,), nth=1),
    Repeat("nth", days=(4,), nth=-1),
    Repeat("date", on=15),
    Repeat("year"),
)


def days(repeat: Repeat, first: date, end: date, *exceptions: str) -> list[tuple[int, int]]:
    """When a repetition holds between two days."""
    rule = recurrence_of(repeat, first, exceptions)
    return list(compile_recurrence(rule, PARIS, day_start(PARIS, first), day_start(PARIS, end)))


@pytest.mark.parametrize("repeat", REPEATS, ids=lambda one: one.kind)
def test_a_rule_says_what_was_asked(repeat: Repeat) -> None:
    rule = recurrence_of(repeat, date(2026, 10, 3))
    validate_recurrence(rule, "rule")
    assert repeat_of(rule) == repeat


@pytest.mark.parametrize(
    ("day", "after", "hours"),
    [
        (date(2026, 10, 25), date(2026, 10, 26), 25),
        (date(2027, 3, 28), date(2027, 3, 29), 23),
        (date(2026, 12, 24), date(2026, 12, 25), 24),
    ],
)
def test_a_day_is_whole_also_when_the_clocks_change(day: date, after: date, hours: int) -> None:
    ((begin, end),) = days(Repeat("year"), day, day + timedelta(days=3))
    assert (begin, end) == (day_start(PARIS, day), day_start(PARIS, after))
    assert end - begin == hours * 3_600_000


def test_exceptions_leave_whole_days_out() -> None:
    found = days(Repeat("daily"), date(2026, 10, 24), date(2026, 10, 28), "2026-10-25")
    edges = [day_start(PARIS, date(2026, 10, day)) for day in (24, 25, 26, 28)]
    assert found == [(edges[0], edges[1]), (edges[2], edges[3])]
