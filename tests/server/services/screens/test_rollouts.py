"""A version of the player on its way to the screens, over nights, clocks, faults and restarts."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from server.db.models import AuditRow, CommandRow, RolloutRow, ScreenStateRow, UpdateRow
from server.errors import BadInput, Conflict, Forbidden, Stale
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.entry.roles import ROLES
from server.services.screens import (
    commands,
    packages,
    rollout_beat,
    rollout_rows,
    rollout_views,
    rollouts,
)
from server.services.screens.screen_states import record_reports
from server.services.situation.overview import situation
from server.services.situation.rails import Asked
from server.services.situation.spoken import sentence
from tests.support.fleet import IT, NEW, NEWER, OLD, Fleet, package, paris
from tests.support.record import TestClock

HOUR_MS = 3_600_000
PILOTS = {"hudson-0", "kiosk-0", "lille-0"}


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """This server's own package, which an upgrade replaces."""
    mine: list[object] = [NEW]
    monkeypatch.setattr(packages, "own", lambda: mine[0])
    return mine


@pytest.fixture
def fleet(ctx: Context, clock: TestClock, own: list[object]) -> Fleet:
    return Fleet(ctx, clock)


def row_of(fleet: Fleet, rollout: str) -> RolloutRow:
    with fleet.ctx.db.read() as session:
        return session.get_one(RolloutRow, rollout)


def state(fleet: Fleet, rollout: str) -> tuple[str, str, str]:
    row = row_of(fleet, rollout)
    return row.state, row.held, row.why


def stages(fleet: Fleet, rollout: str) -> dict[str, str]:
    with fleet.ctx.db.read() as session:
        rows = session.scalars(select(UpdateRow).where(UpdateRow.rollout_id == rollout))
        return {row.screen_id: row.stage for row in rows}


def told(fleet: Fleet) -> list[str]:
    """What those are told who should know."""
    found = situation(fleet.ctx, IT, Asked())
    concerns = [one for one in found.concerns if one.kind == "rollout"]
    return [sentence(one, found.places, one.since, "en") for one in concerns]


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
    assert told.arguments == {"version": NEW.version, "sha256": NEW.sha256, "bytes": len(NEW.data)}
    fleet.at("2026-10-16T01:10")
    assert fleet.running(NEW) == {"lille-0", "kiosk-0"}, "a store without hours has its night"
    assert fleet.pis["kiosk-0"].asked[0].deadline == paris("2026-10-16T05:00")
    fleet.at("2026-10-16T01:40")
    assert fleet.running(NEW) == PILOTS, "19:40 in New York"
    assert state(fleet, made) == ("waiting", "", "")
    fleet.at("2026-10-16T20:00", "2026-10-17T01:30")
    assert fleet.running(NEW) == PILOTS
    fleet.at("2026-10-17T01:41")
    assert state(fleet, made)[0] == "rest"
    per_night = []
    for night in ("17T01:50", "18T02:30", "19T02:30", "20T02:30", "21T02:30"):
        before = fleet.running(NEW)
        fleet.at(f"2026-10-{night}")
        per_night.append(sorted(fleet.running(NEW) - before))
    assert fleet.running(NEW) == set(fleet.pis)
    assert all(len(night) <= 3 for night in per_night)
    assert not any({"lille-1", "lille-2", "lille-3"} <= set(night) for night in per_night)
    fleet.at("2026-10-21T05:00")
    assert state(fleet, made) == ("done", "", "")
    found = rollout_views.updates(fleet.ctx, IT)
    assert (found.behind, found.current.has if found.current else 0) == (0, len(fleet.pis))


def test_the_night_of_the_clock_change_is_an_hour_longer(fleet: Fleet) -> None:
    fleet.start(screens=["kiosk-0"])
    fleet.pis["kiosk-0"].comes_to = "late"
    fleet.at("2026-10-25T01:10")
    (told,) = fleet.pis["kiosk-0"].asked
    assert told.deadline - paris("2026-10-25T00:00") == 6 * HOUR_MS


def test_it_halts_when_a_pilot_falls_back_and_goes_on_when_a_person_says_so(fleet: Fleet) -> None:
    fleet.pis["lille-0"].comes_to = "back"
    made = fleet.start()
    fleet.at("2026-10-15T20:00")
    assert state(fleet, made) == ("pilots", "halted", "back")
    fleet.at("2026-10-16T02:30")
    assert fleet.running(NEW) == set(), "nobody else is told"
    assert told(fleet) == [
        "The player 0.1.0+new stands still on its way to the screens since 20:00."
    ]
    with pytest.raises(Conflict):
        rollouts.change(fleet.ctx, IT, made, "now")
    rollouts.change(fleet.ctx, IT, made, "resume")
    assert told(fleet) == []
    fleet.at("2026-10-16T02:31")
    assert fleet.running(NEW) == {"hudson-0", "kiosk-0"}
    assert state(fleet, made) == ("waiting", "", "")
    assert len(fleet.pis["lille-0"].asked) == 1


