"""What is on screen: laws that hold in every world, and what a preview is told."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.cards import files_of
from playlists.ids import CardId, ChannelId, ItemId, Sku, ZoneId, sha256
from playlists.manifest import (
    FOREVER_MS,
    Chunk,
    Day,
    DeckCard,
    DeckGood,
    Manifest,
    Plan,
    Segment,
    Slot,
    Why,
)
from playlists.model import FULL_SCREEN, MAIN
from playlists.pricing import ChannelState, Offer, Step
from playlists.slot import PRICE_MARGIN_MS, Freshness, Lease, Now, Shown, slot_at, timeline
from tests.contract.random_worlds import random_doc
from tests.contract.world import read_inputs, read_plan

BOOT = CardId("0123456789")
World = tuple[Plan | None, tuple[Any, ...], Now]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A plan, slot_at's other inputs and an instant at which something may well happen."""
    doc = random_doc(Random(draw(st.integers(0, 2**64))), 1)
    asked = doc["cases"][0]
    return read_plan(doc["plans"]["plan"]), read_inputs(asked), Now(*asked["now"])


def without_until(shown: dict[ZoneId, Shown], zone: ZoneId) -> Shown:
    return replace(shown[zone], until=0)


@settings(max_examples=400, deadline=None)
@given(worlds(), st.integers(0, 2**32))
def test_what_shows_stands_until_its_until_and_then_changes(world: World, inner: int) -> None:
    plan, inputs, now = world
    for zone, shown in slot_at(plan, *inputs, now).items():
        assert shown.since <= now.ms < shown.until
        stretch = min(shown.until, now.ms + 10**9) - now.ms
        for later in {0, inner % stretch, inner // 7 % stretch, stretch - 1}:
            again = slot_at(plan, *inputs, replace(now, ms=now.ms + later))
            assert again[zone] == shown
        if shown.until < FOREVER_MS:
            after = slot_at(plan, *inputs, replace(now, ms=shown.until))
            assert without_until(after, zone) != replace(shown, until=0)


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_no_price_shows_at_or_after_any_of_its_ends(world: World) -> None:
    plan, inputs, now = world
    offers, freshness, *_ = inputs
    for shown in slot_at(plan, *inputs, now).values():
        for priced in shown.prices:
            assert plan is not None
            assert now.uncertainty_ms is not None
            margin = max(PRICE_MARGIN_MS, now.uncertainty_ms)
            step = offers[priced.channel].offers[priced.sku].steps[priced.step]
            state = offers[priced.channel]
            assert priced.version == state.version
            alone = offers[priced.channel].offers[priced.sku].confirmed_at
            leased = [max(state.as_of, alone) + state.lease_ms] if state.lease_ms else [0]
            lease = freshness.channels.get(priced.channel)
            if lease is not None:
                assert lease.version <= state.version, "the server knows of a newer price"
                renewed = max(lease.as_of, alone) + lease.lease_ms
                leased += [renewed] * (lease.version == state.version)
            ends = [max(leased), plan.expires_at, step.until_ms or FOREVER_MS]
            assert now.ms < shown.until <= priced.ends_at == min(ends) - margin
            assert step.from_ms <= now.ms - now.uncertainty_ms


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_no_card_shows_whose_files_are_not_held(world: World) -> None:
    plan, inputs, now = world
    held = inputs[2]
    for shown in slot_at(plan, *inputs, now).values():
        if shown.card is not None:
            assert plan is not None
            assert set(files_of(plan.cards[shown.card])) <= held


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(1, 90_000))
def test_a_timeline_has_no_gap_and_no_overlap(world: World, span: int) -> None:
    plan, inputs, now = world
    walked = timeline(plan, *inputs, now.ms, now.ms + span, 1_000, now.uncertainty_ms)
    for zone, rows in walked.items():
        at = now.ms
        for shown in rows:
            assert shown == slot_at(plan, *inputs, replace(now, ms=at))[zone]
            at = shown.until
        assert at >= now.ms + span


@settings(max_examples=100, deadline=None)
@given(worlds(), st.integers(0, 10**6))
def test_the_loop_never_shifts_whatever_is_missing(world: World, later: int) -> None:
    plan, (offers, freshness, _, _), now = world
    at = replace(now, ms=now.ms + later)
    bare = slot_at(plan, {}, Freshness(), frozenset(), (), at)
    full = slot_at(plan, offers, freshness, frozenset("a"), (), at)
    assert [shown.since for shown in bare.values()] == [shown.since for shown in full.values()]


def test_steps_that_overlap_still_end_in_time() -> None:
    """Messages guarantee steps in order; given others, a price leaves when another takes over."""
    noon = 12 * 3_600_000
    sku, channel = Sku("COAT"), ChannelId("shop@lille")
    card = DeckCard("price", {}, (DeckGood(sku, channel),))
    chunk = Chunk(
        86_400_000,
        (Slot(BOOT, 3_600_000, Why("base", "chain", ItemId("i1"))),),
        {MAIN: (Segment(0, (0,)),)},
    )
    manifest = Manifest(
        store="lille",
        language="fr",
        time_zone="Europe/Paris",
        size=(1920, 1080),
        layout=FULL_SCREEN,
        brand={},
        channels=(channel,),
        deck=sha256(b"deck"),
        days=(Day("1970-01-01", 0, 86_400_000, sha256(b"chunk")),),
    )
    plan = Plan(manifest, {BOOT: card}, {sha256(b"chunk"): chunk}, FOREVER_MS)
    steps = (Step(noon + 5_000, None, 7_990, None, {}), Step(0, noon + 9_000, 8_990, None, {}))
    offers = {channel: ChannelState(channel, 1, {sku: Offer(sku, "EUR", steps, {})})}
    leased = Freshness({channel: Lease(1, 0, 86_400_000)})
    before, after = timeline(plan, offers, leased, set(), (), noon, noon + 6_000, 9)[MAIN]
    assert [priced.step for priced in before.prices + after.prices] == [1, 0]
    assert before.until == noon + 5_000
