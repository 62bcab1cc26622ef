"""One zone's stage: which parts may be active, and the loop that plays for each set of active
ones.

A *part* is the entries of one candidate that are active together. Parts are numbered in the
cascade's order, so a set of active parts is a whole number with one bit each, and its lowest bit
is the winner's. Nothing in here knows a store's channel, facts or clock: stages are shared by all
screens with the same wishes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from math import gcd
from zlib import crc32

from playlists.conditions import Condition
from playlists.ids import ItemId, ZoneId
from playlists.manifest import Why
from playlists.resolving.candidates import Candidate, Pause, Span
from playlists.resolving.rotation import Entry, Rotation
from playlists.resolving.share import LOOP_MAX_MS, LOOP_SLOTS_AIM, Mix, Voice, mix, weights
from playlists.schedule import ALWAYS, Schedule


@dataclass(frozen=True, slots=True)
class Place:
    """A slot as it may play: which entry (`number`) of which candidate, and whether the entry's
    fallback stands in for a card that may not be on air.

    `asks`: it hangs on a fact. `lasting`: no fact and no price can take its card off the screen.
    `drawn`: without its prices its card is never shown.
    `backed`: the entry's own fallback is behind it. Else a place that plays is one made of it
    (`origin`) for its loop, with the `spare` behind it: the place whose card fills in.
    """

    candidate: int
    number: int
    entry: Entry
    why: Why
    stand_in: bool
    asks: bool
    lasting: bool
    drawn: bool
    backed: bool
    origin: int
    spare: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate with its rotation; `stand_ins` and `backed` as in Cast."""

    candidate: Candidate
    rotation: Rotation
    stand_ins: Sequence[bool | None]
    backed: Sequence[bool]


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
    places: list[Place]
    parts: tuple[Part, ...]
    part_of: dict[int, int] = field(init=False)
    """The part that a place as first given is of."""
    _steady: frozenset[int] = field(init=False)
    _backings: dict[tuple[int, int], int] = field(default_factory=dict)
    _loops: dict[int, Loop] = field(default_factory=dict)
    _same: dict[tuple[int, ...], Loop] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.part_of = {at: n for n, part in enumerate(self.parts) for at in part.places}
        self._steady = frozenset(
            at
            for part in self.parts
            if not (part.schedules or part.conditions or part.window or part.paused)
            for at in part.places
        )

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
        return self._loop(rows, [first], [sorted(rows[first])], [1], urgent=layer == "emergency")

    def _shared(self, rows: dict[int, list[int]]) -> Loop:
        """Campaigns by their shares, and the first base with the rest."""
        campaigns = [at for at in rows if self.candidates[at].layer == "campaign"]
        base = next((at for at in rows if self.candidates[at].layer == "base"), None)
        shares, rest = weights([self.candidates[at].share for at in campaigns], base is not None)
        if base is None or not rest:
            rotations = [sorted(rows[at]) for at in campaigns]
            return self._loop(rows, campaigns, rotations, shares, left_out=base)
        voices = [*campaigns, base]
        return self._loop(rows, voices, [sorted(rows[at]) for at in voices], [*shares, rest])

    def _loop(
        self,
        rows: Mapping[int, Sequence[int]],
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
        alone = not any(self.candidates[at].layer == "base" for at in voices)
        places = self._backed(_turns(mixed, rotations), rows, alone=alone)
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

    def _backed(
        self, turns: tuple[int, ...], rows: Mapping[int, Sequence[int]], *, alone: bool
    ) -> tuple[int, ...]:
        """The turns, with a spare behind each place that could leave its turn empty. `alone`: the
        base has no turn in this loop. Then the spares come in turn too, over several rounds if need
        be: a loop all of whose cards are gone plays what is below it, and not one card for hours.
        """
        bare = [
            at
            for at in dict.fromkeys(turns)
            if not (self.places[at].lasting or self.places[at].backed)
        ]
        spares = self._spares(bare, rows) if bare else {}
        if not spares:
            return turns
        if alone:
            turns *= self._rounds(turns, spares)
        found: list[int] = []
        done = 0
        for at in turns:
            if at not in spares:
                found.append(at)
                continue
            choices = spares[at]
            chosen = done if alone else _number_of(self.places[at].why)
            found.append(self._with_spare(at, choices[chosen % len(choices)]))
            done += 1
        return tuple(found)

    def _rounds(self, turns: tuple[int, ...], spares: Mapping[int, Sequence[int]]) -> int:
        """How often the turns are repeated so that every spare has its turn, if loops may be so
        long."""
        most = max(map(len, spares.values()))
        wanted = most // gcd(most, sum(at in spares for at in turns))
        length = sum(self.places[at].entry.duration_ms for at in turns)
        return max(1, min(wanted, LOOP_SLOTS_AIM // len(turns), LOOP_MAX_MS // length))

    def _with_spare(self, at: int, spare: int) -> int:
        """The place made of another with a spare behind it."""
        if (at, spare) not in self._backings:
            self._backings[at, spare] = len(self.places)
            self.places.append(replace(self.places[at], spare=spare))
        return self._backings[at, spare]

    def _spares(
        self, bare: Sequence[int], rows: Mapping[int, Sequence[int]]
    ) -> dict[int, Sequence[int]]:
        """The places whose cards may fill in for each bare one: of the same wish, else of the base,
        else of the first other wish that plays then; of none, cards stay without their price. Those
        that always play are preferred: a loop then need not change as they come and go."""
        lasting = {
            at: [place for place in places if self.places[place].lasting]
            for at, places in rows.items()
        }
        common: Sequence[int] = ()
        unasked: Sequence[int] = ()
        bases = [at for at in rows if self.candidates[at].layer == "base"]
        for at in [*bases, *rows]:
            common = common or lasting[at]
            common = common or [place for place in rows[at] if self.places[place].backed]
            unasked = unasked or [
                place
                for place in rows[at]
                if not self.places[place].asks and not self.places[place].drawn
            ]
        found: dict[int, Sequence[int]] = {}
        for at in bare:
            alone = self.places[at].asks or self.places[at].drawn
            own = unasked if alone else (at,)
            places = lasting[self.places[at].candidate] or common or own
            if places:
                found[at] = sorted([place for place in places if place in self._steady] or places)
        return found


def stage_of(zone: ZoneId, rows: Sequence[Row], pauses: Sequence[Pause]) -> Stage:
    """Put the candidates (in the cascade's order) on a stage."""
    places: list[Place] = []
    parts: list[Part] = []
    for at, row in enumerate(rows):
        candidate = row.candidate
        groups: dict[
            tuple[tuple[Schedule, ...], tuple[Condition, ...], tuple[Span, ...]], list[int]
        ] = {}
        for number, entry in enumerate(row.rotation.entries):
            stand_in = row.stand_ins[number]
            if stand_in is None:
                continue
            key = (entry.schedules, entry.conditions, paused(candidate, entry, pauses))
            groups.setdefault(key, []).append(len(places))
            why = Why(candidate.layer, candidate.id, ItemId(entry.item))
            asks = bool(entry.conditions) or candidate.condition is not None
            shown = (entry.fallback if stand_in else None) or entry.card
            strict = shown.price_loss == "fallback"
            place = Place(
                candidate=at,
                number=number,
                entry=entry,
                why=why,
                stand_in=stand_in,
                asks=asks,
                lasting=not asks and not strict,
                drawn=shown.drawn,
                backed=row.backed[number],
                origin=len(places),
            )
            places.append(place)
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
    return Stage(zone, tuple(row.candidate for row in rows), places, tuple(parts))


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


def _number_of(why: Why) -> int:
    """A number that is the same for the same wish and item, whatever else is wished."""
    return crc32(f"{why.source} {why.item}".encode())


def _turns(mixed: Mix, rotations: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The places in order: each voice goes on in its own rotation."""
    done = [0] * len(rotations)
    turns: list[int] = []
    for voice in mixed.order:
        rotation = rotations[voice]
        turns.append(rotation[done[voice] % len(rotation)])
        done[voice] += 1
    return tuple(turns)
