"""Where campaigns ask for more than there is, surely or in some weather or crowd, and which
takeover hides which campaign. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import nsmallest

from playlists.conditions import Condition
from playlists.intervals import intersect
from playlists.resolving.share import ALL_BP, weights
from server.services.calendar.floor import Mask
from server.services.calendar.meeting import can_meet
from server.services.calendar.oversold import Found, Group, Search, bits
from server.services.calendar.voices import Days, Voice, members
from server.services.calendar.window import Run, runs

MAX_CLASHES = 30
"""Clashes that one calendar tells of, the greatest first."""
BRIDGED_DAYS = 6
"""A clash of every Saturday is one clash."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a campaign of a clash asks (basis points), and is given: basis points, minutes a day.
    `conditional`: it speaks only when its condition holds.
    """

    id: str
    asks: int
    given: int
    minutes: int
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Clash:
    """Campaigns that together ask for over 100 % of a zone of some screens. `run` is its first and
    last day, `days` those on which it is so; `minutes` is how long it lasts on its longest day,
    where some have conditions: at most. `id` is made of its zone, first day and campaigns.
    """

    id: str
    zone: str
    screens: Mask
    run: Run
    days: tuple[int, ...]
    total: int
    minutes: int
    parts: tuple[Part, ...]

    @property
    def possible(self) -> bool:
        """Whether it is one only while conditions hold."""
        return any(part.conditional for part in self.parts)


@dataclass(frozen=True, slots=True)
class Told:
    """The clashes of a window, the greatest first; `possible` only while conditions hold. Not
    `whole`: there may be more.
    """

    certain: tuple[Clash, ...] = ()
    possible: tuple[Clash, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Hidden:
    """A takeover that leaves a campaign no airtime on some screens while both are on."""

    takeover: str
    campaign: str
    screens: Mask
    days: tuple[int, ...]
    conditional: bool


def clashes(
    voices: Sequence[Voice],
    days: Sequence[Days],
    conditions: Mapping[str, Condition],
    subject: str = "",
) -> Told:
    """Everything oversold in a window, or what `subject` is part of. `conditions` are those of
    the campaigns that have one.
    """
    speaking = [v for v in voices if not v.takeover and v.when]
    if subject:
        of = next((v for v in speaking if v.id == subject), None)
        if of is None:
            return Told()
        speaking = [v for v in speaking if v.zone == of.zone and v.mask & of.mask]
    certain: list[Clash] = []
    possible: list[Clash] = []
    whole = True
    for zone in sorted({v.zone for v in speaking}):
        mine = [v for v in speaking if v.zone == zone]
        sure = [v for v in mine if not v.conditional]
        if not subject or _place(subject, sure) is not None:
            search = Search(sure, days, MAX_CLASHES, focus=_place(subject, sure))
            certain += _told(zone, search)
            whole = whole and search.whole
        if len(sure) < len(mine):
            settling = _Settling(mine, conditions).__getitem__
            search = Search(mine, days, MAX_CLASHES, settling, _place(subject, mine))
            possible += _told(zone, search)
            whole = whole and search.whole
    return Told(_greatest(certain), _greatest(possible), whole)


def _place(name: str, voices: Sequence[Voice]) -> int | None:
    return next((at for at, voice in enumerate(voices) if voice.id == name), None)


def hidden(name: str, voices: Sequence[Voice], days: Sequence[Days]) -> tuple[Hidden, ...]:
    """The takeovers that hide a campaign in a window."""
    under = next(voice for voice in voices if voice.id == name)
    found = []
    for over in voices:
        if not over.takeover or over.id == under.id or over.zone != under.zone:
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
            minutes = one.minutes(intersect(over.when[kind].when, under.when[kind].when))
            at |= minutes.keys()
            screens |= shared & one.mask if minutes else 0
    if not at:
        return None
    return Hidden(over.id, under.id, screens, tuple(sorted(at)), over.conditional)


class _Settling(dict[Group, Group]):
    """Which of the voices that are on can be too much together: all that are sure, and as much of
    the others as can be true at once, the greatest share first. None (0) where that is not over
    100 %, or without the others is.
    """

    def __init__(self, voices: Sequence[Voice], conditions: Mapping[str, Condition]) -> None:
        super().__init__()
        self._voices, self._conditions = voices, conditions

    def __missing__(self, group: Group) -> Group:
        on = [(at, self._voices[at]) for at in bits(group)]
        sure = sum(voice.share for _, voice in on if not voice.conditional)
        total, kept = sure, sum(1 << at for at, voice in on if not voice.conditional)
        held: list[Condition] = []
        maybe = [(at, voice) for at, voice in on if voice.conditional]
        for at, voice in sorted(maybe, key=lambda one: (-one[1].share, one[1].order)):
            condition = self._conditions[voice.id]
            if can_meet((*held, condition)):
                held.append(condition)
                total += voice.share
                kept |= 1 << at
        self[group] = kept if sure <= ALL_BP < total else 0
        return self[group]


def _told(zone: str, search: Search) -> list[Clash]:
    search.run()
    found = (
        (group, one, run)
        for group, one in search.groups.items()
        for run in runs(one.days, BRIDGED_DAYS)
    )
    greatest = nsmallest(
        MAX_CLASHES,
        found,
        key=lambda it: (-search.total(it[0]), it[2], -it[1].screens.bit_count(), it[0]),
    )
    return [_clash(zone, members(search.voices, group), one, run) for group, one, run in greatest]


def _clash(zone: str, speaking: Sequence[Voice], found: Found, run: Run) -> Clash:
    on = {day: minutes for day, minutes in found.days.items() if run[0] <= day <= run[1]}
    shares = [v.share for v in speaking]
    weight, rest = weights(shares, True)
    whole = sum(weight) + rest
    longest = max(on.values())
    parts = tuple(
        Part(v.id, v.share, w * ALL_BP // whole, longest * w // whole, v.conditional)
        for v, w in zip(speaking, weight, strict=True)
    )
    made_of = "\n".join((zone, str(run[0]), *(part.id for part in parts)))
    name = sha256(made_of.encode()).hexdigest()[:16]
    return Clash(name, zone, found.screens, run, tuple(sorted(on)), sum(shares), longest, parts)


def _greatest(found: Sequence[Clash]) -> tuple[Clash, ...]:
    """Without those that a greater clash tells of as well: fewer of its campaigns, on days and
    screens of its own.
    """
    kept: list[Clash] = []
    order = sorted(found, key=lambda c: (-c.total, c.run, -c.screens.bit_count(), c.id))
    for one in order[:MAX_CLASHES]:
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
