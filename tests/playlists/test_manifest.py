"""Plans as bytes: what is written is read again, and what may not be written is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playlists import codec
from playlists.cards import encode_card, files_of
from playlists.codec import (
    chunk_json,
    deck_json,
    decode_chunk,
    decode_deck,
    decode_manifest,
    encode_manifest,
)
from playlists.errors import Invalid, Refused
from playlists.ids import (
    CardId,
    ChannelId,
    ItemId,
    Sha256,
    Sku,
    SourceId,
    ZoneId,
    canonical,
    sha256,
)
from playlists.manifest import Chunk, Day, DeckCard, DeckGood, Manifest, Segment, Slot, Why
from playlists.model import FULL_SCREEN, MAIN
from tests.contract.random_worlds import random_plan
from tests.contract.world import read_plan


def chunk_bytes(chunk: Chunk) -> bytes:
    return canonical(chunk_json(chunk))


def deck_bytes(cards: Mapping[CardId, DeckCard]) -> bytes:
    return canonical(deck_json(cards))


HOUR = 3_600_000
BOOT, HELLO = CardId("00000000b0"), CardId("0000000e11")
WHY = Why("base", "chain", ItemId("i1"))
CARD = DeckCard(
    template="price",
    params={"headline": "Il pleut", "count": 3},
    goods=(DeckGood(Sku("BOOT"), ChannelId("shop@lille"), Sha256("a" * 64)),),
    live={"chip": "weather:lille"},
    assets=(Sha256("b" * 64), Sha256("a" * 64)),
    qr=Sha256("c" * 64),
    price_loss="fallback",
)
MESSAGE = DeckCard("message", {})
DECK = {BOOT: CARD, HELLO: MESSAGE}
RAIN = (SourceId("weather@lille"), 3 * HOUR)
SNOW = (SourceId("weather@lille"), HOUR)
CHUNK = Chunk(
    24 * HOUR,
    (
        Slot(BOOT, 10_000, WHY, HELLO, (SNOW, RAIN)),
        Slot(HELLO, 7_000, WHY, gates=(RAIN,)),
    ),
    {
        ZoneId("side"): (Segment(5, (1,)),),
        MAIN: (Segment(0, (0, 1, 1)), Segment(HOUR, ()), Segment(2 * HOUR, (0, 1, 1))),
    },
)
MANIFEST = Manifest(
    store="lille",
    language="fr",
    time_zone="Europe/Paris",
    size=(1080, 1920),
    layout=FULL_SCREEN,
    brand={"name": "Pluvier"},
    channels=(ChannelId("shop@lille"),),
    deck=sha256(deck_bytes(DECK)),
    days=(
        Day("2025-10-25", 0, 24 * HOUR, sha256(chunk_bytes(CHUNK))),
        Day("2025-10-26", 24 * HOUR, 49 * HOUR, sha256(chunk_bytes(CHUNK))),
    ),
)


@pytest.mark.parametrize(
    ("thing", "encode", "decode"),
    [
        (CHUNK, chunk_bytes, decode_chunk),
        (DECK, deck_bytes, decode_deck),
        (MANIFEST, encode_manifest, decode_manifest),
    ],
    ids=["chunk", "deck", "manifest"],
)
def test_what_is_written_is_read_again(
    thing: object, encode: Callable[[Any], bytes], decode: Callable[[bytes], object]
) -> None:
    assert decode(encode(thing)) == thing


def test_a_chunk_is_written_as_specified() -> None:
    assert chunk_bytes(CHUNK).decode() == (
        '{"gates":[["weather@lille",3600000],["weather@lille",10800000]],"length":86400000,'
        f'"slots":[{{"c":"{BOOT}","d":10000,"f":"{HELLO}","g":[0,1],"w":["base","chain","i1"]}},'
        f'{{"c":"{HELLO}","d":7000,"g":[1],"w":["base","chain","i1"]}}],"v":1,'
        '"zones":{"main":{"loops":[[0,1,1],[]],"segments":[[0,0],[3600000,1],[7200000,0]]},'
        '"side":{"loops":[[1]],"segments":[[5,0]]}}}'
    )


def test_equal_days_have_equal_bytes_however_they_were_made() -> None:
    turned = replace(CHUNK, zones=dict(reversed(CHUNK.zones.items())))
    assert chunk_bytes(turned) == chunk_bytes(CHUNK)


def test_reckoning_a_loop_leaves_a_chunk_equal_to_itself() -> None:
    fresh = decode_chunk(chunk_bytes(CHUNK))
    assert fresh.ends((0, 1, 1)) == (10_000, 17_000, 24_000)
    assert fresh.ends((0, 1, 1)) is fresh.ends((0, 1, 1))
    assert fresh == CHUNK


def test_a_card_is_written_as_specified() -> None:
    assert encode_card(MESSAGE) == b'{"p":{},"s":[],"t":"message"}'
    assert encode_card(CARD).decode() == (
        f'{{"a":["{"b" * 64}","{"a" * 64}"],"l":{{"chip":"weather:lille"}},"n":"fallback",'
        f'"p":{{"count":3,"headline":"Il pleut"}},"q":"{"c" * 64}",'
        f'"s":[{{"c":"shop@lille","i":"{"a" * 64}","k":"BOOT"}}],"t":"price"}}'
    )


def test_a_card_names_each_file_once() -> None:
    assert files_of(CARD) == ("b" * 64, "a" * 64, "c" * 64)
    assert files_of(MESSAGE) == ()


@pytest.mark.parametrize(
    ("encode", "thing", "field"),
    [
        (encode_manifest, replace(MANIFEST, days=MANIFEST.days[::-1]), "days/1"),
        (encode_card, replace(CARD, template="Price"), "t"),
        (encode_card, replace(CARD, price_loss="blank"), "n"),
        (encode_card, replace(CARD, params={"number": 2**53}), "p/number"),
    ],
)
def test_what_no_player_would_read_is_never_written(
    encode: Callable[[Any], object], thing: object, field: str
) -> None:
    with pytest.raises(Invalid) as invalid:
        encode(thing)
    assert invalid.value.field == field


def test_a_manifest_too_large_to_be_read_is_never_written(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(encode_manifest(MANIFEST))
    monkeypatch.setattr(codec, "MAX_MANIFEST_BYTES", size)
    assert len(encode_manifest(MANIFEST)) == size
    monkeypatch.setattr(codec, "MAX_MANIFEST_BYTES", size - 1)
    with pytest.raises(Invalid, match=f"{size} bytes"):
        encode_manifest(MANIFEST)


@given(st.integers(0, 2**64))
def test_random_plans_have_one_byte_form(seed: int) -> None:
    plan = read_plan(random_plan(Random(seed)))
    assert plan is not None
    assert decode_manifest(encode_manifest(plan.manifest)) == plan.manifest
    assert plan.manifest.deck == sha256(deck_bytes(plan.cards))
    for name, chunk in plan.chunks.items():
        assert sha256(chunk_bytes(chunk)) == name


@given(st.data())
def test_damaged_bytes_are_refused_or_read_as_what_they_are(data: st.DataObject) -> None:
    raw = bytearray(chunk_bytes(CHUNK))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        chunk = decode_chunk(bytes(raw))
    except Refused:
        return
    assert chunk_bytes(chunk) == raw
