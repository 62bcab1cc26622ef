"""A sale announced for later than offers reach ahead is written into them when it comes near."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from server.db.models import ChannelRow, OfferRow
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import horizon
from server.services.prices.batches import Source
from server.services.prices.compiling import HORIZON_MS
from server.services.prices.intake import take
from tests.support.record import START_MS, TestClock

DAY = 24 * 3_600_000
SHOP = Source("feed", shop="pluvier")
BAG = ProductReport("BAG", "EUR", 11_990, names={"fr": {"name": "Estran"}}, version="1")
SALE = replace(
    BAG,
    version="2",
    sale_price=9_990,
    sale_from=START_MS + HORIZON_MS + 5 * DAY,
    sale_until=START_MS + HORIZON_MS + 12 * DAY,
)


@pytest.fixture
def announced(any_ctx: Context, clock: TestClock) -> Context:
    """A store whose shop announces a sale that lies beyond the horizon."""
    wish = StoreWish("Lille", "Europe/Paris", 0, 0, channel="pluvier@lille")
    create_store(any_ctx, SYSTEM, wish, "lille")
    take(any_ctx, SHOP, Batch(START_MS, products=(BAG,)))
    take(any_ctx, SHOP, Batch(clock.advance(1000), products=(SALE,)))
    assert prices(any_ctx) == [11_990]
    return any_ctx


def prices(ctx: Context) -> list[int]:
    with ctx.db.read() as session:
        return [step[2] for step in session.scalars(select(OfferRow.body)).one()["st"]]


def version(ctx: Context) -> int:
    with ctx.db.read() as session:
        return session.scalars(select(ChannelRow.version)).one()


def test_a_sale_that_comes_near_is_written(announced: Context, clock: TestClock) -> None:
    before = version(announced)
    clock.advance(6 * DAY)
    horizon.extend(announced)
    assert prices(announced) == [11_990, 9_990]
    assert version(announced) > before


def test_its_end_is_written_too(announced: Context, clock: TestClock) -> None:
    clock.advance(6 * DAY)
    horizon.extend(announced)
    clock.advance(7 * DAY)
    horizon.extend(announced)
    assert prices(announced) == [11_990, 9_990, 11_990]


def test_what_is_still_far_off_moves_nothing(announced: Context, clock: TestClock) -> None:
    before = version(announced)
    clock.advance(4 * DAY)
    horizon.extend(announced)
    assert prices(announced) == [11_990]
    assert version(announced) == before
