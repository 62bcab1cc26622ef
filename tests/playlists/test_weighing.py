"""A plan that players would refuse is found before anybody is told of it; its fault is named."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from playlists.codec import (
    MAX_CARDS,
    MAX_CHANNELS,
    MAX_LOOPS,
    MAX_SEGMENTS,
    MAX_SLOT_GATES,
    chunk_json,
    decode_chunk,
    decode_manifest,
)
from playlists.errors import Refused
from playlists.ids import CardId, ChannelId, ItemId, Sha256, SourceId, ZoneId, canonical, sha256
from playlists.manifest import Chunk, Day, DeckCard, Manifest, Segment, Slot, Why
from playlists.model import ZoneBox
from playlists.resolve import TooHeavy, weigh
from playlists.resolving.packing import deck_bytes
from playlists.resolving.weighing import LIGHT_BYTES

DAY_MS = 86_400_000
SMALL = CardId("0" * 10)
CARDS: Mapping[CardId, DeckCard] = {SMALL: DeckCard("message", {"headline": "Bonjour"})}
BASE, RAIN = Why("base", "autumn", ItemId("a")), Why("campaign", "rain", ItemId("a"))


def slot(why: Why, duration_ms: int = 10_000, *gates: str) -> Slot:
    return Slot(SMALL, duration_ms, why, None, tuple((SourceId(gate), 60_000) for gate in gates))


def chunk(slots: tuple[Slot, ...], *segments: Segment) -> bytes:
    made = Chunk(DAY_MS, slots, {ZoneId("main"): segments or (Segment(0, (0,)),)})
    return canonical(chunk_json(made))


def manifest(*channels: str) -> Manifest:
    box = ZoneBox(ZoneId("main"), 0, 0, 10_000, 10_000, False)
    names = tuple(map(ChannelId, channels))
    day = Day("2026-10-15", 0, DAY_MS, sha256(b"chunk"))
    return Manifest(
        "lille", "fr", "Europe/Paris", (1920, 1080), (box,), {}, names, Sha256("0" * 64), (day,)
    )


def weighed(
    *chunks: bytes,
    cards: Mapping[CardId, DeckCard] = CARDS,
    deck: bytes = b"{}",
    plan: Manifest | None = None,
) -> bytes:
    return weigh(plan or manifest(), deck, cards, chunks)


def test_an_everyday_plan_gives_its_manifests_bytes() -> None:
    data = weighed(chunk((slot(BASE), slot(RAIN, 10_000, "weather@lille"))))
    assert decode_manifest(data) == manifest()


def test_a_long_plan_that_players_take_passes_too() -> None:
    slots = tuple(slot(BASE, at) for at in range(1, 400))
    data = chunk(slots, Segment(0, tuple(range(399))))
    assert len(data) > LIGHT_BYTES
    assert weighed(data)


def test_what_is_light_is_below_every_limit() -> None:
    least_segments = chunk((slot(BASE),), *(Segment(at, (0,)) for at in range(MAX_SEGMENTS)))
    loops = tuple(Segment(at, tuple(map(int, f"{at:013b}"))) for at in range(MAX_LOOPS))
    assert len(least_segments) > LIGHT_BYTES
    assert len(chunk((slot(BASE), slot(RAIN)), *loops)) > LIGHT_BYTES


def test_a_campaign_that_comes_and_goes_all_the_time_is_named() -> None:
    switched = (Segment(at * 10_000, (at % 2, 0)) for at in range(MAX_SEGMENTS + 1))
    data = chunk((slot(BASE), slot(RAIN)), *switched)
    with pytest.raises(Refused):
        decode_chunk(data)
    with pytest.raises(TooHeavy, match=f"segments.*{MAX_SEGMENTS}") as found:
        weighed(data)
    assert (found.value.wish, found.value.field) == (("campaign", "rain"), "campaign/rain")


def test_a_wish_that_hangs_on_too_many_sources_is_named() -> None:
    many = (f"counter-{number}@lille" for number in range(MAX_SLOT_GATES + 1))
    data = chunk((slot(BASE), slot(RAIN, 10_000, *many)), Segment(0, (0, 1, 1)))
    assert len(data) < LIGHT_BYTES
    with pytest.raises(TooHeavy, match="slots/1/g") as found:
        weighed(data)
    assert found.value.wish == ("campaign", "rain")


def test_a_source_whose_name_no_player_takes_is_found() -> None:
    with pytest.raises(TooHeavy, match="plain ASCII"):
        weighed(chunk((slot(BASE, 10_000, "entrée@lille"),)))


def test_cards_of_too_many_bytes_are_those_of_the_wish_that_has_most_of_them() -> None:
    large = CardId("1" * 10)
    cards = {**CARDS, large: DeckCard("message", {"headline": "x" * 4_000})}
    slots = (slot(BASE), Slot(large, 10_000, RAIN))
    with pytest.raises(TooHeavy, match=r"Cards of \d+ bytes") as found:
        weighed(chunk(slots), chunk(slots), cards=cards, deck=deck_bytes({}) + b" " * 2**23)
    assert found.value.wish == ("campaign", "rain")


def test_too_many_cards_or_channels_are_too_many() -> None:
    many = {CardId(f"{number:010x}"): DeckCard("message", {}) for number in range(MAX_CARDS + 1)}
    with pytest.raises(TooHeavy, match=f"{MAX_CARDS + 1} cards"):
        weighed(chunk((slot(BASE),)), cards=many)
    channels = [f"shop@store-{number}" for number in range(MAX_CHANNELS + 1)]
    with pytest.raises(TooHeavy, match=f"{MAX_CHANNELS + 1} shops"):
        weighed(chunk((slot(BASE),)), plan=manifest(*channels))


def test_a_manifest_at_fault_is_told_though_no_chunk_is_new() -> None:
    with pytest.raises(TooHeavy, match="channels/0") as found:
        weighed(plan=manifest("no name"))
    assert found.value.wish == ("slate", "")
