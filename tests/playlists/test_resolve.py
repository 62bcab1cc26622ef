"""What plays on a screen's days: the cascade, the edges inside a day, nesting, and what must not
matter."""

from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import pytest

from playlists.codec import encode_chunk, encode_deck
from playlists.conditions import Compare, Not
from playlists.errors import Invalid
from playlists.facts import FactKey
from playlists.ids import ChannelId, PlaylistId, ScreenId, Sku, StoreId, ZoneId, sha256
from playlists.model import Base, Good, Target, ZoneBox
from playlists.resolve import Memo, profile_of, resolve, wishes_of
from playlists.schedule import Schedule
from tests.playlists.small_chain import (
    LILLE,
    SmallChain,
    a_screen,
    at,
    between,
    card,
    item,
)

RAIN = Compare(FactKey("weather.rain:{store}"), ">", 0)
DAY = "2026-10-05"


def test_the_base_plays_in_order_when_nothing_else_is_wished() -> None:
    played = SmallChain().played()
    assert played.sequence(f"{DAY}T09:00", 4) == ["b1", "b2", "b1", "b2"]


def test_without_any_wish_the_slate_shows() -> None:
    chain = SmallChain()
    chain.base_rows.clear()
    assert chain.played().shows(f"{DAY}T09:00") == ""


def test_each_layer_beats_the_one_below() -> None:
    chain = SmallChain()
    assert chain.played().shows(f"{DAY}T10:00") == "b1"
    chain.campaign("all", share=10_000)
    assert chain.played().shows(f"{DAY}T10:00") == "all1"
    chain.campaign("take", layer="takeover")
    assert chain.played().shows(f"{DAY}T10:00") == "take1"
    chain.override("hand", f"{DAY}T00:00", f"{DAY}T23:00", item("hand1"))
    assert chain.played().shows(f"{DAY}T10:00") == "hand1"
    chain.emergency("fire", f"{DAY}T09:59", f"{DAY}T10:30")
    assert chain.played().shows(f"{DAY}T10:00") == "fire1"


def test_the_nearest_base_wins_and_an_empty_one_gives_way() -> None:
    chain = SmallChain()
    chain.base("store", item("s1"), scope="store", owner="lille")
    assert chain.played().shows(f"{DAY}T10:00") == "s1"
    chain.base("own", item("o1"), scope="screen", owner="lille-1")
    assert chain.played().shows(f"{DAY}T10:00") == "o1"
    chain.playlist("own")
    assert chain.played().shows(f"{DAY}T10:00") == "s1"


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        ({"priority": 2}, {"priority": 1, "edited_at": 9}),
        ({"target": Target(stores=frozenset({LILLE}))}, {"edited_at": 9}),
        ({"edited_at": 9}, {"edited_at": 8}),
    ],
)
def test_of_two_takeovers_priority_then_target_then_edit_decide(winner, loser) -> None:
    for rows in ((winner, loser), (loser, winner)):
        chain = SmallChain()
        for row in rows:
            chain.campaign("w" if row is winner else "l", layer="takeover", **row)
        assert chain.played().shows(f"{DAY}T10:00") == "w1"


def test_equal_takeovers_are_told_apart_by_id_whatever_the_rows_order() -> None:
    chain = SmallChain()
    for name in ("bb", "aa"):
        chain.campaign(name, layer="takeover")
    assert chain.played().shows(f"{DAY}T10:00") == "aa1"


def test_campaigns_share_the_loop_with_the_base_exactly() -> None:
    chain = SmallChain()
    chain.campaign("a", share=2_500)
    chain.campaign("b", item("b7", 15), share=1_250)
    airtime = chain.played().airtime(f"{DAY}T00:00", f"{DAY}T23:20")
    whole = sum(airtime.values())
    assert airtime["a"] * 4 == whole
    assert airtime["b"] * 8 == whole


def test_a_planned_change_waits_for_the_end_of_the_slot() -> None:
    chain = SmallChain()
    chain.campaign("t", item("t1", 7), layer="takeover", schedule=between("10:00", "11:00"))
    chain.base("base", item("b1", 25))
    chain.base_rows = chain.base_rows[-1:]
    played = chain.played()
    assert played.turn(f"{DAY}T10:00").since == at(f"{DAY}T10:00")
    assert played.shows(f"{DAY}T10:00") == "t1"
    # 3,600 s is no multiple of 7 s: the slot then playing ends first.
    assert played.shows(f"{DAY}T11:00:04") == "t1"
    assert played.turn(f"{DAY}T11:00:05").since == at(f"{DAY}T11:00:05")
    assert played.shows(f"{DAY}T11:00:05") == "b1"


