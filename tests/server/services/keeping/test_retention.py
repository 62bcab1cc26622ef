"""What is forgotten when it is out of history, and what never is."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from server.db.models import HeadRow, ObjectRow, ReadSetRow, ScreenHeadRow
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.keeping import retention
from server.services.keeping.retention import HISTORY_MS
from server.services.wishes import content
from tests.support.record import TestClock
from tests.support.shops import (
    STORES,
    Watched,
    add_campaign,
    open_chain,
    plan_of,
    playlist,
    screen_ids,
    title_of,
)

HOUR = 3_600_000


@pytest.fixture
def chain(any_ctx: Context) -> Watched:
    """The small chain, published, and published again after an edit."""
    open_chain(any_ctx)
    watched = Watched(any_ctx)
    watched.publish()
    move(watched, HOUR)
    content.update_playlist(any_ctx, SYSTEM, playlist("base", "second"))
    watched.publish()
    return watched


def move(watched: Watched, ms: int) -> None:
    assert isinstance(watched.ctx.clock, TestClock)
    watched.ctx.clock.advance(ms)


def kept(ctx: Context) -> dict[str, str]:
    """The kind of every object, by name."""
    with ctx.db.read() as session:
        return dict(session.execute(select(ObjectRow.sha, ObjectRow.kind)).all())


def revisions(ctx: Context) -> set[tuple[str, int]]:
    with ctx.db.read() as session:
        return set(session.execute(select(HeadRow.screen_id, HeadRow.revision)).all())


def in_force(ctx: Context) -> set[tuple[str, int]]:
    with ctx.db.read() as session:
        rows = select(ScreenHeadRow.screen_id, ScreenHeadRow.revision)
        return set(session.execute(rows).all())


def test_history_is_kept_whole(chain: Watched) -> None:
    objects, heads = kept(chain.ctx), revisions(chain.ctx)
    move(chain, HISTORY_MS - 2 * HOUR)
    retention.sweep(chain.ctx)
    assert kept(chain.ctx) == objects
    assert revisions(chain.ctx) == heads
    assert len(heads) == 2 * len(screen_ids(*STORES))


def test_out_of_history_only_what_plays_is_left(
    chain: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SWEEP_ROWS", 3)  # several transactions each
    before = kept(chain.ctx)
    move(chain, HISTORY_MS + HOUR)
    retention.sweep(chain.ctx)
    assert revisions(chain.ctx) == in_force(chain.ctx)
    left = kept(chain.ctx)
    gone = [kind for sha, kind in before.items() if sha not in left]
    assert gone.count("manifest") == len(STORES)
    assert set(gone) == {"manifest", "deck", "chunk", "inputs"}
    for screen in screen_ids(*STORES):
        plan = plan_of(chain.ctx, screen)  # all that it names is there
        assert {day.chunk for day in plan.manifest.days} == plan.chunks.keys()


def test_a_plan_that_comes_back_after_the_sweep_is_whole(chain: Watched) -> None:
    """A worker that stored objects long ago does not take them for stored still."""
    move(chain, HISTORY_MS + HOUR)
    retention.sweep(chain.ctx)
    content.update_playlist(chain.ctx, SYSTEM, playlist("base", "message"))
    assert chain.publish() == screen_ids(*STORES)
    move(chain, HOUR)
    assert title_of(chain.ctx, "lille-window") == "message"
    for screen in screen_ids(*STORES):
        plan = plan_of(chain.ctx, screen)
        assert {day.chunk for day in plan.manifest.days} == plan.chunks.keys()


def test_sets_of_keys_that_no_profile_reads_are_forgotten(chain: Watched) -> None:
    add_campaign(chain.ctx, "kites")
    chain.publish()
    content.delete_campaign(chain.ctx, SYSTEM, "kites")
    chain.publish()
    retention.sweep(chain.ctx)
    with chain.ctx.db.read() as session:
        keys = set(session.scalars(select(ReadSetRow.key)))
    assert "campaign:kites" not in keys
    assert "playlist:base" in keys
