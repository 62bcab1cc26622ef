"""A schedule as JSON, for the record and the API, and what is refused of one that a person wrote.

    {"start": "2026-06-01", "end": "2026-09-01T12:00",
     "dayparts": [{"start": {"anchor": "clock", "minutes": 540},
                   "end": {"anchor": "close", "minutes": -30}, "weekdays": [0, 1, 2]}],
     "recurrences": [{"start": "2026-06-01T09:00:00", "duration_ms": 3600000,
                      "rule": "FREQ=WEEKLY", "exdates": ["2026-07-14"], "rdates": []}],
     "holidays": "except", "open_hours_only": true}

Members at their default are left out when written, and may be when read; unknown ones are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar, get_args

from playlists.errors import Invalid
from playlists.fields import Fields, text, whole
from playlists.ids import Json
from playlists.localtime import parse_moment
from playlists.recurrence import MAX_DATES, Recurrence, validate_recurrence
from playlists.rrule import MAX_RULE_LENGTH
from playlists.schedule import Anchor, Daypart, Edge, Holidays, Schedule

MAX_PARTS = 32
"""Dayparts, and recurrences, of one schedule."""
MAX_CLOCK_MINUTES = 2880
MAX_OFFSET_MINUTES = 720
"""How far from opening, closing, sunrise or sunset an edge may lie."""

_DAY_MINUTES = 1440
_MAX_DATE_LENGTH = 19
_WEEKDAYS = frozenset(range(7))
_ANCHORS: tuple[Anchor, ...] = get_args(Anchor)
_HOLIDAYS: tuple[Holidays, ...] = get_args(Holidays)

Word = TypeVar("Word", bound=str)


def validate_schedule(schedule: Schedule, path: str = "") -> None:
    """Check every part. Raises Invalid with the field's path, like `dayparts/0/end/minutes`."""
    at = Fields({}, path).at
    begin = parse_moment(schedule.start, at("start")) if schedule.start is not None else None
    end = parse_moment(schedule.end, at("end")) if schedule.end is not None else None
    if begin is not None and end is not None and end <= begin:
        raise Invalid("The end, which is not included, must lie after the start.", at("end"))
    for name, parts in (("dayparts", schedule.dayparts), ("recurrences", schedule.recurrences)):
        if len(parts) > MAX_PARTS:
            raise Invalid(f"At most {MAX_PARTS} {name} may stand here.", at(name))
    for index, part in enumerate(schedule.dayparts):
        _validate_daypart(part, f"{at('dayparts')}/{index}")
    for index, recurrence in enumerate(schedule.recurrences):
        validate_recurrence(recurrence, f"{at('recurrences')}/{index}")


def schedule_to_json(schedule: Schedule) -> dict[str, Json]:
    """The JSON form; `schedule_from_json` gives the same schedule back."""
    written: dict[str, Json] = {
        "start": schedule.start,
        "end": schedule.end,
        "dayparts": [_daypart_to_json(part) for part in schedule.dayparts],
        "recurrences": [_recurrence_to_json(part) for part in schedule.recurrences],
        "holidays": None if schedule.holidays == "any" else schedule.holidays,
        "open_hours_only": schedule.open_hours_only,
    }
    return {name: value for name, value in written.items() if value}


def schedule_from_json(value: object, path: str = "") -> Schedule:
    """Read and validate the JSON form. Raises Invalid with the field's path."""
    fields = Fields.of(value, path)
    _only(fields, "start", "end", "dayparts", "recurrences", "holidays", "open_hours_only")
    schedule = Schedule(
        start=fields.text("start", _MAX_DATE_LENGTH) if fields.has("start") else None,
        end=fields.text("end", _MAX_DATE_LENGTH) if fields.has("end") else None,
        dayparts=tuple(_daypart(inner) for inner in _listed(fields, "dayparts")),
        recurrences=tuple(_recurrence(inner) for inner in _listed(fields, "recurrences")),
        holidays=_choice(fields, "holidays", _HOLIDAYS) if fields.has("holidays") else "any",
        open_hours_only=_flag(fields, "open_hours_only"),
    )
    validate_schedule(schedule, path)
    return schedule


