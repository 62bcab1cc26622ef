"""Finds the campaigns that together ask for more than there is, on which screens and days. Pure.

1. For each clock and each day: the most that any screen could come to, from all that has
   some minute of that day.
2. Days in the order of that, the greatest first; a day that could not come to more than the
   clashes already found is left, and so are all after it.
3. In a day, each stretch in which the same campaigns speak; of its screens those with the greatest
   sum first, by exactly which campaigns they have.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from playlists.resolving.share import ALL_BP
from server.services.calendar.floor import Mask
from server.services.calendar.sums import Sums
from server.services.calendar.voices import MINUTE_MS, Days, Kind, Spoken, Voice

MAX_LOOKS = 20_000
"""Groups of screens that one search takes apart."""

Group = int
"""Voices as bits, by their place."""
Settle = Callable[[Group], Group]


@dataclass(slots=True)
class Found:
    """Where a group is too much, and for how many minutes of which days."""

    screens: Mask = 0
    days: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Search:
    """A search for the `most` groups with the greatest sums. `certain` are the voices that are sure
    to speak; `settle` says which voices of those that are on can speak together, none (0) where
    that is no clash of this search; with a `focus` (a voice's place) only what that one is part of.
    `whole` turns False where something may have been left out.
    """

    voices: Sequence[Voice]
    days: Sequence[Days]
    most: int
    settle: Settle | None = None
    focus: int | None = None
    whole: bool = True
    groups: dict[Group, Found] = field(default_factory=dict)
    _clocks: list[_Clock] = field(default_factory=list)
    _totals: list[int] = field(default_factory=list)
    _looks: int = 0

    def run(self) -> None:
        """Search it all."""
        for bound, clock, day in sorted(self._bounds(), key=lambda one: (-one[0], *one[1:])):
            if bound < self._least() or self._looks > MAX_LOOKS:
                self.whole = False
                return
            self._look(self._clocks[clock], day)

    def total(self, group: Group) -> int:
        """What the voices of a group ask for (basis points)."""
        return sum(self.voices[at].share for at in bits(group))

    def _least(self) -> int:
        if len(self._totals) < self.most:
            return ALL_BP + 1
        return max(ALL_BP + 1, self._totals[-self.most])

    def _bounds(self) -> list[tuple[int, int, int]]:
        self._clocks = [
            _Clock(edges, among, self.voices, kinds)
            for edges, kinds in _kinds_by_clock(self.days).items()
            if (among := self._among(kinds))
        ]
        found = []
        for at, clock in enumerate(self._clocks):
            changes: dict[int, list[tuple[int, Mask, bool]]] = defaultdict(list)
            for turn in clock.turns:
                share = self.voices[turn.voice].share
                sure = self.settle is not None and not self.voices[turn.voice].conditional
                for days, whole in ((turn.spoken.runs, False), (turn.spoken.whole, True)):
                    for first, last in days if sure or not whole else ():
                        changes[first].append((share, turn.mask, whole))
                        changes[last + 1].append((-share, turn.mask, whole))
            sums, always, most = Sums(), Sums(), 0
            for day in range(len(clock.edges) - 1):
                for share, mask, whole in changes.get(day, ()):
                    (always if whole else sums).change(share, mask)
                if day in changes:
                    most, _ = sums.most(clock.among & ~always.over(ALL_BP, clock.among))
                if most > ALL_BP and self._concerns(clock, day):
                    found.append((most, at, day))
        return found

    def _among(self, kinds: Sequence[Kind]) -> Mask:
        among = reduce(or_, (self.days[kind].mask for kind in kinds))
        return among if self.focus is None else among & self.voices[self.focus].mask

    def _concerns(self, clock: _Clock, day: int) -> bool:
        turns = (turn for turn in clock.turns if turn.voice == self.focus)
        return self.focus is None or any(day in turn.spoken.minutes for turn in turns)

    def _look(self, clock: _Clock, day: int) -> None:
        low, high = clock.edges[day], clock.edges[day + 1]
        edges: dict[int, Group] = defaultdict(int)
        must = 0
        for at, turn in enumerate(clock.turns):
            if day in turn.spoken.minutes:
                must |= (turn.voice == self.focus) << at
                when = turn.spoken.when
                for begin, end in when[max(0, bisect_left(when, (low, 0)) - 1) :]:
                    if begin >= high:
                        break
                    if end > low:
                        edges[max(begin, low)] ^= 1 << at
                        edges[min(end, high)] ^= 1 << at
        sums, sure, active, last = Sums(), Sums(), 0, low
        lengths: dict[Group, Sums] = defaultdict(Sums)
        for edge in sorted(edges):
            if edge > last and (active & must or self.focus is None):
                for group, screens in self._groups(sums, sure, active, clock):
                    lengths[group].change(edge - last, screens)
            for at in bits(edges[edge]):
                turn = clock.turns[at]
                voice = self.voices[turn.voice]
                share = -voice.share if active >> at & 1 else voice.share
                sums.change(share, turn.mask)
                if self.settle is not None and not voice.conditional:
                    sure.change(share, turn.mask)
            active ^= edges[edge]
            last = edge
        for group, length in lengths.items():
            by_day = self.groups[group].days
            longest, _ = length.most(clock.among)
            by_day[day] = max(by_day.get(day, 0), longest // MINUTE_MS)

    def _groups(
        self, sums: Sums, sure: Sums, active: Group, clock: _Clock
    ) -> Iterator[tuple[Group, Mask]]:
        """The groups that are too much in one stretch, each noted with its screens."""
        among = clock.among
        if self.settle is not None:
            among &= ~sure.over(ALL_BP, among)
        while among and self._looks <= MAX_LOOKS:
            total, screens = sums.most(among)
            if total < self._least():
                break
            among &= ~screens
            while screens:
                self._looks += 1
                group, alike = clock.alike(active, screens)
                screens &= ~alike
                if self.settle is not None:
                    group = self.settle(group)
                spoken = self.focus is None or group >> self.focus & 1
                if group and spoken and self.total(group) >= self._least():
                    self._note(group, alike << clock.from_bit)
                    yield group, alike

    def _note(self, group: Group, screens: Mask) -> None:
        if group not in self.groups:
            self.groups[group] = Found()
            insort(self._totals, self.total(group))
        self.groups[group].screens |= screens


@dataclass(frozen=True, slots=True)
class _Turn:
    """A voice, by its place, on some screens, at their clock."""

    voice: int
    mask: Mask
    spoken: Spoken


class _Clock:
    """All screens whose days begin at the same instants, as numbers of few digits: their bits begin
    at `from_bit`.
    """

    def __init__(
        self, edges: tuple[int, ...], among: Mask, voices: Sequence[Voice], kinds: Sequence[Kind]
    ) -> None:
        self.edges = edges
        self.from_bit = (among & -among).bit_length() - 1
        self.among = among >> self.from_bit
        self.turns: list[_Turn] = []
        for at, voice in enumerate(voices):
            alike: dict[int, tuple[Spoken, Mask]] = {}
            for kind in kinds:
                if (spoken := voice.when.get(kind)) is not None:
                    _, mask = alike.get(id(spoken), (spoken, 0))
                    alike[id(spoken)] = spoken, mask | voice.masks[kind]
            for spoken, mask in alike.values():
                if mask & among:
                    self.turns.append(_Turn(at, (mask & among) >> self.from_bit, spoken))

    def alike(self, active: Group, screens: Mask) -> tuple[Group, Mask]:
        """The voices of the first of some screens, and the screens with just these."""
        low = screens & -screens
        group = 0
        for at in bits(active):
            turn = self.turns[at]
            if turn.mask & low:
                group |= 1 << turn.voice
                screens &= turn.mask
            else:
                screens &= ~turn.mask
        return group, screens


def _kinds_by_clock(days: Sequence[Days]) -> dict[tuple[int, ...], list[Kind]]:
    found: dict[tuple[int, ...], list[Kind]] = defaultdict(list)
    for kind, one in enumerate(days):
        found[one.edges].append(kind)
    return found


def bits(group: Group) -> list[int]:
    """The places of a number's bits."""
    found = []
    while group:
        low = group & -group
        found.append(low.bit_length() - 1)
        group ^= low
    return found