def test_what_is_over_before_the_slot_ends_never_begins() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 50))
    chain.campaign(
        "blink",
        layer="takeover",
        schedule=Schedule(start=f"{DAY}T10:00:05", end=f"{DAY}T10:00:15"),
    )
    assert set(chain.played().sequence(f"{DAY}T09:58", 10)) == {"b1"}


def test_a_loop_that_comes_back_uninterrupted_keeps_its_epoch() -> None:
    chain = SmallChain()
    chain.campaign(
        "blink",
        layer="takeover",
        schedule=Schedule(start=f"{DAY}T10:00:05", end=f"{DAY}T10:00:15"),
    )
    chain.playlist("base", item("b1", 50), item("b2", 50))
    played = chain.played(days=1)
    (chunk,) = played.plan.chunks.values()
    assert len(chunk.zones[ZoneId("main")]) == 1


def test_an_emergency_begins_and_ends_at_once() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 25))
    chain.emergency("fire", f"{DAY}T10:00:03", f"{DAY}T10:00:30")
    played = chain.played()
    assert played.shows(f"{DAY}T10:00:02") == "b1"
    assert played.turn(f"{DAY}T10:00:03").since == at(f"{DAY}T10:00:03")
    assert played.shows(f"{DAY}T10:00:03") == "fire1"
    assert played.shows(f"{DAY}T10:00:29") == "fire1"
    assert played.turn(f"{DAY}T10:00:30").since == at(f"{DAY}T10:00:30")
    assert played.shows(f"{DAY}T10:00:30") == "b1"


def test_an_emergency_does_not_wait_for_a_change_that_waits() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 60))
    chain.campaign("t", layer="takeover", schedule=Schedule(start=f"{DAY}T10:00:10"))
    chain.emergency("fire", f"{DAY}T10:00:20", f"{DAY}T10:01:00")
    chain.campaign("u", layer="takeover", schedule=Schedule(start=f"{DAY}T10:00:15"), priority=1)
    played = chain.played()
    assert played.turn(f"{DAY}T10:00:20").since == at(f"{DAY}T10:00:20")
    assert played.shows(f"{DAY}T10:00:20") == "fire1"
    assert played.shows(f"{DAY}T10:01:00") == "u1"


def test_a_pause_takes_a_campaign_off_and_leaves_emergencies_alone() -> None:
    chain = SmallChain()
    chain.campaign("all", share=10_000)
    chain.override("p", f"{DAY}T10:00", f"{DAY}T11:00", subject="all")
    chain.override("q", f"{DAY}T10:00", f"{DAY}T11:00", subject="fire1")
    chain.emergency("fire", f"{DAY}T10:30", f"{DAY}T10:31")
    played = chain.played()
    assert played.shows(f"{DAY}T09:59") == "all1"
    assert played.shows(f"{DAY}T10:10") in ("b1", "b2")
    assert played.shows(f"{DAY}T10:30:30") == "fire1"
    assert played.shows(f"{DAY}T11:00:10") == "all1"


def test_a_pause_of_an_item_leaves_the_rest_of_its_playlist() -> None:
    chain = SmallChain()
    chain.override("p", f"{DAY}T10:00", f"{DAY}T11:00", subject="b1")
    assert chain.played().sequence(f"{DAY}T10:01", 3) == ["b2", "b2", "b2"]


def test_a_pause_on_other_screens_is_not_ours() -> None:
    chain = SmallChain()
    elsewhere = frozenset({ScreenId("lille-2")})
    chain.override("p", f"{DAY}T10:00", f"{DAY}T11:00", subject="b1", screens=elsewhere)
    assert "b1" in chain.played().sequence(f"{DAY}T10:01", 3)


