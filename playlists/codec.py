"""The canonical form of chunks, decks and manifests: written, and read strictly.

Limits are far above what a chain needs and low enough that no input can exhaust a small player.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import TypeVar

from playlists.cards import (
    MAX_NAME_CHARS,
    MAX_PARAM_CHARS,
    card_json,
    check_name,
    check_sha,
    read_card,
)
from playlists.errors import Invalid, Refused
from playlists.fields import Fields, parse_json, row, text, whole
from playlists.ids import (
    CardId,
    ChannelId,
    ItemId,
    Json,
    Sha256,
    SourceId,
    ZoneId,
    canonical,
    check_id,
)
from playlists.manifest import (
    FORMAT,
    LAYERS,
    Chunk,
    Day,
    DeckCard,
    Manifest,
    Segment,
    Slot,
    Why,
)
from playlists.model import ZoneBox

MAX_CHUNK_BYTES = 4 * 1024 * 1024
MAX_DECK_BYTES = 4 * 1024 * 1024
MAX_MANIFEST_BYTES = 256 * 1024
MAX_DAY_MS = 28 * 3_600_000
"""Milliseconds in the longest day: a clock change of up to four hours."""
MAX_SLOTS = 20_000
MAX_LOOPS = 5_000
MAX_LOOP = 20_000
"""Slots in one loop."""
MAX_SEGMENTS = 5_000
MAX_GATES = 1_000
MAX_SLOT_GATES = 64
MAX_ZONES = 16
MAX_DAYS = 62
MAX_CARDS = 10_000
MAX_BRAND = 16
MAX_CHANNELS = 64
MAX_PIXELS = 32_768
"""Pixels along one side of a screen."""
WHOLE_SCREEN = 10_000
"""A zone box counts in ten-thousandths of the screen."""

T = TypeVar("T")
_CARD_ID = re.compile(r"[0-9a-f]{10}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def decode_chunk(data: bytes) -> Chunk:
    """Read a chunk. Raises Refused: too_large, not_json, version, shape or not_canonical."""
    return _decode(data, MAX_CHUNK_BYTES, _read_chunk, chunk_json)


def decode_own_chunk(data: bytes) -> Chunk:
    """Read a chunk that this side wrote and kept by its hash: that it has the one byte form is
    not proved again. Raises Invalid."""
    return _read_chunk(Fields.of(json.loads(data)))


def decode_deck(data: bytes) -> dict[CardId, DeckCard]:
    """Read a deck. Names are the writer's (what a card says, whichever store shows it): the deck as
    a whole is held by the hash in its manifest. Raises Refused like decode_chunk."""
    return _decode(data, MAX_DECK_BYTES, _read_deck, deck_json)


def encode_manifest(manifest: Manifest) -> bytes:
    """A manifest's canonical bytes. Raises Invalid, naming the part that is wrong."""
    body = _manifest_json(manifest)
    _read_manifest(Fields.of(body))
    data = canonical(body)
    if len(data) > MAX_MANIFEST_BYTES:
        raise Invalid(f"This comes to {len(data)} bytes, over {MAX_MANIFEST_BYTES}.")
    return data


def decode_manifest(data: bytes) -> Manifest:
    """Read a manifest. Raises Refused like decode_chunk."""
    return _decode(data, MAX_MANIFEST_BYTES, _read_manifest, _manifest_json)


def _decode(data: bytes, most: int, read: Callable[[Fields], T], write: Callable[[T], Json]) -> T:
    if len(data) > most:
        raise Refused("too_large", f"{len(data)} bytes, over {most}.")
    try:
        body = parse_json(data)
    except Invalid as wrong:
        raise Refused("not_json", str(wrong)) from wrong
    if isinstance(body, dict) and body.get("v") != FORMAT:
        raise Refused("version", f"Format {FORMAT} is understood here, not {body.get('v')!r}.")
    try:
        found = read(Fields.of(body))
    except Invalid as wrong:
        raise Refused("shape", f"{wrong.field}: {wrong}") from wrong
    if canonical(write(found)) != data:
        raise Refused("not_canonical", "These are not the one byte form of what they say.")
    return found


