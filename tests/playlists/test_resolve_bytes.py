"""What a resolve gives: the same bytes of the same wishes, the keys it read, profiles."""

from __future__ import annotations

import random
from copy import deepcopy

import pytest

from playlists.codec import chunk_json, deck_json
from playlists.conditions import Compare
from playlists.errors import Invalid
from playlists.facts import FactKey
from playlists.ids import ScreenId, StoreId, ZoneId, canonical, sha256
from playlists.model import Target, ZoneBox
from playlists.resolve import Memo, profile_of, resolve, wishes_of
from tests.playlists.small_chain import (
    LILLE,
    SmallChain,
    a_screen,
    between,
    card,
    item,
)

RAIN = Compare(FactKey("weather.rain:{store}"), ">", 0)
DAY = "2026-10-05"


def test_rows_read_anew_share_what_is_remembered_of_their_equals() -> None:
    chain, memo = SmallChain(), Memo()
    chain.campaign("a", share=3_000, condition=RAIN)
    chain.fact("weather.rain:lille", (f"{DAY}T10:20", f"{DAY}T16:40", 5))
    first = chain.played(memo=memo).resolved
    assert deepcopy(chain).played(memo=memo).resolved == first
    small = Memo(most=0)
    assert [chain.played(memo=small).resolved for _ in range(2)] == [first, first]


def test_neither_rows_order_nor_what_is_remembered_moves_a_byte() -> None:
    chain = SmallChain()
    draw = random.Random(3)
    for number in range(12):
        chain.campaign(
            f"c{number}",
            item(f"i{number}", draw.choice((7, 10, 12))),
            share=draw.choice((300, 500, 900)),
            schedule=between(f"{8 + number % 4:02d}:{number:02d}", "18:00"),
            condition=RAIN if number % 3 else None,
        )
    chain.fact("weather.rain:lille", (f"{DAY}T10:20", f"{DAY}T16:40", 5))
    memo = Memo()
    first = chain.played(memo=memo).resolved
    for _ in range(3):
        draw.shuffle(chain.campaign_rows)
        assert chain.played(memo=memo).resolved == first
        assert chain.played(memo=Memo(most=0)).resolved == first


def test_bytes_are_those_of_the_codec() -> None:
    side = ZoneId("side")
    layout = (ZoneBox(side, 0, 0, 5_000, 10_000), ZoneBox(ZoneId("main"), 5_000, 0, 5_000, 10_000))
    chain = SmallChain()
    two = item('é«"x', 12, fallback=card("f"), condition=RAIN)
    chain.campaign("c", two, item("c2"), share=3_000)
    chain.campaign("s", zone=side, schedule=between("09:13", "17:42"))
    chain.fact("weather.rain:lille", (f"{DAY}T10:20", f"{DAY}T16:40", 5))
    played = chain.played(screen=a_screen(layout=layout))
    for data in played.resolved.chunks.values():
        assert canonical(chunk_json(played.plan.chunks[sha256(data)])) == data
    assert canonical(deck_json(played.plan.cards)) == played.resolved.deck
    assert played.resolved.manifest.deck == sha256(played.resolved.deck)
    assert played.resolved.cards == played.plan.cards


def test_every_read_leaves_its_key_also_of_what_is_not_there() -> None:
    chain = SmallChain()
    chain.campaign("c", target=Target(screens=frozenset({ScreenId("lille-1")})))
    assert chain.played().resolved.reads == {
        "store:lille",
        "calendar:lille",
        "campaigns@lille",
        "campaign:c",
        "overrides@lille",
        "emergencies",
        "base:chain",
        "base:store:lille",
        "base:screen:lille-1",
        "playlist:base",
        "playlist:of-c",
    }


def test_no_store_no_plan() -> None:
    chain = SmallChain()
    reader = chain.reader()
    lost = a_screen(store=StoreId("nowhere"))
    profile = profile_of(lost, wishes_of(reader, lost.store, [lost.id]))
    with pytest.raises(Invalid, match="No such store"):
        resolve(profile, reader, chain.played().days)


def test_screens_share_a_profile_unless_a_wish_tells_them_apart() -> None:
    chain = SmallChain()
    reader = chain.reader()
    screens = [a_screen("one"), a_screen("two", tags=frozenset({"window", "till"}))]

    def keys() -> set[str]:
        wishes = wishes_of(reader, LILLE, [screen.id for screen in screens])
        return {profile_of(screen, wishes).key for screen in screens}

    assert len(keys()) == 1
    chain.campaign("till", target=Target(tags_none=frozenset({"till"})))
    assert len(keys()) == 2
    chain.campaign_rows.clear()
    chain.base("own", item("o1"), scope="screen", owner="two")
    assert len(keys()) == 2
    chain.base_rows.pop()
    named = frozenset({ScreenId("one")})
    chain.override("hand", f"{DAY}T09:00", f"{DAY}T10:00", item("h"), screens=named)
    assert len(keys()) == 2
