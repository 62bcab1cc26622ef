"""What the clock brings: nightly rolls, heads renewed, revisions that only grow."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import select

from server.db.models import ProfileRow
from server.services.base.actors import SYSTEM
from server.services.base.keys import rotate
from server.services.wishes import content
from tests.server.services.publishing.published import DAY, MINUTE, later, published
from tests.support.record import START_MS, TestClock, make_context
from tests.support.shops import (
    STORES,
    Watched,
    heads,
    plan_of,
    playlist,
    screen_ids,
)


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


def test_the_window_begins_today(lite: Watched) -> None:
    day = plan_of(lite.ctx, "lille-window").manifest.days[0]
    assert day.from_ms <= START_MS < day.until_ms