def test_a_locked_zone_takes_no_override_but_an_emergency() -> None:
    legal = ZoneId("legal")
    layout = (ZoneBox(legal, 0, 9_000, 10_000, 1_000, locked=True),)
    chain = SmallChain()
    chain.base_rows = [Base("chain", "", PlaylistId("base"), legal)]
    chain.override("hand", f"{DAY}T00:00", f"{DAY}T23:00", item("hand1"), zone=legal)
    chain.override("p", f"{DAY}T00:00", f"{DAY}T23:00", subject="b1")
    chain.emergency("fire", f"{DAY}T10:00", f"{DAY}T10:01")
    played = chain.played(screen=a_screen(layout=layout))
    assert played.sequence(f"{DAY}T09:00", 2, legal) == ["b1", "b2"]
    assert played.shows(f"{DAY}T10:00:30", legal) == "fire1"


def test_zones_play_their_own_wishes() -> None:
    side = ZoneId("side")
    layout = (ZoneBox(ZoneId("main"), 0, 0, 7_000, 10_000), ZoneBox(side, 7_000, 0, 3_000, 10_000))
    chain = SmallChain()
    chain.campaign("s", zone=side)
    played = chain.played(screen=a_screen(layout=layout))
    assert played.shows(f"{DAY}T09:00") == "b1"
    assert played.shows(f"{DAY}T09:00", side) == "s1"


def test_conditions_follow_the_forecast_and_name_their_gate() -> None:
    chain = SmallChain()
    chain.campaign("rain", share=10_000, condition=RAIN)
    chain.fact(
        "weather.rain:lille",
        (f"{DAY}T00:00", f"{DAY}T12:00", 0),
        (f"{DAY}T12:00", f"{DAY}T18:00", 5),
    )
    played = chain.played()
    assert played.shows(f"{DAY}T11:59") in ("b1", "b2")
    assert played.shows(f"{DAY}T12:01") == "rain1"
    assert played.turn(f"{DAY}T12:01").slot.gates == (("weather@lille", 3 * 3_600_000),)
    assert played.shows(f"{DAY}T18:01") in ("b1", "b2")  # unknown from here on
    assert "weather.rain:lille" in played.resolved.reads


def test_not_unknown_is_unknown() -> None:
    chain = SmallChain()
    chain.campaign("dry", share=10_000, condition=Not(RAIN))
    played = chain.played()
    assert played.shows(f"{DAY}T12:00") in ("b1", "b2")
    assert "weather.rain:lille" in played.resolved.reads


def test_a_campaigns_and_an_items_condition_must_both_hold() -> None:
    chain = SmallChain()
    few = Compare(FactKey("stock:A@{store}"), "<", 3)
    chain.campaign("c", item("c1", condition=few), item("c2"), share=10_000, condition=RAIN)
    chain.fact("weather.rain:lille", (f"{DAY}T10:00", f"{DAY}T12:00", 5))
    chain.fact("stock:A@lille", (f"{DAY}T11:00", f"{DAY}T13:00", 1))
    played = chain.played()
    assert set(played.sequence(f"{DAY}T10:01", 4)) == {"c2"}
    assert set(played.sequence(f"{DAY}T11:01", 4)) == {"c1", "c2"}
    gates = {slot.why.item: slot.gates for c in played.plan.chunks.values() for slot in c.slots}
    assert [source for source, _ in gates["c1"]] == ["stock@lille", "weather@lille"]
    assert set(played.sequence(f"{DAY}T12:01", 4)) == {"b1", "b2"}


def test_a_condition_over_midnight_holds_on_both_days() -> None:
    chain = SmallChain()
    chain.campaign("rain", share=10_000, condition=RAIN)
    chain.fact("weather.rain:lille", (f"{DAY}T22:00", "2026-10-07T02:00", 5))
    played = chain.played(days=4)
    assert played.shows(f"{DAY}T21:59") != "rain1"
    for when in (f"{DAY}T23:30", "2026-10-06T00:30", "2026-10-06T23:30", "2026-10-07T01:30"):
        assert played.shows(when) == "rain1"
    assert played.shows("2026-10-07T02:01") != "rain1"
    assert chain.played(days=2).shows("2026-10-06T23:59") == "rain1"


def test_nested_playlists_play_in_place_within_their_items_bounds() -> None:
    chain = SmallChain()
    chain.playlist("inner", item("i1"), item("i2", schedule=between("10:00", "11:00")))
    chain.playlist(
        "base",
        item("b1"),
        item("n", content=PlaylistId("inner"), schedule=between("09:00", "12:00")),
    )
    played = chain.played()
    assert played.sequence(f"{DAY}T08:30", 2) == ["b1", "b1"]
    assert set(played.sequence(f"{DAY}T09:30", 2)) == {"b1", "i1"}
    assert set(played.sequence(f"{DAY}T10:30", 3)) == {"b1", "i1", "i2"}
    assert "playlist:inner" in played.resolved.reads


