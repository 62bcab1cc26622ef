"""What plays in the course of days: conditions, nesting, the edges inside a day."""

from __future__ import annotations

from playlists.conditions import Compare, Not
from playlists.facts import FactKey
from playlists.ids import PlaylistId
from playlists.resolve import Memo
from playlists.schedule import Schedule
from tests.playlists.small_chain import (
    SmallChain,
    at,
    between,
    item,
)

RAIN = Compare(FactKey("weather.rain:{store}"), ">", 0)
DAY = "2026-10-05"


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
