"""Where else a product waits, from what stores count."""

from __future__ import annotations

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
