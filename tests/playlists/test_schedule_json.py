"""Schedules as JSON: what comes back is what was written, and what is wrong is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlists.errors import Invalid
from playlists.recurrence import MAX_DATES, MAX_DURATION_MS
from playlists.rrule import MAX_OCCURRENCES
from playlists.schedule import ALWAYS, Daypart, Edge, Recurrence, Schedule
from playlists.schedule_json import (
    MAX_PARTS,
    schedule_from_json,
    schedule_to_json,
    validate_schedule,
)

HOUR = 3_600_000


def edge(**changes: object) -> dict[str, object]:
    return {"anchor": "clock", "minutes": 540, **changes}


def daypart(**changes: object) -> dict[str, object]:
    return {"dayparts": [{"start": edge(), "end": edge(minutes=600), **changes}]}


def recurrence(rule: str = "FREQ=DAILY", **changes: object) -> dict[str, object]:
    given_ = {"start": "2026-06-01T09:00:00", "duration_ms": HOUR, "rule": rule, **changes}
    return {"recurrences": [given_]}


_clock_starts = st.builds(Edge, st.just("clock"), st.integers(0, 1439))
_clock_ends = st.builds(Edge, st.just("clock"), st.integers(0, 2880))
_others = st.builds(
    Edge, st.sampled_from(["open", "close", "sunrise", "sunset"]), st.integers(-720, 720)
)
_dayparts = st.builds(
    Daypart,
    _clock_starts | _others,
    _clock_ends | _others,
    st.frozensets(st.integers(0, 6), min_size=1),
)
_recurrences = st.builds(
    Recurrence,
    st.sampled_from(["2026-06-01T09:00:00", "2026-06-01T09:00"]),
    st.integers(1, MAX_DURATION_MS),
    st.sampled_from(["FREQ=DAILY", "freq=weekly;byday=mo", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3"]),
    st.sampled_from([(), ("2026-07-14",)]),
    st.sampled_from([(), ("2026-07-15T10:00", "2026-07-16")]),
)
schedules = st.builds(
    Schedule,
    st.none() | st.sampled_from(["2026-06-01", "2026-06-01T08:30"]),
    st.none() | st.sampled_from(["2026-06-02", "2026-06-01T08:31:00"]),
    st.lists(_dayparts, max_size=3).map(tuple),
    st.lists(_recurrences, max_size=2).map(tuple),
    st.sampled_from(["any", "only", "except"]),
    st.booleans(),
)


@given(schedules)
def test_what_is_written_is_read_back(schedule: Schedule) -> None:
    text = json.dumps(schedule_to_json(schedule))
    assert schedule_from_json(json.loads(text)) == schedule


def test_what_is_at_its_default_is_left_out() -> None:
    assert schedule_to_json(ALWAYS) == {}
    assert schedule_from_json({"holidays": None, "dayparts": None}) == ALWAYS


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=MO,WE;WKST=SU",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        "FREQ=YEARLY;BYYEARDAY=1,100,-1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=DAILY;BYHOUR=9,12,17;BYMINUTE=0,30;BYSECOND=0",
        "FREQ=DAILY;INTERVAL=366",
        f"FREQ=DAILY;COUNT={MAX_OCCURRENCES}",
        "FREQ=DAILY;UNTIL=20260601T000000Z",
        "FREQ=DAILY;UNTIL=20260601",
    ],
)
def test_rules_of_rfc_5545_are_taken(rule: str) -> None:
    schedule_from_json(recurrence(rule))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("", "NAME=VALUE"),
        ("RRULE:FREQ=DAILY", "FREQ is one of"),
        ("FREQ=DAILY;", "NAME=VALUE"),
        ("BYDAY=MO", "FREQ is one of"),
        ("FREQ=HOURLY", "HOURLY is too often.*Use FREQ=DAILY"),
        ("FREQ=MINUTELY", "MINUTELY is too often"),
        ("FREQ=SECONDLY", "SECONDLY is too often"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ stands twice"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "COUNT or UNTIL, not both"),
        (f"FREQ=DAILY;COUNT={MAX_OCCURRENCES + 1}", "from 1 to 2000"),
        ("FREQ=DAILY;COUNT=0", "from 1 to 2000"),
        ("FREQ=DAILY;INTERVAL=1,2", "takes one number"),
        ("FREQ=DAILY;INTERVAL=1.5", "whole numbers from 1"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH takes whole numbers from 1 to 12"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY cannot be 0"),
        ("FREQ=DAILY;BYDAY=XX", "BYDAY takes MO"),
        ("FREQ=WEEKLY;BYDAY=1MO", "no numbers with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYDAY=54MO", "1 to 53"),
        ("FREQ=MONTHLY;BYDAY=0MO", "1 to 53"),
        ("FREQ=WEEKLY;WKST=1MO", "WKST is one of"),
        ("FREQ=WEEKLY;WKST=X", "WKST is one of"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY cannot stand with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO cannot stand with FREQ=MONTHLY"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "weekdays without numbers"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs another BY part"),
        ("FREQ=DAILY;BYEASTER=1", "BYEASTER is not a part"),
        ("FREQ=DAILY;BYMINUTE=" + ",".join(map(str, range(49))), "At most 48 beginnings a day"),
        ("FREQ=DAILY;UNTIL=tomorrow", "Write UNTIL as"),
        ("FREQ=DAILY;UNTIL=20260230", "not in the calendar"),
        ("FREQ=DAILY;UNTIL=20260531", "never happens"),
        ("FREQ=DAILY;UNTIL=20260530T000000Z", "never happens"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never happens"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never happens"),
        ("FREQ=DAILY\nDTSTART:20260101", "FREQ is one of"),
    ],
)
def test_a_rule_that_is_no_plan_is_refused_with_what_to_write(rule: str, says: str) -> None:
    schedule = Schedule(recurrences=(Recurrence("2026-06-01T09:00:00", HOUR, rule),))
    with pytest.raises(Invalid, match=says) as refusal:
        validate_schedule(schedule)
    assert refusal.value.field == "recurrences/0/rule"


def test_a_rule_of_any_length_is_refused_unread() -> None:
    schedule = Schedule(recurrences=(Recurrence("2026-06-01T09:00:00", HOUR, "FREQ=DAILY;" * 50),))
    with pytest.raises(Invalid, match="at most 500 characters"):
        validate_schedule(schedule)


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ([], "", "object is needed"),
        ({"starts": "2026-06-01"}, "starts", "not known. Known: start, end"),
        ({"start": "01/06/2026"}, "start", "YYYY-MM-DDTHH:MM:SS, without a zone"),
        ({"start": "2026-06-01T09:00:00Z"}, "start", "A text of"),
        ({"end": "2026-02-30"}, "end", "2026-02-30 is not in the calendar"),
        ({"start": "2026-06-01T25:00"}, "start", "not in the calendar"),
        ({"end": "2200-01-01"}, "end", "between 1970 and 2199"),
        ({"start": "2026-06-02", "end": "2026-06-02"}, "end", "must lie after the start"),
        ({"start": "2026-06-02T10:00", "end": "2026-06-02"}, "end", "must lie after the start"),
        ({"holidays": "never"}, "holidays", "Use one of any, only, except"),
        ({"open_hours_only": 1}, "open_hours_only", "true or false"),
        (daypart(weekdays=[]), "dayparts/0/weekdays", "at least one weekday"),
        (daypart(weekdays=[7]), "dayparts/0/weekdays/0", "from 0 to 6"),
        (daypart(colour="red"), "dayparts/0/colour", "Known: start, end, weekdays"),
        (daypart(end=edge(anchor="noon")), "dayparts/0/end/anchor", "clock, open, close"),
        (daypart(end=edge(minutes=True)), "dayparts/0/end/minutes", "whole number"),
        (daypart(start=edge(minutes=1440)), "dayparts/0/start/minutes", "0 to 1439 minutes after"),
        (daypart(end=edge(minutes=-1)), "dayparts/0/end/minutes", "0 to 2880 minutes after"),
        (
            daypart(end=edge(anchor="open", minutes=721)),
            "dayparts/0/end/minutes",
            "-720 to 720 minutes from open",
        ),
        (daypart(start={"anchor": "open"}), "dayparts/0/start/minutes", "missing"),
        ({"dayparts": [1]}, "dayparts/0", "object is needed"),
        (recurrence(duration_ms=0), "recurrences/0/duration_ms", r"from 1 to \d+ mill"),
        (recurrence(start="2026-06-01"), "recurrences/0/start", "local time as"),
        (recurrence(exdates=["2026-06-31"]), "recurrences/0/exdates/0", "not in the calendar"),
        (recurrence(rdates=[5]), "recurrences/0/rdates/0", "A text of"),
        (recurrence(colour="red"), "recurrences/0/colour", "not known"),
        (recurrence(rdates=["2026-06-01"] * 501), "recurrences/0/rdates", "at most 500"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_what_to_do(
    wrong: object, field: str, says: str
) -> None:
    with pytest.raises(Invalid, match=says) as refusal:
        schedule_from_json(wrong, "schedule")
    assert refusal.value.field == f"schedule/{field}".rstrip("/")


@pytest.mark.parametrize(
    ("many", "field"),
    [
        (Schedule(dayparts=(Daypart(Edge("clock", 0), Edge("clock", 60)),) * 33), "dayparts"),
        (
            Schedule(recurrences=(Recurrence("2026-06-01T09:00", HOUR, "FREQ=DAILY"),) * 33),
            "recurrences",
        ),
    ],
)
def test_too_many_parts_are_refused(many: Schedule, field: str) -> None:
    with pytest.raises(Invalid, match=f"At most {MAX_PARTS} {field}") as refusal:
        validate_schedule(many)
    assert refusal.value.field == field


def test_too_many_dates_ask_for_a_rule() -> None:
    dates = ("2026-06-01",) * (MAX_DATES + 1)
    many = Schedule(recurrences=(Recurrence("2026-06-01T09:00", HOUR, "FREQ=DAILY", dates),))
    with pytest.raises(Invalid, match="At most 500 dates"):
        validate_schedule(many)
