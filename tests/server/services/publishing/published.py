"""The small chain published, for the tests of this folder."""

from __future__ import annotations

from server.services.base import outbox
from server.services.base.context import Context
from tests.support.record import TestClock, prepared
from tests.support.shops import STORES, Watched, open_chain, screen_ids

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def published(ctx: Context) -> Watched:
    _publish_chain(ctx)
    return Watched(ctx)


@prepared
def _publish_chain(ctx: Context) -> None:
    open_chain(ctx)
    assert Watched(ctx).publish() == screen_ids(*STORES)


def later(watched: Watched, ms: int = MINUTE) -> None:
    assert isinstance(watched.ctx.clock, TestClock)
    watched.ctx.clock.advance(ms)


def waiting(ctx: Context) -> int:
    with ctx.db.read() as session:
        return outbox.pending(session)
