"""When something is planned, in a store's local time: rules in, UTC intervals out, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Intervals = tuple[tuple[int, int], ...]
"""Disjoint half-open `[from, until)` stretches in unix milliseconds, in order."""

Anchor = Literal["clock", "open", "close", "sunrise", "sunset"]


@dataclass(frozen=True, slots=True)
class Edge:
    """An end of a daypart: minutes after store-local midnight, or after opening, closing, sunrise, sunset.

    `minutes` is 0 to 2880 for the clock (over 1440 is the next day), -720 to 720 for the others.
    """

    anchor: Anchor
    minutes: int


@dataclass(frozen=True, slots=True)
class Daypart:
    """A part of each day in `weekdays` (0 Monday to 6 Sunday). An end at or before its start is the next day."""

    start: Edge
    end: Edge
    weekdays: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Recurrence:
    """RFC 5545: `rule` is an RRULE value, `start` a local `YYYY-MM-DDTHH:MM:SS`, `duration_ms` each length.

    UNTIL without a zone is local; `exdates` and `rdates` are local, a bare date excludes that whole day.
    """

    start: str
    duration_ms: int
    rule: str
    exdates: tuple[str, ...] = ()
    rdates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """All parts that are given must agree (intersection); an empty Schedule is always.

    `start` and `end` (exclusive) are local `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM[:SS]`; several dayparts or
    recurrences unite; `holidays` keeps to holidays, keeps off them, or does not care.
    """

    start: str | None = None
    end: str | None = None
    dayparts: tuple[Daypart, ...] = ()
    recurrences: tuple[Recurrence, ...] = ()
    holidays: Literal["any", "only", "except"] = "any"
    open_hours_only: bool = False


ALWAYS = Schedule()


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a store's local days look like. Handed in: the domain computes neither holidays nor sun.

    `zone` is IANA. Dates are `YYYY-MM-DD`. `hours` are opening stretches as (from, until) minutes after
    local midnight; a date in `special_hours` replaces the weekday's (0 Monday); `sun` is (rise, set) in
    unix milliseconds by date.
    """

    zone: str
    hours: tuple[tuple[tuple[int, int], ...], ...] = ((),) * 7
    special_hours: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = ()
    holidays: frozenset[str] = frozenset()
    sun: tuple[tuple[str, tuple[int, int]], ...] = ()
