"""What stores count, from a source's report to the stock that plans and screens go by."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from playlists.facts import FactKey
from server.db.models import ConnectorRow, FactRow, ShelfRow
from server.ports import Batch, StockReport
from server.services.base.context import Context
from server.services.connectors import restocking
from server.services.observed.sellable import StockRules
from server.services.prices import intake
from server.services.prices.batches import Source
from tests.support.record import TestClock

RULES = StockRules(buffer=1, back_at=3, settle_ms=600_000)
COUNTS = Source("counts", stock=RULES)
MINUTE = 60_000


def counted(ctx: Context, quantity: int, reserved: int = 0, at_ms: int | None = None) -> None:
    """The store is read once."""
    at = ctx.clock() if at_ms is None else at_ms
    report = StockReport("BAG", "lille", quantity, reserved=reserved)
    intake.take(ctx, COUNTS, Batch(at, stock=(report,)))


def promised(ctx: Context) -> object:
    with ctx.db.read() as session:
        rows = select(FactRow.value).where(FactRow.key == FactKey("stock:BAG@lille"))
        return session.scalars(rows).one()["v"]


def shelf(ctx: Context) -> ShelfRow:
    with ctx.db.read() as session:
        return session.scalars(select(ShelfRow)).one()


def test_reserved_pieces_and_the_buffer_are_not_promised(ctx: Context) -> None:
    counted(ctx, 12, 3)
    assert promised(ctx) == 8
    assert (shelf(ctx).counted, shelf(ctx).reserved) == (12, 3)


def test_a_flapping_count_stays_out_until_enough_is_there(ctx: Context, clock: TestClock) -> None:
    said = []
    for quantity in (2, 1, 2, 1, 2, 3, 4):
        clock.advance(MINUTE)
        counted(ctx, quantity)
        said.append(promised(ctx))
    assert said == [1, 0, 0, 0, 0, 0, 3]


def test_a_few_pieces_come_back_by_themselves(ctx: Context, clock: TestClock) -> None:
    with ctx.db.write() as session:
        session.add(_connector())
    counted(ctx, 1)
    clock.advance(MINUTE)
    counted(ctx, 2)
    clock.advance(9 * MINUTE)
    assert restocking.come_back(ctx) == 0
    assert promised(ctx) == 0
    clock.advance(MINUTE)
    assert restocking.come_back(ctx) == 1
    assert promised(ctx) == 1
    assert shelf(ctx).back_since == 0


def test_an_older_count_changes_nothing(ctx: Context, clock: TestClock) -> None:
    before = clock.now
    clock.advance(MINUTE)
    counted(ctx, 9)
    counted(ctx, 2, at_ms=before)
    assert promised(ctx) == 8
    assert shelf(ctx).counted == 9


@pytest.mark.parametrize(("quantity", "reserved"), [(-1, 0), (3, -1)])
def test_less_than_nothing_is_not_taken(ctx: Context, quantity: int, reserved: int) -> None:
    report = StockReport("BAG", "lille", quantity, reserved=reserved)
    taken = intake.take(ctx, COUNTS, Batch(ctx.clock(), stock=(report,)))
    assert taken.refused == {"negative_stock": 1}
    with ctx.db.read() as session:
        assert not session.scalars(select(ShelfRow)).all()


def _connector() -> ConnectorRow:
    config = {"stock_buffer": 1, "stock_back_at": 3, "stock_settle_s": 600}
    return ConnectorRow(
        id="counts", kind="local_inventory", name="Counts", config=config, state={}, counters={}
    )
