"""The minutes a day that a campaign comes to, beside all the others. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from playlists.intervals import Intervals, clip, intersect
from playlists.resolving.share import ALL_BP
from playlists.schedule import open_hours
from server.services.calendar.sums import Sums
from server.services.calendar.voices import MINUTE_MS, Days, Kind, Voice


@dataclass(frozen=True, slots=True)
class Airtime:
    """Minutes a day that a campaign comes to on its screens, the least and the most, of the
    `active` minutes of its time; `total` is all the shares (basis points) on its fullest screen.
    """

    least: int
    most: int
    active: int
    total: int = field(default=0)


def airtime(subject: Voice, others: Sequence[Voice], days: Sequence[Days]) -> Airtime:
    """What a campaign comes to on its usual day, in opening hours where its stores have any.
    Conditional ones among the others are left out: nobody knows when they speak.
    """
    kind = max(subject.when, key=lambda k: (subject.mask & days[k].mask).bit_count(), default=None)
    if kind is None:
        return Airtime(0, 0, 0)
    one = days[kind]
    day = _usual(subject.when[kind].minutes)
    low, high = one.edges[day], one.edges[day + 1]
    opened = open_hours(one.calendar, low, high)
    mine = clip(subject.when[kind].when, low, high)
    mine = intersect(mine, opened) if opened and intersect(mine, opened) else mine
    heard = [
        v
        for v in others
        if v.id != subject.id
        and v.zone == subject.zone
        and not v.conditional
        and v.mask & subject.mask
        and kind in v.when
        and day in v.when[kind].minutes
    ]
    return _given(subject, mine, heard, one, kind)


def _given(
    subject: Voice, mine: Intervals, heard: Sequence[Voice], one: Days, kind: Kind
) -> Airtime:
    edges: dict[int, list[tuple[bool, Voice]]] = defaultdict(list)
    for voice, when in ((subject, mine), *((v, intersect(v.when[kind].when, mine)) for v in heard)):
        for begin, end in when:
            edges[begin].append((True, voice))
            edges[end].append((False, voice))
    sums, over = Sums(), Sums()
    least = most = active = total = last = 0
    speaks = False
    for edge in sorted(edges):
        if speaks:
            length = edge - last
            active += length
            fewest, largest, fullest = _parts(subject, sums, over, subject.mask & one.mask)
            least += length * fewest // ALL_BP
            most += length * largest // ALL_BP
            total = max(total, fullest)
        for begins, voice in sorted(edges[edge], key=lambda change: change[0]):
            if voice is subject:
                speaks = begins
            if not voice.takeover:
                sums.change(voice.share if begins else -voice.share, voice.mask)
            elif voice is not subject and (not subject.takeover or voice.order < subject.order):
                over.change(1 if begins else -1, voice.mask)
        last = edge
    return Airtime(least // MINUTE_MS, most // MINUTE_MS, active // MINUTE_MS, total)


def _parts(subject: Voice, sums: Sums, over: Sums, mask: int) -> tuple[int, int, int]:
    """The subject's least and greatest part of the time, and all the shares on its fullest screen
    (basis points).
    """
    free = mask & ~over.over(0, mask)
    if not free:
        return 0, 0, ALL_BP
    if subject.takeover:
        return ALL_BP if free == mask else 0, ALL_BP, ALL_BP
    fullest, _ = sums.most(free)
    least = subject.share * ALL_BP // max(ALL_BP, fullest) if free == mask else 0
    return least, subject.share * ALL_BP // max(ALL_BP, sums.least(free)), fullest


def _usual(minutes: Mapping[int, int]) -> int:
    """The first of the days that are as long as most."""
    lengths = list(minutes.values())
    most = max(lengths, key=lambda n: (lengths.count(n), n), default=0)
    return next((day for day, n in minutes.items() if n == most), 0)