def test_what_failed_without_harm_is_tried_again_by_a_new_command(fleet: Fleet) -> None:
    fleet.pis["lille-0"].comes_to = "failed"
    made = fleet.start(screens=["lille-0"])
    fleet.at("2026-10-15T20:00")
    assert state(fleet, made) == ("pilots", "halted", "failed")
    fleet.pis["lille-0"].comes_to = "done"
    rollouts.change(fleet.ctx, IT, made, "resume")
    fleet.at("2026-10-15T20:05")
    first, second = fleet.pis["lille-0"].asked
    assert second.issued_at > first.issued_at
    assert second.id != first.id
    assert state(fleet, made)[0] == "waiting"


def test_it_halts_when_a_screen_falls_silent_as_it_updates(fleet: Fleet) -> None:
    fleet.pis["lille-0"].comes_to = "dies"
    made = fleet.start(screens=["lille-0"])
    fleet.at("2026-10-15T20:00", "2026-10-15T20:10")
    assert state(fleet, made) == ("pilots", "", "")
    fleet.at("2026-10-15T20:20")
    assert state(fleet, made) == ("pilots", "halted", "silent")


def test_it_halts_when_a_picture_of_the_glass_is_not_the_plan(fleet: Fleet) -> None:
    made = fleet.start(screens=["lille-0"])
    fleet.at("2026-10-15T20:00")
    with fleet.ctx.db.write() as session:
        session.get_one(ScreenStateRow, "lille-0").glass_wrong = paris("2026-10-15T20:30")
    fleet.at("2026-10-15T20:31")
    assert state(fleet, made) == ("waiting", "halted", "dark")


def test_a_silent_pilot_that_had_it_halts_it_but_a_cut_line_does_not(fleet: Fleet) -> None:
    made = fleet.start(screens=["lille-0"])
    fleet.at("2026-10-15T20:00")
    assert state(fleet, made)[0] == "waiting"
    lille = [pi for name, pi in fleet.pis.items() if name.startswith("lille")]
    for pi in lille:
        pi.online = False
    fleet.at("2026-10-15T22:00", "2026-10-16T22:00")
    assert state(fleet, made) == ("waiting", "", ""), "a cut line proves nothing, either way"
    for pi in lille[1:]:
        pi.online = True
    fleet.at("2026-10-16T22:10")
    assert state(fleet, made) == ("waiting", "halted", "silent")


def test_a_server_that_was_away_takes_nobody_for_silent(fleet: Fleet) -> None:
    made = fleet.start(screens=["lille-0"])
    fleet.at("2026-10-15T20:00")
    fleet.clock.now = paris("2026-10-15T23:00")
    fleet.restart()
    fleet._beat()
    assert state(fleet, made) == ("waiting", "", "")


def test_a_door_that_was_shut_for_hours_makes_nobody_silent(fleet: Fleet) -> None:
    made = fleet.start(stores=["prado"])
    fleet.at("2026-10-15T20:00")
    for pi in fleet.pis.values():
        pi.online = False
    fleet.at("2026-10-15T22:00", "2026-10-16T02:00")
    fleet.pis["lille-0"].online = True
    fleet.at("2026-10-16T02:01")
    assert state(fleet, made) == ("waiting", "", ""), "the others are still on their way back"
    fleet.at("2026-10-16T02:20")
    assert state(fleet, made) == ("waiting", "halted", "silent")


def test_who_had_the_version_before_is_not_judged_by_it(fleet: Fleet) -> None:
    for name in ("prado-0", "lille-1"):
        fleet.pis[name].version = NEW.version
    fleet.report()
    fleet.pis["prado-0"].online = False
    made = fleet.start(stores=["prado", "lille"], wait_s=0)
    fleet.at("2026-10-15T20:00", "2026-10-15T20:30")
    assert state(fleet, made) == ("rest", "", "")
    assert not fleet.pis["lille-1"].asked
    for pi in fleet.pis.values():
        pi.version, pi.online = NEW.version, True
    fleet.report()
    rollouts.change(fleet.ctx, IT, made, "give_up")
    with pytest.raises(Conflict):
        fleet.start()


