"""Weighs a plan against what players take, before anybody is told of one that they would refuse.

Nearly every chunk is far below all limits and passes by its size; the rest is read as a player
reads it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from playlists.cards import check_name, encode_card
from playlists.codec import (
    MAX_CARDS,
    MAX_CHANNELS,
    MAX_DECK_BYTES,
    MAX_SLOT_GATES,
    decode_chunk,
    encode_manifest,
)
from playlists.errors import Invalid, Refused
from playlists.ids import CardId
from playlists.manifest import DeckCard, Manifest

LIGHT_BYTES = 16 * 1024
"""A chunk of so few bytes is below the codec's limits of slots, loops and segments, which take 40,
4 and 6 bytes each at the least, and a turn of a loop 2."""
_GATES, _LENGTH = b'{"gates":', b',"length":'


class TooHeavy(Invalid):
    """Players would refuse this plan. `wish` is (layer, id) of what weighs most in it."""

    code = "too_heavy"

    def __init__(self, message: str, wish: tuple[str, str]) -> None:
        super().__init__(message, "/".join(wish))
        self.wish = wish


def weigh(
    manifest: Manifest,
    deck: bytes,
    cards: Mapping[CardId, DeckCard],
    fresh: Collection[bytes],
) -> bytes:
    """The manifest's canonical bytes, if a player takes all of its plan; `fresh` are the chunks
    that none was weighed before. Raises TooHeavy, naming the heaviest wish of those chunks."""
    fault = _of_deck(manifest, deck, cards) or next(filter(None, map(_of_chunk, fresh)), "")
    try:
        data = encode_manifest(manifest)
    except Invalid as wrong:
        fault = fault or f"{wrong.field}: {wrong}"
    else:
        if not fault:
            return data
    raise TooHeavy(fault, _heaviest(fresh, cards))


def _of_deck(manifest: Manifest, deck: bytes, cards: Mapping[CardId, DeckCard]) -> str:
    if len(cards) > MAX_CARDS:
        return f"{len(cards)} cards, over {MAX_CARDS}."
    if len(deck) > MAX_DECK_BYTES:
        return f"Cards of {len(deck)} bytes, over {MAX_DECK_BYTES}."
    if len(manifest.channels) > MAX_CHANNELS:
        return f"Prices of {len(manifest.channels)} shops and stores, over {MAX_CHANNELS}."
    return ""


def _of_chunk(data: bytes) -> str:
    gates = data[len(_GATES) : data.index(_LENGTH)]
    if len(data) <= LIGHT_BYTES and _few(gates):
        return ""
    try:
        decode_chunk(data)
    except Refused as refused:
        return f"A day's plan: {refused}"
    return ""


@lru_cache(4_096)
def _few(gates: bytes) -> bool:
    """Whether gates (as JSON) are few enough for one slot, and bear names that players take."""
    named = [name for name, _ in json.loads(gates)]
    try:
        return len([check_name(name, "gates") for name in named]) <= MAX_SLOT_GATES
    except Invalid:
        return False


def _heaviest(chunks: Iterable[bytes], cards: Mapping[CardId, DeckCard]) -> tuple[str, str]:
    """Which wish these chunks are fullest of: its cards' bytes, its turns, and how often it comes
    and goes."""
    weight: Counter[tuple[str, str]] = Counter()
    sizes = {name: len(encode_card(card)) for name, card in cards.items()}
    weighed: set[tuple[tuple[str, str], str]] = set()
    for data in chunks:
        body = json.loads(data)
        wishes: list[tuple[str, str]] = [(slot["w"][0], slot["w"][1]) for slot in body["slots"]]
        for wish, slot in zip(wishes, body["slots"], strict=True):
            if (wish, slot["c"]) not in weighed:
                weighed.add((wish, slot["c"]))
                weight[wish] += sizes.get(slot["c"], 0)
        for zone in body["zones"].values():
            loops = [frozenset(wishes[turn] for turn in loop) for loop in zone["loops"]]
            weight.update(wishes[turn] for loop in zone["loops"] for turn in loop)
            on: frozenset[tuple[str, str]] = frozenset()
            for _, number in zone["segments"]:
                weight.update(loops[number] ^ on)
                on = loops[number]
    return max(sorted(weight), key=lambda wish: weight[wish], default=("slate", ""))
