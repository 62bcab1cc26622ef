"""A campaign on other days: its hours, times of day and rhythm stay."""

from __future__ import annotations

from datetime import date

import pytest

from playlists.localtime import day_start, zone_of
from playlists.schedule import ALWAYS, Calendar, Daypart, Edge, Schedule, compile_schedule
from server.errors import BadInput
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.calendar.moving import days_written, move, moved
from server.services.calendar.repeating import Repeat, recurrence_of
from server.services.drafting import drafts

PARIS = Calendar("Europe/Paris")
NIGHT = (Daypart(Edge("clock", 60), Edge("clock", 180)),)


def minutes(schedule: Schedule, day: date, after: date) -> int:
    """How long it holds between two local midnights."""
    zone = zone_of(PARIS.zone)
    found = compile_schedule(schedule, PARIS, day_start(zone, day), day_start(zone, after))
    return sum(end - begin for begin, end in found) // 60_000


def test_days_are_inside_and_times_of_day_stay() -> None:
    found = moved(Schedule(start="2026-10-01", end="2026-10-11"), date(2026, 10, 3), None)
    assert (found.start, found.end) == ("2026-10-03", None)
    timed = Schedule(start="2026-10-01T08:00", end="2026-10-10T18:30")
    found = moved(timed, date(2026, 10, 3), date(2026, 10, 12))
    assert (found.start, found.end) == ("2026-10-03T08:00", "2026-10-12T18:30")
    assert days_written(found) == ("2026-10-03", "2026-10-12")
    assert days_written(moved(ALWAYS, date(2026, 1, 1), date(2026, 1, 1))) == ("2026-01-01",) * 2


def test_hours_hold_also_on_the_night_when_the_clocks_change() -> None:
    autumn = moved(Schedule(dayparts=NIGHT), date(2026, 10, 25), date(2026, 10, 25))
    assert minutes(autumn, date(2026, 10, 25), date(2026, 10, 26)) == 180
    spring = moved(autumn, date(2027, 3, 28), date(2027, 3, 28))
    assert minutes(spring, date(2027, 3, 28), date(2027, 3, 29)) == 60


def test_every_second_week_keeps_its_weeks_when_it_begins_earlier() -> None:
    rule = recurrence_of(Repeat("weeks", every=2, days=(5,)), date(2026, 10, 17))
    found = moved(Schedule(start="2026-10-17", recurrences=(rule,)), date(2026, 10, 1), None)
    for day, whole in ((3, 1440), (10, 0), (17, 1440)):
        assert minutes(found, date(2026, 10, day), date(2026, 10, day + 1)) == whole


def test_a_move_is_a_draft_and_a_wrong_one_changes_nothing(ctx: Context) -> None:
    made = drafts.begin(ctx, SYSTEM, "campaign", {"name": "Foire"})
    move(ctx, SYSTEM, made.id, date(2026, 10, 3), date(2026, 10, 4))
    with pytest.raises(BadInput, match="last day"):
        move(ctx, SYSTEM, made.id, date(2026, 10, 9), date(2026, 10, 4))
    body = drafts.read(ctx, SYSTEM, "campaign", made.id).body
    assert body["schedule"] == {"start": "2026-10-03", "end": "2026-10-05"}
    assert drafts.undo(ctx, SYSTEM, "campaign", made.id).body.get("schedule") is None
