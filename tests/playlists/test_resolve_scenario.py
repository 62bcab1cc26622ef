"""The bench's chain, small: what is remembered moves no byte, days of 60 campaigns are small."""

from __future__ import annotations

import gzip

from playlists.codec import decode_chunk, decode_deck, encode_manifest
from playlists.ids import StoreId, sha256
from playlists.resolve import Memo
from tests.bench.resolve_domain import profile_for, resolve_one
from tests.bench.scenario import CAMPAIGNS, chain, flip_weather

CHUNK_BYTES = 16 * 1024
CHUNK_GZIP_BYTES = 4 * 1024


def test_many_profiles_through_one_memo_come_out_as_each_alone() -> None:
    made = chain(5)
    memo = Memo()
    for screen in made.screens[::3]:
        profile = profile_for(made, screen)
        assert resolve_one(made, profile, memo) == resolve_one(made, profile)


def test_a_day_of_sixty_campaigns_is_small_and_has_the_codecs_bytes() -> None:
    made = chain(1)
    resolved = resolve_one(made, profile_for(made, made.screens[0]))
    assert sum(key.startswith("campaign:") for key in resolved.reads) >= CAMPAIGNS
    assert len(resolved.chunks) > 20
    for name, data in resolved.chunks.items():
        assert sha256(data) == name
        assert decode_chunk(data)  # which refuses any other bytes than the canonical ones
        assert len(data) <= CHUNK_BYTES
        assert len(gzip.compress(data, 6)) <= CHUNK_GZIP_BYTES
    assert decode_deck(resolved.deck)
    assert encode_manifest(resolved.manifest)


def test_a_flip_of_todays_weather_moves_only_the_days_it_touches() -> None:
    made = chain(1)
    profile = profile_for(made, made.screens[0])
    memo = Memo()
    before = resolve_one(made, profile, memo).manifest.days
    flip_weather(made, StoreId("store-0"))
    after = resolve_one(made, profile, memo).manifest.days
    assert before[0].chunk != after[0].chunk
    assert before[1:] == after[1:]


def test_far_days_are_the_same_bytes_in_all_stores_that_play_the_same() -> None:
    made = chain(5)
    paris, too = (resolve_one(made, profile_for(made, made.screens[at * 4])) for at in (0, 4))
    far = [day.chunk for day in paris.manifest.days[7:]]
    assert far == [day.chunk for day in too.manifest.days[7:]]
    slots = decode_chunk(paris.chunks[far[-1]]).slots
    assert not any(slot.gates for slot in slots)
    here, there = decode_deck(paris.deck), decode_deck(too.deck)
    for name in {slot.card for slot in slots}:  # each store's own channel prices the goods
        assert here[name].params == there[name].params
        assert [good.channel for good in here[name].goods] == ["shop@store-0"]
        assert [good.channel for good in there[name].goods] == ["shop@store-4"]
