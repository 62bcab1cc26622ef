"""One zone's stage: which parts may be active, and the loop that plays for each set of active
ones.

A *part* is the entries of one candidate that are active together. Parts are numbered in the
cascade's order, so a set of active parts is a whole number with one bit each, and its lowest bit
is the winner's. Nothing in here knows a store's channel, facts or clock: stages are shared by all
screens with the same wishes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from playlists.conditions import Condition
from playlists.ids import ItemId, ZoneId
from playlists.manifest import Why
from playlists.resolving.candidates import Candidate, Pause, Span
from playlists.resolving.rotation import Entry, Rotation
from playlists.resolving.share import Mix, Voice, mix, weights
from playlists.schedule import ALWAYS, Schedule


@dataclass(frozen=True, slots=True)
class Place:
    """A slot as it may play: which entry (`number`) of which candidate, and whether the entry's
    fallback stands in for a card that may not be on air."""

    candidate: int
    number: int
    entry: Entry
    why: Why
    stand_in: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Places (by number) of one candidate that are active together, and what makes them so."""

    candidate: int
    places: tuple[int, ...]
    schedules: tuple[Schedule, ...]
    conditions: tuple[Condition, ...]
    window: Span | None
    paused: tuple[Span, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """The places that play in turn, and when each ends (ms from the loop's begin). No places: the
    slate.

    `distinct` is the places, each once. `urgent`: an emergency, begun and ended at once.
    `unaired`: active places that get no turn. `mixed`: the candidates that share it; `left_out`:
    the base that campaigns of 100 % or more leave no time.
    """

    places: tuple[int, ...]
    ends: tuple[int, ...]
    distinct: tuple[int, ...] = ()
    urgent: bool = False
    unaired: tuple[int, ...] = ()
    mixed: tuple[int, ...] = ()
    left_out: int | None = None
    exact: bool = True

    def end_at_or_after(self, epoch: int, at: int) -> int:
        """The first end of a slot at or after `at`, in a loop begun at `epoch`."""
        if not self.places:
            return at
        turn = (at - epoch) % self.ends[-1]
        return at - turn + self.ends[bisect_left(self.ends, turn)] if turn else at


@dataclass(slots=True, eq=False)
class Stage:
    """A zone's parts, and its loops as far as they were needed."""

    zone: ZoneId
    candidates: tuple[Candidate, ...]
    places: tuple[Place, ...]
    parts: tuple[Part, ...]
    _loops: dict[int, Loop] = field(default_factory=dict)
    _same: dict[tuple[int, ...], Loop] = field(default_factory=dict)

    def loop(self, active: int) -> Loop:
        """The loop for a set of active parts. Equal loops are the same object."""
        known = self._loops.get(active)
        if known is None:
            made = self._make(active)
            known = self._same.setdefault((*made.mixed, -1, *made.places), made)
            self._loops[active] = known
        return known

    def active(self, active: int) -> Iterator[Part]:
        """The parts of a set, the winner's first."""
        while active:
            lowest = active & -active
            yield self.parts[lowest.bit_length() - 1]
            active ^= lowest

    def _make(self, active: int) -> Loop:
        rows: dict[int, list[int]] = {}
        for part in self.active(active):
            rows.setdefault(part.candidate, []).extend(part.places)
        if not rows:
            return Loop((), ())
        first = next(iter(rows))
        layer = self.candidates[first].layer
        if layer == "campaign":
            return self._shared(rows)
        return self._loop([first], [sorted(rows[first])], [1], urgent=layer == "emergency")

    def _shared(self, rows: dict[int, list[int]]) -> Loop:
        """Campaigns by their shares, and the first base with the rest."""
        campaigns = [at for at in rows if self.candidates[at].layer == "campaign"]
        base = next((at for at in rows if self.candidates[at].layer == "base"), None)
        shares, rest = weights([self.candidates[at].share for at in campaigns], base is not None)
        if base is None or not rest:
            rotations = [sorted(rows[at]) for at in campaigns]
            return self._loop(campaigns, rotations, shares, left_out=base)
        voices = [*campaigns, base]
        return self._loop(voices, [sorted(rows[at]) for at in voices], [*shares, rest])

    def _loop(
        self,
        voices: Sequence[int],
        rotations: Sequence[Sequence[int]],
        shares: Sequence[int],
        *,
        urgent: bool = False,
        left_out: int | None = None,
    ) -> Loop:
        durations = [
            tuple([self.places[at].entry.duration_ms for at in rotation]) for rotation in rotations
        ]
        mixed = mix([Voice(share, slots) for share, slots in zip(shares, durations, strict=True)])
        places = _turns(mixed, rotations)
        return Loop(
            places=places,
            ends=tuple(accumulate([self.places[at].entry.duration_ms for at in places])),
            distinct=tuple(dict.fromkeys(places)),
            urgent=urgent,
            unaired=tuple(
                place
                for rotation, count in zip(rotations, mixed.counts, strict=True)
                for place in rotation[count:]
            ),
            mixed=tuple(voices),
            left_out=left_out,
            exact=mixed.exact,
        )


def stage_of(
    zone: ZoneId,
    candidates: Sequence[Candidate],
    rotations: Sequence[Rotation],
    stand_ins: Sequence[Sequence[bool | None]],
    pauses: Sequence[Pause],
) -> Stage:
    """Put the candidates (in the cascade's order) on a stage.

    `stand_ins` says for each entry of each rotation whether its fallback plays for it, None that
    neither may.
    """
    places: list[Place] = []
    parts: list[Part] = []
    rows = zip(candidates, rotations, stand_ins, strict=True)
    for at, (candidate, rotation, standing) in enumerate(rows):
        groups: dict[
            tuple[tuple[Schedule, ...], tuple[Condition, ...], tuple[Span, ...]], list[int]
        ] = {}
        for number, entry in enumerate(rotation.entries):
            stand_in = standing[number]
            if stand_in is None:
                continue
            key = (entry.schedules, entry.conditions, paused(candidate, entry, pauses))
            groups.setdefault(key, []).append(len(places))
            why = Why(candidate.layer, candidate.id, ItemId(entry.item))
            places.append(Place(at, number, entry, why, stand_in))
        own = () if candidate.schedule == ALWAYS else (candidate.schedule,)
        asked = () if candidate.condition is None else (candidate.condition,)
        parts += [
            Part(
                candidate=at,
                places=tuple(members),
                schedules=(*own, *schedules),
                conditions=(*asked, *conditions),
                window=candidate.window,
                paused=spans,
            )
            for (schedules, conditions, spans), members in groups.items()
        ]
    return Stage(zone, tuple(candidates), tuple(places), tuple(parts))


def paused(candidate: Candidate, entry: Entry, pauses: Sequence[Pause]) -> tuple[Span, ...]:
    """When pauses take this entry off the air. No pause touches an emergency."""
    if candidate.layer == "emergency":
        return ()
    return tuple(
        pause.window
        for pause in pauses
        if pause.subject in entry.within
        or (pause.subject == candidate.id and candidate.layer in ("takeover", "campaign"))
    )


def _turns(mixed: Mix, rotations: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The places in order: each voice goes on in its own rotation."""
    done = [0] * len(rotations)
    turns: list[int] = []
    for voice in mixed.order:
        rotation = rotations[voice]
        turns.append(rotation[done[voice] % len(rotation)])
        done[voice] += 1
    return tuple(turns)
