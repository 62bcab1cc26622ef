"""From a change in the record to signed heads: who gets one, and when it takes effect."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import func, select

from playlists.ids import OverrideId, PlaylistId, ScreenId, Sku, StoreId
from playlists.model import Emergency, Good, Override, Target
from server.db.models import ObjectRow, ProfileRow, ScreenHeadRow
from server.ports import Batch, ProductReport
from server.services.base import outbox
from server.services.base.actors import SYSTEM
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish
from server.services.prices.intake import Source, take
from server.services.wishes import content, overrides
from tests.server.services.publishing.published import MINUTE, later, waiting
from tests.support.shops import (
    STORES,
    Watched,
    add_campaign,
    heads,
    plan_of,
    playlist,
    screen_ids,
    shown,
    title_of,
)


def test_every_screen_gets_35_days_signed(chain: Watched) -> None:
    for screen in screen_ids(*STORES):
        plan = plan_of(chain.ctx, screen)
        assert len(plan.manifest.days) == 35
        assert title_of(chain.ctx, screen) == "message"
    assert waiting(chain.ctx) == 0


def test_nothing_changed_publishes_nothing(chain: Watched) -> None:
    before = heads(chain.ctx)
    later(chain, 10 * MINUTE)
    with chain.ctx.db.write() as session:
        keys = ["campaigns@lille", "playlist:base", "base:chain", "emergencies", "store:lille"]
        outbox.mark(session, keys, chain.ctx.clock())
    assert chain.publish() == set()
    assert heads(chain.ctx) == before
    assert waiting(chain.ctx) == 0


def test_screens_that_read_the_same_share_one_profile(lite: Watched) -> None:
    with lite.ctx.db.read() as session:
        assert session.scalar(select(func.count()).select_from(ProfileRow)) == len(STORES)


def test_a_campaign_reaches_the_screens_of_its_stores_only(chain: Watched) -> None:
    later(chain)
    add_campaign(chain.ctx, "kites", stores=("lille",))
    assert chain.publish() == screen_ids("lille")
    later(chain)
    assert title_of(chain.ctx, "lille-window") == "kites"
    assert title_of(chain.ctx, "marseille-window") == "message"
    content.delete_campaign(chain.ctx, SYSTEM, "kites")
    assert chain.publish() == screen_ids("lille")
    later(chain)
    assert title_of(chain.ctx, "lille-window") == "message"


def test_a_campaign_for_a_tag_splits_the_stores_profile(chain: Watched) -> None:
    add_campaign(chain.ctx, "tills")
    campaign = content.get_campaign(chain.ctx, SYSTEM, "tills").value
    tagged = Target(tags_any=frozenset({"till"}))
    content.update_campaign(chain.ctx, SYSTEM, replace(campaign, target=tagged))
    later(chain)
    chain.publish()
    later(chain)
    assert title_of(chain.ctx, "lille-till") == "tills"
    assert title_of(chain.ctx, "lille-window") == "message"


def test_an_edit_takes_effect_at_the_end_of_the_slot_then_playing(chain: Watched) -> None:
    later(chain, 3_000)
    add_campaign(chain.ctx, "kites", stores=("lille",))
    before = shown(chain.ctx, "lille-window")
    chain.publish()
    after = shown(chain.ctx, "lille-window")
    assert (after.card, after.since, after.until) == (before.card, before.since, before.until)
    assert title_of(chain.ctx, "lille-window", before.until) == "kites"


def test_an_emergency_begins_and_ends_at_once(chain: Watched) -> None:
    ctx = chain.ctx
    content.create_playlist(ctx, SYSTEM, playlist("alarm", "leave", seconds=30))
    chain.publish()
    later(chain, 3_000)
    until = ctx.clock() + 60 * MINUTE
    alarm = Emergency(OverrideId("fire"), PlaylistId("alarm"), Target(), ctx.clock(), until)
    overrides.create_emergency(ctx, SYSTEM, alarm)
    assert chain.publish() == screen_ids(*STORES)
    assert title_of(ctx, "lille-window") == "leave"
    later(chain, 7_000)
    overrides.end_emergency(ctx, SYSTEM, "fire")
    assert chain.publish() == screen_ids(*STORES)
    assert title_of(ctx, "lille-window") == "message"


def test_an_override_of_one_screen_leaves_its_neighbour(chain: Watched) -> None:
    ctx = chain.ctx
    content.create_playlist(ctx, SYSTEM, playlist("till", "cash only"))
    hand = Override(
        OverrideId("cash"),
        StoreId("lille"),
        "show",
        ctx.clock(),
        ctx.clock() + 60 * MINUTE,
        PlaylistId("till"),
        screens=frozenset({ScreenId("lille-till")}),
    )
    overrides.create_override(ctx, SYSTEM, hand)
    assert chain.publish() == {"lille-till"}
    later(chain)
    assert title_of(ctx, "lille-till") == "cash only"
    assert title_of(ctx, "lille-window") == "message"
    later(chain, 60 * MINUTE)
    assert title_of(ctx, "lille-till") == "message"


def test_a_new_screen_gets_its_plan_and_a_deleted_one_leaves_nothing(chain: Watched) -> None:
    places.create_screen(chain.ctx, SYSTEM, ScreenWish("aisle", "lille", 1080, 1920), "lille-aisle")
    assert chain.publish() == {"lille-aisle"}
    places.delete_screen(chain.ctx, SYSTEM, "lille-aisle")
    assert chain.publish() == set()
    with chain.ctx.db.read() as session:
        assert session.scalar(select(func.count()).select_from(ProfileRow)) == len(STORES)


def test_a_new_price_touches_no_plan(chain: Watched) -> None:
    ctx = chain.ctx
    shop = Source("feed", shop="pluvier")
    bag = ProductReport("BAG", "EUR", 11990, names={"fr": {"name": "Estran 28", "lead": "Sac"}})
    take(ctx, shop, Batch(ctx.clock(), whole=True, products=(bag,)))
    content.update_playlist(ctx, SYSTEM, playlist("base", "message", goods=(Good(Sku("BAG")),)))
    assert chain.publish() == screen_ids(*STORES)
    before = heads(ctx)
    later(chain)
    cheaper = ProductReport("BAG", "EUR", 9990, names=bag.names)
    take(ctx, shop, Batch(ctx.clock(), whole=True, products=(cheaper,)))
    assert chain.publish() == set()
    assert heads(ctx) == before


def test_a_product_that_the_shop_drops_leaves_the_air(lite: Watched) -> None:
    ctx = lite.ctx
    content.update_playlist(ctx, SYSTEM, playlist("base", "message", goods=(Good(Sku("BAG")),)))
    lite.publish()
    later(lite)
    assert shown(ctx, "lille-window").card is None
    bag = ProductReport("BAG", "EUR", 11990, names={"fr": {"name": "Estran 28", "lead": "Sac"}})
    take(ctx, Source("feed", shop="pluvier"), Batch(ctx.clock(), whole=True, products=(bag,)))
    assert lite.publish() == screen_ids(*STORES)
    later(lite)
    assert title_of(ctx, "lille-window") == "message"


def test_write_transactions_hold_a_bounded_number_of_plans(lite: Watched) -> None:
    """A store with many profiles is stored in several transactions, each screen once."""
    for number in range(40):
        wish = ScreenWish(f"s{number}", "lille", 800 + number, 600)
        places.create_screen(lite.ctx, SYSTEM, wish, f"lille-{number}")
    lite.publish()
    assert sum(len(done.heads) for done in lite.told) == 40
    assert len(lite.told) >= 3


def test_objects_are_stored_once(lite: Watched) -> None:
    with lite.ctx.db.read() as session:
        chunks = select(func.count()).select_from(ObjectRow).where(ObjectRow.kind == "chunk")
        first = session.scalar(chunks)
    later(lite)
    add_campaign(lite.ctx, "kites", stores=("lille",))
    lite.publish()
    content.delete_campaign(lite.ctx, SYSTEM, "kites")
    later(lite)
    lite.publish()
    with lite.ctx.db.read() as session:
        again = session.scalar(chunks)
    assert first is not None
    assert again is not None
    assert again - first <= 6  # three kinds of day with kites (DST), today's two, no more
    with lite.ctx.db.read() as session:
        assert session.scalar(select(func.count()).select_from(ScreenHeadRow)) == 4
