"""When each part of a stage is active: schedules and windows once for all stores of a calendar,
facts per screen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from playlists.conditions import (
    Compare,
    Condition,
    Truth,
    Within,
    bind_condition,
    evaluate,
    facts_of,
    gates_of,
    true_intervals,
)
from playlists.errors import Invalid
from playlists.facts import FactKey, FactLine
from playlists.ids import SourceId
from playlists.intervals import Intervals, clip, intersect, normalize, subtract
from playlists.localtime import LocalDay
from playlists.resolving.candidates import Span
from playlists.resolving.memo import Memo
from playlists.resolving.stage import Part, Stage
from playlists.resolving.timeline import Edges
from playlists.schedule import Calendar, Schedule, compile_schedule

Gates = tuple[tuple[SourceId, int], ...]
Event = tuple[int, int]
"""`(at, part's bit)`: at this instant (unix milliseconds) the part begins or ends."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition as one screen asks it: bound to its store and place, with the facts' lines."""

    condition: Condition
    lines: Mapping[FactKey, FactLine | None]
    true: Intervals
    gates: Gates


@dataclass(frozen=True, slots=True)
class Grid:
    """A stage's planned activity over some days, facts apart.

    `planned` by part, over the whole window. The rest is of parts without condition: per day the
    parts active at its begin, its events, and its edges.
    """

    window: Span
    planned: tuple[Intervals, ...]
    begins: tuple[int, ...]
    events: tuple[tuple[Event, ...], ...]
    edges: tuple[Edges, ...]


def ask(
    condition: Condition,
    store: str,
    place: str,
    fact: Callable[[FactKey], FactLine | None],
    window: Span,
    memo: Memo,
) -> Asked:
    """Look at the facts of a condition for one screen."""
    bound = memo.keep(("bound", condition, store, place), lambda: _bound(condition, store, place))
    lines = {key: fact(key) for key in bound[1]}
    key = ("asked", bound[0], *window, *(memo.mark(line) for line in lines.values()))
    return memo.keep(
        key,
        lambda: Asked(
            condition=bound[0],
            lines=lines,
            true=_true(bound[0], lines, window, memo),
            gates=gates_of(bound[0], lines.get),
        ),
    )


def grid_of(stage: Stage, calendar: Calendar, days: Sequence[LocalDay], memo: Memo) -> Grid:
    """The stage's planned activity over the days, made once for all stores whose calendars agree
    on it."""
    shared = view(stage, calendar, memo)
    window = (days[0].from_ms, days[-1].until_ms)
    key = ("grid", memo.mark(stage), memo.token(calendar.zone, shared), window, len(days))
    return memo.keep(key, lambda: _grid(stage, shared, days, memo))


def planned(part: Part, calendar: Calendar, window: Span, memo: Memo) -> Intervals:
    """When a part is planned: all its schedules agree, within its window, and no pause is on."""
    found: Intervals = (window,)
    for schedule in part.schedules:
        found = intersect(found, _compiled(schedule, calendar, window, memo))
    if part.window is not None:
        found = clip(found, *part.window)
    return subtract(found, normalize(part.paused)) if part.paused else found


def runs_at(schedule: Schedule, calendar: Calendar, at_ms: int) -> bool:
    """Whether a schedule holds at an instant."""
    return bool(_compiled(schedule, calendar, (at_ms, at_ms + 1), Memo()))


def edges_of(
    grid: Grid, days: Sequence[LocalDay], active: Sequence[tuple[int, Intervals]]
) -> dict[int, Edges]:
    """The edges of the days that facts change: by the day's number, `active` being each part's bit
    and when."""
    if not active:
        return {}
    events = sorted((at, bit) for bit, stretches in active for span in stretches for at in span)
    begins = [day.from_ms for day in days]
    by_day: dict[int, list[Event]] = {}
    state = 0
    carried: dict[int, int] = {}
    last = 0
    for at, bit in events:
        number = bisect_right(begins, at) - 1
        if state:
            for between in range(last + 1, number + 1):
                carried[between] = state
        if at < days[-1].until_ms:
            by_day.setdefault(number, []).append((at, bit))
        state ^= bit
        last = number
    return {
        number: _day_edges(
            days[number],
            grid.begins[number] | carried.get(number, 0),
            [*grid.events[number], *by_day.get(number, ())],
        )
        for number in by_day.keys() | carried.keys()
    }


