"""Campaigns as voices on screens: on which, when, with what share. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from playlists.intervals import Intervals, intersect
from playlists.localtime import day_start, zone_of
from playlists.model import Campaign
from playlists.resolving.targets import Narrowness, narrowness
from playlists.schedule import ALWAYS, Calendar, Schedule, compile_schedule
from server.services.calendar.floor import Floor, Mask
from server.services.calendar.window import Run, Window, runs

MINUTE_MS = 60_000
_NO_HOURS = ((),) * 7
_CACHED = 20_000

Kind = int
"""The place of a calendar among the floor's kinds."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """When a schedule holds in a window (unix ms), the minutes that it has of each day, the days on
    which it has some, and those which it has whole.
    """

    when: Intervals
    minutes: Mapping[int, int]
    runs: tuple[Run, ...]
    whole: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """A campaign on the floor. `when` is its time by kind, `masks` its screens of that kind;
    `order` sorts as the cascade does, the one that wins first.
    """

    id: str
    zone: str
    share: int
    takeover: bool
    conditional: bool
    mask: Mask
    masks: Mapping[Kind, Mask]
    when: Mapping[Kind, Spoken]
    order: tuple[int, Narrowness, int, str]


@dataclass(frozen=True, slots=True)
class Days:
    """A window on a kind's clock: where each local day begins, and the last ends (unix ms)."""

    mask: Mask
    calendar: Calendar
    edges: tuple[int, ...]

    def minutes(self, stretches: Intervals) -> dict[int, int]:
        """Minutes of each day that some stretches have."""
        return _minutes(stretches, self.edges)


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
    asked = _asked(campaign.schedule)
    masks = {kind: here for kind, one in enumerate(days) if (here := mask & one.mask)}
    spoken = {
        kind: _spoken(campaign.schedule, _read(days[kind].calendar, asked), days[kind].edges)
        for kind in masks
    }
    wide = narrowness(campaign.target)
    return Voice(
        id=campaign.id,
        zone=campaign.zone,
        share=campaign.share,
        takeover=campaign.layer == "takeover",
        conditional=campaign.condition is not None,
        mask=mask,
        masks=masks,
        when={kind: found for kind, found in spoken.items() if found.when},
        order=(
            -campaign.priority,
            (-wide[0], -wide[1], -wide[2]),
            -campaign.edited_at,
            campaign.id,
        ),
    )


def members(voices: Sequence[Voice], bits: int) -> list[Voice]:
    """The voices of some bits, the one that wins first."""
    return sorted((v for at, v in enumerate(voices) if bits >> at & 1), key=lambda v: v.order)


@lru_cache(maxsize=_CACHED)
def _spoken(schedule: Schedule, calendar: Calendar, edges: tuple[int, ...]) -> Spoken:
    when = _compiled(replace(schedule, start=None, end=None), calendar, edges[0], edges[-1])
    if schedule.start or schedule.end:
        dated = replace(ALWAYS, start=schedule.start, end=schedule.end)
        dates = compile_schedule(dated, Calendar(calendar.zone), edges[0], edges[-1])
        when = intersect(when, dates)
    minutes = _minutes(when, edges)
    whole = (d for d, n in minutes.items() if n * MINUTE_MS == edges[d + 1] - edges[d])
    return Spoken(when, minutes, runs(minutes), runs(whole))


@lru_cache(maxsize=_CACHED)
def _compiled(schedule: Schedule, calendar: Calendar, from_ms: int, until_ms: int) -> Intervals:
    return compile_schedule(schedule, calendar, from_ms, until_ms)


def _minutes(stretches: Intervals, edges: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    at = 0
    for begin, end in stretches:
        while at and edges[at] > begin:
            at -= 1
        while at + 1 < len(edges) and edges[at] < end:
            low, high = max(begin, edges[at]), min(end, edges[at + 1])
            if low < high:
                found[at] = found.get(at, 0) + (high - low) // MINUTE_MS
            at += 1
    return found


def _asked(schedule: Schedule) -> tuple[bool, bool, bool]:
    """Whether a schedule asks for opening hours, holidays, the sun."""
    anchors = {edge.anchor for part in schedule.dayparts for edge in (part.start, part.end)}
    hours = schedule.open_hours_only or bool(anchors & {"open", "close"})
    return hours, schedule.holidays != "any", bool(anchors & {"sunrise", "sunset"})


@lru_cache(maxsize=_CACHED)
def _read(calendar: Calendar, asked: tuple[bool, bool, bool]) -> Calendar:
    """What a schedule reads of a calendar: stores that differ elsewhere share what it comes to."""
    hours, holidays, sun = asked
    return Calendar(
        calendar.zone,
        hours=calendar.hours if hours else _NO_HOURS,
        special_hours=calendar.special_hours if hours else (),
        holidays=calendar.holidays if holidays else frozenset(),
        sun=calendar.sun if sun else (),
    )


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
