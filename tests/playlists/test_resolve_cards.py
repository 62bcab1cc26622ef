"""What of a wish may be on air: wishes and cards at fault, the deck, the report."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from playlists.conditions import Compare
from playlists.facts import FactKey
from playlists.ids import ChannelId, PlaylistId, Sku, sha256
from playlists.model import Good
from playlists.schedule import Schedule
from tests.playlists.small_chain import (
    LILLE,
    SmallChain,
    a_screen,
    card,
    item,
)

RAIN = Compare(FactKey("weather.rain:{store}"), ">", 0)
DAY = "2026-10-05"


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


def test_a_rotation_longer_than_any_loop_is_cut_and_reported() -> None:
    chain = SmallChain()
    chain.playlist("base", *(item(f"v{n}", 600) for n in range(5)))
    played = chain.played()
    assert played.notes() == {("airtime", "v3", ""), ("airtime", "v4", "")}


def test_near_shares_are_reported() -> None:
    chain = SmallChain()
    chain.playlist("base", item("b1", 13))
    chain.campaign("a", item("a1", 7), share=3_331)
    assert ("inexact", "", "") in chain.played().notes()


def test_a_turn_says_how_its_card_comes_on_and_else_its_card_is_the_same_bytes() -> None:
    def deck(**more: Any) -> dict[str, Any]:
        chain = SmallChain()
        chain.playlist("base", item("b1", content=card("a"), **more), item("b2", content=card("b")))
        return {name: dict(one.params) for name, one in chain.played().plan.cards.items()}

    silent = deck()
    assert deck(transition="brand") == silent
    assert sorted(silent.values(), key=str) == [{"headline": "a"}, {"headline": "b"}]
    told = deck(transition="cut")
    assert {"headline": "a", "transition": "cut"} in told.values()
    assert len(told.keys() & silent.keys()) == 1
