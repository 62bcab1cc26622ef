"""Pretended situations: what would show is resolved as the real thing, and nothing real moves."""

from __future__ import annotations

import pytest

from playlists.model import MAIN
from server.errors import BadInput, Forbidden, NotFound
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.drafting import drafts
from server.services.rehearsing.pretending import Pretence, Pretended, pretend
from tests.server.services.keys_seen import marked
from tests.support.record import TestClock
from tests.support.shops import Watched, add_campaign, heads, observe_rain, open_chain
from tests.support.small_shop import lay_out

MINUTE = 60_000
ANNE = Actor("anne", "Anne", ALL_SCOPES)
LILLE = Actor("m", "Manager", frozenset({"read"}), frozenset({"lille"}))
RAIN = {"weather.rain:lille": 9}


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    """The small chain with umbrellas for the rain; it is dry."""
    open_chain(any_ctx)
    add_campaign(any_ctx, "umbrellas", rain=True)
    observe_rain(any_ctx, "lille", 0)
    Watched(any_ctx).publish()
    return any_ctx


def headlines(found: Pretended) -> list[str]:
    """What the main zone says, turn by turn."""
    cards = [turn.playing.card for turn in found.zones[MAIN]]
    return [str(card.params["headline"]) if card else "" for card in cards]


def test_rain_that_is_pretended_brings_the_umbrellas_and_moves_nothing(chain: Context) -> None:
    before = heads(chain)
    marked(chain)
    assert headlines(pretend(chain, SYSTEM, "lille-window", Pretence(), 2)) == ["message"] * 2
    wet = pretend(chain, SYSTEM, "lille-window", Pretence(facts=RAIN), 2)
    assert headlines(wet) == ["umbrellas"] * 2
    everywhere = Pretence(facts={"weather.rain": 9})
    assert headlines(pretend(chain, SYSTEM, "marseille-till", everywhere, 1)) == ["umbrellas"]
    assert headlines(pretend(chain, SYSTEM, "lille-window", Pretence(), 1)) == ["message"]
    assert headlines(pretend(chain, SYSTEM, "marseille-window", Pretence(facts=RAIN), 1)) == [
        "message"
    ], "it is not raining there"
    assert heads(chain) == before
    assert marked(chain) == set()


def test_another_instant_is_shown_as_it_is_planned(chain: Context, clock: TestClock) -> None:
    later = clock.now + 3 * 24 * 60 * MINUTE
    found = pretend(chain, SYSTEM, "lille-window", Pretence(at_ms=later), 3)
    assert found.at_ms == later
    turns = found.zones[MAIN]
    assert [turn.playing.shown.until for turn in turns[:-1]] == [
        turn.playing.shown.since for turn in turns[1:]
    ]
    assert turns[0].playing.shown.since <= later < turns[0].playing.shown.until
    for wrong in (clock.now - 2 * 24 * 60 * MINUTE, clock.now + 50 * 24 * 60 * MINUTE):
        with pytest.raises(BadInput, match="days from today"):
            pretend(chain, SYSTEM, "lille-window", Pretence(at_ms=wrong))


def test_a_draft_is_seen_before_it_is_on_air(chain: Context) -> None:
    path = "items/base-0/content/card/texts/headline"
    edit = {"op": "set", "path": path, "value": {"fr": "Bientôt", "en": "Soon"}}
    drafts.edit(chain, ANNE, "playlist", "base", [edit])
    soon = Pretence(drafts=[("playlist", "base")])
    assert headlines(pretend(chain, ANNE, "lille-window", soon, 1)) == ["Bientôt"]
    assert headlines(pretend(chain, ANNE, "lille-window", Pretence(), 1)) == ["message"]
    with pytest.raises(Forbidden):
        pretend(chain, LILLE, "lille-window", soon)


def test_one_item_is_seen_whatever_its_condition(chain: Context) -> None:
    dry = {"compare": {"fact": "weather.rain:{store}", "op": ">=", "value": 500}}
    ops = [{"op": "set", "path": "items/p-umbrellas-0/condition", "value": dry}]
    drafts.edit(chain, ANNE, "playlist", "p-umbrellas", ops)
    only = Pretence(only=("p-umbrellas", "p-umbrellas-0"))
    assert headlines(pretend(chain, ANNE, "lille-window", only, 1)) == ["umbrellas"]
    with pytest.raises(NotFound):
        pretend(chain, ANNE, "lille-window", Pretence(only=("p-umbrellas", "gone")))


def test_a_new_campaign_is_seen_where_its_target_is(chain: Context) -> None:
    made = drafts.begin(
        chain,
        ANNE,
        "campaign",
        {
            "name": "Local",
            "playlist": "p-umbrellas",
            "target": {"stores": ["lille"]},
            "layer": "takeover",
        },
    )
    look = Pretence(drafts=[("campaign", made.id)])
    assert headlines(pretend(chain, ANNE, "lille-till", look, 1)) == ["umbrellas"]
    assert headlines(pretend(chain, ANNE, "marseille-till", look, 1)) == ["message"]


def test_prices_that_have_lapsed_are_off(any_ctx: Context) -> None:
    lay_out(any_ctx)

    def prices(pretence: Pretence) -> set[int]:
        found = pretend(any_ctx, SYSTEM, "lille-window", pretence, 6).zones[MAIN]
        with_goods = [turn for turn in found if turn.playing.card and turn.playing.card.goods]
        assert with_goods
        return {len(turn.playing.shown.prices) for turn in with_goods}

    assert prices(Pretence()) == {1}
    assert prices(Pretence(prices="expired")) == {0}


def test_it_keeps_to_stores_and_to_facts_that_exist(chain: Context) -> None:
    with pytest.raises(NotFound):
        pretend(chain, LILLE, "marseille-window", Pretence())
    with pytest.raises(BadInput):
        pretend(chain, SYSTEM, "lille-window", Pretence(facts={"mood:lille": 3}))
