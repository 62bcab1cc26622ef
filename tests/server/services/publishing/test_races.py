"""Edits that race, workers that die or are two: nothing is lost, no older plan is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from server.db.models import HeadRow
from server.services.base import outbox
from server.services.base.actors import SYSTEM
from server.services.publishing.planning import Planner
from server.services.publishing.publish import TRIES
from server.services.publishing.storing import Storer
from server.services.wishes import content
from tests.server.services.publishing.published import later, waiting
from tests.support.shops import (
    STORES,
    Watched,
    heads,
    playlist,
    screen_ids,
    title_of,
)


def test_a_key_marked_while_claimed_is_published_again(
    chain: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit that lands between resolving and storing is not lost, and the old plan not stored."""
    ctx = chain.ctx
    real = Storer.store
    edits = iter(("kites", "tents"))

    def store(self: Storer, session: Any, *args: Any) -> Any:
        title = next(edits, None)
        if title is not None:
            outbox.mark(session, ["playlist:base"], ctx.clock())
        return real(self, session, *args)

    later(chain)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    monkeypatch.setattr(Storer, "store", store)
    assert chain.publish() == screen_ids(*STORES)
    assert waiting(ctx) == 0


def test_an_edit_between_snapshot_and_store_keeps_the_older_plan_back(
    lite: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = lite.ctx
    real = Planner.plan
    raced: list[str] = []

    def plan(self: Planner, *args: Any) -> Any:
        found = real(self, *args)
        if not raced:
            raced.append("once")
            content.update_playlist(ctx, SYSTEM, playlist("base", "third"))
        return found

    monkeypatch.setattr(Planner, "plan", plan)
    later(lite)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    lite.publish()
    with ctx.db.read() as session:
        issued = select(func.count()).select_from(HeadRow).where(HeadRow.screen_id == "lille-till")
        assert session.scalar(issued) == 2  # the first, and the third: the second never left
    later(lite)
    assert title_of(ctx, "lille-till") == "third"


def test_a_key_that_never_rests_is_published_all_the_same(
    lite: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = lite.ctx
    real = Planner.plan
    churned = iter(range(TRIES + 1))

    def plan(self: Planner, *args: Any) -> Any:
        found = real(self, *args)
        if next(churned, None) is not None:
            with ctx.db.write() as session:
                outbox.mark(session, ["playlist:base"], ctx.clock())
        return found

    later(lite)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    monkeypatch.setattr(Planner, "plan", plan)
    for _ in range(TRIES + 1):
        lite.publisher.step()
    assert any(done.heads for done in lite.told)
    lite.publisher.run_dry()
    assert waiting(ctx) == 0


STEPS: tuple[tuple[type, str], ...] = (
    (Planner, "open"),
    (Planner, "plan"),
    (Storer, "store"),
    (Storer, "_issue"),
)


@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[step for _, step in STEPS])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_the_next_worker_finishes(
    chain: Watched, monkeypatch: pytest.MonkeyPatch, owner: type, step: str, after: bool
) -> None:
    ctx = chain.ctx
    before = heads(ctx)
    later(chain)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    real: Callable[..., Any] = getattr(owner, step)

    def killed(*args: Any) -> Any:
        if after:
            real(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, killed)
        with pytest.raises(KeyboardInterrupt):
            chain.publish()
    assert heads(ctx) == before
    later(chain, outbox.CLAIM_MS)
    successor = Watched(ctx)
    assert successor.publish() == screen_ids(*STORES)
    assert waiting(ctx) == 0
    later(chain)
    assert title_of(ctx, "lille-window") == "second"


def test_a_profile_that_cannot_be_resolved_stops_no_other_and_is_tried_again(
    lite: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = lite.ctx
    real: Callable[..., Any] = Planner._prepare

    def broken(self: Planner, session: Any, gathered: Any, *rest: Any) -> Any:
        if gathered.situation.store.id == "lille":
            raise RuntimeError("a fault")
        return real(self, session, gathered, *rest)

    later(lite)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    with monkeypatch.context() as patch:
        patch.setattr(Planner, "_prepare", broken)
        assert lite.publish() == screen_ids("marseille")
    assert waiting(ctx) > 0
    later(lite, outbox.CLAIM_MS)
    assert lite.publish() == screen_ids("lille")
    assert waiting(ctx) == 0


def test_two_workers_store_each_change_and_never_an_older_plan_over_a_newer(
    chain: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker stalls between resolving and storing; the second publishes a later edit."""
    ctx = chain.ctx
    slow, quick = chain, Watched(ctx)
    real = Planner.plan
    stalled: list[str] = []

    def plan(self: Planner, *args: Any) -> Any:
        found = real(self, *args)
        if self is slow.publisher.planner and not stalled:
            stalled.append("once")
            content.update_playlist(ctx, SYSTEM, playlist("base", "third"))
            quick.publish()
        return found

    monkeypatch.setattr(Planner, "plan", plan)
    later(chain)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    slow.publish()
    assert waiting(ctx) == 0
    later(chain)
    for screen in screen_ids(*STORES):
        assert title_of(ctx, screen) == "third"
