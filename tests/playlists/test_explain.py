"""Why a screen shows what it shows: the winner is what plays, every loser has its one rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from playlists.conditions import All, Compare, Not, Within
from playlists.conditions import Any as AnyOf
from playlists.errors import Invalid
from playlists.explain import Loser, explanation_text
from playlists.facts import FactKey
from playlists.ids import PlaylistId, Sku, SourceId, StoreId, ZoneId, sha256
from playlists.model import Good, Target, ZoneBox
from playlists.resolve import Lead, lead_of
from playlists.schedule import Schedule
from playlists.shown import Freshness, LocalOverride, Now
from playlists.slot import slot_at
from tests.playlists.asking import DAY, HOUR, RAIN, loser, why
from tests.playlists.small_chain import (
    MAIN,
    SmallChain,
    a_screen,
    at,
    between,
    card,
    item,
)


def test_the_winner_and_the_layers_below_it() -> None:
    chain = SmallChain()
    chain.campaign("half", share=5_000)
    chain.campaign("take", layer="takeover", schedule=between("10:00", "11:00"))
    chain.override("hand", f"{DAY}T10:30", f"{DAY}T11:00", item("h1"))
    found = why(chain, f"{DAY}T10:45")
    assert (found.winner.layer, found.winner.source) == ("override", "hand")
    assert loser(found, "take").rule == "layer"
    assert loser(found, "take").detail == {"winner": "override"}
    assert loser(found, "base").rule == "layer"
    assert why(chain, f"{DAY}T10:15").winner.source == "take"
    before = loser(why(chain, f"{DAY}T09:15"), "take")
    assert before.rule == "daypart"
    assert before.detail == {"next": at(f"{DAY}T10:00")}
    assert loser(why(chain, f"{DAY}T09:15"), "hand").rule == "dates"


def test_in_a_loop_it_is_a_matter_of_turns() -> None:
    chain = SmallChain()
    chain.campaign("half", share=5_000)
    found = why(chain, f"{DAY}T10:00")
    other = "base" if found.winner.source == "half" else "half"
    assert loser(found, other).rule == "turn"
    items = {x.item for x in found.losers if x.rule == "turn" and x.item}
    assert items == {"b1", "b2", "half1"} - {found.winner.item}


def test_shares_of_a_hundred_percent_leave_the_base_out() -> None:
    chain = SmallChain()
    chain.campaign("a", share=6_000)
    chain.campaign("b", share=6_000)
    assert loser(why(chain, f"{DAY}T10:00"), "base") == Loser(
        "base", "base", "share", "", {"percent": 12_000}
    )


def test_what_does_not_fit_has_no_airtime() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 1_500), item("b2", 1_500))
    assert loser(why(chain, f"{DAY}T10:00"), "base", "b2").rule == "airtime"
    chain.campaign("tiny", item("t1", 1_800), share=1)
    assert loser(why(chain, f"{DAY}T10:00"), "tiny").rule == "airtime"


@pytest.mark.parametrize(
    ("winner", "by"),
    [
        ({"priority": 1}, "priority"),
        ({"target": Target(tags_any=frozenset({"window"}))}, "target"),
        ({"edited_at": 1}, "edit"),
        ({}, "id"),
    ],
)
def test_of_equals_one_thing_decides(winner: dict[str, Any], by: str) -> None:
    chain = SmallChain()
    chain.campaign("a", layer="takeover", **winner)
    chain.campaign("b", layer="takeover")
    assert loser(why(chain, f"{DAY}T10:00"), "b") == Loser(
        "takeover", "b", "priority", "", {"by": by}
    )


def test_of_two_bases_the_nearer_goes_first_also_beside_campaigns() -> None:
    chain = SmallChain()
    chain.base("own", item("o1"), scope="store", owner="lille")
    assert loser(why(chain, f"{DAY}T10:00"), "base").detail == {"by": "target"}
    chain.campaign("half", share=5_000)
    assert loser(why(chain, f"{DAY}T10:00"), "base").rule == "priority"
    chain.campaign("all", share=10_000)
    assert loser(why(chain, f"{DAY}T10:00"), "base").rule == "priority"
    assert loser(why(chain, f"{DAY}T10:00"), "own").rule == "share"


def test_a_wish_for_others_names_the_part_that_leaves_us_out() -> None:
    chain = SmallChain()
    side = ZoneId("side")
    chain.campaign("tags", target=Target(tags_all=frozenset({"till"})))
    chain.campaign("zone", zone=side)
    layout = (ZoneBox(MAIN, 0, 0, 10_000, 10_000, locked=True),)
    chain.override("hand", f"{DAY}T10:00", f"{DAY}T11:00", item("h1"))
    found = why(chain, f"{DAY}T10:30", a_screen(layout=layout))
    parts = {name: loser(found, name).detail["part"] for name in ("tags", "zone", "hand")}
    assert parts == {"tags": "tags", "zone": "zone", "hand": "locked"}


def test_dates_and_hours_are_told_apart() -> None:
    chain = SmallChain()
    chain.campaign("over", schedule=Schedule(end="2026-10-01"))
    chain.campaign(
        "later", schedule=replace(between("10:00", "11:00"), start="2026-10-06", end="2026-10-08")
    )
    chain.campaign("closed", schedule=Schedule(open_hours_only=True))
    found = why(chain, f"{DAY}T08:00")
    assert loser(found, "over") == Loser("campaign", "over", "dates", "", {})
    assert loser(found, "later").rule == "dates"
    assert loser(found, "later").detail == {"next": at("2026-10-06T10:00")}
    assert loser(found, "closed").rule == "daypart"


def test_a_pause_names_the_hand() -> None:
    chain = SmallChain()
    chain.campaign("a", share=5_000)
    chain.override("p1", f"{DAY}T06:00", f"{DAY}T07:00", subject="a")
    chain.override("p2", f"{DAY}T10:00", f"{DAY}T11:00", subject="a")
    chain.override("p3", f"{DAY}T10:00", f"{DAY}T11:00", subject="b2")
    found = why(chain, f"{DAY}T10:30")
    assert loser(found, "a").rule == "pause"
    assert loser(found, "a").detail["by"] == "p2"
    assert loser(found, "base", "b2").detail["by"] == "p3"


def test_conditions_say_the_fact_what_it_was_and_what_it_needs() -> None:
    chain = SmallChain()
    stock, crowd = FactKey("stock:A@{store}"), FactKey("footfall:{place}@{store}")
    chain.campaign("rain", condition=RAIN)
    chain.campaign("dry", condition=Not(RAIN))
    chain.campaign("few", condition=All((Within(stock, 1, 3),)))
    chain.campaign("busy", condition=Compare(crowd, ">=", 20))
    chain.campaign("never", condition=AnyOf(()))
    chain.fact(
        "weather.rain:lille",
        (f"{DAY}T00:00", f"{DAY}T12:00", 0),
        (f"{DAY}T12:00", f"{DAY}T18:00", 5),
    )
    chain.fact("stock:A@lille", (f"{DAY}T00:00", f"{DAY}T20:00", 9))
    found = why(chain, f"{DAY}T10:00")
    assert loser(found, "rain").rule == "weather"
    assert loser(found, "rain").detail == {
        "fact": "weather.rain:lille",
        "op": ">",
        "needed": 0,
        "had": 0,
        "truth": "false",
    }
    assert loser(why(chain, f"{DAY}T13:00"), "dry").detail["negated"] is True
    assert loser(found, "few").rule == "stock"
    assert loser(found, "few").detail["high"] == 3
    assert loser(found, "busy").rule == "crowd"
    assert loser(found, "busy").detail["truth"] == "unknown"
    assert loser(found, "never").rule == "empty"


def test_facts_are_listed_with_age_and_span() -> None:
    chain = SmallChain()
    chain.campaign("rain", condition=RAIN)
    chain.campaign("lost", condition=Compare(FactKey("occupancy:x@{store}"), ">", 1))
    chain.fact("weather.rain:lille", (f"{DAY}T09:00", f"{DAY}T12:00", 4))
    now = at(f"{DAY}T10:00")
    fresh = Freshness(sources={SourceId("weather@lille"): now - 240_000})
    lost, rain = why(chain, f"{DAY}T10:00", freshness=fresh).facts
    assert (rain.value, rain.age_ms) == (4, 240_000)
    assert (rain.since, rain.until) == (at(f"{DAY}T09:00"), at(f"{DAY}T12:00"))
    assert (lost.value, lost.source, lost.age_ms) == (None, None, None)
    assert why(chain, f"{DAY}T13:00").facts[1].value is None


def test_cards_that_may_not_be_on_air_name_what_is_wrong() -> None:
    chain = SmallChain()
    gone, file = Sku("GONE"), sha256(b"poster")
    chain.campaign("p", item("p1", content=card("p", goods=(Good(gone),))))
    chain.campaign("f", item("f1", content=card("f", assets=(file,))), item("f2"))
    chain.campaign("none", item("n1", content=PlaylistId("nowhere")))
    chain.playlist("of-void")
    chain.campaign("void")
    chain.playlist("of-void")
    chain.unknown_products.add(gone)
    chain.files[file] = "price_differs"
    found = why(chain, f"{DAY}T10:00")
    assert loser(found, "p") == Loser("campaign", "p", "product", "", {"subject": "GONE"})
    assert loser(found, "f", "f1") == Loser("campaign", "f", "price", "f1", {"subject": file})
    assert loser(found, "none").detail == {"problem": "playlist_missing", "playlist": "nowhere"}
    assert loser(found, "void").detail == {"problem": "no_items", "playlist": "of-void"}


def test_what_begins_now_waits_for_the_slot_to_end() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 60))
    chain.campaign("t", layer="takeover", schedule=Schedule(start=f"{DAY}T10:00:10"))
    found = why(chain, f"{DAY}T10:00:30")
    assert found.winner.item == "b1"
    assert loser(found, "t").detail == {"waits": at(f"{DAY}T10:01")}
    assert loser(why(chain, f"{DAY}T10:01"), "base").rule == "layer"


def test_through_a_lead_in_the_old_plan_wins_until_its_slot_ends() -> None:
    chain = SmallChain()
    before = chain.played()
    chain.campaign("t", layer="takeover")
    lead = lead_of(before.plan, at(f"{DAY}T10:00:05"), chain.reader())
    assert isinstance(lead, Lead)
    found = why(chain, f"{DAY}T10:00:05", lead=lead)
    assert found.winner.item == "b1"
    assert loser(found, "t").detail == {"waits": at(f"{DAY}T10:00:10")}
    assert why(chain, f"{DAY}T10:00:10", lead=lead).winner.item == "t1"
    assert why(chain, "2026-10-06T10:00", lead=lead).winner.item == "t1"


def test_a_hand_on_the_screen_itself_beats_every_wish() -> None:
    chain = SmallChain()
    plan = chain.played().plan
    now = at(f"{DAY}T10:00")
    hand = LocalOverride("tap", MAIN, "show", next(iter(plan.cards)), now, now + HOUR)
    shown = slot_at(plan, {}, Freshness(), set(), (hand,), Now(now))[MAIN]
    found = why(chain, f"{DAY}T10:00", shown=shown)
    assert (found.winner.layer, found.winner.source) == ("override", "tap")
    assert loser(found, "base").rule == "turn"


def test_outside_the_days_and_with_nothing_wished_the_slate_shows() -> None:
    chain = SmallChain()
    assert why(chain, "2027-01-01T00:00").because == ("no_day",)
    chain.base_rows.clear()
    found = why(chain, f"{DAY}T10:00")
    assert (found.winner, found.variant, found.because) == (None, "slate", ("empty",))
    assert explanation_text(found, "en") == (
        "The brand slate shows, because nothing is wished for here.",
    )


def test_no_store_or_no_zone_is_refused() -> None:
    chain = SmallChain()
    with pytest.raises(Invalid, match="No such store"):
        why(chain, f"{DAY}T10:00", a_screen(store=StoreId("nowhere")))
    with pytest.raises(Invalid, match="no such zone"):
        why(chain, f"{DAY}T10:00", zone=ZoneId("side"))
