"""A change of facts alone: who is resolved, from what is remembered, and what lapses."""

from __future__ import annotations

from typing import Any

import pytest

from server.services.base import outbox
from server.services.base.actors import SYSTEM
from server.services.keeping.retention import mark_expired
from server.services.publishing.planning import Planner
from server.services.wishes import content
from tests.server.services.publishing.published import DAY, MINUTE, later
from tests.support.shops import (
    Watched,
    add_campaign,
    heads,
    observe_rain,
    plan_of,
    playlist,
    screen_ids,
    title_of,
)


def test_rain_resolves_only_the_profiles_that_read_it(
    chain: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_campaign(chain.ctx, "umbrellas", rain=True)
    chain.publish()
    asked = watch_plans(monkeypatch)
    later(chain)
    observe_rain(chain.ctx, "lille", 12)
    assert chain.publish() == screen_ids("lille")
    assert asked == [("facts", "lille")]
    later(chain)
    assert title_of(chain.ctx, "lille-window") == "umbrellas"
    later(chain)
    observe_rain(chain.ctx, "lille", 14)
    assert chain.publish() == set()


def test_facts_alone_come_to_the_same_for_a_worker_that_remembers_and_one_that_does_not(
    chain: Watched,
) -> None:
    add_campaign(chain.ctx, "umbrellas", rain=True)
    chain.publish()
    for minute, rain in enumerate((12, 0, 9)):
        later(chain, 70_000)
        observe_rain(chain.ctx, "lille", rain)
        assert chain.publish() == screen_ids("lille"), minute
        before = heads(chain.ctx)
        with chain.ctx.db.write() as session:
            outbox.mark(session, ["store:lille", "weather.rain:lille"], chain.ctx.clock())
        assert Watched(chain.ctx).publish() == set()
        assert heads(chain.ctx) == before
        with chain.ctx.db.write() as session:
            outbox.mark(session, ["store:lille"], chain.ctx.clock())
        chain.publish()


def test_facts_alone_are_asked_only_over_what_this_very_worker_stored(
    lite: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = lite.ctx
    add_campaign(ctx, "umbrellas", rain=True)
    lite.publish()
    later(lite)
    content.update_playlist(ctx, SYSTEM, playlist("p-umbrellas", "wet"))
    other = Watched(ctx)
    other.publish()
    asked = watch_plans(monkeypatch)
    later(lite)
    observe_rain(ctx, "lille", 12)
    assert lite.publish() == screen_ids("lille")
    assert asked == [("all", "lille")]
    later(lite)
    assert title_of(ctx, "lille-window") == "wet"
    asked.clear()
    later(lite)
    observe_rain(ctx, "lille", 0)
    content.update_playlist(ctx, SYSTEM, playlist("p-umbrellas", "wetter"))
    lite.publish()
    observe_rain(ctx, "lille", 13)
    lite.publish()
    assert ("facts", "lille") in asked
    later(lite)
    assert title_of(ctx, "lille-window") == "wetter"


def test_a_night_makes_facts_be_asked_over_the_next_days(
    lite: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_campaign(lite.ctx, "umbrellas", rain=True)
    lite.publish()
    later(lite, DAY)
    asked = watch_plans(monkeypatch)
    observe_rain(lite.ctx, "lille", 12)
    lite.publisher.run_dry()
    assert asked == [("all", "lille")]
    later(lite)
    assert title_of(lite.ctx, "lille-window") == "umbrellas"
    assert len(plan_of(lite.ctx, "lille-window").manifest.days) == 35


def watch_plans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """How each store is planned from now on: all of it, or its facts alone."""
    asked: list[tuple[str, str]] = []
    everything, facts = Planner.plan, Planner.plan_facts

    def plan(self: Planner, session: Any, snapshot: Any, store: str, keys: Any = None) -> Any:
        asked.append(("all", store))
        return everything(self, session, snapshot, store, keys)

    def plan_facts(self: Planner, session: Any, now: int, store: str, *rest: Any) -> Any:
        found = facts(self, session, now, store, *rest)
        if found is not None:
            asked.append(("facts", store))
        return found

    monkeypatch.setattr(Planner, "plan", plan)
    monkeypatch.setattr(Planner, "plan_facts", plan_facts)
    return asked


def test_rain_that_lapses_is_unknown_and_shows_no_umbrellas(lite: Watched) -> None:
    add_campaign(lite.ctx, "umbrellas", rain=True)
    observe_rain(lite.ctx, "lille", 12)
    lite.publish()
    since = lite.ctx.clock()
    later(lite, 3 * 60 * MINUTE)
    mark_expired(lite.ctx, since)
    assert lite.publish() == screen_ids("lille")
    later(lite)
    assert title_of(lite.ctx, "lille-window") == "message"