# --- decks ----------------------------------------------------------------------------------------


def deck_json(cards: Mapping[CardId, DeckCard]) -> Json:
    """The one JSON form of a deck."""
    return {"v": FORMAT, "cards": {name: card_json(card) for name, card in cards.items()}}


def _read_deck(fields: Fields) -> dict[CardId, DeckCard]:
    deck: dict[CardId, DeckCard] = {}
    for name, value in fields.members("cards", MAX_CARDS):
        deck[_card_name(name, f"cards/{name}")] = read_card(value, f"cards/{name}")
    return deck


# --- chunks ---------------------------------------------------------------------------------------


def chunk_json(chunk: Chunk) -> Json:
    """The one JSON form of a chunk."""
    gates = _numbered(gate for slot in chunk.slots for gate in slot.gates)
    zones = sorted(chunk.zones.items())
    loops = {zone: _numbered(segment.loop for segment in segments) for zone, segments in zones}
    return {
        "v": FORMAT,
        "length": chunk.length_ms,
        "slots": [_slot_json(slot, gates) for slot in chunk.slots],
        "gates": [list(gate) for gate in gates],
        "zones": {
            zone: {
                "loops": [list(loop) for loop in loops[zone]],
                "segments": [[part.from_ms, loops[zone][part.loop]] for part in segments],
            }
            for zone, segments in zones
        },
    }


def _slot_json(slot: Slot, gates: Mapping[tuple[SourceId, int], int]) -> Json:
    return {
        "c": slot.card,
        "d": slot.duration_ms,
        "w": [slot.why.layer, slot.why.source, slot.why.item],
        **({"f": slot.fallback} if slot.fallback else {}),
        **({"g": [gates[gate] for gate in slot.gates]} if slot.gates else {}),
    }


def _read_chunk(fields: Fields) -> Chunk:
    length = fields.whole("length", 1, MAX_DAY_MS)
    gates = [_read_gate(gate, at) for at, gate in fields.items("gates", MAX_GATES)]
    slots = tuple(_read_slot(slot, at, gates) for at, slot in fields.items("slots", MAX_SLOTS))
    return Chunk(
        length_ms=length,
        slots=slots,
        zones={
            ZoneId(check_id(zone, "zones")): _read_zone(value, f"zones/{zone}", length, len(slots))
            for zone, value in fields.members("zones", MAX_ZONES)
        },
    )


def _read_gate(value: object, path: str) -> tuple[SourceId, int]:
    source, max_age = row(value, path, 2)[:2]
    return SourceId(check_name(source, path)), whole(max_age, path, 1)


def _read_slot(value: object, path: str, gates: list[tuple[SourceId, int]]) -> Slot:
    fields = Fields.of(value, path)
    why = fields.at("w")
    layer, source, item = (
        text(part, why, MAX_NAME_CHARS, empty=True) for part in row(fields.value("w"), why, 3)[:3]
    )
    if layer not in LAYERS:
        raise Invalid(f"One of {', '.join(LAYERS)} is needed.", why)
    named = fields.value("g") if fields.has("g") else []
    return Slot(
        card=_card_name(fields.value("c"), fields.at("c")),
        duration_ms=fields.whole("d", 1, MAX_DAY_MS),
        why=Why(layer, source, ItemId(item)),
        fallback=_card_name(fields.value("f"), fields.at("f")) if fields.has("f") else None,
        gates=tuple(
            gates[index] for index in _indices(named, fields.at("g"), MAX_SLOT_GATES, len(gates))
        ),
    )


def _read_zone(value: object, path: str, length: int, slots: int) -> tuple[Segment, ...]:
    fields = Fields.of(value, path)
    loops = [_indices(loop, at, MAX_LOOP, slots) for at, loop in fields.items("loops", MAX_LOOPS)]
    segments: list[Segment] = []
    least = 0
    for at, value in fields.items("segments", MAX_SEGMENTS):
        from_ms, loop = row(value, at, 2)[:2]
        begin = whole(from_ms, at, least, length - 1)
        segments.append(Segment(begin, loops[whole(loop, at, 0, len(loops) - 1)]))
        least = begin + 1
    return tuple(segments)


