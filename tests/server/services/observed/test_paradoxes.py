"""Where a store's shelf and the shop online say otherwise, and for how long."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from server.db.models import ParadoxRow
from server.ports import Batch, ProductReport, StockReport
from server.services.base.context import Context
from server.services.observed import paradoxes
from server.services.observed.paradoxes import Share
from server.services.prices import intake
from server.services.prices.batches import Source
from tests.support.record import TestClock
from tests.support.small_shop import lay_out

HOUR = 3_600_000
DAY = 24 * HOUR


@pytest.fixture
def ctx(ctx: Context) -> Context:
    lay_out(ctx)
    return ctx


def online(ctx: Context, availability: str) -> None:
    report = ProductReport("BAG", "EUR", 11_990, availability=availability)
    intake.take(ctx, Source("feed", shop="pluvier"), Batch(ctx.clock(), products=(report,)))
    paradoxes.observe(ctx)


def here(ctx: Context, quantity: int, store: str = "lille") -> None:
    stock = (StockReport("BAG", store, quantity),)
    intake.take(ctx, Source("counts"), Batch(ctx.clock(), stock=stock))
    paradoxes.observe(ctx)


def shares(ctx: Context, days: int = 3) -> list[Share]:
    with ctx.db.read() as session:
        now = ctx.clock()
        return list(paradoxes.shares(session, now, now - days * DAY, now))


def test_the_share_of_a_day_is_what_it_was_out_here_and_in_stock_online(
    ctx: Context, clock: TestClock
) -> None:
    online(ctx, "in_stock")
    here(ctx, 0)
    clock.advance(HOUR)
    here(ctx, 4)
    clock.advance(HOUR)
    (share,) = shares(ctx)
    assert (share.store, share.sku, share.kind, share.ms) == ("lille", "BAG", "out_here", HOUR)
    assert share.permille == HOUR * 1000 // share.of_ms
    with ctx.db.read() as session:
        lines = paradoxes.table(shares(ctx)).splitlines()
        assert lines[0].split(",") == list(paradoxes.COLUMNS)
        assert lines[1].startswith(f"lille,BAG,{share.day},out_here,3600,")
        for percent, many in ((4, {("lille", "out_here"): 1}), (5, {})):
            assert paradoxes.often(session, clock(), ["lille", "prado"], percent) == many


def test_the_reverse_is_counted_apart_and_nothing_is_written_while_it_lasts(
    ctx: Context, clock: TestClock
) -> None:
    online(ctx, "out_of_stock")
    here(ctx, 4)
    for _ in range(3):
        clock.advance(HOUR)
        assert paradoxes.observe(ctx) == 0
    online(ctx, "in_stock")
    here(ctx, 0)
    clock.advance(HOUR)
    assert sorted({(one.kind, one.ms) for one in shares(ctx)}) == [
        ("out_here", HOUR),
        ("out_online", 3 * HOUR),
    ]


def test_a_stretch_over_midnight_is_of_both_days(ctx: Context, clock: TestClock) -> None:
    online(ctx, "in_stock")
    for _ in range(10):
        here(ctx, 0)
        clock.advance(3 * HOUR)
    found = shares(ctx)
    assert len(found) == 2
    assert sum(one.ms for one in found) == 30 * HOUR
    assert all(one.ms <= one.of_ms for one in found)


def test_what_is_not_believed_any_more_contradicts_nothing(ctx: Context, clock: TestClock) -> None:
    online(ctx, "in_stock")
    here(ctx, 0)
    clock.advance(4 * HOUR)
    assert paradoxes.observe(ctx) == 1
    clock.advance(HOUR)
    assert [one.ms for one in shares(ctx)] == [4 * HOUR]


def test_a_long_past_is_forgotten(ctx: Context, clock: TestClock) -> None:
    online(ctx, "in_stock")
    here(ctx, 0)
    clock.advance(HOUR)
    here(ctx, 4)
    with ctx.db.write() as session:
        paradoxes.sweep(session, clock() + 1)
        assert not session.scalars(select(ParadoxRow)).all()
