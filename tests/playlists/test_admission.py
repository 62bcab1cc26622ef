"""What a player admits and refuses; the scenarios are those that the page lives through too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from playlists import admission
from playlists.errors import Invalid, Refused
from playlists.ids import ChannelId, Sku, StoreId
from playlists.shown import Freshness
from playlists.signing import b64
from playlists.trusted_json import trusted_from_json, trusted_to_json
from tests.contract import admission_story as story_of
from tests.contract.admission_scenarios import SCENARIOS
from tests.contract.admission_story import NOON, Story


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_scenario(scenario: Callable[[], Story]) -> None:
    state = story_of.start()
    for at, step in enumerate(scenario().steps):
        before = trusted_to_json(state)
        state, outcome = story_of.live(state, step)
        assert outcome == step["expect"], f"step {at}: {step['do']}"
        if outcome[:1] and outcome[0].startswith("refused"):
            assert trusted_to_json(state) == before


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_every_state_survives_a_restart(scenario: Callable[[], Story]) -> None:
    state = story_of.start()
    for step in scenario().steps:
        state, _ = story_of.live(state, step)
        kept = trusted_to_json(state)
        again = trusted_from_json(kept)
        assert trusted_to_json(again) == kept
        assert replace(again, time=state.time) == state


def test_the_state_gives_slot_at_its_offers_and_freshness() -> None:
    state = story_of.start()
    story = Story().offers(story_of.offers(0, 5, story_of.offer("A")), "")
    story.freshness(story_of.freshness(NOON, 5), "")
    for step in story.steps:
        state, _ = story_of.live(state, step)
    shop = state.offers[ChannelId("shop@lille")]
    assert (shop.version, shop.offers[Sku("A")].steps[0].price) == (5, 8990)
    assert state.freshness_of(StoreId("lille")).channels[ChannelId("shop@lille")].version == 5
    assert state.freshness_of(StoreId("lyon")) == Freshness()


def test_a_revision_grows_and_is_at_least_the_clock() -> None:
    assert admission.next_revision(0, NOON) == NOON
    assert admission.next_revision(NOON, NOON) == NOON + 1
    assert admission.next_revision(NOON + 5, NOON) == NOON + 6


def test_a_damaged_state_is_not_believed() -> None:
    state, _ = admission.admit_keys(story_of.start(), story_of.keys(1, *story_of.USUAL))
    kept = dict(trusted_to_json(state))  # type: ignore[arg-type,call-overload]
    with pytest.raises(Invalid):
        trusted_from_json({**kept, "v": 2})
    with pytest.raises(Invalid):
        trusted_from_json({**kept, "time": {"mark": -1, "seen": 0, "kid": ""}})
    with pytest.raises(Refused):
        trusted_from_json({**kept, "root": b64(b"x" * 32)})
