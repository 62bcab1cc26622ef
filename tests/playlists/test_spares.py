"""What fills in for a slot that may not show: its own fallback, else a card that the cascade would
have played without it, never the slate while there is one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from playlists.conditions import Compare
from playlists.facts import FactKey
from playlists.ids import Sku
from playlists.manifest import Day, Plan
from playlists.model import Good
from playlists.resolve import Memo
from playlists.schedule import Schedule
from playlists.shown import Freshness, Now, Shown
from playlists.slot import slot_at, timeline
from tests.playlists.small_chain import MAIN, Played, SmallChain, a_screen, at, between, card, item

DAY = "2026-10-05"
RAIN = Compare(FactKey("weather.rain:{store}"), ">", 0)
HOUR = 3_600_000


def rainy(chain: SmallChain) -> SmallChain:
    """It rains all day."""
    chain.fact("weather.rain:lille", (f"{DAY}T00:00", "2026-10-07T00:00", 5))
    return chain


def strict(name: str) -> Any:
    """A card that gives way where its price may not show."""
    return card(name, goods=(Good(Sku(name)),), price_loss="fallback")


def cut_off(plan: Plan, now_ms: int) -> Shown:
    """What shows when nothing was heard of any source or price."""
    return slot_at(plan, {}, Freshness(), set(), (), Now(now_ms))[MAIN]


def stand_ins(played: Played, start: str, end: str) -> dict[str, set[str]]:
    """By item, the headlines that show for it on a screen that hears nothing; "" is the slate."""
    plan = played.plan
    rows = timeline(plan, {}, Freshness(), set(), (), at(start), at(end), 10_000)[MAIN]
    found: dict[str, set[str]] = {}
    for shown in rows:
        assert shown.why is not None
        said = "" if shown.card is None else str(plan.cards[shown.card].params["headline"])
        found.setdefault(shown.why.item, set()).add(said)
    return found


def test_a_conditional_campaign_gives_way_to_a_card_of_the_base() -> None:
    chain = rainy(SmallChain())
    chain.campaign("rain", share=5_000, condition=RAIN)
    played = chain.played()
    found = stand_ins(played, f"{DAY}T10:00", f"{DAY}T11:00")
    assert found["b1"] == {"b1"}
    assert found["b2"] == {"b2"}
    assert found["rain1"] in ({"b1"}, {"b2"})
    shown = cut_off(played.plan, next(t for t in turns(played) if t[1] == "rain1")[0])
    assert (shown.variant, shown.because) == ("fallback", ("gate_stale:weather@lille",))


def turns(played: Played) -> list[tuple[int, str]]:
    """Of the hour from ten: when each slot begins and its item."""
    rows = timeline(
        played.plan, {}, Freshness(), set(), (), at(f"{DAY}T10:00"), at(f"{DAY}T11:00"), 10_000
    )[MAIN]
    return [(shown.since, shown.why.item if shown.why else "") for shown in rows]


def test_a_named_fallback_goes_before_the_base() -> None:
    chain = rainy(SmallChain())
    chain.campaign("rain", item("r1", fallback=card("own")), item("r2"), condition=RAIN)
    found = stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T12:00")
    assert found["r1"] == {"own"}
    assert found["r2"] <= {"b1", "b2"}


def test_a_fallback_that_may_not_be_on_air_gives_way_to_the_base() -> None:
    chain = rainy(SmallChain())
    gone = card("own", goods=(Good(Sku("GONE")),))
    chain.campaign("rain", item("r1", fallback=gone), condition=RAIN)
    chain.campaign("both", item("s1", content=gone, fallback=card("t")), condition=RAIN)
    chain.unknown_products.add(Sku("GONE"))
    found = stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T12:00")
    assert found["r1"] <= {"b1", "b2"}
    assert found["s1"] <= {"b1", "b2"}


def test_an_item_gives_way_to_its_own_wishs_other_items() -> None:
    chain = rainy(SmallChain())
    chain.playlist("base", item("b1", condition=RAIN), item("b2"))
    chain.campaign("mixed", item("m1", condition=RAIN), item("m2"), layer="takeover")
    assert stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T11:00") == {
        "m1": {"m2"},
        "m2": {"m2"},
    }
    chain.campaign_rows.clear()
    assert stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T11:00") == {
        "b1": {"b2"},
        "b2": {"b2"},
    }


def test_the_nearest_base_fills_in_and_of_it_what_always_plays() -> None:
    chain = rainy(SmallChain())
    chain.base("own", item("o1", schedule=between("09:00", "12:00")), scope="store", owner="lille")
    chain.campaign("rain", layer="takeover", condition=RAIN)
    played = chain.played()
    assert stand_ins(played, f"{DAY}T10:00", f"{DAY}T11:00") == {"rain1": {"o1"}}
    assert stand_ins(played, f"{DAY}T13:00", f"{DAY}T14:00")["rain1"] <= {"b1", "b2"}
    chain.playlist("own", item("o1", schedule=between("09:00", "12:00")), item("o2"))
    plan = chain.played().plan
    day = plan.chunks[plan.manifest.days[0].chunk]
    assert len(day.zones[MAIN]) == 1  # nothing begins anew at nine or twelve
    assert stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T11:00") == {"rain1": {"o2"}}


def test_what_is_paused_fills_in_for_nobody() -> None:
    chain = rainy(SmallChain())
    chain.override("p", f"{DAY}T10:00", f"{DAY}T11:00", subject="b1")
    chain.override("q", f"{DAY}T12:00", f"{DAY}T13:00", subject="b2")
    chain.campaign("rain", layer="takeover", condition=RAIN)
    played = chain.played()
    assert stand_ins(played, f"{DAY}T10:10", f"{DAY}T10:59") == {"rain1": {"b2"}}
    assert stand_ins(played, f"{DAY}T12:10", f"{DAY}T12:59") == {"rain1": {"b1"}}


def test_a_base_that_is_conditional_lends_its_own_fallback() -> None:
    chain = rainy(SmallChain())
    chain.playlist("base", item("b1", condition=RAIN, fallback=card("calm")))
    chain.campaign("rain", condition=RAIN, share=5_000)
    assert stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T11:00") == {
        "b1": {"calm"},
        "rain1": {"calm"},
    }


def test_without_a_base_another_wish_of_then_fills_in() -> None:
    chain = rainy(SmallChain())
    chain.base_rows.clear()
    chain.campaign("rain", condition=RAIN)
    chain.campaign("always")
    assert stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T11:00") == {
        "rain1": {"always1"},
        "always1": {"always1"},
    }
    chain.campaign_rows.pop()
    assert stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T11:00") == {"rain1": {""}}


def test_a_card_that_must_have_its_price_gives_way_and_a_fallback_goes_on_without_it() -> None:
    chain = SmallChain()
    chain.campaign("dear", item("d1", content=strict("d1")), share=5_000)
    chain.campaign("own", item("o1", content=strict("o1"), fallback=strict("calm")))
    found = stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T12:00")
    assert found["d1"] <= {"b1", "b2"}
    assert found["o1"] == {"calm"}


def test_where_every_card_must_have_its_price_they_stay_without_it() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", content=strict("b1")), item("b2", content=strict("b2")))
    chain.campaign("dear", item("d1", content=strict("d1"), condition=RAIN))
    played = rainy(chain).played()
    found = stand_ins(played, f"{DAY}T10:00", f"{DAY}T12:00")
    assert found.pop("d1") <= {"b1", "b2"}
    assert found == {"b1": {"b1"}, "b2": {"b2"}}
    assert {c.price_loss for c in played.plan.cards.values()} == {"fallback", "price_free"}


def test_shares_stay_what_they_were() -> None:
    chain = rainy(SmallChain())
    chain.campaign("rain", share=2_500, condition=RAIN)
    chain.campaign("dry", share=2_500)
    airtime = chain.played().airtime(f"{DAY}T10:00", f"{DAY}T11:00")
    assert airtime == {"rain": 900_000, "dry": 900_000, "base": 1_800_000}


def test_another_wish_does_not_move_who_fills_in() -> None:
    chain = rainy(SmallChain())
    chain.playlist("base", *(item(f"b{n}") for n in range(7)))
    chain.campaign("rain", layer="takeover", condition=RAIN)
    before = chain.played().resolved.manifest
    chain.campaign("a", schedule=Schedule(start="2030-01-01"))
    chain.campaign("z", schedule=Schedule(start="2030-01-01"))
    assert chain.played().resolved.manifest == before


def wild_chain(draw: random.Random) -> SmallChain:
    """Wishes of all kinds that hang on facts and prices, above a base that always has something."""
    chain = SmallChain()
    calm = draw.choice((card("calm"), None))
    chain.playlist(
        "base",
        item("b1", 9, condition=draw.choice((None, RAIN))),
        item("b2", 7, schedule=draw.choice((Schedule(), between("09:00", "16:00")))),
        item("b3", 10, content=draw.choice((card("b3"), strict("b3"))), fallback=calm),
    )
    for number in range(draw.randint(1, 6)):
        start = draw.randint(0, 20)
        name = f"c{number}"
        items = [
            item(
                f"{name}{n}",
                draw.choice((5, 8, 45)),
                content=draw.choice((card(f"{name}{n}"), strict(f"{name}{n}"))),
                condition=draw.choice((None, RAIN)),
                fallback=draw.choice((None, None, card("own"), strict("own"))),
            )
            for n in range(draw.randint(1, 3))
        ]
        chain.campaign(
            name,
            *items,
            layer=draw.choice(("takeover", "campaign", "campaign")),
            share=draw.choice((500, 3_333, 9_000)),
            schedule=draw.choice((Schedule(), between(f"{start:02d}:05", f"{start + 2:02d}:17"))),
            condition=draw.choice((None, RAIN)),
        )
    if draw.random() < 0.3:
        chain.override("hand", f"{DAY}T08:03", f"{DAY}T11:59", item("h1", 6, condition=RAIN))
    if draw.random() < 0.3:
        chain.emergency("fire", f"{DAY}T09:30", f"{DAY}T09:45")
    if draw.random() < 0.3:
        chain.override("p", f"{DAY}T10:00", f"{DAY}T12:00", subject=draw.choice(("b1", "c0")))
    turn = draw.randint(1, 22)
    chain.fact("weather.rain:lille", (f"{DAY}T00:00", f"{DAY}T{turn:02d}:00", 1))
    return chain


def every_turn(plan: Plan, day: Day) -> Iterator[int]:
    """An instant in each turn of the first round of every loop of a day: later rounds repeat it,
    for nothing is heard that could make them differ."""
    chunk = plan.chunks[day.chunk]
    segments = chunk.zones[MAIN]
    assert segments[0].from_ms == 0
    ends = [segment.from_ms for segment in segments[1:]] + [chunk.length_ms]
    for segment, end in zip(segments, ends, strict=True):
        for turn_ends in chunk.ends(segment.loop):
            yield day.from_ms + min(segment.from_ms + turn_ends, end) - 1


def test_with_a_base_no_second_cut_off_is_without_a_card_on_random_schedules() -> None:
    for seed in range(60):
        plan = wild_chain(random.Random(seed)).played(days=35).plan
        for day in {day.chunk: day for day in plan.manifest.days}.values():
            for turn in every_turn(plan, day):
                for uncertainty in (0, None):
                    now = Now(turn, uncertainty)
                    shown = slot_at(plan, {}, Freshness(), set(), (), now)[MAIN]
                    assert shown.card is not None, (seed, turn)
                    assert shown.because or shown.variant == "planned"


def test_a_fallback_is_of_the_same_wish_or_of_the_base_on_random_schedules() -> None:
    for seed in range(60):
        chain = wild_chain(random.Random(seed))
        played = chain.played()
        for found in played.plan.chunks.values():
            for slot in found.slots:
                if slot.fallback is None:
                    continue
                said = str(played.plan.cards[slot.fallback].params["headline"])
                assert said in ("own", "calm", "b1", "b2", "b3") or said.startswith(slot.why.source)


def test_resolved_again_from_other_rows_with_another_memory_all_hashes_are_the_same() -> None:
    for seed in range(20):
        chain = wild_chain(random.Random(seed))
        first = chain.played(screen=a_screen()).resolved
        chain.campaign_rows.reverse()
        chain.override_rows.reverse()
        later = chain.played(screen=a_screen("lille-9"), memo=Memo(most=0)).resolved
        assert (later.manifest, later.deck) == (first.manifest, first.deck)
        assert dict(later.chunks) == dict(first.chunks)


def test_a_takeover_whose_fact_is_stale_gives_way_to_the_whole_base_in_turn() -> None:
    chain = rainy(SmallChain())
    chain.playlist("base", item("b1"), item("b2"), item("b3"))
    chain.campaign("rain", item("r1", 20), item("r2"), layer="takeover", condition=RAIN)
    plan = chain.played().plan
    begin = at(f"{DAY}T10:00")
    rows = timeline(plan, {}, Freshness(), set(), (), begin, begin + 90_000, 6)[MAIN]
    said = [str(plan.cards[shown.card or ""].params["headline"]) for shown in rows]
    assert said == ["b1", "b2", "b3", "b1", "b2", "b3"]
    assert [shown.why.item for shown in rows if shown.why] == ["r1", "r2"] * 3
    assert [shown.until - shown.since for shown in rows] == [20_000, 10_000] * 3


def test_rounds_end_where_loops_do() -> None:
    chain = rainy(SmallChain())
    chain.playlist("base", *(item(f"b{n}") for n in range(7)))
    chain.campaign("rain", item("r1", 700), layer="takeover", condition=RAIN)
    found = stand_ins(chain.played(), f"{DAY}T00:00", f"{DAY}T23:00")
    assert found == {"r1": {"b0", "b1"}}


def poster(name: str) -> Any:
    """A card whose picture carries its price."""
    return replace(strict(name), drawn=True)


def test_a_picture_that_carries_its_price_leaves_with_it() -> None:
    chain = SmallChain()
    chain.campaign("sale", item("s1", content=poster("p")), share=5_000)
    assert stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T11:00")["s1"] <= {"b1", "b2"}


def test_where_nothing_else_plays_it_gives_way_to_the_slate() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", content=poster("p")))
    assert stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T11:00") == {"b1": {""}}


def test_it_stands_in_for_nothing_once_its_price_is_gone() -> None:
    chain = rainy(SmallChain())
    chain.playlist("base", item("b1", content=poster("p")))
    chain.campaign("rain", item("r1"), condition=RAIN, share=5_000)
    chain.campaign("named", item("n1", fallback=poster("q")), condition=RAIN, share=2_000)
    found = stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T11:00")
    assert not {"p", "q"} & set().union(*found.values())
    assert found["r1"] == {""}


def test_it_stands_in_for_a_card_that_may_not_be_on_air_while_its_price_holds() -> None:
    chain = SmallChain()
    gone = card("own", goods=(Good(Sku("GONE")),))
    chain.unknown_products.add(Sku("GONE"))
    chain.campaign("sale", item("s1", content=gone, fallback=poster("p")), share=5_000)
    assert stand_ins(chain.played(), f"{DAY}T10:00", f"{DAY}T11:00")["s1"] <= {"b1", "b2"}