def _numbered(things: Iterable[T]) -> dict[T, int]:
    """Each thing once, in the order of its first use, with its number."""
    numbers: dict[T, int] = {}
    for thing in things:
        numbers.setdefault(thing, len(numbers))
    return numbers


# --- manifests ------------------------------------------------------------------------------------


def _manifest_json(manifest: Manifest) -> Json:
    return {
        "v": FORMAT,
        "store": manifest.store,
        "lang": manifest.language,
        "zone": manifest.time_zone,
        "size": list(manifest.size),
        "layout": [
            [box.id, box.x, box.y, box.w, box.h, int(box.locked)] for box in manifest.layout
        ],
        "brand": dict(manifest.brand),
        "channels": list(manifest.channels),
        "deck": manifest.deck,
        "days": [[day.date, day.from_ms, day.until_ms, day.chunk] for day in manifest.days],
    }


def _read_manifest(fields: Fields) -> Manifest:
    width, height = row(fields.value("size"), "size", 2)[:2]
    layout = tuple(_read_box(box, at) for at, box in fields.items("layout", MAX_ZONES))
    if not layout or len({box.id for box in layout}) < len(layout):
        raise Invalid("At least one zone is needed, each named once.", "layout")
    days = tuple(_read_day(day, at) for at, day in fields.items("days", MAX_DAYS))
    for at, (before, day) in enumerate(pairwise(days), 1):
        if day.from_ms < before.until_ms or day.date <= before.date:
            raise Invalid("Days stand in order and never overlap.", f"days/{at}")
    return Manifest(
        store=check_id(fields.text("store"), "store"),
        language=check_id(fields.text("lang"), "lang"),
        time_zone=check_name(fields.value("zone"), "zone"),
        size=(whole(width, "size", 1, MAX_PIXELS), whole(height, "size", 1, MAX_PIXELS)),
        layout=layout,
        brand={
            name: text(value, f"brand/{name}", MAX_PARAM_CHARS, empty=True)
            for name, value in fields.members("brand", MAX_BRAND)
        },
        channels=tuple(
            ChannelId(check_name(value, at)) for at, value in fields.items("channels", MAX_CHANNELS)
        ),
        deck=Sha256(fields.sha("deck")),
        days=days,
    )


def _read_box(value: object, path: str) -> ZoneBox:
    name, *numbers = row(value, path, 6)[:6]
    x, y, w, h = (whole(number, path, 0, WHOLE_SCREEN) for number in numbers[:4])
    if not w or not h or x + w > WHOLE_SCREEN or y + h > WHOLE_SCREEN:
        raise Invalid("A zone has a size and lies on the screen.", path)
    locked = bool(whole(numbers[4], path, 0, 1))
    return ZoneBox(ZoneId(check_id(check_name(name, path), path)), x, y, w, h, locked)


def _read_day(value: object, path: str) -> Day:
    date, begin, end, chunk = row(value, path, 4)[:4]
    from_ms = whole(begin, path)
    local = text(date, path, 10)
    if not _DATE.fullmatch(local):
        raise Invalid("A date is written YYYY-MM-DD.", path)
    return Day(
        date=local,
        from_ms=from_ms,
        until_ms=whole(end, path, from_ms + 1, from_ms + MAX_DAY_MS),
        chunk=check_sha(chunk, path),
    )


# --- names and numbers ----------------------------------------------------------------------------


def _card_name(value: object, path: str) -> CardId:
    name = text(value, path, 10)
    if not _CARD_ID.fullmatch(name):
        raise Invalid("A card is named by 10 lower-case hex digits.", path)
    return CardId(name)


def _indices(value: object, path: str, count: int, below: int) -> tuple[int, ...]:
    """A list of whole numbers in `[0, below)`; checked at once, since loops are long."""
    if (
        not isinstance(value, list)
        or len(value) > count
        or not all(type(number) is int and 0 <= number < below for number in value)
    ):
        raise Invalid(f"At most {count} whole numbers below {below} are needed.", path)
    return tuple(value)