def test_a_restart_in_the_middle_of_the_night_loses_and_repeats_nothing(fleet: Fleet) -> None:
    for pi in fleet.pis.values():
        pi.comes_to = "late"
    made = fleet.start()
    fleet.at("2026-10-15T20:00")
    fleet.restart()
    for pi in fleet.pis.values():
        pi.comes_to = "done"
    fleet.at("2026-10-15T20:01")
    assert stages(fleet, made)["lille-0"] == "has"
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
    assert stages(fleet, made)["prado-0"] == "other"
    assert packages.data_of(fleet.ctx, NEW.sha256) == NEW.data
    assert row_of(fleet, made).state == "done"
    fleet.own = NEWER
    fleet.start()


def test_who_came_too_late_is_told_again_the_next_night(fleet: Fleet) -> None:
    made = fleet.start(screens=["lille-0"])
    fleet.pis["lille-0"].comes_to = "late"
    fleet.at("2026-10-15T20:00", "2026-10-16T09:40")
    assert stages(fleet, made)["lille-0"] == "told", "it may have begun at the last instant"
    fleet.at("2026-10-16T09:46", "2026-10-16T12:00")
    assert stages(fleet, made)["lille-0"] == "due"
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
    assert row_of(fleet, made).state == "done"
    assert fleet.running(OLD) == {"hudson-2"}
    fleet.pis["hudson-2"].online = True
    fleet.at("2026-10-24T20:00")
    assert fleet.running(OLD) == {"hudson-2"}, "it is open there"
    fleet.at("2026-10-25T02:30")
    assert not fleet.running(OLD)


def test_now_heeds_no_hours_and_ends_by_itself(fleet: Fleet) -> None:
    made = fleet.start(now=True, screens=["lille-0", "kiosk-0"])
    fleet.pis["kiosk-0"].online = False
    fleet.at("2026-10-15T15:00")
    assert fleet.running(NEW) == {"lille-0"}
    (told,) = fleet.pis["lille-0"].asked
    assert told.deadline - told.issued_at <= 4 * HOUR_MS
    fleet.pis["kiosk-0"].online = True
    fleet.at("2026-10-15T19:00")
    assert fleet.running(NEW) == {"lille-0"}, "four hours are over"
    rollouts.change(fleet.ctx, IT, made, "now")
    fleet.at("2026-10-15T19:01")
    assert fleet.running(NEW) == {"lille-0", "kiosk-0"}
    with pytest.raises(Conflict):
        rollouts.change(fleet.ctx, IT, made, "now")
    rollouts.change(fleet.ctx, IT, made, "rest")
    assert state(fleet, made)[0] == "rest"


def test_a_pause_takes_back_what_was_told_and_stands_for_no_night(fleet: Fleet) -> None:
    made = fleet.start(screens=["lille-0"], wait_s=3_600)
    fleet.pis["lille-0"].comes_to = "late"
    fleet.at("2026-10-15T20:00")
    rollouts.change(fleet.ctx, IT, made, "pause")
    fleet.pis["lille-0"].comes_to = "done"
    fleet.at("2026-10-15T20:05")
    assert not fleet.running(NEW)
    rollouts.change(fleet.ctx, IT, made, "resume")
    fleet.at("2026-10-15T20:10", "2026-10-15T21:20")
    assert state(fleet, made)[0] == "rest"
    rollouts.change(fleet.ctx, IT, made, "pause")
    fleet.at("2026-10-18T02:30")
    rollouts.change(fleet.ctx, IT, made, "resume")
    fleet.at("2026-10-18T02:31")
    assert len(fleet.running(NEW)) <= 4, "one night's share, not three"


def test_going_back_brings_the_version_before_in_one_night(fleet: Fleet) -> None:
    made = fleet.start(screens=["lille-0", "lille-1", "kiosk-0"])
    fleet.at("2026-10-16T01:10")
    assert len(fleet.running(NEW)) == 3
    back = rollouts.change(fleet.ctx, IT, made, "back")
    assert (row_of(fleet, made).state, row_of(fleet, back).version) == ("over", OLD.version)
    fleet.at("2026-10-16T01:20")
    assert fleet.running(OLD) == set(fleet.pis)
    fleet.at("2026-10-16T09:00")
    assert state(fleet, back)[0] == "done"


