"""What a rehearsal foresees, and how it compares with what screens say they played.

Of each profile that changes: whose turn it is at some instants ahead. What plays right after a
release hangs on the second at which it comes; for that first stretch the turns that may come are
foreseen, not which of them it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playlists.facts import FactLine
from playlists.manifest import Plan, Slot
from playlists.resolve import Resolved
from playlists.turns import turn_at
from server.services.rehearsing.reckoning import Pair

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
AHEAD_MS = (
    *(minutes * MINUTE_MS for minutes in (2, 10, 30)),
    *(hours * HOUR_MS for hours in (1, 2, 4, 8, 12)),
    *(days * 24 * HOUR_MS for days in range(1, 8)),
)
"""After the instant at which the drafts go on air."""

Told = tuple[str, str, str, str]
"""A slot: layer, source, item, card."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A zone at an instant: the slot whose turn it is (None: the slate), and all of the loop that
    has been playing since `since`. Times in unix ms.
    """

    at: int
    zone: str
    slot: Told | None
    since: int
    loop: frozenset[Told]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The predictions of one profile. `manifest` is its plan's sha256, were it published at that
    very millisecond; `wishes` (name to sha256) and `facts` (key to spans) are what it stands on.
    """

    profile: str
    store: str
    screens: tuple[str, ...]
    manifest: str
    instants: tuple[Instant, ...]
    wishes: Mapping[str, str]
    facts: Mapping[str, Any]


def foresee(pair: Pair, found: Resolved, plan: Plan, name: str, from_ms: int) -> Foreseen:
    """The predictions of a pair whose plan `found` (sha256 `name`) begins at `from_ms`."""
    times = [from_ms + ahead for ahead in AHEAD_MS]
    zones = [box.id for box in found.manifest.layout]
    view = pair.view
    return Foreseen(
        profile=pair.profile.key,
        store=pair.store.id,
        screens=tuple(str(screen.id) for screen in pair.screens),
        manifest=name,
        instants=tuple(instant_at(plan, zone, at) for at in times for zone in zones),
        wishes={wish: kept.sha for wish, kept in sorted(view.wishes.items())},
        facts={key: spans_of(line) for key, line in sorted(view.lines.items())},
    )


def spans_of(line: FactLine | None) -> list[list[Any]] | None:
    """A fact's values over time, to be kept."""
    if line is None:
        return None
    return [[span.from_ms, span.until_ms, span.value] for span in line.spans]


def told(slot: Slot) -> Told:
    """A slot, as predictions name it."""
    return slot.why.layer, slot.why.source, slot.why.item, slot.card


def instant_at(plan: Plan, zone: Any, at: int) -> Instant:
    """A zone of a plan at an instant (unix ms) of its days."""
    day = next(day for day in plan.manifest.days if day.from_ms <= at < day.until_ms)
    chunk = plan.chunks[day.chunk]
    begun = [s for s in chunk.zones.get(zone, ()) if day.from_ms + s.from_ms <= at]
    turn = turn_at(plan, zone, at)
    since = day.from_ms + begun[-1].from_ms if begun else day.from_ms
    loop = frozenset(told(chunk.slots[index]) for index in begun[-1].loop) if begun else frozenset()
    return Instant(at, zone, told(turn.slot) if turn.slot else None, since, loop)


def to_json(found: Foreseen) -> dict[str, Any]:
    """As it is kept: each slot and each loop once."""
    slots: dict[Told, int] = {}
    loops: dict[frozenset[Told], int] = {}

    def number(slot: Told) -> int:
        return slots.setdefault(slot, len(slots))

    rows = [
        [
            *(one.at, one.zone, None if one.slot is None else number(one.slot)),
            *(one.since, loops.setdefault(one.loop, len(loops))),
        ]
        for one in found.instants
    ]
    listed = [sorted(number(slot) for slot in loop) for loop in loops]
    return {
        "profile": found.profile,
        "store": found.store,
        "screens": list(found.screens),
        "manifest": found.manifest,
        "slots": [list(slot) for slot in slots],
        "loops": listed,
        "at": rows,
        "wishes": dict(found.wishes),
        "facts": dict(found.facts),
    }


def from_json(kept: Mapping[str, Any]) -> Foreseen:
    """Undo `to_json`."""
    slots = [_told(one) for one in kept["slots"]]
    loops = [frozenset(slots[at] for at in loop) for loop in kept["loops"]]
    return Foreseen(
        profile=kept["profile"],
        store=kept["store"],
        screens=tuple(kept["screens"]),
        manifest=kept["manifest"],
        instants=tuple(
            Instant(at, zone, None if slot is None else slots[slot], since, loops[loop])
            for at, zone, slot, since, loop in kept["at"]
        ),
        wishes=kept["wishes"],
        facts=kept["facts"],
    )


def agrees(foreseen: Instant, shown: Told | None, released_ms: int) -> bool:
    """Whether a turn is as foreseen. `released_ms`: when the drafts really went on air."""
    if foreseen.since > released_ms:
        return shown == foreseen.slot
    return shown in foreseen.loop if foreseen.loop else shown is None


def moved_facts(foreseen: Foreseen, then: Mapping[str, Any], at: int) -> Iterable[str]:
    """The facts whose value at an instant (unix ms) is not what the prediction stood on."""
    for key in sorted({*foreseen.facts, *then}):
        if _value(foreseen.facts.get(key), at) != _value(then.get(key), at):
            yield key


def _value(spans: Sequence[Sequence[Any]] | None, at: int) -> object:
    return next((value for begin, end, value in spans or () if begin <= at < end), None)


def _told(parts: Sequence[str]) -> Told:
    layer, source, item, card = parts
    return layer, source, item, card
