"""From a change in the record to signed heads: who gets one, when it takes effect, what lasts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from playlists.ids import OverrideId, PlaylistId, ScreenId, Sku, StoreId
from playlists.model import Emergency, Good, Override, Target
from server.db.models import HeadRow, ObjectRow, ProfileRow, ScreenHeadRow
from server.ports import Batch, ProductReport
from server.services.base import outbox
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.base.keys import rotate
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish
from server.services.keeping.retention import mark_expired
from server.services.prices.intake import Source, take
from server.services.publishing.planning import Planner
from server.services.publishing.publish import TRIES
from server.services.publishing.storing import Storer
from server.services.wishes import content, overrides
from tests.support.record import START_MS, TestClock, make_context
from tests.support.shops import (
    STORES,
    Watched,
    add_campaign,
    heads,
    observe_rain,
    open_chain,
    plan_of,
    playlist,
    screen_ids,
    shown,
    title_of,
)

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


@pytest.fixture
def chain(any_ctx: Context) -> Watched:
    """The small chain, published."""
    return published(any_ctx)


@pytest.fixture
def lite(ctx: Context) -> Watched:
    """The same on SQLite only."""
    return published(ctx)


def published(ctx: Context) -> Watched:
    open_chain(ctx)
    watched = Watched(ctx)
    assert watched.publish() == screen_ids(*STORES)
    return watched


def later(watched: Watched, ms: int = MINUTE) -> None:
    assert isinstance(watched.ctx.clock, TestClock)
    watched.ctx.clock.advance(ms)


def waiting(ctx: Context) -> int:
    with ctx.db.read() as session:
        return outbox.pending(session)


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


def test_rain_resolves_only_the_profiles_that_read_it(
    chain: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_campaign(chain.ctx, "umbrellas", rain=True)
    chain.publish()
    asked = watch_plans(monkeypatch)
    later(chain)
    observe_rain(chain.ctx, "lille", 12)
    assert chain.publish() == screen_ids("lille")
    assert asked == [("facts", "lille")]
    later(chain)
    assert title_of(chain.ctx, "lille-window") == "umbrellas"
    later(chain)
    observe_rain(chain.ctx, "lille", 14)
    assert chain.publish() == set()


def test_facts_alone_come_to_the_same_for_a_worker_that_remembers_and_one_that_does_not(
    chain: Watched,
) -> None:
    add_campaign(chain.ctx, "umbrellas", rain=True)
    chain.publish()
    for minute, rain in enumerate((12, 0, 9)):
        later(chain, 70_000)
        observe_rain(chain.ctx, "lille", rain)
        assert chain.publish() == screen_ids("lille"), minute
        before = heads(chain.ctx)
        with chain.ctx.db.write() as session:
            outbox.mark(session, ["store:lille", "weather.rain:lille"], chain.ctx.clock())
        assert Watched(chain.ctx).publish() == set()
        assert heads(chain.ctx) == before
        with chain.ctx.db.write() as session:
            outbox.mark(session, ["store:lille"], chain.ctx.clock())
        chain.publish()


def test_facts_alone_are_asked_only_over_what_this_very_worker_stored(
    lite: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = lite.ctx
    add_campaign(ctx, "umbrellas", rain=True)
    lite.publish()
    later(lite)
    content.update_playlist(ctx, SYSTEM, playlist("p-umbrellas", "wet"))
    other = Watched(ctx)
    other.publish()
    asked = watch_plans(monkeypatch)
    later(lite)
    observe_rain(ctx, "lille", 12)
    assert lite.publish() == screen_ids("lille")
    assert asked == [("all", "lille")]
    later(lite)
    assert title_of(ctx, "lille-window") == "wet"
    asked.clear()
    later(lite)
    observe_rain(ctx, "lille", 0)
    content.update_playlist(ctx, SYSTEM, playlist("p-umbrellas", "wetter"))
    lite.publish()
    observe_rain(ctx, "lille", 13)
    lite.publish()
    assert ("facts", "lille") in asked
    later(lite)
    assert title_of(ctx, "lille-window") == "wetter"


def test_a_night_makes_facts_be_asked_over_the_next_days(
    lite: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_campaign(lite.ctx, "umbrellas", rain=True)
    lite.publish()
    later(lite, DAY)
    asked = watch_plans(monkeypatch)
    observe_rain(lite.ctx, "lille", 12)
    lite.publisher.run_dry()
    assert asked == [("all", "lille")]
    later(lite)
    assert title_of(lite.ctx, "lille-window") == "umbrellas"
    assert len(plan_of(lite.ctx, "lille-window").manifest.days) == 35


def watch_plans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """How each store is planned from now on: all of it, or its facts alone."""
    asked: list[tuple[str, str]] = []
    everything, facts = Planner.plan, Planner.plan_facts

    def plan(self: Planner, session: Any, snapshot: Any, store: str, keys: Any = None) -> Any:
        asked.append(("all", store))
        return everything(self, session, snapshot, store, keys)

    def plan_facts(self: Planner, session: Any, now: int, store: str, *rest: Any) -> Any:
        found = facts(self, session, now, store, *rest)
        if found is not None:
            asked.append(("facts", store))
        return found

    monkeypatch.setattr(Planner, "plan", plan)
    monkeypatch.setattr(Planner, "plan_facts", plan_facts)
    return asked


def test_rain_that_lapses_is_unknown_and_shows_no_umbrellas(lite: Watched) -> None:
    add_campaign(lite.ctx, "umbrellas", rain=True)
    observe_rain(lite.ctx, "lille", 12)
    lite.publish()
    since = lite.ctx.clock()
    later(lite, 3 * 60 * MINUTE)
    mark_expired(lite.ctx, since)
    assert lite.publish() == screen_ids("lille")
    later(lite)
    assert title_of(lite.ctx, "lille-window") == "message"


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


def test_a_key_marked_while_claimed_is_published_again(
    chain: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit that lands between resolving and storing is not lost, and the old plan not stored."""
    ctx = chain.ctx
    real = Storer.store
    edits = iter(("kites", "tents"))

    def store(self: Storer, session: Any, *args: Any) -> Any:
        title = next(edits, None)
        if title is not None:
            outbox.mark(session, ["playlist:base"], ctx.clock())
        return real(self, session, *args)

    later(chain)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    monkeypatch.setattr(Storer, "store", store)
    assert chain.publish() == screen_ids(*STORES)
    assert waiting(ctx) == 0


