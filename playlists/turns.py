"""Whose turn it is: the planned slot of a zone at an instant, by the plan alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from playlists.ids import ZoneId
from playlists.manifest import FOREVER_MS, Chunk, Day, Plan, Segment, Slot


@dataclass(frozen=True, slots=True)
class Turn:
    """One slot's turn on `[since, until)` in unix ms; where there is none, `missing` says why."""

    since: int
    until: int
    slot: Slot | None = None
    missing: Literal["", "no_day", "empty"] = ""

    @property
    def urgent(self) -> bool:
        """Whether this is an emergency's turn."""
        return self.slot is not None and _urgent(self.slot)


def turn_at(plan: Plan, zone: ZoneId, now_ms: int) -> Turn:
    """The turn that the plan gives to `zone` at `now_ms`; no_day outside its days or without
    that day's chunk."""
    days = plan.manifest.days
    at = bisect_right(days, now_ms, key=_day_from) - 1
    after = days[at + 1].from_ms if at + 1 < len(days) else FOREVER_MS
    if at < 0:
        return Turn(0, after, missing="no_day")
    day = days[at]
    if day.until_ms <= now_ms:
        return Turn(day.until_ms, after, missing="no_day")
    chunk = plan.chunks.get(day.chunk)
    if chunk is None:
        return Turn(day.from_ms, day.until_ms, missing="no_day")
    return turn_in(day, chunk, zone, now_ms)


def urgent_turns(plan: Plan, zone: ZoneId, from_ms: int, until_ms: int) -> Iterator[Turn]:
    """The turns of emergencies that lie in `[from_ms, until_ms)` at least in part, in order."""
    for day in plan.manifest.days:
        chunk = plan.chunks.get(day.chunk)
        if chunk is None:
            continue
        segments = chunk.zones.get(zone, ())
        for number, segment in enumerate(segments):
            if not any(_urgent(chunk.slots[index]) for index in segment.loop):
                continue
            following = segments[number + 1 :][:1]
            end = min([day.until_ms, until_ms, *(day.from_ms + it.from_ms for it in following)])
            at = max(from_ms, day.from_ms + segment.from_ms)
            while at < end:
                turn = turn_in(day, chunk, zone, at)
                if turn.urgent:
                    yield turn
                at = turn.until


def turn_in(day: Day, chunk: Chunk, zone: ZoneId, now_ms: int) -> Turn:
    """The turn that a day's chunk gives to `zone` at `now_ms`, which lies in that day."""
    segments = chunk.zones.get(zone, ())
    at = bisect_right(segments, now_ms - day.from_ms, key=_segment_from) - 1
    end = day.until_ms
    if at + 1 < len(segments):
        end = min(end, day.from_ms + segments[at + 1].from_ms)
    if at < 0:
        return Turn(day.from_ms, end, missing="empty")
    begin = day.from_ms + segments[at].from_ms
    if not segments[at].loop:
        return Turn(begin, end, missing="empty")
    return _turn_of_loop(chunk, segments[at].loop, begin, end, now_ms)


def _turn_of_loop(chunk: Chunk, loop: tuple[int, ...], begin: int, end: int, now_ms: int) -> Turn:
    ends = chunk.ends(loop)
    place = (now_ms - begin) % ends[-1]
    at = bisect_right(ends, place)
    slot = chunk.slots[loop[at]]
    until = now_ms - place + ends[at]
    since = until - slot.duration_ms
    if until > end and since > begin:  # it would outlast the segment: hold the one before
        at -= 1
        slot = chunk.slots[loop[at]]
        until = since
        since = until - slot.duration_ms
    following = chunk.slots[loop[(at + 1) % len(loop)]]
    if until + following.duration_ms > end:
        until = end
    return Turn(since, until, slot)


def _urgent(slot: Slot) -> bool:
    return slot.why.layer == "emergency"


def _day_from(day: Day) -> int:
    return day.from_ms


def _segment_from(segment: Segment) -> int:
    return segment.from_ms
