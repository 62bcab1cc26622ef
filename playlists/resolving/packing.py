"""Day chunks and decks as canonical bytes, put together from parts that many screens share.

The bytes are those of `playlists.codec` to the last one (tests hold them together); only the way is
shorter: the long part of a chunk, its loops, is written once for all stores that play them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from playlists.ids import CardId, Json, ZoneId
from playlists.manifest import FORMAT, Slot, Why
from playlists.resolving.activity import Gates
from playlists.resolving.memo import Memo
from playlists.resolving.timeline import Segments


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A slot written but for the numbers of its gates. Of one memo, equal slots are one object."""

    slot: Slot
    before: str
    after: str


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Several zones' segments as JSON text, and the slots that it numbers, in order of use.

    `silent` are slots that some loop leaves without a turn, `inexact` the voices that come first in
    loops without exact shares. All as (zone, number of the place or candidate).
    """

    text: str
    used: tuple[tuple[ZoneId, int], ...]
    silent: frozenset[tuple[ZoneId, int]]
    inexact: frozenset[tuple[ZoneId, int]]


def bound(
    card: CardId, fallback: CardId | None, duration_ms: int, why: Why, gates: Gates, memo: Memo
) -> Bound:
    """A slot ready to be written into chunks."""

    def made() -> Bound:
        named = f',"f":"{fallback}"' if fallback else ""
        return Bound(
            slot=Slot(card, duration_ms, why, fallback, gates),
            before=f'{{"c":"{card}","d":{duration_ms}{named}',
            after=f',"w":{_text([why.layer, why.source, why.item])}}}',
        )

    return memo.keep(("slot", card, fallback, duration_ms, why, gates), made)


def zones_text(zones: Sequence[tuple[ZoneId, Segments]]) -> Zones:
    """The segments of zones, which come in the order of their names."""
    used: list[tuple[ZoneId, int]] = []
    written: list[str] = []
    silent: set[tuple[ZoneId, int]] = set()
    inexact: set[tuple[ZoneId, int]] = set()
    for zone, segments in zones:
        loops = {loop: number for number, loop in enumerate(dict.fromkeys(s[1] for s in segments))}
        places = dict.fromkeys(place for loop in loops for place in loop.distinct)
        names = {place: str(number) for number, place in enumerate(places, len(used))}
        texts = ",".join(
            ["[" + ",".join([names[at] for at in loop.places]) + "]" for loop in loops]
        )
        rows = ",".join([f"[{begin},{loops[loop]}]" for begin, loop in segments])
        written.append(zone_text(zone, texts, rows))
        used += [(zone, place) for place in places]
        silent.update((zone, place) for loop in loops for place in loop.unaired)
        inexact.update((zone, loop.mixed[0]) for loop in loops if not loop.exact)
    return Zones(",".join(written), tuple(used), frozenset(silent), frozenset(inexact))


def zone_text(zone: ZoneId, loops: str, segments: str) -> str:
    """A zone's timeline, of loops and segments as text."""
    return f'"{zone}":{{"loops":[{loops}],"segments":[{segments}]}}'


def chunk_bytes(length_ms: int, zones: str, slots: Sequence[Bound]) -> bytes:
    """A chunk's canonical bytes: `zones` as JSON text, and the slots that it numbers, in order."""
    gates: dict[tuple[str, int], int] = {}
    texts: list[str] = []
    for slot in slots:
        if slot.slot.gates:
            named = ",".join([str(gates.setdefault(gate, len(gates))) for gate in slot.slot.gates])
            texts.append(f'{slot.before},"g":[{named}]{slot.after}')
        else:
            texts.append(slot.before + slot.after)
    gate_text = _text([list(gate) for gate in gates])
    return (
        f'{{"gates":{gate_text},"length":{length_ms},"slots":[{",".join(texts)}],'
        f'"v":{FORMAT},"zones":{{{zones}}}}}'
    ).encode()


def deck_bytes(cards: Mapping[CardId, bytes]) -> bytes:
    """A deck's canonical bytes, of cards as bytes."""
    named: Iterable[bytes] = (b'"%s":%s' % (name.encode(), cards[name]) for name in sorted(cards))
    return b'{"cards":{%s},"v":%d}' % (b",".join(named), FORMAT)


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
