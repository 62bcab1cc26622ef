"""What plays on a screen: the cascade, shares, pauses, zones."""

from __future__ import annotations

import pytest

from playlists.conditions import Compare
from playlists.facts import FactKey
from playlists.ids import PlaylistId, ScreenId, ZoneId
from playlists.model import Base, Target, ZoneBox
from playlists.schedule import Schedule
from tests.playlists.small_chain import (
    LILLE,
    SmallChain,
    a_screen,
    at,
    between,
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


def test_campaigns_of_a_hundred_percent_leave_the_base_out() -> None:
    chain = SmallChain()
    chain.campaign("a", share=9_000)
    chain.campaign("b", share=9_000)
    airtime = chain.played().airtime(f"{DAY}T10:00", f"{DAY}T11:00")
    assert airtime == {"a": 1_800_000, "b": 1_800_000}
