"""Campaigns as voices on screens: on which, when, with what share; and the airtime that is left of
it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

from playlists.intervals import Intervals, clip, intersect
from playlists.localtime import day_start, zone_of
from playlists.model import Campaign
from playlists.resolving.share import weights
from playlists.resolving.targets import Narrowness, narrowness
from playlists.schedule import Calendar, Schedule, compile_schedule, open_hours
from server.services.calendar.floor import Floor, Mask
from server.services.calendar.window import Window

MINUTE_MS = 60_000
_CACHED = 20_000

Kind = int
"""The place of a calendar among the floor's kinds."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A campaign on the floor. `when` are its stretches by kind (unix ms); `order` sorts as the
    cascade does, the one that wins first.
    """

    id: str
    zone: str
    share: int
    takeover: bool
    conditional: bool
    mask: Mask
    when: Mapping[Kind, Intervals]
    order: tuple[int, Narrowness, int, str]


@dataclass(frozen=True, slots=True)
class Days:
    """A window on a kind's clock: where each local day begins, and the last ends (unix ms)."""

    mask: Mask
    calendar: Calendar
    edges: tuple[int, ...]

    def minutes(self, stretches: Intervals) -> dict[int, int]:
        """Minutes of each day that some stretches have."""
        found: dict[int, int] = {}
        at = 0
        for begin, end in stretches:
            while at and self.edges[at] > begin:
                at -= 1
            while at + 1 < len(self.edges) and self.edges[at] < end:
                low, high = max(begin, self.edges[at]), min(end, self.edges[at + 1])
                if low < high:
                    found[at] = found.get(at, 0) + (high - low) // MINUTE_MS
                at += 1
        return found


@dataclass(frozen=True, slots=True)
class Airtime:
    """Minutes a day that a campaign comes to on its screens, the least and the most, of the
    `active` minutes of its time; `total` is all the shares (basis points) on its fullest screen.
    """

    least: int
    most: int
    active: int
    total: int = field(default=0)


def days_of(floor: Floor, shown: Window) -> list[Days]:
    """The window on every clock of the floor."""
    found = []
    for calendar, mask in floor.kinds:
        zone = zone_of(calendar.zone)
        edges = tuple(day_start(zone, shown.day(at)) for at in range(shown.days + 1))
        found.append(Days(mask, calendar, edges))
    return found


def voice_of(campaign: Campaign, floor: Floor, days: Sequence[Days]) -> Voice:
    """A campaign as it stands in a window."""
    mask = floor.hit(campaign.target, campaign.zone)
    when = {
        kind: found
        for kind, one in enumerate(days)
        if mask & one.mask
        and (found := _compiled(campaign.schedule, one.calendar, one.edges[0], one.edges[-1]))
    }
    wide = narrowness(campaign.target)
    return Voice(
        id=campaign.id,
        zone=campaign.zone,
        share=campaign.share,
        takeover=campaign.layer == "takeover",
        conditional=campaign.condition is not None,
        mask=mask,
        when=when,
        order=(
            -campaign.priority,
            (-wide[0], -wide[1], -wide[2]),
            -campaign.edited_at,
            campaign.id,
        ),
    )


def stretches_of(voices: Sequence[Voice], kind: Kind) -> Iterator[tuple[int, int, int]]:
    """Each stretch in which the same voices speak: `[from, until)` (unix ms); which, as bits."""
    edges: dict[int, int] = {}
    for at, voice in enumerate(voices):
        for begin, end in voice.when.get(kind, ()):
            edges[begin] = edges.get(begin, 0) ^ 1 << at
            edges[end] = edges.get(end, 0) ^ 1 << at
    active, last = 0, 0
    for edge in sorted(edges):
        if active:
            yield last, edge, active
        active ^= edges[edge]
        last = edge