def test_players_that_cannot_are_left_and_say_so(fleet: Fleet) -> None:
    fleet.pis["lille-0"].comes_to, fleet.pis["lille-0"].version = "refused", ""
    fleet.pis["kiosk-0"].comes_to, fleet.pis["kiosk-0"].version = "unknown", ""
    made = fleet.start(screens=["lille-0", "kiosk-0"])
    fleet.at("2026-10-16T01:10")
    assert (stages(fleet, made)["lille-0"], stages(fleet, made)["kiosk-0"]) == ("refused", "old")
    assert state(fleet, made) == ("pilots", "halted", "none")
    with pytest.raises(Conflict):
        rollouts.change(fleet.ctx, IT, made, "resume")
    rollouts.change(fleet.ctx, IT, made, "give_up")
    fleet.start(screens=["lille-1"])


def test_only_one_at_a_time_for_who_minds_all_devices(fleet: Fleet) -> None:
    near = Actor("near", "Near", ROLES["it"], stores=frozenset({"lille"}))
    with pytest.raises(Forbidden):
        fleet.start(actor=near)
    with pytest.raises(Forbidden):
        fleet.start(actor=Actor("m", "M", ROLES["marketing"]))
    with pytest.raises(BadInput):
        fleet.start(tag="nowhere")
    with pytest.raises(BadInput):
        rollouts.start(fleet.ctx, IT, rollouts.Wish("0" * 64))
    made = fleet.start(stores=["prado"])
    with pytest.raises(Conflict):
        fleet.start()
    with pytest.raises(Stale):
        rollouts.change(fleet.ctx, IT, made, "pause", 7)
    assert rollouts.change(fleet.ctx, IT, made, "pause", 1) == made
    rollouts.change(fleet.ctx, IT, made, "give_up", 2)
    with fleet.ctx.db.read() as session:
        said = [(row.actor_id, row.action) for row in session.scalars(select(AuditRow))]
    assert said[-3:] == [
        ("ivo", "rollout.start"),
        ("ivo", "rollout.pause"),
        ("ivo", "rollout.give_up"),
    ]


def test_what_the_server_tells_by_itself_fills_no_log(fleet: Fleet) -> None:
    fleet.start()
    fleet.at("2026-10-16T01:50")
    with fleet.ctx.db.read() as session:
        assert session.scalars(select(CommandRow)).first() is not None
        said = [row.action for row in session.scalars(select(AuditRow))]
    assert not {"command.send", "command.answer"} & set(said)


def test_so_many_are_told_in_one_beat(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout_beat, "MAX_TOLD", 2)
    fleet.start(stores=["lille", "kiosk"], now=True)
    fleet.report()
    fleet._beat()
    with fleet.ctx.db.read() as session:
        assert len(commands.open_commands(session, fleet.clock())) == 2
    fleet.at("2026-10-15T15:00", "2026-10-15T15:01", "2026-10-15T15:02")
    assert len(fleet.running(NEW)) == 6


def test_packages_are_kept_and_the_oldest_forgotten(fleet: Fleet, own: list[object]) -> None:
    fleet.ctx.settings.update_packages = 2
    fleet.start()
    for name in ("third", "fourth", "fifth"):
        own[0] = package(name)
        fleet.clock.advance(1)
        fleet.restart()
        fleet._beat()
    with fleet.ctx.db.read() as session:
        kept = [one.version for one in packages.listing(session)]
    assert kept == ["0.1.0+fifth", "0.1.0+fourth", NEW.version]


@pytest.mark.parametrize("said", [{"a": 1}, "x" * 200, "1.0;drop", "", None])
def test_a_device_that_says_nonsense_breaks_nothing(fleet: Fleet, said: object) -> None:
    made = fleet.start(screens=["lille-0"])
    record_reports(fleet.ctx, {"lille-0": (fleet.clock(), {"device": {"package": said}})})
    assert rollout_views.of_screen(fleet.ctx, IT, "lille-0").version == ""
    found = rollout_views.updates(fleet.ctx, IT)
    assert {one.version: one.screens for one in found.running} == {OLD.version: 9, "": 1}
    fleet.at("2026-10-15T20:00")
    assert state(fleet, made)[0] == "waiting"


def test_rollouts_of_long_ago_are_forgotten_but_the_last(fleet: Fleet) -> None:
    for _ in range(2):
        rollouts.change(fleet.ctx, IT, fleet.start(), "give_up")
        fleet.clock.advance(1)
    with fleet.ctx.db.write() as session:
        rollout_rows.sweep(session, fleet.clock() + 1)
    with fleet.ctx.db.read() as session:
        assert len(session.scalars(select(RolloutRow)).all()) == 1
        assert len(session.scalars(select(UpdateRow)).all()) == len(fleet.pis)
