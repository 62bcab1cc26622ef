"""What each viewer may fetch, by the plans in force for it."""

from __future__ import annotations

import json

import pytest

from server.db.models import ScreenHeadRow
from server.errors import NotFound
from server.services.base.context import Context
from server.services.screens import delivery
from server.services.screens.devices import Viewer
from tests.support.record import TestClock
from tests.support.small_shop import CHANNEL, Shop, lay_out, publish

LILLE = Viewer(("lille-window",), "d" * 16)
PRADO = Viewer(("prado-window",), "e" * 16)
WALL = Viewer(("lille-window", "prado-window"))


@pytest.fixture
def ctx(any_ctx: Context) -> Context:
    """Everything here is asked of SQLite and of PostgreSQL."""
    return any_ctx


@pytest.fixture
def shop(ctx: Context) -> Shop:
    return lay_out(ctx)


def manifest_of(ctx: Context, screen: str) -> str:
    with ctx.db.read() as session:
        return session.get_one(ScreenHeadRow, screen).manifest


def test_a_screen_has_its_own_plan_whole_and_no_other(ctx: Context, shop: Shop) -> None:
    manifest = manifest_of(ctx, "lille-window")
    body = json.loads(delivery.object_bytes(ctx, LILLE, manifest))
    for sha in {body["deck"], *(day[3] for day in body["days"])}:
        assert delivery.object_bytes(ctx, LILLE, sha)
    assert delivery.asset_file(ctx, LILLE, shop.lille).mime == "image/webp"
    for ask in (
        lambda: delivery.object_bytes(ctx, PRADO, manifest),
        lambda: delivery.asset_file(ctx, PRADO, shop.lille),
        lambda: delivery.offers_from(ctx, PRADO, CHANNEL, 0),
        lambda: delivery.asset_file(ctx, LILLE, shop.secret),
    ):
        with pytest.raises(NotFound):
            ask()


def test_what_a_plan_was_made_from_is_not_the_screens_to_read(ctx: Context, shop: Shop) -> None:
    from sqlalchemy import select

    from server.db.models import ObjectRow

    with ctx.db.read() as session:
        inputs = session.scalars(select(ObjectRow.sha).where(ObjectRow.kind == "inputs")).all()
    assert inputs
    for sha in inputs:
        with pytest.raises(NotFound):
            delivery.object_bytes(ctx, LILLE, sha)


def test_a_page_on_the_wall_sees_what_its_screens_do(ctx: Context, shop: Shop) -> None:
    for screen, picture in (("lille-window", shop.lille), ("prado-window", shop.prado)):
        assert delivery.object_bytes(ctx, WALL, manifest_of(ctx, screen))
        assert delivery.asset_file(ctx, WALL, picture).size > 0


def test_an_overtaken_plan_is_there_until_a_player_had_time(
    ctx: Context, clock: TestClock, shop: Shop
) -> None:
    old = manifest_of(ctx, "lille-window")
    clock.advance(86_400_000 - delivery.OVERTAKEN_MS // 2)
    publish(ctx)
    clock.advance(delivery.OVERTAKEN_MS // 2)
    publish(ctx)
    now_playing = manifest_of(ctx, "lille-window")
    assert now_playing != old
    assert delivery.object_bytes(ctx, LILLE, now_playing)
    with pytest.raises(NotFound):
        delivery.object_bytes(ctx, LILLE, old)


def test_a_file_that_left_the_store_is_missing_not_a_fault(ctx: Context, shop: Shop) -> None:
    ctx.media.delete(shop.lille)
    with pytest.raises(NotFound):
        delivery.asset_file(ctx, LILLE, shop.lille)
