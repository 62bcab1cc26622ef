"""What the server knows of the world: facts, their keys, and how they run over time."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import pairwise
from typing import NewType

from playlists.errors import Invalid
from playlists.ids import SourceId

FactKey = NewType("FactKey", str)
"""`name:subject`, for example `weather.rain:lille`, `stock:PLV-01@lille`, `footfall:window@lille`.

In a condition the subject may hold `{store}` and `{place}`, which stand for the store and the place
(counting zone) of the screen that asks.
"""

FactValue = int | str | bool
"""Whole numbers only; the unit is part of the fact's name in the table KINDS."""

_KEY = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)?:[^\s:]{1,140}")


@dataclass(frozen=True, slots=True)
class FactKind:
    """A kind of fact: `unit` for people, and how long its source may be silent (`max_age_ms`)."""

    name: str
    unit: str
    max_age_ms: int


MINUTE_MS = 60_000
HOUR_MS = 3_600_000
HAND = "manual"
"""The source of facts that people enter: `manual@store`."""

KINDS: dict[str, FactKind] = {
    kind.name: kind
    for kind in (
        FactKind("stock", "pieces", 4 * HOUR_MS),
        FactKind("nearest", "name of the nearest other store with stock", 4 * HOUR_MS),
        FactKind("nearest.metres", "metres to the nearest other store with stock", 4 * HOUR_MS),
        FactKind("nearest.pieces", "pieces at the nearest other store with stock", 4 * HOUR_MS),
        FactKind("nearest.hours", "when the nearest other store with stock is open", 4 * HOUR_MS),
        FactKind("weather.temperature", "tenths of a degree Celsius", 3 * HOUR_MS),
        FactKind("weather.rain", "tenths of a millimetre an hour", 3 * HOUR_MS),
        FactKind("weather.code", "WMO 4677 code", 3 * HOUR_MS),
        FactKind("footfall", "people in 15 minutes", 5 * MINUTE_MS),
        FactKind("occupancy", "people present", 5 * MINUTE_MS),
    )
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of one key. All instants are unix milliseconds, UTC.

    `valid_from` is when it begins to hold, `valid_until` (exclusive) when it ends to, None for an
    observation that holds until the next one; a forecast is a row of facts about the future.
    `observed_at` is when the source said so; `expires_at` when it is too old to be believed.
    """

    key: FactKey
    value: FactValue
    valid_from: int
    valid_until: int | None
    observed_at: int
    expires_at: int
    source: SourceId


@dataclass(frozen=True, slots=True)
class FactSpan:
    """A stretch `[from_ms, until_ms)` on which a key has one value."""

    from_ms: int
    until_ms: int
    value: FactValue


@dataclass(frozen=True, slots=True)
class FactLine:
    """A key's values over time, as resolve reads them: disjoint spans in order; elsewhere UNKNOWN.

    Ages are not in here: an observation's age moves at each refresh and must not move a hash. The
    slot names `source` and `max_age_ms` as a gate instead, and freshness messages keep it open.
    """

    key: FactKey
    source: SourceId
    max_age_ms: int
    spans: tuple[FactSpan, ...]


def fact_key(text: str, field: str = "fact") -> FactKey:
    """Check the grammar `name:subject` and that the kind is known. Raises Invalid."""
    if not _KEY.fullmatch(text):
        raise Invalid("A fact is written name:subject, for example weather.rain:{store}.", field)
    if kind_of(FactKey(text)) is None:
        raise Invalid(f"No such kind of fact. Known: {', '.join(sorted(KINDS))}.", field)
    return FactKey(text)


def kind_of(key: FactKey) -> FactKind | None:
    """The kind that a key belongs to, or None where it is unknown."""
    return KINDS.get(key.split(":", 1)[0])


def bind(key: FactKey, store: str, place: str) -> FactKey:
    """Fill `{store}` and `{place}` of a condition's key for one screen."""
    return FactKey(key.replace("{store}", store).replace("{place}", place))


def fact_line(
    facts: Iterable[Fact],
    key: FactKey,
    now_ms: int,
    horizon_ms: int,
    *,
    since_ms: int | None = None,
    max_age_ms: int | None = None,
) -> FactLine | None:
    """The values of `key` over time from its rows, in any order; None without a row to believe.

    Rows that expire at or before `now_ms` are left out. What a person said with an end (`by_hand`)
    wins until that end. Else, where rows overlap, the later `observed_at` wins, then the later
    `valid_from`. A forecast holds on `[valid_from, valid_until)`. An
    observation (no `valid_until`) holds until the next forecast begins, or to `horizon_ms`: what
    was seen this morning does not overrule tomorrow's forecast.

    With `since_ms`, the earliest observation also stands for the time from `since_ms` to it where
    nothing else is known, so that a refresh with the same value leaves the line as it was. A line
    has one source beside the hand: of several, the one that spoke last is kept. `max_age_ms` is the
    kind's unless given. Raises Invalid for a kind that is not known.
    """
    kind = kind_of(key)
    if kind is None:
        raise Invalid(f"No such kind of fact. Known: {', '.join(sorted(KINDS))}.", "fact")
    alive = [fact for fact in facts if fact.key == key and fact.expires_at > now_ms]
    if not alive:
        return None
    hands = [fact for fact in alive if by_hand(fact)]
    told = [fact for fact in alive if not by_hand(fact)]
    source = max((fact.observed_at, fact.source) for fact in told or hands)[1]
    rows = _stretches([fact for fact in told if fact.source == source], horizon_ms, since_ms)
    over = [replace(one, by_hand=True) for one in _stretches(hands, horizon_ms, None)]
    spans = _merged(_painted(rows + over))
    return FactLine(key, source, kind.max_age_ms if max_age_ms is None else max_age_ms, spans)


def by_hand(fact: Fact) -> bool:
    """Whether a person said this, until an end: no source overrules it before that."""
    return fact.valid_until is not None and fact.source.startswith(f"{HAND}@")


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class _Stretch:
    """Where a row holds. Of two the greater wins; the last fields only make the order total."""

    by_hand: bool = False
    observed_at: int
    valid_from: int
    until_ms: int
    value_type: str
    value: FactValue
    from_ms: int


_NEVER_OBSERVED = -1
"""Ranks the time before an observation under all that was said of it."""


def _stretches(rows: list[Fact], horizon_ms: int, since_ms: int | None) -> list[_Stretch]:
    forecasts = sorted(row.valid_from for row in rows if row.valid_until is not None)
    found: list[_Stretch] = []
    seen: list[_Stretch] = []
    for row in rows:
        begin, end = row.valid_from, row.valid_until
        if end is not None:
            found.append(_stretch(row, begin, end))
        else:
            following = bisect_right(forecasts, begin)
            end = min([horizon_ms, *forecasts[following : following + 1]])
            seen.append(_stretch(row, begin, end))
    if seen and since_ms is not None:
        first = min(seen, key=lambda s: (s.valid_from, -s.observed_at, s.value_type, s.value))
        until = first.valid_from
        before = replace(first, observed_at=_NEVER_OBSERVED, from_ms=since_ms, until_ms=until)
        seen.append(before)
    return [stretch for stretch in found + seen if stretch.from_ms < stretch.until_ms]


def _stretch(row: Fact, begin: int, end: int) -> _Stretch:
    return _Stretch(
        observed_at=row.observed_at,
        valid_from=begin,
        until_ms=end,
        value_type=type(row.value).__name__,
        value=row.value,
        from_ms=begin,
    )


def _painted(stretches: list[_Stretch]) -> Iterator[FactSpan]:
    """The winner's value between any two neighbouring edges, where there is one."""
    best_first = sorted(stretches, reverse=True)
    by_start = deque(sorted((stretch.from_ms, rank) for rank, stretch in enumerate(best_first)))
    edges = sorted({edge for s in stretches for edge in (s.from_ms, s.until_ms)})
    holding: list[int] = []
    for begin, end in pairwise(edges):
        while by_start and by_start[0][0] <= begin:
            heappush(holding, by_start.popleft()[1])
        while holding and best_first[holding[0]].until_ms <= begin:
            heappop(holding)
        if holding:
            yield FactSpan(begin, end, best_first[holding[0]].value)


def _merged(spans: Iterable[FactSpan]) -> tuple[FactSpan, ...]:
    """Neighbours of one value joined; `True` is not 1 here."""
    joined: list[FactSpan] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and last.until_ms == span.from_ms and same_value(last.value, span.value):
            joined[-1] = replace(last, until_ms=span.until_ms)
        else:
            joined.append(span)
    return tuple(joined)


def same_value(left: FactValue, right: FactValue) -> bool:
    """Equality that tells `True` from 1."""
    return type(left) is type(right) and left == right


def value_at(line: FactLine | None, t: int) -> FactValue | None:
    """The value at the instant `t`, None where it is UNKNOWN."""
    if line is None:
        return None
    after = bisect_right(line.spans, t, key=lambda span: span.from_ms)
    span = line.spans[after - 1] if after else None
    return span.value if span is not None and t < span.until_ms else None
