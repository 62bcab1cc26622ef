"""A change that arrives now: it waits for the slot then playing, and nothing that was played is
rewritten."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from playlists.codec import chunk_json, decode_chunk
from playlists.errors import Invalid
from playlists.ids import ZoneId, canonical, sha256
from playlists.model import ZoneBox
from playlists.resolve import (
    Lead,
    lead_from_json,
    lead_of,
    lead_to_json,
    profile_of,
    replan,
    wishes_of,
)
from playlists.schedule import Schedule
from playlists.turns import turn_at
from tests.playlists.small_chain import MAIN, Played, SmallChain, a_screen, at, between, card, item

DAY = "2026-10-05"
HOUR_MS = 3_600_000


def lead_at(played: Played, when: str) -> Lead:
    """The lead-in of a change at a local time."""
    lead = lead_of(played.plan, at(when), SmallChain().reader())
    assert lead is not None
    return lead


def stored_lead(played: Played) -> object:
    """The lead-in of a result as the record keeps it."""
    assert played.resolved.lead is not None
    return json.loads(canonical(lead_to_json(played.resolved.lead)))


def today(played: Played) -> str:
    return played.resolved.manifest.days[0].chunk


def test_an_edit_takes_effect_at_the_end_of_the_slot_then_playing() -> None:
    chain = SmallChain()
    before = chain.played()
    chain.campaign("t", item("t1", 7), layer="takeover")
    after = chain.played(lead=lead_at(before, f"{DAY}T10:00:03"))
    assert after.shows(f"{DAY}T09:59:55") == before.shows(f"{DAY}T09:59:55")
    assert after.shows(f"{DAY}T10:00:09") == "b1"
    assert after.turn(f"{DAY}T10:00:10").since == at(f"{DAY}T10:00:10")
    assert after.shows(f"{DAY}T10:00:10") == "t1"
    assert after.shows("2026-10-06T00:00") == "t1"
    assert after.plan.cards[after.turn(f"{DAY}T10:00:09").slot.card].params["headline"] == "b1"


def test_a_slot_about_to_end_is_followed_by_one_more() -> None:
    chain = SmallChain()
    before = chain.played()
    chain.campaign("t", layer="takeover")
    after = chain.played(lead=lead_at(before, f"{DAY}T10:00:09.500"))
    assert after.shows(f"{DAY}T10:00:19") == "b2"
    assert after.shows(f"{DAY}T10:00:20") == "t1"


def test_resolving_again_with_the_stored_lead_changes_nothing() -> None:
    chain = SmallChain()
    before = chain.played()
    chain.campaign("t", layer="takeover")
    first = chain.played(lead=lead_at(before, f"{DAY}T10:00:03"))
    stored = stored_lead(first)
    again = chain.played(lead=lead_from_json(stored, first.plan))
    assert again.resolved.chunks == first.resolved.chunks
    assert again.resolved.deck == first.resolved.deck
    for data in again.resolved.chunks.values():
        assert data in [canonical(chunk_json(chunk)) for chunk in again.plan.chunks.values()]


def test_a_change_of_another_day_leaves_today_as_it_is() -> None:
    chain = SmallChain()
    before = chain.played()
    chain.campaign("t", layer="takeover", schedule=Schedule(start="2026-10-06"))
    after = chain.played(lead=lead_at(before, f"{DAY}T10:00:03"))
    assert today(after) == today(before)
    assert after.shows("2026-10-06T10:00") == "t1"


def test_an_emergency_that_is_declared_begins_at_once_and_ends_at_once() -> None:
    chain = SmallChain()
    before = chain.played()
    chain.emergency("fire", f"{DAY}T09:00", f"{DAY}T12:00")
    during = chain.played(lead=lead_at(before, f"{DAY}T10:00:03"))
    assert during.shows(f"{DAY}T10:00:03") == "fire1"
    assert during.turn(f"{DAY}T09:59:55") == before.turn(f"{DAY}T09:59:55")
    chain.emergency_rows.clear()
    over = chain.played(lead=lead_at(during, f"{DAY}T10:30:01"))
    assert over.shows(f"{DAY}T10:30:00") == "fire1"
    assert over.turn(f"{DAY}T10:30:01").since == at(f"{DAY}T10:30:01")
    assert over.shows(f"{DAY}T10:30:01") == "b1"


@pytest.mark.parametrize("into_slot_ms", [1, 1_500, 8_500, 9_999])
def test_an_emergency_cuts_the_slot_that_plays_and_no_other_slot_flashes(into_slot_ms: int) -> None:
    chain = SmallChain()
    before = chain.played()
    began = at(f"{DAY}T10:00:10")
    declared = began + into_slot_ms
    chain.emergency("fire", f"{DAY}T09:00", f"{DAY}T12:00")
    lead = lead_of(before.plan, declared, chain.reader())
    during = chain.played(lead=lead)
    cut = turn_at(during.plan, MAIN, declared - 1)  # as a clock that is slow by a little sees it
    assert (cut.slot, cut.since) == (turn_at(before.plan, MAIN, began).slot, began)
    assert cut.until == declared
    fire = turn_at(during.plan, MAIN, declared)
    assert (fire.since, fire.slot and fire.slot.why.layer) == (declared, "emergency")
    again = chain.played(lead=lead_from_json(stored_lead(during), during.plan))
    assert again.resolved.chunks == during.resolved.chunks


def test_an_emergency_at_the_end_of_a_slot_or_of_a_day_cuts_nothing() -> None:
    chain = SmallChain()
    before = chain.played()
    chain.emergency("fire", f"{DAY}T00:00", f"{DAY}T12:00")
    for declared in (at(f"{DAY}T10:00:10"), at(f"{DAY}T00:00")):
        during = chain.played(lead=lead_of(before.plan, declared, chain.reader()))
        assert turn_at(during.plan, MAIN, declared).since == declared
        earlier = turn_at(during.plan, MAIN, declared - 1)
        assert earlier == turn_at(before.plan, MAIN, declared - 1)


def test_an_emergency_that_goes_on_is_not_begun_anew_by_another_change() -> None:
    chain = SmallChain()
    chain.emergency("fire", f"{DAY}T09:00:00", f"{DAY}T12:00")
    before = chain.played()
    chain.campaign("t", layer="takeover")
    after = chain.played(lead=lead_at(before, f"{DAY}T10:00:03"))
    assert after.turn(f"{DAY}T10:00:03") == before.turn(f"{DAY}T10:00:03")
    assert after.shows(f"{DAY}T12:00") == "t1"


def test_an_emergency_planned_inside_the_lead_in_does_not_wait_for_its_end() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 60))
    before = chain.played()
    chain.emergency("fire", f"{DAY}T10:00:20", f"{DAY}T12:00")
    after = chain.played(lead=lead_at(before, f"{DAY}T10:00:03"))
    assert after.shows(f"{DAY}T10:00:19") == "b1"
    assert after.shows(f"{DAY}T10:00:20") == "fire1"


def test_from_the_slate_a_change_shows_at_once() -> None:
    chain = SmallChain()
    rows, chain.base_rows = chain.base_rows, []
    before = chain.played()
    chain.base_rows = rows
    after = chain.played(lead=lead_at(before, f"{DAY}T10:00:03"))
    assert after.shows(f"{DAY}T10:00:02") == ""
    assert after.shows(f"{DAY}T10:00:03") == "b1"


def test_at_the_end_of_the_day_the_old_plan_has_the_rest_of_it() -> None:
    chain = SmallChain()
    before = chain.played()
    chain.campaign("t", layer="takeover")
    after = chain.played(lead=lead_at(before, f"{DAY}T23:59:59.500"))
    assert today(after) == today(before)
    assert after.shows("2026-10-06T00:00") == "t1"


def test_a_new_zone_has_nothing_to_lead_it_in() -> None:
    chain = SmallChain()
    before = chain.played()
    side = ZoneId("side")
    chain.campaign("s", zone=side)
    layout = (ZoneBox(MAIN, 0, 0, 5_000, 10_000), ZoneBox(side, 5_000, 0, 5_000, 10_000))
    screen = a_screen(layout=layout)
    after = chain.played(screen=screen, lead=lead_at(before, f"{DAY}T10:00:03"))
    assert after.shows(f"{DAY}T10:00:03", side) == "s1"
    assert after.shows(f"{DAY}T10:00:03") == "b1"


def test_there_is_no_lead_where_the_plan_has_no_such_day() -> None:
    plan = SmallChain().played().plan
    reader = SmallChain().reader()
    assert lead_of(plan, at("2027-01-01T00:00"), reader) is None
    assert lead_of(replace(plan, chunks={}), at(f"{DAY}T10:00"), reader) is None
    stored = {"date": "2026-01-01", "since": 0, "until": {}}
    assert lead_from_json(stored, plan) is None
    with pytest.raises(Invalid, match="must lie in its day"):
        lead_from_json({"date": DAY, "since": 90_000_000, "until": {}}, plan)


def test_a_second_change_through_a_first_ones_lead_keeps_what_was_played() -> None:
    chain = SmallChain()
    first = chain.played()
    chain.campaign("t", item("t1", 7), layer="takeover")
    second = chain.played(lead=lead_at(first, f"{DAY}T10:00:03"))
    chain.campaign("u", item("u1", 9), layer="takeover", priority=1)
    third = chain.played(lead=lead_at(second, f"{DAY}T11:00:00"))
    for when in ("09:30:00", "10:00:09", "10:00:11", "10:59:59"):
        assert third.shows(f"{DAY}T{when}") == second.shows(f"{DAY}T{when}")
    assert third.shows(f"{DAY}T11:00:10") == "u1"


@pytest.mark.parametrize("declared", ["fire", "over", "blink"])
def test_what_begins_at_once_is_stored_so_that_it_comes_out_the_same_again(declared: str) -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 40), item("b2", 25))
    if declared != "fire":
        chain.emergency("fire", f"{DAY}T09:00", f"{DAY}T12:00")
    before = chain.played()
    if declared == "fire":
        chain.emergency("fire", f"{DAY}T10:00", f"{DAY}T10:00:10")
    else:
        chain.emergency_rows.clear()
    if declared == "blink":
        chain.campaign("t", layer="takeover", schedule=Schedule(start=f"{DAY}T10:00:05"))
    first = chain.played(lead=lead_at(before, f"{DAY}T10:00:03"))
    again = chain.played(lead=lead_from_json(stored_lead(first), first.plan))
    assert again.resolved.chunks == first.resolved.chunks


def replanned(chain: SmallChain, before: Played, when: str) -> Played:
    """Resolve anew for the screen that plays `before`."""
    reader = chain.reader()
    screen = a_screen()
    profile = profile_of(screen, wishes_of(reader, screen.store, [screen.id]))
    lead = before.resolved.lead
    made = replan(profile, reader, before.days, before.plan, lead, at(when))
    return Played(made, before.days, before.zone)


def test_replanning_leads_in_only_where_today_changes() -> None:
    chain = SmallChain()
    first = chain.played()
    assert replanned(chain, first, f"{DAY}T10:00:03").resolved == first.resolved
    chain.campaign("tomorrow", layer="takeover", schedule=Schedule(start="2026-10-06"))
    second = replanned(chain, first, f"{DAY}T10:00:03")
    assert second.resolved.lead is None
    chain.campaign("t", layer="takeover")
    third = replanned(chain, second, f"{DAY}T11:00:03")
    assert third.turn(f"{DAY}T11:00:10").since == at(f"{DAY}T11:00:10")
    fourth = replanned(chain, third, f"{DAY}T12:00:03")
    assert fourth.resolved.chunks == third.resolved.chunks
    assert fourth.resolved.lead is not None


def led(*, at_hour: str = "15:00", shown: str = "s1") -> SmallChain:
    chain = SmallChain()
    hours = between(at_hour, "16:00")
    chain.campaign("t", item("t1", 10), layer="takeover", schedule=between("10:00", "14:00"))
    chain.campaign("s", item(shown, 10), layer="takeover", schedule=hours)
    return chain


@pytest.mark.parametrize(
    ("changed", "when", "shows"),
    [
        (led(), "15:10", "s1"),
        (led(at_hour="15:30"), "15:10", "b1"),
        (led(shown="other"), "15:10", "other"),
        (SmallChain(), "15:10", "b2"),
    ],
)
def test_a_plan_that_was_led_in_is_led_in_anew_where_anything_later_differs(
    changed: SmallChain, when: str, shows: str
) -> None:
    first = replanned(led(), SmallChain().played(), f"{DAY}T11:00:03")
    again = replanned(changed, first, f"{DAY}T12:00:03")
    assert again.shows(f"{DAY}T{when}:00") == shows
    is_same = again.resolved.chunks == first.resolved.chunks
    assert is_same == (again.resolved.lead == first.resolved.lead) == (shows == "s1")


def test_a_first_plan_has_nothing_to_lead_it_in() -> None:
    chain = SmallChain()
    reader, screen = chain.reader(), a_screen()
    profile = profile_of(screen, wishes_of(reader, screen.store, [screen.id]))
    days = chain.played().days
    assert replan(profile, reader, days, None, None, at(f"{DAY}T10:00")).lead is None


def test_a_picture_with_a_price_that_is_gone_leaves_at_once() -> None:
    chain = SmallChain()
    picture = sha256(b"poster")
    chain.playlist("base", item("b1", 30, content=card("p", assets=(picture,))), item("b2", 30))
    before = chain.played()
    chain.files[picture] = "price_differs"
    now = replanned(chain, before, f"{DAY}T10:00:03")
    assert now.turn(f"{DAY}T10:00:03").since == at(f"{DAY}T10:00:03")
    assert now.shows(f"{DAY}T10:00:03") == "b2"
    soon = replanned(chain, before, f"{DAY}T10:00:59.500")
    assert soon.shows(f"{DAY}T10:01:00") == "b2"
    waiting = replanned(chain, before, f"{DAY}T10:00:35")
    assert waiting.turn(f"{DAY}T10:00:35").since == at(f"{DAY}T10:00:30")


def test_a_card_missing_from_the_deck_does_not_stop_a_lead_in() -> None:
    chain = SmallChain()
    plan = replace(chain.played().plan, cards={})
    lead = lead_of(plan, at(f"{DAY}T10:00:03"), chain.reader())
    assert lead is not None
    assert (lead.cards, lead.until[MAIN]) == ({}, 10 * 3_600_000 + 10_000)


def test_the_margin_says_how_soon_a_slot_may_end_to_be_the_last_of_the_old_plan() -> None:
    before = SmallChain().played()
    reader = SmallChain().reader()
    short = lead_of(before.plan, at(f"{DAY}T10:00:08"), reader, 2_000)
    long = lead_of(before.plan, at(f"{DAY}T10:00:08"), reader, 2_001)
    assert short is not None
    assert long is not None
    assert long.until[MAIN] - short.until[MAIN] == 10_000


def test_a_led_in_day_that_comes_back_to_a_loop_names_it_once() -> None:
    chain = SmallChain()
    chain.base("base", item("b"), item("c"))
    first = chain.played()
    for name, start, end in (("noon", "12:00", "13:00"), ("tea", "16:00", "17:00")):
        chain.campaign(name, item(name), layer="takeover", schedule=between(start, end))
    then = replanned(chain, first, f"{DAY}T10:00:03")
    assert then.resolved.lead is not None
    day = then.resolved.manifest.days[0]
    chunk = decode_chunk(then.resolved.chunks[day.chunk])
    loops = [segment.loop for segment in chunk.zones[MAIN] if segment.from_ms > 11 * HOUR_MS]
    assert [loops.index(loop) for loop in loops] == [0, 1, 2, 1], "noon, base, tea, base"