def test_an_edit_between_snapshot_and_store_keeps_the_older_plan_back(
    lite: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = lite.ctx
    real = Planner.plan
    raced: list[str] = []

    def plan(self: Planner, *args: Any) -> Any:
        found = real(self, *args)
        if not raced:
            raced.append("once")
            content.update_playlist(ctx, SYSTEM, playlist("base", "third"))
        return found

    monkeypatch.setattr(Planner, "plan", plan)
    later(lite)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    lite.publish()
    with ctx.db.read() as session:
        issued = select(func.count()).select_from(HeadRow).where(HeadRow.screen_id == "lille-till")
        assert session.scalar(issued) == 2  # the first, and the third: the second never left
    later(lite)
    assert title_of(ctx, "lille-till") == "third"


def test_a_key_that_never_rests_is_published_all_the_same(
    lite: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = lite.ctx
    real = Planner.plan
    churned = iter(range(TRIES + 1))

    def plan(self: Planner, *args: Any) -> Any:
        found = real(self, *args)
        if next(churned, None) is not None:
            with ctx.db.write() as session:
                outbox.mark(session, ["playlist:base"], ctx.clock())
        return found

    later(lite)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    monkeypatch.setattr(Planner, "plan", plan)
    for _ in range(TRIES + 1):
        lite.publisher.step()
    assert any(done.heads for done in lite.told)
    lite.publisher.run_dry()
    assert waiting(ctx) == 0


STEPS: tuple[tuple[type, str], ...] = (
    (Planner, "open"),
    (Planner, "plan"),
    (Storer, "store"),
    (Storer, "_issue"),
)


@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[step for _, step in STEPS])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_the_next_worker_finishes(
    chain: Watched, monkeypatch: pytest.MonkeyPatch, owner: type, step: str, after: bool
) -> None:
    ctx = chain.ctx
    before = heads(ctx)
    later(chain)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    real: Callable[..., Any] = getattr(owner, step)

    def killed(*args: Any) -> Any:
        if after:
            real(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, killed)
        with pytest.raises(KeyboardInterrupt):
            chain.publish()
    assert heads(ctx) == before
    later(chain, outbox.CLAIM_MS)
    successor = Watched(ctx)
    assert successor.publish() == screen_ids(*STORES)
    assert waiting(ctx) == 0
    later(chain)
    assert title_of(ctx, "lille-window") == "second"


def test_a_profile_that_cannot_be_resolved_stops_no_other_and_is_tried_again(
    lite: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = lite.ctx
    real: Callable[..., Any] = Planner._prepare

    def broken(self: Planner, session: Any, gathered: Any, *rest: Any) -> Any:
        if gathered.situation.store.id == "lille":
            raise RuntimeError("a fault")
        return real(self, session, gathered, *rest)

    later(lite)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    with monkeypatch.context() as patch:
        patch.setattr(Planner, "_prepare", broken)
        assert lite.publish() == screen_ids("marseille")
    assert waiting(ctx) > 0
    later(lite, outbox.CLAIM_MS)
    assert lite.publish() == screen_ids("lille")
    assert waiting(ctx) == 0


def test_two_workers_store_each_change_and_never_an_older_plan_over_a_newer(
    chain: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker stalls between resolving and storing; the second publishes a later edit."""
    ctx = chain.ctx
    slow, quick = chain, Watched(ctx)
    real = Planner.plan
    stalled: list[str] = []

    def plan(self: Planner, *args: Any) -> Any:
        found = real(self, *args)
        if self is slow.publisher.planner and not stalled:
            stalled.append("once")
            content.update_playlist(ctx, SYSTEM, playlist("base", "third"))
            quick.publish()
        return found

    monkeypatch.setattr(Planner, "plan", plan)
    later(chain)
    content.update_playlist(ctx, SYSTEM, playlist("base", "second"))
    slow.publish()
    assert waiting(ctx) == 0
    later(chain)
    for screen in screen_ids(*STORES):
        assert title_of(ctx, screen) == "third"


def test_each_store_rolls_a_day_every_night(chain: Watched) -> None:
    before = {screen: plan_of(chain.ctx, screen).manifest.days for screen in screen_ids(*STORES)}
    later(chain, DAY)
    assert chain.publish() == screen_ids(*STORES)
    for screen, days in before.items():
        rolled = plan_of(chain.ctx, screen).manifest.days
        assert rolled[:-1] == days[1:]
    assert chain.publish() == set()


def test_stores_roll_at_their_own_times_within_the_spread(lite: Watched) -> None:
    with lite.ctx.db.read() as session:
        times = set(session.scalars(select(ProfileRow.rolls_at)))
    midnight = int(datetime(2026, 10, 15, 22, tzinfo=UTC).timestamp() * 1000)
    spread = lite.ctx.settings.switch_roll_spread_s * 1000
    assert len(times) == len(STORES)
    assert all(midnight <= at < midnight + spread for at in times)


def test_the_roll_of_a_night_when_clocks_change_tiles_the_days(lite: Watched) -> None:
    """25 October 2026 has 25 hours in Lille."""
    later(lite, 10 * DAY)
    assert lite.publish() == screen_ids(*STORES)
    days = plan_of(lite.ctx, "lille-window").manifest.days
    assert days[0].date == "2026-10-25"
    assert days[0].until_ms - days[0].from_ms == 25 * 60 * MINUTE
    assert all(before.until_ms == after.from_ms for before, after in pairwise(days))
    lite.ctx.clock.now = days[0].until_ms + 2 * 60 * MINUTE  # type: ignore[attr-defined]
    assert lite.publish() == screen_ids(*STORES)
    assert plan_of(lite.ctx, "lille-window").manifest.days[0].date == "2026-10-26"


def test_heads_are_renewed_at_half_their_life_with_the_same_plan(chain: Watched) -> None:
    before = {screen: plan_of(chain.ctx, screen).manifest for screen in screen_ids(*STORES)}
    first = heads(chain.ctx)
    chain.publisher.renew_heads()
    assert heads(chain.ctx) == first
    later(chain, chain.ctx.settings.head_life_ms // 2)
    chain.publisher.renew_heads()
    assert all(heads(chain.ctx)[screen] > first[screen] for screen in first)
    assert {screen: plan_of(chain.ctx, screen).manifest for screen in before} == before


def test_a_rotated_key_signs_every_head_anew(lite: Watched, clock: TestClock) -> None:
    before = heads(lite.ctx)
    keys = rotate(lite.ctx.settings.data_dir / "keys", clock.advance(MINUTE))
    renewed = Watched(replace(lite.ctx, keys=keys))
    renewed.publisher.renew_heads()
    assert all(heads(lite.ctx)[screen] > before[screen] for screen in before)
    plan_of(renewed.ctx, "lille-window")
    count = len(renewed.told)
    renewed.publisher.renew_heads()
    assert len(renewed.told) == count


def test_a_restored_backup_goes_on_above_every_revision_given_out(
    tmp_path: Path, clock: TestClock
) -> None:
    ctx = make_context(tmp_path, clock=clock)
    watched = published(ctx)
    db, backup = (sqlite3.connect(tmp_path / name) for name in ("enseigne.db", "backup.db"))
    db.backup(backup)
    db.close()
    backup.close()
    for title in ("second", "third"):
        later(watched)
        content.update_playlist(ctx, SYSTEM, playlist("base", title))
        watched.publish()
    given_out = heads(ctx)
    ctx.db.close()
    later(watched)
    restored = make_context(tmp_path, f"sqlite:///{tmp_path / 'backup.db'}", clock)
    content.update_playlist(restored, SYSTEM, playlist("base", "after"))
    Watched(restored).publish()
    assert all(heads(restored)[screen] > given_out[screen] for screen in given_out)
    restored.db.close()


def test_a_clock_that_goes_back_still_gives_growing_revisions(lite: Watched) -> None:
    before = heads(lite.ctx)
    later(lite, -60 * MINUTE)
    content.update_playlist(lite.ctx, SYSTEM, playlist("base", "second"))
    lite.publish()
    assert all(heads(lite.ctx)[screen] == before[screen] + 1 for screen in before)


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


def test_the_window_begins_today(lite: Watched) -> None:
    day = plan_of(lite.ctx, "lille-window").manifest.days[0]
    assert day.from_ms <= START_MS < day.until_ms
