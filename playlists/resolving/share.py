"""Share of voice: loops in which every voice has its exact part of the time, in whole numbers
only.

A *voice* is a campaign (or the base) with a weight and a rotation of slots. In a loop it takes its
turns evenly spread, and its rotation in order, from the first slot on. A loop is exact when each
voice's airtime is `length * weight / all weights` to the millisecond.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

LOOP_MAX_MS = 30 * 60_000
"""The longest loop."""
LOOP_SLOTS_AIM = 60
"""Slots that a loop without exact shares should not pass: longer ones cost bytes in every day of
every screen."""
NEAR_ENOUGH_PPM = 5_000
"""The error in shares, all voices' together, in parts in a million, at which no longer loop is
tried."""
ALL_BP = 10_000
_SCALE = 1 << 40


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks: `weight` against the others', and the durations (ms) of its rotation's slots."""

    weight: int
    durations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mix:
    """A loop's turns in order, each a voice's number. `counts` are turns by voice; `exact` as in
    the module."""

    order: tuple[int, ...]
    counts: tuple[int, ...]
    exact: bool


def weights(shares: Sequence[int], base: bool) -> tuple[tuple[int, ...], int]:
    """Weights of the campaigns, and the base's, from shares in basis points.

    Over 100 % in total the shares scale down; the base has the rest, nothing at 100 % or over, and
    everything when it is alone. Without a base the campaigns share all the time.
    """
    total = sum(shares)
    return tuple([max(share, 1) for share in shares]), max(ALL_BP - total, 0) if base else 0


def mix(voices: Sequence[Voice]) -> Mix:
    """The loop of some voices, the one to prefer first. Weights and
    durations are at least 1, durations at most LOOP_MAX_MS.

    The smallest exact loop of at most LOOP_MAX_MS in which every slot of every rotation airs; else
    the smallest exact one; else a near one, where each voice is within one slot of its due.
    """
    rows = [_Rotation(voice) for voice in voices]
    counts = _alone(rows[0]) if len(rows) == 1 else _exact(rows)
    exact = counts is not None
    if counts is None:
        counts = _near(rows)
    return Mix(_spread(counts), tuple(counts), exact)


class _Rotation:
    """A voice with its airtime after each number of turns."""

    __slots__ = ("durations", "longest", "middles", "places", "size", "sums", "total", "weight")

    def __init__(self, voice: Voice) -> None:
        self.weight = voice.weight
        self.durations = voice.durations
        self.size = len(voice.durations)
        self.sums = (0, *accumulate(voice.durations))
        self.total = self.sums[-1]
        self.longest = max(voice.durations)
        self.places = {done: turns for turns, done in enumerate(self.sums[:-1])}
        self.middles = tuple(
            done + slot // 2 for done, slot in zip(self.sums, voice.durations, strict=False)
        )

    def airtime(self, turns: int) -> int:
        """Milliseconds on air after so many turns."""
        rounds, more = divmod(turns, self.size)
        return rounds * self.total + self.sums[more]

    def turns_of(self, airtime: int) -> int | None:
        """How many turns take exactly so long, if any number does."""
        rounds, rest = divmod(airtime, self.total)
        more = self.places.get(rest)
        return None if more is None else rounds * self.size + more

    def nearest(self, airtime: int) -> int:
        """The number of turns whose airtime comes nearest; of two as near, the greater."""
        rounds, rest = divmod(airtime, self.total)
        return rounds * self.size + bisect_left(self.middles, rest + 1)

    def within(self, airtime: int) -> int:
        """The greatest number of turns that fit in `airtime`."""
        rounds, rest = divmod(airtime, self.total)
        return rounds * self.size + bisect_left(self.sums, rest + 1) - 1


def _alone(row: _Rotation) -> list[int]:
    """One voice plays its rotation once, as far as it fits."""
    return [max(1, min(row.size, row.within(LOOP_MAX_MS)))]


