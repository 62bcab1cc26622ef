"""Where campaigns ask for more than there is, and which takeover hides which campaign. Pure.

Only what is certain counts: a campaign with a condition speaks at times that nobody knows yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from playlists.intervals import intersect
from playlists.resolving.share import ALL_BP, weights
from server.services.calendar.floor import Mask
from server.services.calendar.voices import (
    Days,
    Kind,
    Voice,
    members,
    stretches_of,
)
from server.services.calendar.window import Run, runs

MAX_CLASHES = 30
"""Clashes that one calendar tells of, the greatest first."""
BRIDGED_DAYS = 6
"""A clash of every Saturday is one clash."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a campaign of a clash asks (basis points), and is given: basis points, minutes a day."""

    id: str
    asks: int
    given: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Clash:
    """Campaigns that together ask for over 100 % of a zone of some screens. `run` is its first and
    last day, `days` those on which it is so; `minutes` is how long it lasts on its longest day.
    """

    zone: str
    screens: Mask
    run: Run
    days: tuple[int, ...]
    total: int
    minutes: int
    parts: tuple[Part, ...]

    @property
    def id(self) -> str:
        """A name for links: its campaigns and first day."""
        return "~".join((str(self.run[0]), self.zone, *(part.id for part in self.parts)))


@dataclass(frozen=True, slots=True)
class Hidden:
    """A takeover that leaves a campaign no airtime on some screens while both are on."""

    takeover: str
    campaign: str
    screens: Mask
    days: tuple[int, ...]
    conditional: bool


def clashes(voices: Sequence[Voice], days: Sequence[Days]) -> tuple[Clash, ...]:
    """Everything oversold in a window, the greatest first."""
    certain = [v for v in voices if not v.conditional and not v.takeover and v.when]
    found: list[Clash] = []
    for zone in sorted({v.zone for v in certain}):
        mine = [v for v in certain if v.zone == zone]
        if sum(v.share for v in mine) > ALL_BP:
            found += _of_zone(zone, mine, days)
    found.sort(key=lambda c: (-c.total, c.run, -c.screens.bit_count(), c.id))
    return tuple(found[:MAX_CLASHES])


def hidden(voices: Sequence[Voice], days: Sequence[Days]) -> tuple[Hidden, ...]:
    """What takeovers hide in a window."""
    found = []
    for over in (v for v in voices if v.takeover):
        for under in voices:
            if under.id == over.id or under.zone != over.zone:
                continue
            if under.takeover and under.order < over.order:
                continue
            if (one := _hidden(over, under, days)) is not None:
                found.append(one)
    return tuple(found)


def _hidden(over: Voice, under: Voice, days: Sequence[Days]) -> Hidden | None:
    shared = over.mask & under.mask
    at: set[int] = set()
    screens = 0
    for kind, one in enumerate(days):
        if shared & one.mask and kind in over.when and kind in under.when:
            minutes = one.minutes(intersect(over.when[kind], under.when[kind]))
            at |= minutes.keys()
            screens |= shared & one.mask if minutes else 0
    if not at:
        return None
    return Hidden(over.id, under.id, screens, tuple(sorted(at)), over.conditional)


def _of_zone(zone: str, voices: Sequence[Voice], days: Sequence[Days]) -> Iterator[Clash]:
    """Screen by screen where all that are meant for it could be too much: few are, of many."""
    screens: dict[int, Mask] = defaultdict(int)
    lengths: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for meant, mask in _meant(voices).items():
        if _total(voices, meant) <= ALL_BP:
            continue
        for kind, one in enumerate(days):
            if not mask & one.mask:
                continue
            for bits, by_day in _oversold(voices, meant, kind, one).items():
                screens[bits] |= mask & one.mask
                for day, minutes in by_day.items():
                    lengths[bits][day] = max(lengths[bits][day], minutes)
    found = ((bits, run) for bits, by_day in lengths.items() for run in runs(by_day, BRIDGED_DAYS))
    greatest = nsmallest(
        MAX_CLASHES,
        found,
        key=lambda one: (*(-_total(voices, one[0]), one[1], -screens[one[0]].bit_count(), one[0]),),
    )
    for bits, run in greatest:
        on = {day: n for day, n in lengths[bits].items() if run[0] <= day <= run[1]}
        yield _clash(zone, members(voices, bits), screens[bits], run, on)


def _meant(voices: Sequence[Voice]) -> dict[int, Mask]:
    """The screens that the same voices are meant for, by those voices as bits."""
    by_screen: dict[int, int] = defaultdict(int)
    for at, voice in enumerate(voices):
        for screen, bit in enumerate(reversed(bin(voice.mask)[2:])):
            if bit == "1":
                by_screen[screen] |= 1 << at
    found: dict[int, Mask] = defaultdict(int)
    for screen, bits in by_screen.items():
        found[bits] |= 1 << screen
    return found


def _oversold(
    voices: Sequence[Voice], meant: int, kind: Kind, one: Days
) -> dict[int, dict[int, int]]:
    """Which of some voices are too much together, on which days, for how many minutes."""
    places = [at for at in range(len(voices)) if meant >> at & 1]
    here = [voices[at] for at in places]
    found: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for begin, end, active in stretches_of(here, kind):
        if _total(here, active) <= ALL_BP:
            continue
        bits = sum(1 << at for n, at in enumerate(places) if active >> n & 1)
        for day, minutes in one.minutes(((begin, end),)).items():
            found[bits][day] += minutes
    return found


def _total(voices: Sequence[Voice], bits: int) -> int:
    return sum(v.share for at, v in enumerate(voices) if bits >> at & 1)


def _clash(
    zone: str, speaking: Sequence[Voice], screens: Mask, run: Run, on: dict[int, int]
) -> Clash:
    shares = [v.share for v in speaking]
    weight, rest = weights(shares, True)
    whole = sum(weight) + rest
    longest = max(on.values())
    parts = tuple(
        Part(v.id, v.share, w * ALL_BP // whole, longest * w // whole)
        for v, w in zip(speaking, weight, strict=True)
    )
    return Clash(zone, screens, run, tuple(sorted(on)), sum(shares), longest, parts)


def merged(found: Sequence[Clash]) -> tuple[Clash, ...]:
    """Without those that a greater clash tells of as well: fewer of its campaigns, on days and
    screens of its own.
    """
    kept: list[Clash] = []
    for one in found:
        ids = {part.id for part in one.parts}
        if not any(
            ids < {part.id for part in other.parts}
            and one.zone == other.zone
            and one.screens & ~other.screens == 0
            and set(one.days) <= set(other.days)
            for other in kept
        ):
            kept.append(one)
    return tuple(kept)
