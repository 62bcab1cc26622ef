"""When content may show: a closed three-valued tree over facts, which the UI can build and explain.

A fact that is missing or stale, or of another type than it is compared with, makes its part
UNKNOWN; parts combine by Kleene's strong logic of three values. Only TRUE shows.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import Literal

from playlists.facts import FactKey, FactLine, FactValue, bind, value_at
from playlists.ids import SourceId
from playlists.intervals import Intervals

Op = Literal["<", "<=", "==", "!=", ">=", ">"]


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds. An empty All is true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds. An empty Any is false."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; `not UNKNOWN` is UNKNOWN."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Compare:
    """One fact against one value. Order operators take whole numbers only."""

    fact: FactKey
    op: Op
    value: FactValue


@dataclass(frozen=True, slots=True)
class Within:
    """A numeric fact lies in `[low, high]`, both ends included."""

    fact: FactKey
    low: int
    high: int


Condition = All | Any | Not | Compare | Within

ORDERS: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
    ">": operator.gt,
}
"""The operators that take whole numbers only."""


class Truth(Enum):
    """Kleene's three values."""

    FALSE = "false"
    UNKNOWN = "unknown"
    TRUE = "true"


@dataclass(frozen=True, slots=True)
class Reason:
    """What one comparison came to. `wanted` is (low, high) for `within`; `had` None is no fact."""

    key: FactKey
    op: Op | Literal["within"]
    wanted: FactValue | tuple[int, int]
    had: FactValue | None
    truth: Truth


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition comes to, and the comparisons that decided it, in the tree's order."""

    truth: Truth
    reasons: tuple[Reason, ...]


Lookup = Callable[[FactKey], FactValue | None]
Lines = Callable[[FactKey], FactLine | None]


def evaluate(condition: Condition, lookup: Lookup) -> Verdict:
    """What `condition` comes to with the facts of `lookup` (None: missing or stale).

    Every fact named is looked up, whatever the others say, so that what was read never varies.
    """
    if isinstance(condition, All):
        return _combined([evaluate(p, lookup) for p in condition.parts], Truth.FALSE, Truth.TRUE)
    if isinstance(condition, Any):
        return _combined([evaluate(p, lookup) for p in condition.parts], Truth.TRUE, Truth.FALSE)
    if isinstance(condition, Not):
        inner = evaluate(condition.part, lookup)
        return Verdict(_NEGATED[inner.truth], inner.reasons)
    had = lookup(condition.fact)
    if isinstance(condition, Within):
        low, high = condition.low, condition.high
        truth = _truth(low <= had <= high) if type(had) is int else Truth.UNKNOWN
        return Verdict(truth, (Reason(condition.fact, "within", (low, high), had, truth),))
    truth = _compare(had, condition.op, condition.value)
    reason = Reason(condition.fact, condition.op, condition.value, had, truth)
    return Verdict(truth, (reason,))


def _leaves(condition: Condition) -> Iterator[Compare | Within]:
    """Every comparison, in the tree's order."""
    if isinstance(condition, All | Any):
        for part in condition.parts:
            yield from _leaves(part)
    elif isinstance(condition, Not):
        yield from _leaves(condition.part)
    else:
        yield condition


def facts_of(condition: Condition) -> frozenset[FactKey]:
    """Every fact that it names."""
    return frozenset(leaf.fact for leaf in _leaves(condition))


def bind_condition(condition: Condition, store: str, place: str) -> Condition:
    """Fill `{store}` and `{place}` in every key for one screen."""
    if isinstance(condition, All | Any):
        parts = tuple(bind_condition(part, store, place) for part in condition.parts)
        return replace(condition, parts=parts)
    if isinstance(condition, Not):
        return Not(bind_condition(condition.part, store, place))
    return replace(condition, fact=bind(condition.fact, store, place))


def truth_line(
    condition: Condition, lines: Lines, from_ms: int, until_ms: int
) -> tuple[tuple[int, int, Truth], ...]:
    """What `condition` comes to over `[from_ms, until_ms)`, tiled by (from, until, truth).

    Neighbours differ. It is evaluated once between any two edges of the facts' spans.
    """
    if from_ms >= until_ms:
        return ()
    known = {key: lines(key) for key in facts_of(condition)}
    spans = (span for line in known.values() if line is not None for span in line.spans)
    edges = {edge for span in spans for edge in (span.from_ms, span.until_ms)}
    inner = {edge for edge in edges if from_ms < edge < until_ms}
    found: list[tuple[int, int, Truth]] = []
    for begin, end in pairwise(sorted({from_ms, *inner, until_ms})):
        truth = evaluate(condition, facts_at(known.get, begin)).truth
        if found and found[-1][2] is truth:
            found[-1] = (found[-1][0], end, truth)
        else:
            found.append((begin, end, truth))
    return tuple(found)


def true_intervals(condition: Condition, lines: Lines, from_ms: int, until_ms: int) -> Intervals:
    """When `condition` is TRUE in `[from_ms, until_ms)`."""
    line = truth_line(condition, lines, from_ms, until_ms)
    return tuple((begin, end) for begin, end, truth in line if truth is Truth.TRUE)


def gates_of(
    condition: Condition, lines: Lines, at: int | None = None
) -> tuple[tuple[SourceId, int], ...]:
    """The sources that must stay fresh, each with its least max age in milliseconds, sorted.

    Those of all facts that have any value; with `at`, only of those that decide at that instant.
    """
    keys = facts_of(condition)
    if at is not None:
        keys = frozenset(r.key for r in evaluate(condition, facts_at(lines, at)).reasons)
    ages: dict[SourceId, int] = {}
    for line in map(lines, keys):
        if line is not None and line.spans:
            ages[line.source] = min(line.max_age_ms, ages.get(line.source, line.max_age_ms))
    return tuple(sorted(ages.items()))


def facts_at(lines: Lines, t: int) -> Lookup:
    """The facts as they stand at the instant `t`, for `evaluate`."""
    return lambda key: value_at(lines(key), t)


_NEGATED = {
    Truth.FALSE: Truth.TRUE,
    Truth.UNKNOWN: Truth.UNKNOWN,
    Truth.TRUE: Truth.FALSE,
}


def _combined(verdicts: list[Verdict], deciding: Truth, otherwise: Truth) -> Verdict:
    """One `deciding` part decides; else an UNKNOWN one does; else all together do."""
    truths = {verdict.truth for verdict in verdicts}
    truth = next((t for t in (deciding, Truth.UNKNOWN) if t in truths), otherwise)
    reasons = (r for verdict in verdicts if verdict.truth is truth for r in verdict.reasons)
    return Verdict(truth, tuple(dict.fromkeys(reasons)))


def _compare(had: FactValue | None, op: Op, wanted: FactValue) -> Truth:
    if type(had) is not type(wanted):
        return Truth.UNKNOWN
    if op == "==":
        return _truth(had == wanted)
    if op == "!=":
        return _truth(had != wanted)
    if type(had) is int and type(wanted) is int:
        return _truth(ORDERS[op](had, wanted))
    return Truth.UNKNOWN


def _truth(holds: bool) -> Truth:
    return Truth.TRUE if holds else Truth.FALSE
