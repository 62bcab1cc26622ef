"""A day that is played already: the old plan's segments up to the lead-in's end, then the new
plan's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from playlists.ids import ZoneId
from playlists.manifest import Chunk, Segment, Slot
from playlists.resolving.lead import Lead
from playlists.resolving.packing import Bound
from playlists.resolving.stage import Loop, Stage
from playlists.resolving.timeline import Edges, Segments, edge_at, segments_of

SlotSegment = tuple[int, tuple[Slot, ...]]


@dataclass(slots=True)
class Joined:
    """The day's chunk, the bound slots that its new part uses, and where that begins by zone."""

    chunk: Chunk
    used: list[Bound] = field(default_factory=list)
    until: dict[ZoneId, int] = field(default_factory=dict)


def join(
    lead: Lead,
    length_ms: int,
    zones: Mapping[ZoneId, tuple[Stage, Edges, Sequence[Bound]]],
) -> Joined:
    """The day of a lead-in; `zones` gives each one's stage, edges and bound slots, by name in
    order."""
    numbers = _Numbers()
    timelines: dict[ZoneId, tuple[Segment, ...]] = {}
    joined = Joined(Chunk(length_ms, (), timelines))
    for zone, (stage, edges, slots) in zones.items():
        old, new = joined_segments(lead, zone, stage, edges, slots, length_ms)
        if zone in lead.until:
            joined.until[zone] = _start(lead, zone, stage, edges)
        rows = [*old, *_bound_rows(new, slots)]
        places = {place for _, loop in new for place in loop.places}
        joined.used += [slots[place] for place in sorted(places)]
        timelines[zone] = tuple(Segment(begin, numbers.row(row)) for begin, row in rows)
    joined.chunk = Chunk(length_ms, tuple(numbers.slots), timelines)
    return joined


class _Numbers:
    """Slots numbered in the order of their first use, equal ones alike. Rows and slots that come
    again are known by identity: comparing them by value for each turn would take most of the time.
    """

    def __init__(self) -> None:
        self.slots: dict[Slot, int] = {}
        self._known: dict[int, tuple[Slot, int]] = {}
        self._rows: dict[int, tuple[tuple[Slot, ...], tuple[int, ...]]] = {}

    def row(self, row: tuple[Slot, ...]) -> tuple[int, ...]:
        """The numbers of a row."""
        known = self._rows.get(id(row))
        if known is None:
            known = self._rows[id(row)] = (row, tuple([self._number(slot) for slot in row]))
        return known[1]

    def _number(self, slot: Slot) -> int:
        known = self._known.get(id(slot))
        if known is None:
            number = self.slots.setdefault(slot, len(self.slots))
            known = self._known[id(slot)] = (slot, number)
        return known[1]


def _bound_rows(segments: Segments, slots: Sequence[Bound]) -> list[SlotSegment]:
    """New segments as rows of slots, one row for each loop."""
    rows: dict[int, tuple[Slot, ...]] = {}
    for _, loop in segments:
        if id(loop) not in rows:
            rows[id(loop)] = _slots(loop, slots)
    return [(begin, rows[id(loop)]) for begin, loop in segments]


def joined_segments(
    lead: Lead, zone: ZoneId, stage: Stage, edges: Edges, slots: Sequence[Bound], length_ms: int
) -> tuple[tuple[SlotSegment, ...], Segments]:
    """A zone's old segments and its new ones. A loop that goes on unchanged keeps its epoch."""
    if zone not in lead.until:
        return (), segments_of(stage, edges, length_ms)
    start = min(_start(lead, zone, stage, edges), length_ms)
    old = tuple(_old_rows(lead, lead.kept(zone, start)))
    if start == length_ms:
        return old, ()
    first = stage.loop(edges[edge_at(edges, start)][1])
    if old and _slots(first, slots) == old[-1][1]:
        return old[:-1], segments_of(stage, edges, length_ms, start, old[-1][0])
    return old, segments_of(stage, edges, length_ms, start)


def _old_rows(lead: Lead, segments: Sequence[Segment]) -> list[SlotSegment]:
    """Old segments as rows of slots, one row for each loop."""
    loops = {segment.loop for segment in segments}
    rows = {loop: tuple([lead.chunk.slots[at] for at in loop]) for loop in loops}
    return [(segment.from_ms, rows[segment.loop]) for segment in segments]


def _start(lead: Lead, zone: ZoneId, stage: Stage, edges: Edges) -> int:
    """Where the new plan begins: at the lead-in's end, or at once where an emergency begins or
    ends before it."""
    until = lead.until[zone]
    urgent = _was_urgent(lead, zone)
    since = edge_at(edges, lead.since_ms)
    for begin, active in edges[since:]:
        at = max(begin, lead.since_ms)
        if at < until and stage.loop(active).urgent != urgent:
            return at
    return until


def _was_urgent(lead: Lead, zone: ZoneId) -> bool:
    """Whether an emergency was on when the change came."""
    kept = lead.kept(zone, lead.since_ms + 1)
    loop = kept[-1].loop if kept else ()
    return bool(loop) and lead.chunk.slots[loop[0]].why.layer == "emergency"


def _slots(loop: Loop, slots: Sequence[Bound]) -> tuple[Slot, ...]:
    return tuple([slots[place].slot for place in loop.places])