def split(voices: Sequence[Voice], active: int, mask: Mask) -> list[tuple[int, Mask]]:
    """The screens of a mask by the voices that speak there: (voices as bits, screens)."""
    parts: list[tuple[int, Mask]] = [(0, mask)]
    for at, voice in enumerate(voices):
        if not active >> at & 1:
            continue
        parts = [
            part
            for members, screens in parts
            for part in (
                (members | 1 << at, screens & voice.mask),
                (members, screens & ~voice.mask),
            )
            if part[1]
        ]
    return parts


def members(voices: Sequence[Voice], bits: int) -> list[Voice]:
    """The voices of some bits, the one that wins first."""
    return sorted((v for at, v in enumerate(voices) if bits >> at & 1), key=lambda v: v.order)


def airtime(subject: Voice, others: Sequence[Voice], days: Sequence[Days]) -> Airtime:
    """What a campaign comes to on its usual day, in opening hours where its stores have any.
    Conditional ones among the others are left out: nobody knows when they speak.
    """
    kind = max(subject.when, key=lambda k: (subject.mask & days[k].mask).bit_count(), default=None)
    if kind is None:
        return Airtime(0, 0, 0)
    one = days[kind]
    minutes = one.minutes(subject.when[kind])
    day = _usual(minutes)
    low, high = one.edges[day], one.edges[day + 1]
    opened = open_hours(one.calendar, low, high)
    mine = clip(subject.when[kind], low, high)
    mine = intersect(mine, opened) if opened and intersect(mine, opened) else mine
    rivals = [
        v for v in others if v.id != subject.id and v.zone == subject.zone and v.mask & subject.mask
    ]
    heard = [v for v in rivals if not v.conditional and v.when.get(kind)]
    narrowed = [
        _during(subject, kind, mine),
        *(_during(v, kind, intersect(v.when[kind], mine)) for v in heard),
    ]
    least = most = active = total = 0
    for begin, end, bits in stretches_of(narrowed, kind):
        length = end - begin
        active += length
        given = []
        for here, _ in split(narrowed, bits, subject.mask & one.mask):
            speaking = members(narrowed, here)
            amount, sum_of = _given(subject, speaking)
            given.append(length * amount // 10_000)
            total = max(total, sum_of)
        least += min(given)
        most += max(given)
    return Airtime(least // MINUTE_MS, most // MINUTE_MS, active // MINUTE_MS, total)


def _usual(minutes: Mapping[int, int]) -> int:
    """The first of the days that are as long as most."""
    lengths = list(minutes.values())
    most = max(lengths, key=lambda n: (lengths.count(n), n), default=0)
    return next((day for day, n in minutes.items() if n == most), 0)


def _given(subject: Voice, speaking: Sequence[Voice]) -> tuple[int, int]:
    """The subject's part of the time in basis points, and the sum of all shares."""
    if subject.takeover:
        first = next(v for v in speaking if v.takeover)
        return (10_000 if first.id == subject.id else 0), 10_000
    if any(v.takeover for v in speaking):
        return 0, 10_000
    shares = [v.share for v in speaking]
    weight, rest = weights(shares, True)
    mine = weight[[v.id for v in speaking].index(subject.id)]
    return mine * 10_000 // (sum(weight) + rest), sum(shares)


def _during(voice: Voice, kind: Kind, when: Intervals) -> Voice:
    return Voice(
        *(voice.id, voice.zone, voice.share, voice.takeover, voice.conditional, voice.mask),
        {kind: when},
        voice.order,
    )


@lru_cache(maxsize=_CACHED)
def _compiled(schedule: Schedule, calendar: Calendar, from_ms: int, until_ms: int) -> Intervals:
    return compile_schedule(schedule, calendar, from_ms, until_ms)


def clock_changes(zone: str, first: date, days: int) -> list[tuple[date, int]]:
    """The local days that are not 24 hours long, each with the minutes that they are longer."""
    tz = zone_of(zone)
    found = []
    for at in range(days):
        day = first + timedelta(days=at)
        length = day_start(tz, day + timedelta(days=1)) - day_start(tz, day)
        if length != 86_400_000:
            found.append((day, (length - 86_400_000) // MINUTE_MS))
    return found