def view(stage: Stage, calendar: Calendar, memo: Memo) -> Calendar:
    """The calendar without tables that no schedule of the stage reads: equal for many stores."""
    hours, holidays, sun = memo.keep(("needs", memo.mark(stage)), lambda: _needs(stage))
    key = ("view", memo.mark(calendar), hours, holidays, sun)
    return memo.keep(
        key,
        lambda: replace(
            calendar,
            hours=calendar.hours if hours else ((),) * 7,
            special_hours=calendar.special_hours if hours else (),
            holidays=calendar.holidays if holidays else frozenset(),
            sun=calendar.sun if sun else (),
        ),
    )


def _bound(condition: Condition, store: str, place: str) -> tuple[Condition, tuple[FactKey, ...]]:
    bound = bind_condition(condition, store, place)
    return bound, tuple(sorted(facts_of(bound)))


def _true(
    condition: Condition, lines: Mapping[FactKey, FactLine | None], window: Span, memo: Memo
) -> Intervals:
    """When a condition is true; a single comparison is made once for each value of a fact."""
    if not isinstance(condition, Compare | Within):
        return true_intervals(condition, lines.get, *window)
    line = lines[condition.fact]
    if line is None:
        return ()
    known = memo.keep(_shape(condition), dict[object, bool])
    stretches: list[Span] = []
    for span in line.spans:
        value = span.value
        holds = known.get((type(value), value))
        if holds is None:
            holds = evaluate(condition, {condition.fact: value}.get).truth is Truth.TRUE
            known[type(value), value] = holds
        if holds:
            stretches.append((span.from_ms, span.until_ms))
    return clip(normalize(stretches), *window)


def _shape(condition: Compare | Within) -> tuple[object, ...]:
    """A comparison without its fact. To Python True is 1, to a condition it is not."""
    if isinstance(condition, Within):
        return "holds", condition.low, condition.high
    return "holds", condition.op, type(condition.value), condition.value


def _needs(stage: Stage) -> tuple[bool, bool, bool]:
    schedules = [schedule for part in stage.parts for schedule in part.schedules]
    anchors = {
        edge.anchor
        for schedule in schedules
        for daypart in schedule.dayparts
        for edge in (daypart.start, daypart.end)
    }
    return (
        bool(anchors & {"open", "close"}) or any(s.open_hours_only for s in schedules),
        any(schedule.holidays != "any" for schedule in schedules),
        bool(anchors & {"sunrise", "sunset"}),
    )


def _compiled(schedule: Schedule, calendar: Calendar, window: Span, memo: Memo) -> Intervals:
    """A schedule that cannot be read never plays: editing refuses it, and one bad wish must not
    stop the rest."""

    def compiled() -> Intervals:
        try:
            return compile_schedule(schedule, calendar, *window)
        except Invalid:
            return ()

    return memo.keep(("compiled", schedule, memo.token(calendar.zone, calendar), window), compiled)


def _grid(stage: Stage, calendar: Calendar, days: Sequence[LocalDay], memo: Memo) -> Grid:
    window = (days[0].from_ms, days[-1].until_ms)
    intervals = tuple(planned(part, calendar, window, memo) for part in stage.parts)
    events = sorted(
        (at, 1 << number)
        for number, (part, stretches) in enumerate(zip(stage.parts, intervals, strict=True))
        if not part.conditions
        for span in stretches
        for at in span
    )
    begins: list[int] = []
    daily: list[tuple[Event, ...]] = []
    state = number = 0
    for day in days:
        while number < len(events) and events[number][0] <= day.from_ms:
            state ^= events[number][1]
            number += 1
        first = number
        begins.append(state)
        while number < len(events) and events[number][0] < day.until_ms:
            state ^= events[number][1]
            number += 1
        daily.append(tuple(events[first:number]))
    edges = [
        _day_edges(day, begin, today) for day, begin, today in zip(days, begins, daily, strict=True)
    ]
    return Grid(window, intervals, tuple(begins), tuple(daily), tuple(edges))


def _day_edges(day: LocalDay, begin: int, events: Sequence[Event]) -> Edges:
    """The sets of active parts over a day; events may come in any order."""
    edges = {0: begin}
    state = begin
    for at, bit in sorted(events):
        state ^= bit
        edges[at - day.from_ms] = state
    return tuple(edges.items())
