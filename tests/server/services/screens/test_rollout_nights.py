"""A version of the player goes its way by itself: over nights and clocks, absences, restarts."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select

from playlists.signing import kid_of
from server.db.models import AuditRow, CommandRow, RolloutRow, UpdateRow
from server.services.base.context import Context
from server.services.screens import (
    commands,
    packages,
    rollout_beat,
    rollout_rows,
    rollout_views,
    rollouts,
)
from tests.support.fleet import IT, NEW, NEWER, OLD, Fleet, package, paris
from tests.support.record import TestClock

HOUR_MS = 3_600_000
PILOTS = {"hudson-0", "kiosk-0", "lille-0"}


def test_a_whole_rollout_over_nights_in_two_time_zones(
    any_ctx: Context, clock: TestClock, own: list[object]
) -> None:
    fleet = Fleet(any_ctx, clock)
    made = fleet.start()
    fleet.at("2026-10-15T16:00", "2026-10-15T19:10")
    assert not fleet.running(NEW), "nothing while shops are open, nor as they close"
    fleet.at("2026-10-15T20:00")
    assert fleet.running(NEW) == {"lille-0"}
    (told,) = fleet.pis["lille-0"].asked
    assert told.deadline == paris("2026-10-16T09:30")
    assert told.arguments == {
        "version": NEW.version,
        "sha256": NEW.sha256,
        "bytes": len(NEW.data),
        "device": kid_of(hashlib.sha256(b"lille-0").digest()),
    }
    fleet.at("2026-10-16T01:10")
    assert fleet.running(NEW) == {"lille-0", "kiosk-0"}, "a store without hours has its night"
    assert fleet.pis["kiosk-0"].asked[0].deadline == paris("2026-10-16T05:00")
    fleet.at("2026-10-16T01:40")
    assert fleet.running(NEW) == PILOTS, "19:40 in New York"
    assert fleet.state(made) == ("waiting", "", "")
    fleet.at("2026-10-16T20:00", "2026-10-17T01:30")
    assert fleet.running(NEW) == PILOTS
    fleet.at("2026-10-17T01:41")
    assert fleet.state(made)[0] == "rest"
    per_night = []
    for night in ("17T01:50", "18T02:30", "19T02:30", "20T02:30", "21T02:30"):
        before = fleet.running(NEW)
        fleet.at(f"2026-10-{night}")
        per_night.append(sorted(fleet.running(NEW) - before))
    assert fleet.running(NEW) == set(fleet.pis)
    assert all(len(night) <= 3 for night in per_night)
    assert not any({"lille-1", "lille-2", "lille-3"} <= set(night) for night in per_night)
    fleet.at("2026-10-21T05:00")
    assert fleet.state(made) == ("done", "", "")
    found = rollout_views.updates(fleet.ctx, IT)
    assert (found.behind, found.current.has if found.current else 0) == (0, len(fleet.pis))


def test_the_night_of_the_clock_change_is_an_hour_longer(fleet: Fleet) -> None:
    fleet.start(screens=["kiosk-0"])
    fleet.pis["kiosk-0"].comes_to = "late"
    fleet.at("2026-10-25T01:10")
    (told,) = fleet.pis["kiosk-0"].asked
    assert told.deadline - paris("2026-10-25T00:00") == 6 * HOUR_MS


def test_who_came_too_late_is_told_again_the_next_night(fleet: Fleet) -> None:
    made = fleet.start(screens=["lille-0"])
    fleet.pis["lille-0"].comes_to = "late"
    fleet.at("2026-10-15T20:00", "2026-10-16T09:40")
    assert fleet.stages(made)["lille-0"] == "told", "it may have begun at the last instant"
    fleet.at("2026-10-16T09:46", "2026-10-16T12:00")
    assert fleet.stages(made)["lille-0"] == "due"
    fleet.pis["lille-0"].comes_to = "done"
    fleet.at("2026-10-16T20:00")
    assert fleet.running(NEW) == {"lille-0"}
    assert len({one.id for one in fleet.pis["lille-0"].asked}) == 2


def test_a_screen_offline_for_a_week_holds_nobody_up_and_has_it_when_it_comes(
    fleet: Fleet,
) -> None:
    fleet.pis["hudson-2"].online = False
    made = fleet.start(screens=["lille-0"], wait_s=0, share_percent=100)
    for day in range(15, 22):
        fleet.at(f"2026-10-{day}T20:00", f"2026-10-{day + 1}T02:30")
    assert fleet.row(made).state == "done"
    assert fleet.running(OLD) == {"hudson-2"}
    fleet.pis["hudson-2"].online = True
    fleet.at("2026-10-24T20:00")
    assert fleet.running(OLD) == {"hudson-2"}, "it is open there"
    fleet.at("2026-10-25T02:30")
    assert not fleet.running(OLD)


def test_so_many_are_told_in_one_beat(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout_beat, "MAX_TOLD", 2)
    fleet.start(stores=["lille", "kiosk"], now=True)
    fleet.report()
    fleet.beat()
    with fleet.ctx.db.read() as session:
        assert len(commands.open_commands(session, fleet.clock())) == 2
    fleet.at("2026-10-15T15:00", "2026-10-15T15:01", "2026-10-15T15:02")
    assert len(fleet.running(NEW)) == 6


def test_what_the_server_tells_by_itself_fills_no_log(fleet: Fleet) -> None:
    fleet.start()
    fleet.at("2026-10-16T01:50")
    with fleet.ctx.db.read() as session:
        assert session.scalars(select(CommandRow)).first() is not None
        said = [row.action for row in session.scalars(select(AuditRow))]
    assert not {"command.send", "command.answer"} & set(said)


def test_a_restart_in_the_middle_of_the_night_loses_and_repeats_nothing(fleet: Fleet) -> None:
    for pi in fleet.pis.values():
        pi.comes_to = "late"
    made = fleet.start()
    fleet.at("2026-10-15T20:00")
    fleet.restart()
    for pi in fleet.pis.values():
        pi.comes_to = "done"
    fleet.at("2026-10-15T20:01")
    assert fleet.stages(made)["lille-0"] == "has"
    assert len({one.id for one in fleet.pis["lille-0"].asked}) == 1


def test_an_upgrade_of_the_server_leaves_the_rollout_its_version(
    fleet: Fleet, own: list[object]
) -> None:
    made = fleet.start(screens=["lille-0"], wait_s=0)
    fleet.at("2026-10-15T20:00")
    own[0] = NEWER
    fleet.restart()
    fleet.pis["prado-0"].version = NEWER.version  # installed by hand since
    for night in range(16, 22):
        fleet.at(f"2026-10-{night}T02:30", f"2026-10-{night}T20:00")
    assert fleet.running(NEW) == set(fleet.pis) - {"prado-0"}
    assert fleet.stages(made)["prado-0"] == "other"
    assert packages.data_of(fleet.ctx, NEW.sha256) == NEW.data
    assert fleet.row(made).state == "done"
    fleet.own = NEWER
    fleet.start()


def test_packages_are_kept_and_the_oldest_forgotten(fleet: Fleet, own: list[object]) -> None:
    fleet.ctx.settings.update_packages = 2
    fleet.start()
    for name in ("third", "fourth", "fifth"):
        own[0] = package(name)
        fleet.clock.advance(1)
        fleet.restart()
        fleet.beat()
    with fleet.ctx.db.read() as session:
        kept = [one.version for one in packages.listing(session)]
    assert kept == ["0.1.0+fifth", "0.1.0+fourth", NEW.version]


def test_rollouts_of_long_ago_are_forgotten_but_the_last(fleet: Fleet) -> None:
    for _ in range(2):
        rollouts.change(fleet.ctx, IT, fleet.start(), "give_up")
        fleet.clock.advance(1)
    with fleet.ctx.db.write() as session:
        rollout_rows.sweep(session, fleet.clock() + 1)
    with fleet.ctx.db.read() as session:
        assert len(session.scalars(select(RolloutRow)).all()) == 1
        assert len(session.scalars(select(UpdateRow)).all()) == len(fleet.pis)