def _exact(rows: Sequence[_Rotation]) -> list[int] | None:
    """Turns of the smallest exact loop, in which all slots air if any such loop exists."""
    whole = sum(row.weight for row in rows)
    scarce = min(rows, key=lambda row: row.weight * row.size * LOOP_MAX_MS // row.total)
    first: list[int] | None = None
    turns = 0
    while True:
        turns += 1
        length, rest = divmod(scarce.airtime(turns) * whole, scarce.weight)
        if length > LOOP_MAX_MS:
            return first
        counts = None if rest else _counts(rows, length, whole)
        if counts is None:
            continue
        if all(done >= row.size for done, row in zip(counts, rows, strict=True)):
            return counts
        first = first or counts


def _counts(rows: Sequence[_Rotation], length: int, whole: int) -> list[int] | None:
    counts: list[int] = []
    for row in rows:
        airtime, rest = divmod(length * row.weight, whole)
        turns = None if rest else row.turns_of(airtime)
        if turns is None:
            return None
        counts.append(turns)
    return counts


def _near(rows: Sequence[_Rotation]) -> list[int]:
    """Turns of the best near loop: most slots on air, then the least error in shares; of the good
    ones the first."""
    whole = sum(row.weight for row in rows)
    lengths = _lengths(rows, whole)
    best = _try(rows, next(lengths, LOOP_MAX_MS), whole)
    for length in lengths:
        if best[0] <= (0, 0, NEAR_ENOUGH_PPM):
            break
        best = min(best, _try(rows, length, whole))
    length = LOOP_MAX_MS
    while best[0][0]:  # a loop short enough always keeps the bounds
        length = length * 7 // 8
        best = min(best, _try(rows, length, whole))
    return best[1]


def _try(
    rows: Sequence[_Rotation], length: int, whole: int
) -> tuple[tuple[int, int, int], list[int]]:
    """The better way to fill about `length`: to the nearest turn, or turn by turn where that is
    out of bounds."""
    counts = _rounded(rows, length, whole)
    rating = _rating(rows, counts, whole)
    if rating[0]:
        counts = _apportioned(rows, length, whole)
        rating = _rating(rows, counts, whole)
    return rating, counts


def _lengths(rows: Sequence[_Rotation], whole: int) -> Iterator[int]:
    """Lengths to try: each gives the scarcest voice its due exactly, first its whole rotation, then
    turn by turn more, while the loop stays short."""
    scarce = max(rows, key=lambda row: row.total * LOOP_MAX_MS // row.weight)
    per_second = [row.weight * row.size * 1_000 // row.total for row in rows]
    turns = scarce.size
    while True:
        length = scarce.airtime(turns) * whole // scarce.weight
        slots = length * sum(per_second) // (whole * 1_000)
        if length > LOOP_MAX_MS or (turns > scarce.size and slots > LOOP_SLOTS_AIM):
            return
        yield length
        turns += 1


def _rounded(rows: Sequence[_Rotation], length: int, whole: int) -> list[int]:
    """Each voice's nearest number of turns, but at least one."""
    return [max(1, row.nearest(length * row.weight // whole)) for row in rows]


def _apportioned(rows: Sequence[_Rotation], length: int, whole: int) -> list[int]:
    """Whole turns below each due; then those most behind have one more, while the loop has room."""
    counts = [row.within(length * row.weight // whole) for row in rows]
    room = length - sum(row.airtime(count) for row, count in zip(rows, counts, strict=True))

    def behind(at: int) -> tuple[int, int]:
        lag = length * rows[at].weight - rows[at].airtime(counts[at]) * whole
        return (-lag, at)

    for at in sorted(range(len(rows)), key=behind):
        slot = rows[at].durations[counts[at] % rows[at].size]
        if slot <= room:
            counts[at] += 1
            room -= slot
    return counts


def _rating(rows: Sequence[_Rotation], counts: Sequence[int], whole: int) -> tuple[int, int, int]:
    """How bad it is: out of bounds, slots that never air, error in shares (parts in a million)."""
    airtimes = [row.airtime(count) for row, count in zip(rows, counts, strict=True)]
    length = sum(airtimes)
    errors = [
        abs(airtime * whole - length * row.weight)
        for airtime, row in zip(airtimes, rows, strict=True)
    ]
    out = length > LOOP_MAX_MS or any(
        error > row.longest * whole for error, row in zip(errors, rows, strict=True)
    )
    unaired = sum(max(0, row.size - count) for row, count in zip(rows, counts, strict=True))
    return int(out), unaired, sum(errors) * 1_000_000 // (whole * length)


def _spread(counts: Sequence[int]) -> tuple[int, ...]:
    """The turns in order, each voice's evenly spaced; voices with equally many turns step in
    evenly too."""
    peers: dict[int, int] = {}
    for count in counts:
        peers[count] = peers.get(count, 0) + 1
    voices = len(counts)
    seen: dict[int, int] = {}
    keys: list[int] = []
    for voice, count in enumerate(counts):
        place = seen.get(count, 0)
        seen[count] = place + 1
        among = 2 * peers[count]
        step = among * count
        keys += [
            (2 * place + 1 + among * turn) * _SCALE // step * voices + voice
            for turn in range(count)
        ]
    keys.sort()
    return tuple([key % voices for key in keys])
