"""Any instant of a screen explained: past from what was published then, future as planned."""

from __future__ import annotations

import pytest

from playlists.explain import explanation_text
from playlists.facts import FactValue
from server.errors import BadInput, NotFound
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.showing.explaining import explain, what_plays
from server.services.showing.spoken import names_for
from server.services.wishes import content
from tests.support.record import TestClock
from tests.support.shops import STORES, Watched, add_campaign, observe_rain, open_chain, screen_ids

MINUTE = 60_000
LILLE = Actor("m", "Manager", frozenset({"read"}), frozenset({"lille"}))


@pytest.fixture
def chain(any_ctx: Context) -> Watched:
    """The small chain with umbrellas for the rain, published."""
    open_chain(any_ctx)
    add_campaign(any_ctx, "umbrellas", rain=True)
    watched = Watched(any_ctx)
    watched.publish()
    return watched


def winner(ctx: Context, screen: str, at: int) -> str:
    found = explain(ctx, SYSTEM, screen, at)
    assert found.explanation.winner is not None
    return found.explanation.winner.source


def test_the_present_names_the_winner_and_why_the_others_lost(chain: Watched) -> None:
    found = explain(chain.ctx, SYSTEM, "lille-window", chain.ctx.clock())
    assert found.playing.card is not None
    assert found.playing.card.params["headline"] == "message"
    [loser] = found.explanation.losers
    assert (loser.wish, loser.rule) == ("umbrellas", "weather")


def test_its_sentences_call_things_by_their_names(chain: Watched, clock: TestClock) -> None:
    for tenths in (9, 0):
        observe_rain(chain.ctx, "lille", tenths)
        chain.publish()
        clock.advance(MINUTE)
    found = explain(chain.ctx, SYSTEM, "lille-window", chain.ctx.clock())
    names = names_for(chain.ctx, found, "fr")
    assert names.stores == {"lille": "Lille"}
    said = explanation_text(found.explanation, "en", names)
    assert "umbrellas: rain at Lille is 0\u00a0mm/h, needs at least 0.1\u00a0mm/h." in said
    assert any(one.startswith("Rain at Lille was 0\u00a0mm/h from ") for one in said)
    dit = explanation_text(found.explanation, "fr", names)
    assert "umbrellas : la pluie (Lille), 0\u00a0mm/h ; il faut au moins 0,1\u00a0mm/h." in dit


def test_a_fact_that_moves_and_changes_no_plan_is_told_as_it_is_now(
    chain: Watched, clock: TestClock
) -> None:
    def rain(at: int) -> list[FactValue | None]:
        return [
            fact.value for fact in explain(chain.ctx, SYSTEM, "lille-window", at).explanation.facts
        ]

    for tenths in (9, 20, 0):
        observe_rain(chain.ctx, "lille", tenths)
        chain.publish()
        clock.advance(MINUTE)
        assert rain(clock.now) == [tenths]
        assert rain(clock.now + 10 * MINUTE) == [tenths]
    observe_rain(chain.ctx, "lille", 30)  # its plan is still to come: the dry one plays
    assert winner(chain.ctx, "lille-window", clock.now) == "base"
    assert rain(clock.now) == [0]


def test_the_past_is_explained_by_what_was_known_then(chain: Watched, clock: TestClock) -> None:
    dry = clock.now
    clock.advance(10 * MINUTE)
    observe_rain(chain.ctx, "lille", 9)
    chain.publish()
    wet = clock.advance(MINUTE)
    clock.advance(10 * MINUTE)
    content.delete_campaign(chain.ctx, SYSTEM, "umbrellas")
    chain.publish()
    clock.advance(MINUTE)
    assert winner(chain.ctx, "lille-window", dry) == "base"
    assert winner(chain.ctx, "lille-window", wet) == "umbrellas"
    assert winner(chain.ctx, "lille-window", clock.now) == "base"
    assert not explain(chain.ctx, SYSTEM, "lille-window", clock.now).explanation.losers


def test_the_future_is_explained_as_planned(chain: Watched, clock: TestClock) -> None:
    assert winner(chain.ctx, "lille-window", clock.now + 20 * 24 * 60 * MINUTE) == "base"


def test_what_plays_shows_an_actor_the_screens_of_its_stores(chain: Watched) -> None:
    everything = screen_ids(*STORES)
    assert what_plays(chain.ctx, SYSTEM, everything, chain.ctx.clock()).keys() == everything
    seen = what_plays(chain.ctx, LILLE, everything, chain.ctx.clock())
    assert seen.keys() == screen_ids("lille")
    assert all(zones[0].card is not None for zones in seen.values())


def test_another_stores_screen_and_a_time_before_all_plans_are_not_found(chain: Watched) -> None:
    with pytest.raises(NotFound):
        explain(chain.ctx, LILLE, "marseille-window", chain.ctx.clock())
    with pytest.raises(NotFound):
        explain(chain.ctx, SYSTEM, "lille-window", 1)
    with pytest.raises(BadInput):
        explain(chain.ctx, SYSTEM, "lille-window", chain.ctx.clock(), zone="side")  # type: ignore[arg-type]