def test_an_edit_of_a_nested_playlist_is_seen_through_what_is_remembered() -> None:
    chain, memo = SmallChain(), Memo()
    chain.playlist("inner", item("i1"))
    chain.playlist("base", item("n", content=PlaylistId("inner")))
    assert chain.played(memo=memo).shows(f"{DAY}T10:00") == "i1"
    chain.playlist("inner", item("i2"))
    assert chain.played(memo=memo).shows(f"{DAY}T10:00") == "i2"


def test_a_wish_at_fault_is_reported_and_stops_nothing() -> None:
    chain = SmallChain()
    chain.playlist("of-loop", item("l", content=PlaylistId("of-loop")))
    chain.campaign("loop", item("l", content=PlaylistId("of-loop")), layer="takeover")
    chain.campaign("gone", item("g", content=PlaylistId("nowhere")), layer="takeover")
    deep = [PlaylistId(f"d{depth}") for depth in range(12)]
    for outer, inner in pairwise(deep):
        chain.playlist(outer, item("x", content=inner))
    chain.campaign("deep", item("d", content=deep[0]), layer="takeover")
    chain.campaign("long", *(item(f"l{n}") for n in range(1_001)), layer="takeover")
    chain.campaign("rule", layer="takeover", schedule=Schedule(start="not a date"))
    played = chain.played()
    assert played.shows(f"{DAY}T10:00") in ("b1", "b2")
    assert played.notes() == {
        ("playlist_cycle", "", "of-loop"),
        ("playlist_missing", "", "nowhere"),
        ("playlist_too_deep", "", "of-deep"),
        ("playlist_too_long", "", "of-long"),
    }
    assert "playlist:nowhere" in played.resolved.reads


def test_a_card_that_may_not_be_on_air_gives_way_to_its_fallback_or_to_the_rest() -> None:
    chain = SmallChain()
    gone, picture = Sku("GONE"), sha256(b"picture")
    chain.playlist(
        "base",
        item("b1", content=card("p", goods=(Good(gone),)), fallback=card("instead")),
        item("b2", content=card("q", assets=(picture,)), fallback=card("r", goods=(Good(gone),))),
        item("b3", fallback=card("s", assets=(sha256(b"fine"), picture))),
        item("b4", content=card("t", goods=(Good(Sku("HERE")), Good(gone)))),
    )
    chain.unknown_products.add(gone)
    chain.files[picture] = "price_differs"
    played = chain.played()
    assert played.sequence(f"{DAY}T10:00", 3) == ["b1", "b3", "b1"]
    plan = played.plan
    slots = {slot.why.item: slot for chunk in plan.chunks.values() for slot in chunk.slots}
    assert plan.cards[slots["b1"].card].params == {"headline": "instead"}
    assert slots["b3"].fallback is None
    assert played.notes() == {
        ("product", "b1", "GONE"),
        ("price", "b2", picture),
        ("product", "b2", "GONE"),
        ("price", "b3", picture),
        ("product", "b4", "GONE"),
    }
    chain.files[picture] = "unknown"
    assert ("asset", "b3", picture) in chain.played().notes()
    assert {"product:GONE@shop@lille", f"asset:{picture}"} <= played.resolved.reads


def test_a_card_that_no_codec_takes_and_a_good_without_channel_are_reported() -> None:
    chain = SmallChain()
    chain.stores[LILLE] = replace(chain.stores[LILLE], channel=None)
    chain.playlist(
        "base", item("b1", content=card("p", goods=(Good(Sku("A")),))), item("b2"), item("b3")
    )
    bad = replace(card("q"), template="No Such Template")
    chain.playlists[PlaylistId("base")] = replace(
        chain.playlists[PlaylistId("base")],
        items=(*chain.playlists[PlaylistId("base")].items, item("b4", content=bad)),
    )
    played = chain.played()
    assert played.notes() == {("channel", "b1", "A"), ("card", "b4", "t")}
    assert played.sequence(f"{DAY}T10:00", 2) == ["b2", "b3"]


