"""Only facts changed: what was gathered before serves again, and gives the very same bytes."""

from __future__ import annotations

import pytest

from playlists.codec import decode_chunk, decode_own_chunk
from playlists.conditions import Compare
from playlists.errors import Invalid
from playlists.facts import FactKey
from playlists.resolve import Gathered, gather, gather_facts, profile_of, wishes_of
from playlists.resolving.memo import Memo
from tests.playlists.small_chain import SmallChain, a_screen, at, item

DAY = "2026-10-05"
RAIN = "weather.rain:lille"


def wet_chain(value: int) -> SmallChain:
    chain = SmallChain()
    chain.base("base", item("b"))
    rain = Compare(FactKey(RAIN), ">=", 2)
    chain.campaign("wet", item("w"), condition=rain)
    chain.fact(RAIN, (f"{DAY}T00:00", "2026-10-06T00:00", value))
    return chain


def gathered(chain: SmallChain, memo: Memo) -> Gathered:
    reader, screen = chain.reader(), a_screen()
    profile = profile_of(screen, wishes_of(reader, screen.store, [screen.id]))
    return gather(profile, reader, chain.played().days, memo)


@pytest.mark.parametrize(("before", "after"), [(0, 9), (9, 0), (9, 9)])
def test_facts_alone_read_anew_give_what_reading_everything_gives(before: int, after: int) -> None:
    memo = Memo()
    first = gathered(wet_chain(before), memo)
    now = wet_chain(after)
    kept = first.situation.to_keep()
    again = gather_facts(kept, first.reads, now.reader(), {RAIN}, memo).resolved(None)
    whole = gathered(now, Memo()).resolved(None)
    assert again.manifest == whole.manifest
    assert dict(again.chunks) == dict(whole.chunks)
    assert again.reads == whole.reads


def test_no_chunk_plays_outside_the_days() -> None:
    found = gathered(wet_chain(9), Memo())
    assert found.today(None, at(f"{DAY}T12:00")) is not None
    assert found.today(None, at("2020-01-01T12:00")) is None


def test_a_chunk_of_ones_own_reads_as_any_other() -> None:
    made = gathered(wet_chain(9), Memo()).resolved(None)
    for data in made.chunks.values():
        assert decode_own_chunk(data) == decode_chunk(data)
    with pytest.raises(Invalid):
        decode_own_chunk(b'{"v":1}')
