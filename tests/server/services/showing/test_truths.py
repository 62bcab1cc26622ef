"""Where a condition is true now, and what a draft's cards would look like there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.conditions import All, Compare, Condition, Not, Truth
from playlists.facts import FactKey
from playlists.ids import ItemId, PlaylistId, Sku
from playlists.model import Card, Good, Item
from playlists.schedule import ALWAYS, Daypart, Edge, Schedule
from server.errors import NotFound
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import ScreenWish
from server.services.chain.places import create_screen
from server.services.showing.picturing import pictures
from server.services.showing.shelf import names_of_goods, shelf
from server.services.showing.truths import Judged, counting_zones, scene, shops
from tests.support.record import TestClock
from tests.support.small_shop import lay_out
from tests.support.studio import set_fact

LILLE_ONLY = replace(SYSTEM, stores=frozenset({"lille"}))
STOCK = Compare(FactKey("stock:BAG@{store}"), ">=", 1)
HOUR_MS = 3_600_000


def judge(
    ctx: Context, store: str, condition: Condition | None, schedule: Schedule = ALWAYS
) -> Judged:
    """One item in one store."""
    asked = [condition] if condition else []
    found = scene(ctx, SYSTEM, ["lille", "prado"], asked, [schedule])
    place = next(one for one in found.stores if one.id == store)
    return found.judge(place, condition, schedule)


def test_three_values(ctx: Context, clock: TestClock) -> None:
    lay_out(ctx)
    set_fact(ctx, "stock:BAG@lille", 3, "shop@lille")
    set_fact(ctx, "stock:BAG@prado", 0, "shop@prado")
    assert judge(ctx, "lille", STOCK).plays
    assert judge(ctx, "prado", STOCK).truth is Truth.FALSE
    assert judge(ctx, "prado", STOCK).reasons[0].had == 0
    rain = Compare(FactKey("weather.rain:{store}"), ">=", 2)
    assert judge(ctx, "lille", Not(rain)).truth is Truth.UNKNOWN
    assert not judge(ctx, "lille", All((STOCK, rain))).plays
    clock.advance(5 * HOUR_MS)
    assert judge(ctx, "lille", STOCK).truth is Truth.UNKNOWN


def test_the_zone_where_it_is_truest(ctx: Context) -> None:
    lay_out(ctx)
    wish = ScreenWish("Tills", "lille", place="tills")
    create_screen(ctx, SYSTEM, wish, "lille-tills")
    set_fact(ctx, "occupancy:tills@lille", 14, "counters@lille")
    crowd = Compare(FactKey("occupancy:{place}@{store}"), ">=", 12)
    assert judge(ctx, "lille", crowd).plays
    assert judge(ctx, "prado", crowd).truth is Truth.UNKNOWN
    assert counting_zones(ctx, SYSTEM, ["lille", "prado"]) == ("tills",)
    assert counting_zones(ctx, LILLE_ONLY, ["prado"]) == ()


def test_hours_and_when_they_change(ctx: Context, clock: TestClock) -> None:
    lay_out(ctx)
    evening = Schedule(dayparts=(Daypart(Edge("clock", 18 * 60), Edge("clock", 20 * 60)),))
    before = judge(ctx, "lille", None, evening)
    assert not before.plays
    assert before.changes_at == clock() + (3 * 60 + 28) * 60_000
    clock.advance(4 * HOUR_MS)
    assert judge(ctx, "lille", None, evening).plays
    over = judge(ctx, "lille", None, Schedule(end="2026-10-01"))
    assert (over.planned, over.changes_at) == (False, None)
    dusk = Schedule(dayparts=(Daypart(Edge("sunset", 0), Edge("clock", 1380)),))
    assert judge(ctx, "lille", None, dusk).changes_at is not None


def test_only_ones_own_stores(ctx: Context) -> None:
    lay_out(ctx)
    assert [shop.id for shop in shops(ctx, LILLE_ONLY)] == ["lille"]
    assert [one.id for one in scene(ctx, LILLE_ONLY, ["lille", "prado"], ()).stores] == ["lille"]
    with pytest.raises(NotFound):
        pictures(ctx, LILLE_ONLY, "prado", (), "fr")


def test_cards_as_a_store_would_paint_them(ctx: Context) -> None:
    lay_out(ctx)
    bag = Card("price", goods=(Good(Sku("BAG")),))
    items = (
        Item(ItemId("bag"), bag),
        Item(ItemId("inside"), PlaylistId("lille")),
        Item(ItemId("empty"), Card("message", texts={"headline": {"fr": ""}})),
        Item(ItemId("gone"), PlaylistId("nothing")),
    )
    found = pictures(ctx, SYSTEM, "lille", items, "fr")
    assert [price.sku for price in found["bag"].prices] == ["BAG"]
    assert found["bag"].offers
    assert found["inside"].card is not None
    assert found["empty"].card is None
    assert found["gone"].card is None


def test_the_price_leaves_the_picture_with_its_lease(ctx: Context, clock: TestClock) -> None:
    lay_out(ctx)
    items = [Item(ItemId("bag"), Card("price", goods=(Good(Sku("BAG")),)))]
    clock.advance(5 * HOUR_MS)
    assert pictures(ctx, SYSTEM, "lille", items, "fr")["bag"].prices == ()


def test_the_shelf(any_ctx: Context) -> None:
    lay_out(any_ctx)
    set_fact(any_ctx, "stock:BAG@lille", 3, "shop@lille")
    for asked in ("", "estran", "bag", "28"):
        (good,) = shelf(any_ctx, SYSTEM, "lille", asked, "fr")
        assert (good.name, good.price, good.stock) == ("Estran 28", "119,90\u00a0€", 3)
    assert shelf(any_ctx, SYSTEM, "lille", "100%", "fr") == ()
    assert names_of_goods(any_ctx, ["BAG", "OTHER"], "fr") == {"BAG": "Estran 28"}
