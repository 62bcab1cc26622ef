"""The demo's chain in a record, published, with two days behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from server.services.base.context import Context
from tests.support.record import START_MS, TestClock, make_context
from tests.support.shops import Watched
from tests.support.studio import furnish, set_fact, set_prices

HOUR_MS = 3_600_000
PAST_MS = 54 * HOUR_MS
STEP_MS = 3 * HOUR_MS


@dataclass
class Lived:
    """A chain that was published again and again from `began` to its clock's present."""

    ctx: Context
    began: int
    published: int

    @property
    def now(self) -> int:
        """The present."""
        return self.ctx.clock()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Rain and crowds come and go; what plays changes; nights pass."""
    clock = TestClock()
    ctx = make_context(tmp_path_factory.mktemp("lived"), clock=clock)
    furnish(ctx)
    watched = Watched(ctx)
    published = len(watched.publish())
    for turn in range(PAST_MS // STEP_MS):
        clock.advance(STEP_MS)
        set_prices(ctx)
        for store, wet in (("lille", turn % 2), ("vieux-port", turn % 3), ("prado", 0)):
            set_fact(ctx, f"weather.rain:{store}", 12 * wet, f"sky@{store}")
            set_fact(ctx, f"weather.temperature:{store}", 60 + 20 * turn, f"sky@{store}")
        set_fact(ctx, "occupancy:tills@lille", 14 if turn % 2 else 3, "counters@lille")
        published += len(watched.publish())
    yield Lived(ctx, START_MS, published)
    ctx.db.close()
