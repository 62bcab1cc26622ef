"""Where else a product waits, from what stores count."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from playlists.facts import FactKey, FactLine, fact_line
from server.db.mappers import fact_from
from server.db.models import FactRow, StoreRow
from server.ports import Batch, StockReport
from server.services.base import outbox
from server.services.base.context import Context
from server.services.observed import neighbours
from server.services.observed.live_texts import live_text, way
from server.services.prices import intake
from server.services.prices.batches import Source
from tests.support.record import TestClock

PLACES = {"prado": (43.2700, 5.3900), "port": (43.2951, 5.3740), "aix": (43.5263, 5.4454)}
LILLE = {"lille": (50.6372, 3.0633)}
HOUR = 3_600_000


@pytest.fixture
def ctx(ctx: Context) -> Context:
    with ctx.db.write() as session:
        for name, (lat, lon) in {**PLACES, **LILLE}.items():
            session.add(
                StoreRow(
                    id=name,
                    name=name.title(),
                    zone="Europe/Paris",
                    lat_e6=round(lat * 1e6),
                    lon_e6=round(lon * 1e6),
                    regions=[],
                    country="FR",
                    hours=[],
                    special_hours=[],
                    brand={},
                    details={},
                    edited_at=0,
                )
            )
    return ctx


def counted(ctx: Context, store: str, quantity: int) -> None:
    batch = Batch(ctx.clock(), stock=(StockReport("BAG", store, quantity),))
    intake.take(ctx, Source("counts"), batch)


def line(ctx: Context, key: str) -> FactLine | None:
    with ctx.db.read() as session:
        rows = [fact_from(row) for row in session.scalars(select(FactRow))]
    return fact_line(rows, FactKey(key), ctx.clock(), ctx.clock() + HOUR)


def nearest(ctx: Context, store: str = "prado") -> object:
    found = line(ctx, f"nearest:BAG@{store}")
    return found.spans[0].value if found else None


def said(ctx: Context, name: str, language: str = "fr") -> str | None:
    found = live_text(name, lambda key: line(ctx, key), "Europe/Paris", ctx.clock())
    return found.texts[language]["text"] if found else None


def test_nothing_is_kept_of_what_nobody_asks(ctx: Context) -> None:
    counted(ctx, "port", 3)
    assert nearest(ctx) is None


def test_the_nearest_store_that_has_some_is_told_with_the_way(ctx: Context) -> None:
    counted(ctx, "aix", 3)
    neighbours.watch(ctx, ["BAG"])
    assert nearest(ctx) == "Aix"
    counted(ctx, "port", 1)
    assert (nearest(ctx), nearest(ctx, "aix"), nearest(ctx, "lille")) == ("Port", "Port", "")
    assert said(ctx, "nearest:BAG@prado") == "Port"
    assert said(ctx, "nearest.metres:BAG@prado") == "3,1\u00a0km"
    counted(ctx, "port", 0)
    assert nearest(ctx) == "Aix"
    counted(ctx, "aix", 0)
    assert nearest(ctx) == ""
    assert (said(ctx, "nearest:BAG@prado"), said(ctx, "nearest.metres:BAG@prado")) == (None, None)


def test_it_is_believed_as_long_as_the_other_stores_count(ctx: Context, clock: TestClock) -> None:
    counted(ctx, "port", 3)
    neighbours.watch(ctx, ["BAG"])
    clock.advance(3 * HOUR)
    counted(ctx, "aix", 3)
    found = live_text("nearest:BAG@prado", lambda key: line(ctx, key), "Europe/Paris", ctx.clock())
    assert found is not None
    assert found.gate == ("counts@port", 4 * HOUR)
    clock.advance(HOUR)
    assert nearest(ctx) is None
    neighbours.watch(ctx, ["BAG"])
    assert nearest(ctx) == "Aix"


def test_a_count_that_says_the_same_keeps_it_young_and_marks_nothing(
    ctx: Context, clock: TestClock
) -> None:
    counted(ctx, "port", 3)
    neighbours.watch(ctx, ["BAG"])
    for _ in range(3):
        clock.advance(2 * HOUR)
        claim = outbox.claim(ctx.db, "test", clock())
        with ctx.db.write() as session:
            outbox.settle(session, claim)
        counted(ctx, "port", 3)
        assert nearest(ctx) == "Port"
    with ctx.db.read() as session:
        assert not [key for key in outbox.unpublished(session) if key.startswith("nearest")]


def test_what_no_playlist_asks_any_more_is_forgotten(ctx: Context) -> None:
    counted(ctx, "port", 3)
    neighbours.watch(ctx, ["BAG"])
    neighbours.keep(ctx)
    assert nearest(ctx) is None


DAY = [[600, 1_170]]
AT = {  # Paris, Thursday 15 October 2026
    "14:32": ("ouvert jusqu’à 19\u00a0h\u00a030", "open until 7:30\u00a0pm"),
    "08:00": ("ouvre à 10\u00a0h", "opens at 10\u00a0am"),
    "20:00": ("ouvre demain à 10\u00a0h", "opens tomorrow at 10\u00a0am"),
}


@pytest.mark.parametrize("clock_says", AT)
def test_until_when_the_other_store_is_open_is_told(
    ctx: Context, clock: TestClock, clock_says: str
) -> None:
    clock.now = int(datetime.fromisoformat(f"2026-10-15T{clock_says}+02:00").timestamp() * 1000)
    with ctx.db.write() as session:
        session.get_one(StoreRow, "port").hours = [DAY] * 6 + [[]]
    counted(ctx, "port", 3)
    neighbours.watch(ctx, ["BAG"])
    french, english = (said(ctx, "nearest.hours:BAG@prado", one) for one in ("fr", "en"))
    assert (french, english) == AT[clock_says]
    assert said(ctx, "nearest.rough:BAG@prado") == f"quelques exemplaires|{french}"
    assert said(ctx, "nearest.count:BAG@prado") == f"3 exemplaires|{french}"


def test_after_a_weekend_the_day_is_named_and_special_hours_count(
    ctx: Context, clock: TestClock
) -> None:
    clock.now = int(datetime.fromisoformat("2026-10-16T20:00+02:00").timestamp() * 1000)
    with ctx.db.write() as session:
        row = session.get_one(StoreRow, "port")
        row.hours, row.special_hours = [DAY] * 6 + [[]], [["2026-10-17", []]]
    counted(ctx, "port", 1)
    neighbours.watch(ctx, ["BAG"])
    assert said(ctx, "nearest.hours:BAG@prado") == "ouvre lundi à 10\u00a0h"
    assert said(ctx, "nearest.hours:BAG@prado", "en") == "opens on Monday at 10\u00a0am"


@pytest.mark.parametrize(
    ("pieces", "rough", "count"),
    [
        (1, "last pieces", "1 left"),
        (2, "last pieces", "2 left"),
        (10, "a few left", "10 left"),
        (11, "plenty in stock", "over 10 left"),
        (500, "plenty in stock", "over 10 left"),
    ],
)
def test_how_many_the_other_store_has_is_told_roughly_or_up_to_ten(
    ctx: Context, pieces: int, rough: str, count: str
) -> None:
    counted(ctx, "port", pieces)
    neighbours.watch(ctx, ["BAG"])
    assert said(ctx, "nearest.rough:BAG@prado", "en") == rough
    assert said(ctx, "nearest.count:BAG@prado", "en") == count
    assert said(ctx, "nearest.hours:BAG@prado", "en") is None, "no hours are known"


@pytest.mark.parametrize(
    ("metres", "french", "english"),
    [
        (400, "400\u00a0m", "400\u00a0m"),
        (1_000, "1\u00a0km", "1\u00a0km"),
        (1_200, "1,2\u00a0km", "1.2\u00a0km"),
        (12_600, "13\u00a0km", "13\u00a0km"),
    ],
)
def test_a_way_is_said_in_short(metres: int, french: str, english: str) -> None:
    assert (way(metres, "fr"), way(metres, "en")) == (french, english)