def _validate_daypart(part: Daypart, path: str) -> None:
    if not part.weekdays or not part.weekdays <= _WEEKDAYS:
        raise Invalid("Name at least one weekday, 0 (Monday) to 6 (Sunday).", f"{path}/weekdays")
    _validate_edge(part.start, f"{path}/start", _DAY_MINUTES - 1)
    _validate_edge(part.end, f"{path}/end", MAX_CLOCK_MINUTES)


def _validate_edge(edge: Edge, path: str, clock_most: int) -> None:
    if edge.anchor == "clock":
        low, high, what = 0, clock_most, "minutes after midnight"
    else:
        low, high, what = -MAX_OFFSET_MINUTES, MAX_OFFSET_MINUTES, f"minutes from {edge.anchor}"
    if not low <= edge.minutes <= high:
        raise Invalid(f"Give {low} to {high} {what}.", f"{path}/minutes")


def _daypart_to_json(part: Daypart) -> dict[str, Json]:
    written: dict[str, Json] = {
        "start": {"anchor": part.start.anchor, "minutes": part.start.minutes},
        "end": {"anchor": part.end.anchor, "minutes": part.end.minutes},
    }
    if part.weekdays != _WEEKDAYS:
        written["weekdays"] = sorted(part.weekdays)
    return written


def _daypart(fields: Fields) -> Daypart:
    _only(fields, "start", "end", "weekdays")
    weekdays = _WEEKDAYS
    if fields.has("weekdays"):
        days = fields.items("weekdays", len(_WEEKDAYS))
        weekdays = frozenset(whole(day, where, 0, 6) for where, day in days)
    return Daypart(_edge(fields.fields("start")), _edge(fields.fields("end")), weekdays)


def _edge(fields: Fields) -> Edge:
    _only(fields, "anchor", "minutes")
    minutes = fields.whole("minutes", -MAX_OFFSET_MINUTES, MAX_CLOCK_MINUTES)
    return Edge(_choice(fields, "anchor", _ANCHORS), minutes)


def _recurrence_to_json(recurrence: Recurrence) -> dict[str, Json]:
    written: dict[str, Json] = {
        "start": recurrence.start,
        "duration_ms": recurrence.duration_ms,
        "rule": recurrence.rule,
        "exdates": list(recurrence.exdates),
        "rdates": list(recurrence.rdates),
    }
    return {name: value for name, value in written.items() if value}


def _recurrence(fields: Fields) -> Recurrence:
    _only(fields, "start", "duration_ms", "rule", "exdates", "rdates")
    return Recurrence(
        start=fields.text("start", _MAX_DATE_LENGTH),
        duration_ms=fields.whole("duration_ms"),
        rule=fields.text("rule", MAX_RULE_LENGTH),
        exdates=_dates(fields, "exdates"),
        rdates=_dates(fields, "rdates"),
    )


def _dates(fields: Fields, name: str) -> tuple[str, ...]:
    if not fields.has(name):
        return ()
    return tuple(text(day, at, _MAX_DATE_LENGTH) for at, day in fields.items(name, MAX_DATES))


def _listed(fields: Fields, name: str) -> Iterator[Fields]:
    if fields.has(name):
        yield from (Fields.of(inner, at) for at, inner in fields.items(name, MAX_PARTS))


def _choice(fields: Fields, name: str, words: tuple[Word, ...]) -> Word:
    for word in words:
        if fields.value(name) == word:
            return word
    raise Invalid(f"Use one of {', '.join(words)}.", fields.at(name))


def _flag(fields: Fields, name: str) -> bool:
    value = fields.raw.get(name, False)
    if not isinstance(value, bool):
        raise Invalid("Use true or false.", fields.at(name))
    return value


def _only(fields: Fields, *names: str) -> None:
    for name in fields.raw:
        if name not in names:
            raise Invalid(f"This field is not known. Known: {', '.join(names)}.", fields.at(name))
