"""A day that is played already: the old plan's segments up to the lead-in's end, then the new
plan's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from playlists.ids import Sha256, ZoneId
from playlists.manifest import Chunk, Day, Segment, Slot
from playlists.resolving.lead import Lead
from playlists.resolving.memo import Memo
from playlists.resolving.packing import Bound, bound, chunk_bytes, zone_text
from playlists.resolving.stage import Stage
from playlists.resolving.timeline import Edges, Segments, edge_at, segments_of
from playlists.turns import turn_in

Numbered = Sequence[Bound] | Mapping[int, Bound]
"""Slots by number."""


@dataclass(slots=True)
class Joined:
    """The day's bytes, the places that its new part uses, the slots that its old part uses, and
    where the new part begins by zone."""

    data: bytes = b""
    used: list[tuple[ZoneId, int]] = field(default_factory=list)
    old: list[Slot] = field(default_factory=list)
    until: dict[ZoneId, int] = field(default_factory=dict)


def join(
    lead: Lead,
    length_ms: int,
    zones: Mapping[ZoneId, tuple[Stage, Edges, Numbered]],
    memo: Memo,
) -> Joined:
    """The day of a lead-in; `zones` gives each one's stage, edges and bound slots, by name in
    order."""
    joined = Joined()
    numbers: dict[Bound, int] = {}
    before = led_slots(lead, memo)
    written: list[str] = []
    for zone, (stage, edges, slots) in zones.items():
        old, new = joined_segments(lead, zone, stage, edges, slots, before, length_ms)
        if zone in lead.until:
            joined.until[zone] = _start(lead, zone, stage, edges)
        loops = _Loops(numbers)
        rows = [(segment.from_ms, loops.number(segment.loop, before)) for segment in old]
        rows += [(begin, loops.number(loop.places, slots)) for begin, loop in new]
        written.append(
            zone_text(zone, ",".join(loops.texts), ",".join([f"[{at},{row}]" for at, row in rows]))
        )
        places = {place for _, loop in new for place in loop.distinct}
        joined.used += [(zone, place) for place in sorted(places)]
        kept = {number for segment in old for number in segment.loop}
        joined.old += [lead.chunk.slots[number] for number in sorted(kept)]
    joined.data = chunk_bytes(length_ms, ",".join(written), list(numbers))
    return joined


def differs(
    lead: Lead,
    length_ms: int,
    zones: Mapping[ZoneId, tuple[Stage, Edges, Numbered]],
    chunk: Chunk,
    memo: Memo,
) -> bool:
    """Whether `join` would surely give another day than `chunk`: some segment begins at another
    instant or turns other cards. False proves nothing."""
    before = led_slots(lead, memo)
    for zone, (stage, edges, slots) in zones.items():
        old, new = joined_segments(lead, zone, stage, edges, slots, before, length_ms)
        there = chunk.zones.get(zone, ())
        if len(there) != len(old) + len(new):
            return True
        for segment, (begin, loop) in zip(there[len(old) :], new, strict=True):
            if segment.from_ms != begin or len(segment.loop) != len(loop.places):
                return True
            turns = zip(segment.loop, loop.places, strict=True)
            if any(chunk.slots[was].card != slots[at].slot.card for was, at in turns):
                return True
    return False


class _Loops:
    """A zone's loops as text, numbered in the order of their first use, equal ones alike; their
    slots are numbered in `numbers`."""

    def __init__(self, numbers: dict[Bound, int]) -> None:
        self._numbers = numbers
        self._known: dict[tuple[int, int], int] = {}
        self._names: dict[int, _Names] = {}
        self.texts: dict[str, int] = {}

    def number(self, loop: tuple[int, ...], slots: Numbered) -> int:
        """The number of a loop whose turns are places in `slots`. Both stay alive meanwhile."""
        key = (id(loop), id(slots))
        if key not in self._known:
            names = self._names.get(id(slots))
            if names is None:
                names = self._names[id(slots)] = _Names(slots, self._numbers)
            text = "[" + ",".join([names[at] for at in loop]) + "]"
            self._known[key] = self.texts.setdefault(text, len(self.texts))
        return self._known[key]


class _Names(dict[int, str]):
    """Places in `slots` as the numbers of their slots, each looked up when first asked for."""

    def __init__(self, slots: Numbered, numbers: dict[Bound, int]) -> None:
        super().__init__()
        self._slots = slots
        self._numbers = numbers

    def __missing__(self, at: int) -> str:
        name = self[at] = str(self._numbers.setdefault(self._slots[at], len(self._numbers)))
        return name


def led_slots(lead: Lead, memo: Memo) -> tuple[Bound, ...]:
    """The slots of a lead-in's old day, those that the new plan has too being the same objects."""
    return tuple(
        [
            bound(slot.card, slot.fallback, slot.duration_ms, slot.why, slot.gates, memo)
            for slot in lead.chunk.slots
        ]
    )


def joined_segments(
    lead: Lead,
    zone: ZoneId,
    stage: Stage,
    edges: Edges,
    slots: Numbered,
    before: Sequence[Bound],
    length_ms: int,
) -> tuple[tuple[Segment, ...], Segments]:
    """A zone's old segments, of the lead-in's slots (`before`), and its new ones. A loop that goes
    on unchanged keeps its epoch."""
    if zone not in lead.until:
        return (), segments_of(stage, edges, length_ms)
    start = min(_start(lead, zone, stage, edges), length_ms)
    old = lead.kept(zone, start)
    if start == length_ms:
        return old, ()
    first = stage.loop(edges[edge_at(edges, start)][1])
    if old and _turns(first.places, slots) == _turns(old[-1].loop, before):
        return old[:-1], segments_of(stage, edges, length_ms, start, old[-1].from_ms)
    if start != lead.until[zone]:
        old = _cut(lead, zone, start)
    return old, segments_of(stage, edges, length_ms, start)


def _cut(lead: Lead, zone: ZoneId, start: int) -> tuple[Segment, ...]:
    """The old segments up to where an emergency cuts in. The slot that it cuts has a segment of its
    own: by the rule for the ends of segments it would not have begun, and a screen whose clock is a
    little slow would go back to the slot before."""
    day = Day(lead.date, 0, lead.chunk.length_ms, Sha256(""))
    turn = turn_in(day, lead.chunk, zone, start - 1) if start else None
    if turn is None or turn.slot is None or turn.until <= start:
        return lead.kept(zone, start)
    begun = Segment(turn.since, (lead.chunk.slots.index(turn.slot),))
    return (*lead.kept(zone, turn.since), begun)


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


def _turns(loop: Iterable[int], slots: Numbered) -> list[Bound]:
    return [slots[at] for at in loop]
