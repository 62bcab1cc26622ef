"""Two plans of one profile compared: from when they differ, what comes, what leaves. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from playlists.ids import CardId, Sha256, ZoneId
from playlists.manifest import Chunk, Day, Manifest, Segment, Slot, Why
from playlists.turns import turn_in

MAX_STEPS = 5_000
"""Turns that are walked through to find the first that differs; beyond, the stretch's begin."""

Chunks = Callable[[Sha256], Chunk]
Aired = Mapping[Why, tuple[int, frozenset[CardId]]]
"""By wish and item: seconds on screen, and the cards shown."""


Way = Literal["comes", "leaves", "rewritten", "more", "less"]
SHIFTS: tuple[Way, ...] = ("more", "less")


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of an item: seconds a day on screen before and after; `rewritten` where it shows
    another card.
    """

    layer: str
    source: str
    item: str
    before_s: int
    after_s: int
    rewritten: bool

    @property
    def way(self) -> Way:
        """What becomes of it, in a word."""
        if not self.before_s:
            return "comes"
        if not self.after_s:
            return "leaves"
        if self.rewritten:
            return "rewritten"
        return "more" if self.after_s > self.before_s else "less"


@dataclass(frozen=True, slots=True)
class Difference:
    """Two plans differ from `first_ms` on, first in `zone`, on `days` of their days; `moves` are of
    one of those days, a whole one where there is any.
    """

    first_ms: int
    zone: ZoneId
    days: int
    moves: tuple[Move, ...]


class Comparing:
    """Compares plans; equal pairs of days are compared once."""

    def __init__(self) -> None:
        self._aired: dict[Sha256, Aired] = {}
        self._first: dict[tuple[Sha256, Sha256, int], tuple[int, ZoneId] | None] = {}

    def difference(
        self, before: Manifest, after: Manifest, old: Chunks, new: Chunks, from_ms: int
    ) -> Difference | None:
        """How `after` differs from `before` from `from_ms` (unix ms) on; None: not at all."""
        pairs = [
            (a, b)
            for a, b in zip(before.days, after.days, strict=True)
            if b.until_ms > from_ms and a.chunk != b.chunk
        ]
        for number, (a, b) in enumerate(pairs):
            first = self._first_of(a, b, old, new, max(0, from_ms - b.from_ms))
            if first is None:  # only what is over already
                continue
            day, (at, zone) = b, first
            left = pairs[number:]
            former, whole = next((one for one in left if one[1].from_ms >= from_ms), left[0])
            moves = moves_of(self._air(former.chunk, old), self._air(whole.chunk, new))
            return Difference(day.from_ms + at, zone, len(left), moves)
        return None

    def _first_of(
        self, a: Day, b: Day, old: Chunks, new: Chunks, at: int
    ) -> tuple[int, ZoneId] | None:
        key = (a.chunk, b.chunk, at)
        if key not in self._first:
            self._first[key] = first_difference(old(a.chunk), new(b.chunk), at)
        return self._first[key]

    def _air(self, name: Sha256, chunks: Chunks) -> Aired:
        if name not in self._aired:
            self._aired[name] = aired(chunks(name))
        return self._aired[name]


def first_difference(a: Chunk, b: Chunk, from_ms: int) -> tuple[int, ZoneId] | None:
    """When two days begin to differ, in milliseconds of the day from `from_ms` on, and in which
    zone.
    """
    found = [
        (at, zone)
        for zone in sorted({*a.zones, *b.zones})
        if (at := _zone_differs(a, b, zone, from_ms)) is not None
    ]
    return min(found, default=None)


def aired(chunk: Chunk) -> Aired:
    """How long each item is on screen in a day, in all its zones."""
    spent = [0.0] * len(chunk.slots)
    shown: set[int] = set()
    for segments in chunk.zones.values():
        ends = [*(segment.from_ms for segment in segments[1:]), chunk.length_ms]
        for segment, end in zip(segments, ends, strict=True):
            length = sum(chunk.slots[at].duration_ms for at in segment.loop)
            shown.update(segment.loop)
            for at in segment.loop:
                spent[at] += (end - segment.from_ms) * chunk.slots[at].duration_ms / length
    found: dict[Why, float] = {}
    cards: dict[Why, set[CardId]] = {}
    for at in sorted(shown):
        slot = chunk.slots[at]
        found[slot.why] = found.get(slot.why, 0) + spent[at]
        cards.setdefault(slot.why, set()).add(slot.card)
    return {why: (round(ms / 1000), frozenset(cards[why])) for why, ms in found.items()}


def moves_of(before: Aired, after: Aired) -> tuple[Move, ...]:
    """What differs, item by item: what comes and leaves first, then the greatest shifts."""
    nothing: tuple[int, frozenset[CardId]] = (0, frozenset())
    moves = []
    for why in {*before, *after}:
        was, shown = before.get(why, nothing)
        is_, shows = after.get(why, nothing)
        rewritten = bool(was and is_) and shown != shows
        if was != is_ or rewritten:
            moves.append(Move(why.layer, why.source, why.item, was, is_, rewritten))
    return tuple(sorted(moves, key=_order))


def _order(move: Move) -> tuple[bool, int, str, str]:
    return move.way in SHIFTS, -abs(move.after_s - move.before_s), move.source, move.item


def _zone_differs(a: Chunk, b: Chunk, zone: ZoneId, from_ms: int) -> int | None:
    for begin, end in _stretches(a, b, zone, from_ms):
        one, other = _segment(a, zone, begin), _segment(b, zone, begin)
        if _alike(a, one, b, other):
            continue
        at = _first_turn(a, b, zone, begin, end)
        if at is not None:
            return at
    return None


def _stretches(a: Chunk, b: Chunk, zone: ZoneId, from_ms: int) -> Iterator[tuple[int, int]]:
    begins = {s.from_ms for chunk in (a, b) for s in chunk.zones.get(zone, ())}
    edges = sorted({from_ms, max(a.length_ms, b.length_ms), *(at for at in begins if at > from_ms)})
    yield from pairwise(edges)


def _segment(chunk: Chunk, zone: ZoneId, at: int) -> Segment | None:
    return next((s for s in reversed(chunk.zones.get(zone, ())) if s.from_ms <= at), None)


def _alike(a: Chunk, one: Segment | None, b: Chunk, other: Segment | None) -> bool:
    mine, theirs = _slots(a, one), _slots(b, other)
    if mine != theirs or one is None or other is None:
        return mine == theirs
    length = sum(slot.duration_ms for slot in mine)
    return not length or (one.from_ms - other.from_ms) % length == 0


def _slots(chunk: Chunk, segment: Segment | None) -> list[Slot]:
    return [chunk.slots[at] for at in segment.loop] if segment is not None else []


def _first_turn(a: Chunk, b: Chunk, zone: ZoneId, begin: int, end: int) -> int | None:
    day = Day("", 0, max(a.length_ms, b.length_ms), Sha256(""))
    at = begin
    for _ in range(MAX_STEPS):
        if at >= end:
            return None
        one, other = turn_in(day, a, zone, at), turn_in(day, b, zone, at)
        if one.slot != other.slot:
            return at
        at = min(one.until, other.until)
    return begin
