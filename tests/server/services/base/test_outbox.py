"""The outbox loses no key: not to a crash, not to a second worker, not to a mark while claimed."""

from __future__ import annotations

from server.services.base import outbox
from server.services.base.context import Context
from tests.support.record import TestClock


def mark(ctx: Context, *keys: str) -> None:
    with ctx.db.write() as session:
        outbox.mark(session, keys, ctx.clock())


def settle(ctx: Context, claim: outbox.Claim) -> None:
    with ctx.db.write() as session:
        outbox.settle(session, claim)


def waiting(ctx: Context) -> int:
    with ctx.db.read() as session:
        return outbox.pending(session)


def test_marking_twice_is_one_key(any_ctx: Context) -> None:
    mark(any_ctx, "store:lille", "store:lille")
    mark(any_ctx, "store:lille")
    assert waiting(any_ctx) == 1


def test_what_is_settled_is_gone(any_ctx: Context, clock: TestClock) -> None:
    mark(any_ctx, "a:1", "b:1")
    claim = outbox.claim(any_ctx.db, "one", clock())
    assert claim.keys == {"a:1", "b:1"}
    settle(any_ctx, claim)
    assert waiting(any_ctx) == 0


def test_a_key_marked_while_claimed_stays_and_may_be_claimed_at_once(
    any_ctx: Context, clock: TestClock
) -> None:
    mark(any_ctx, "a:1")
    first = outbox.claim(any_ctx.db, "one", clock())
    mark(any_ctx, "a:1")
    settle(any_ctx, first)
    assert waiting(any_ctx) == 1
    assert outbox.claim(any_ctx.db, "two", clock()).keys == {"a:1"}


def test_two_workers_never_hold_the_same_key(any_ctx: Context, clock: TestClock) -> None:
    mark(any_ctx, "a:1", "b:1")
    first = outbox.claim(any_ctx.db, "one", clock())
    mark(any_ctx, "c:1")
    second = outbox.claim(any_ctx.db, "two", clock())
    assert (first.keys, second.keys) == ({"a:1", "b:1"}, {"c:1"})


def test_a_dead_workers_claim_lapses(any_ctx: Context, clock: TestClock) -> None:
    mark(any_ctx, "a:1")
    outbox.claim(any_ctx.db, "dead", clock())
    assert outbox.claim(any_ctx.db, "two", clock()).keys == set()
    clock.advance(outbox.CLAIM_MS)
    assert outbox.claim(any_ctx.db, "two", clock()).keys == {"a:1"}
