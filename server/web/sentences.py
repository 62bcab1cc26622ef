"""A condition and a schedule as the clauses of a sentence, and back again. Pure.

What a person can open in a sentence has a clause of its own; a tree that nobody here knows is kept
whole in an `Other`. So `condition_of(clauses_of(tree))` is the tree, whatever it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from playlists.conditions import All, Compare, Condition, Op, Within
from playlists.facts import FactKey
from playlists.schedule import Daypart, Edge, Schedule

HERE = "{store}"
PLACE = "{place}"
COUNTED = ("occupancy", "footfall")
DAY_MINUTES = 1440
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Rain:
    """Rain in the store's town, in tenths of a millimetre an hour."""

    op: Op
    tenths: int


@dataclass(frozen=True, slots=True)
class Temperature:
    """The temperature in the store's town, in tenths of a degree."""

    op: Op
    tenths: int


@dataclass(frozen=True, slots=True)
class Sky:
    """The sky over the store, as WMO 4677 codes `[low, high]`."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Stock:
    """Pieces of a product; `where` is HERE or a store's id."""

    sku: str
    where: str
    op: Op
    n: int


@dataclass(frozen=True, slots=True)
class StockBetween:
    """From `low` to `high` pieces of a product."""

    sku: str
    where: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """People in a counting zone: present (`occupancy`) or in 15 minutes (`footfall`)."""

    kind: str
    zone: str
    where: str
    op: Op
    n: int


@dataclass(frozen=True, slots=True)
class Other:
    """A part that has no sentence of its own."""

    condition: Condition


Clause = Rain | Temperature | Sky | Stock | StockBetween | Crowd | Other


@dataclass(frozen=True, slots=True)
class Times:
    """Hours of some weekdays (0 Monday), in minutes after midnight; `end` over 1440 or at most
    `start` is the next day's.
    """

    days: frozenset[int]
    start: int
    end: int

    @property
    def whole_day(self) -> bool:
        """Whether it names days only."""
        return self.start == 0 and self.end == DAY_MINUTES


def clauses_of(condition: Condition | None) -> tuple[Clause, ...]:
    """The parts of a condition that must all hold; none where there is no condition."""
    if condition is None:
        return ()
    if isinstance(condition, All) and len(condition.parts) > 1:
        return tuple(_clause(part) for part in condition.parts)
    return (_clause(condition),)


def condition_of(clauses: Sequence[Clause]) -> Condition | None:
    """The condition that some clauses say together."""
    parts = tuple(_tree(clause) for clause in clauses)
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else All(parts)


def times_of(schedule: Schedule) -> Times | None:
    """The hours of a schedule that has one part of the clock's day; None for any other."""
    if len(schedule.dayparts) != 1:
        return None
    part = schedule.dayparts[0]
    if part.start.anchor != "clock" or part.end.anchor != "clock":
        return None
    return Times(part.weekdays, part.start.minutes, part.end.minutes)


def with_times(schedule: Schedule, times: Times | None) -> Schedule:
    """A schedule with other hours; all others of its rules stay."""
    if times is None or (times.whole_day and times.days == EVERY_DAY):
        return replace(schedule, dayparts=())
    edges = Edge("clock", times.start), Edge("clock", times.end)
    return replace(schedule, dayparts=(Daypart(*edges, times.days),))


def _clause(part: Condition) -> Clause:
    found: Clause | None = None
    if isinstance(part, Compare) and type(part.value) is int:
        found = _compared(part, part.value)
    elif isinstance(part, Within):
        found = _between(part)
    return found if found is not None else Other(part)


def _compared(part: Compare, n: int) -> Clause | None:
    kind, _, subject = part.fact.partition(":")
    what, _, where = subject.partition("@")
    if kind == "weather.rain" and subject == HERE:
        return Rain(part.op, n)
    if kind == "weather.temperature" and subject == HERE:
        return Temperature(part.op, n)
    if kind == "stock" and where:
        return Stock(what, where, part.op, n)
    if kind in COUNTED and where:
        return Crowd(kind, what, where, part.op, n)
    return None


def _between(part: Within) -> Clause | None:
    kind, _, subject = part.fact.partition(":")
    what, _, where = subject.partition("@")
    if kind == "weather.code" and subject == HERE:
        return Sky(part.low, part.high)
    if kind == "stock" and where:
        return StockBetween(what, where, part.low, part.high)
    return None


def _tree(clause: Clause) -> Condition:
    if isinstance(clause, Other):
        return clause.condition
    if isinstance(clause, Rain):
        return Compare(FactKey(f"weather.rain:{HERE}"), clause.op, clause.tenths)
    if isinstance(clause, Temperature):
        return Compare(FactKey(f"weather.temperature:{HERE}"), clause.op, clause.tenths)
    if isinstance(clause, Sky):
        return Within(FactKey(f"weather.code:{HERE}"), clause.low, clause.high)
    if isinstance(clause, Crowd):
        fact = FactKey(f"{clause.kind}:{clause.zone}@{clause.where}")
        return Compare(fact, clause.op, clause.n)
    fact = FactKey(f"stock:{clause.sku}@{clause.where}")
    if isinstance(clause, StockBetween):
        return Within(fact, clause.low, clause.high)
    return Compare(fact, clause.op, clause.n)