def test_cards_are_bound_to_store_and_language() -> None:
    chain = SmallChain()
    picture, file, code = sha256(b"1"), sha256(b"2"), sha256(b"3")
    goods = (Good(Sku("A"), picture), Good(Sku("B"), None, ChannelId("web@{store}")))
    bound = card("x", goods=goods, live={"chip": "weather:{store}"}, assets=(file,), qr=code)
    texts = {"headline": {"en": "Hello", "de": "Hallo"}, "second": {"fr": "Oui"}, "none": {}}
    chain.playlist("base", item("b1", content=replace(bound, texts=texts)))
    played = chain.played()
    (found,) = played.plan.cards.values()
    assert found.params == {"headline": "Hallo", "second": "Oui"}
    assert [good.channel for good in found.goods] == ["shop@lille", "web@lille"]
    assert found.live == {"chip": "weather:lille"}
    assert found.assets == (file, picture)
    assert played.resolved.manifest.channels == ("shop@lille", "web@lille")
    assert f"asset:{code}" in played.resolved.reads
    english = chain.played(screen=a_screen(language="en"))
    assert next(iter(english.plan.cards.values())).params["headline"] == "Hello"


def test_the_deck_holds_only_cards_that_play() -> None:
    chain = SmallChain()
    chain.campaign("never", schedule=Schedule(start="2030-01-01"))
    played = chain.played()
    assert {str(c.params["headline"]) for c in played.plan.cards.values()} == {"b1", "b2"}


def test_what_begins_at_the_very_end_of_a_day_begins_with_the_next() -> None:
    chain = SmallChain()
    chain.campaign("t", layer="takeover", schedule=Schedule(start=f"{DAY}T23:59:55"))
    chain.playlist("base", item("b1", 60))
    played = chain.played()
    assert played.shows(f"{DAY}T23:59:59") == "b1"
    assert played.shows("2026-10-06T00:00") == "t1"


def test_durations_that_no_editor_would_let_pass_do_not_stop_a_screen() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 0), item("b2", 3 * 3_600))
    chain.campaign("a", item("a1", 3 * 3_600), share=0)
    slots = [slot for chunk in chain.played().plan.chunks.values() for slot in chunk.slots]
    assert {slot.duration_ms for slot in slots} <= {1, 1_800_000}


def test_rows_read_anew_share_what_is_remembered_of_their_equals() -> None:
    chain, memo = SmallChain(), Memo()
    chain.campaign("a", share=3_000, condition=RAIN)
    chain.fact("weather.rain:lille", (f"{DAY}T10:20", f"{DAY}T16:40", 5))
    first = chain.played(memo=memo).resolved
    assert deepcopy(chain).played(memo=memo).resolved == first
    small = Memo(most=0)
    assert [chain.played(memo=small).resolved for _ in range(2)] == [first, first]


def test_equal_weekdays_are_one_chunk_and_a_clock_change_is_another() -> None:
    days = SmallChain().played("2026-10-20", days=10).resolved.manifest.days
    assert len({day.chunk for day in days}) == 2
    (odd,) = (day for day in days if day.until_ms - day.from_ms == 25 * 3_600_000)
    assert odd.date == "2026-10-25"


def test_a_slot_is_cut_by_midnight_only_if_it_began_before_the_rule_could_hold() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 7))
    turn = chain.played().turn(f"{DAY}T23:59:59")
    assert turn.until == at("2026-10-06T00:00")


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
        assert encode_chunk(played.plan.chunks[sha256(data)]) == data
    assert encode_deck(played.plan.cards) == played.resolved.deck
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


def test_a_rotation_longer_than_any_loop_is_cut_and_reported() -> None:
    chain = SmallChain()
    chain.playlist("base", *(item(f"v{n}", 600) for n in range(5)))
    played = chain.played()
    assert played.notes() == {("airtime", "v3", ""), ("airtime", "v4", "")}


def test_campaigns_of_a_hundred_percent_leave_the_base_out() -> None:
    chain = SmallChain()
    chain.campaign("a", share=9_000)
    chain.campaign("b", share=9_000)
    airtime = chain.played().airtime(f"{DAY}T10:00", f"{DAY}T11:00")
    assert airtime == {"a": 1_800_000, "b": 1_800_000}


def test_near_shares_are_reported() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 13))
    chain.campaign("a", item("a1", 7), share=3_331)
    assert ("inexact", "", "") in chain.played().notes()
