"""The small chain published, for the tests of this folder."""

from __future__ import annotations

from server.services.base import outbox
from server.services.base.context import Context
from tests.support.record import TestClock
from tests.support.shops import STORES, Watched, open_chain, screen_ids

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def published(ctx: Context) -> Watched:
    open_chain(ctx)
    watched = Watched(ctx)
    assert watched.publish() == screen_ids(*STORES)
    return watched


def later(watched: Watched, ms: int = MINUTE) -> None:
    assert isinstance(watched.ctx.clock, TestClock)
    watched.ctx.clock.advance(ms)


def waiting(ctx: Context) -> int:
    with ctx.db.read() as session:
        return outbox.pending(session)
