"""The demo's chain in a record, published, with two days behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from playlists.ids import Sku
from playlists.pricing import Offer
from playlists.wire.offers import offer_from_json
from server.db.models import OfferRow
from server.demo.catalogue import CHAIN, CURRENCY
from server.demo.goods import PRODUCTS
from server.ports import Batch, ProductReport
from server.services.base.context import Context
from server.services.prices import intake
from tests.support.record import START_MS, TestClock, make_context
from tests.support.shops import Watched
from tests.support.studio import furnish, set_fact, set_prices

HOUR_MS = 3_600_000
PAST_MS = 54 * HOUR_MS
STEP_MS = 3 * HOUR_MS

Offers = Mapping[str, Mapping[Sku, Offer]]


@dataclass
class Lived:
    """A chain that was published again and again from `began` to its clock's present."""

    ctx: Context
    began: int
    published: int
    told: tuple[tuple[int, Offers], ...]
    """What every channel said, each time from an instant (unix ms) on."""

    @property
    def now(self) -> int:
        """The present."""
        return self.ctx.clock()


def said_now(ctx: Context) -> Offers:
    """The offers as they stand."""
    found: dict[str, dict[Sku, Offer]] = {}
    with ctx.db.read() as session:
        for row in session.scalars(select(OfferRow)):
            found.setdefault(row.channel, {})[Sku(row.sku)] = offer_from_json(row.body)
    return found


def move_prices(ctx: Context, turn: int) -> None:
    """The shop changes every third price by some cents."""
    moved = tuple(
        ProductReport(product.sku, CURRENCY, product.price_minor + 10 * (turn + 1))
        for product in PRODUCTS[turn % 3 :: 3]
    )
    intake.take(ctx, intake.Source("feed", shop=CHAIN), Batch(ctx.clock(), products=moved))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Rain and crowds come and go; prices move; what plays changes; nights pass."""
    clock = TestClock()
    ctx = make_context(tmp_path_factory.mktemp("lived"), clock=clock)
    furnish(ctx)
    watched = Watched(ctx)
    published = len(watched.publish())
    told = [(clock.now, said_now(ctx))]
    for turn in range(PAST_MS // STEP_MS):
        clock.advance(STEP_MS)
        set_prices(ctx)
        move_prices(ctx, turn)
        told.append((clock.now, said_now(ctx)))
        for store, wet in (("lille", turn % 2), ("vieux-port", turn % 3), ("prado", 0)):
            set_fact(ctx, f"weather.rain:{store}", 12 * wet, f"sky@{store}")
            set_fact(ctx, f"weather.temperature:{store}", 60 + 20 * turn, f"sky@{store}")
        set_fact(ctx, "occupancy:tills@lille", 14 if turn % 2 else 3, "counters@lille")
        published += len(watched.publish())
    yield Lived(ctx, START_MS, published, tuple(told))
    ctx.db.close()
