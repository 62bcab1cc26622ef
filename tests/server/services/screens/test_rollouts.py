"""What halts a version of the player on its way to the screens: harm that it does, and people."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select

from server.db.models import AuditRow, ScreenStateRow
from server.errors import BadInput, Conflict, Forbidden, Stale
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.entry.roles import ROLES
from server.services.screens import (
    rollout_views,
    rollouts,
)
from server.services.screens.screen_states import record_reports
from server.services.situation.overview import situation
from server.services.situation.rails import Asked
from server.services.situation.spoken import sentence
from tests.support.fleet import IT, NEW, OLD, Fleet, paris
from tests.support.record import TestClock

HOUR_MS = 3_600_000
WHILE_S = 0.1
"""Enough for another person's start, if it does not wait."""
PILOTS = {"hudson-0", "kiosk-0", "lille-0"}


def told(fleet: Fleet) -> list[str]:
    """What those are told who should know."""
    found = situation(fleet.ctx, IT, Asked())
    concerns = [one for one in found.concerns if one.kind == "rollout"]
    return [sentence(one, found.places, one.since, "en") for one in concerns]


def test_it_halts_when_a_pilot_falls_back_and_goes_on_when_a_person_says_so(fleet: Fleet) -> None:
    fleet.pis["lille-0"].comes_to = "back"
    made = fleet.start()
    fleet.at("2026-10-15T20:00")
    assert fleet.state(made) == ("pilots", "halted", "back")
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
    assert fleet.state(made) == ("waiting", "", "")
    assert len(fleet.pis["lille-0"].asked) == 1


def test_what_failed_without_harm_is_tried_again_by_a_new_command(fleet: Fleet) -> None:
    fleet.pis["lille-0"].comes_to = "failed"
    made = fleet.start(screens=["lille-0"])
    fleet.at("2026-10-15T20:00")
    assert fleet.state(made) == ("pilots", "halted", "failed")
    fleet.pis["lille-0"].comes_to = "done"
    rollouts.change(fleet.ctx, IT, made, "resume")
    fleet.at("2026-10-15T20:05")
    first, second = fleet.pis["lille-0"].asked
    assert second.issued_at > first.issued_at
    assert second.id != first.id
    assert fleet.state(made)[0] == "waiting"


def test_it_halts_when_a_screen_falls_silent_as_it_updates(fleet: Fleet) -> None:
    fleet.pis["lille-0"].comes_to = "dies"
    made = fleet.start(screens=["lille-0"])
    fleet.at("2026-10-15T20:00", "2026-10-15T20:10")
    assert fleet.state(made) == ("pilots", "", "")
    fleet.at("2026-10-15T20:20")
    assert fleet.state(made) == ("pilots", "halted", "silent")
    fleet.at("2026-10-15T20:21")
    shown = rollout_views.get_rollout(fleet.ctx, IT, made).screens[0]
    assert (shown.screen, shown.fault) == ("lille-0", "silent"), "also once its order is taken back"
    fleet.pis["lille-0"].online = True
    fleet.report()
    assert rollout_views.get_rollout(fleet.ctx, IT, made).screens[0].fault == ""


def test_it_halts_when_a_picture_of_the_glass_is_not_the_plan(fleet: Fleet) -> None:
    made = fleet.start(screens=["lille-0"])
    fleet.at("2026-10-15T20:00")
    with fleet.ctx.db.write() as session:
        session.get_one(ScreenStateRow, "lille-0").glass_wrong = paris("2026-10-15T20:30")
    fleet.at("2026-10-15T20:31")
    assert fleet.state(made) == ("waiting", "halted", "dark")


def test_a_silent_pilot_that_had_it_halts_it_but_a_cut_line_does_not(fleet: Fleet) -> None:
    made = fleet.start(screens=["lille-0"])
    fleet.at("2026-10-15T20:00")
    assert fleet.state(made)[0] == "waiting"
    lille = [pi for name, pi in fleet.pis.items() if name.startswith("lille")]
    for pi in lille:
        pi.online = False
    fleet.at("2026-10-15T22:00", "2026-10-16T22:00")
    assert fleet.state(made) == ("waiting", "", ""), "a cut line proves nothing, either way"
    for pi in lille[1:]:
        pi.online = True
    fleet.at("2026-10-16T22:10")
    assert fleet.state(made) == ("waiting", "halted", "silent")


def test_a_server_that_was_away_takes_nobody_for_silent(fleet: Fleet) -> None:
    made = fleet.start(screens=["lille-0"])
    fleet.at("2026-10-15T20:00")
    fleet.clock.now = paris("2026-10-15T23:00")
    fleet.restart()
    fleet.beat()
    assert fleet.state(made) == ("waiting", "", "")


def test_a_door_that_was_shut_for_hours_makes_nobody_silent(fleet: Fleet) -> None:
    made = fleet.start(stores=["prado"])
    fleet.at("2026-10-15T20:00")
    for pi in fleet.pis.values():
        pi.online = False
    fleet.at("2026-10-15T22:00", "2026-10-16T02:00")
    fleet.pis["lille-0"].online = True
    fleet.at("2026-10-16T02:01")
    assert fleet.state(made) == ("waiting", "", ""), "the others are still on their way back"
    fleet.at("2026-10-16T02:20")
    assert fleet.state(made) == ("waiting", "halted", "silent")


def test_who_had_the_version_before_is_not_judged_by_it(fleet: Fleet) -> None:
    for name in ("prado-0", "lille-1"):
        fleet.pis[name].version = NEW.version
    fleet.report()
    fleet.pis["prado-0"].online = False
    made = fleet.start(stores=["prado", "lille"], wait_s=0)
    fleet.at("2026-10-15T20:00", "2026-10-15T20:30")
    assert fleet.state(made) == ("rest", "", "")
    assert not fleet.pis["lille-1"].asked
    for pi in fleet.pis.values():
        pi.version, pi.online = NEW.version, True
    fleet.report()
    rollouts.change(fleet.ctx, IT, made, "give_up")
    with pytest.raises(Conflict):
        fleet.start()


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
    assert fleet.state(made)[0] == "rest"


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
    assert fleet.state(made)[0] == "rest"
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
    assert (fleet.row(made).state, fleet.row(back).version) == ("over", OLD.version)
    fleet.at("2026-10-16T01:20")
    assert fleet.running(OLD) == set(fleet.pis)
    fleet.at("2026-10-16T09:00")
    assert fleet.state(back)[0] == "done"


def test_going_back_reaches_who_was_in_the_middle_of_it(fleet: Fleet) -> None:
    late = fleet.pis["kiosk-0"]
    late.comes_to = "late"
    made = fleet.start(screens=["lille-0", "kiosk-0"])
    fleet.at("2026-10-16T02:10")
    back = rollouts.change(fleet.ctx, IT, made, "back")
    fleet.at("2026-10-16T02:11")
    late.version, late.comes_to = NEW.version, "done"
    fleet.at("2026-10-16T02:14", "2026-10-16T02:15")
    assert fleet.running(NEW) == set()
    fleet.at("2026-10-16T09:00")
    assert fleet.state(back) == ("done", "", "")


def test_who_is_silent_in_the_middle_of_it_halts_no_way_back(fleet: Fleet) -> None:
    late = fleet.pis["kiosk-0"]
    late.comes_to = "late"
    made = fleet.start(screens=["lille-0", "kiosk-0"])
    fleet.at("2026-10-16T02:10")
    back = rollouts.change(fleet.ctx, IT, made, "back")
    late.online = False
    fleet.at("2026-10-16T02:11", "2026-10-16T03:00")
    assert fleet.state(back) == ("rest", "", "")
    assert fleet.running(NEW) == set()


def test_players_that_cannot_are_left_and_say_so(fleet: Fleet) -> None:
    fleet.pis["lille-0"].comes_to, fleet.pis["lille-0"].version = "refused", ""
    fleet.pis["kiosk-0"].comes_to, fleet.pis["kiosk-0"].version = "unknown", ""
    made = fleet.start(screens=["lille-0", "kiosk-0"])
    fleet.at("2026-10-16T01:10")
    assert (fleet.stages(made)["lille-0"], fleet.stages(made)["kiosk-0"]) == ("refused", "old")
    assert fleet.state(made) == ("pilots", "halted", "none")
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


def test_of_two_people_who_start_at_once_one_is_told_so(
    any_ctx: Context, clock: TestClock, own: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(any_ctx, clock)
    spread, late, refused = rollouts.waves, list[threading.Thread](), list[Conflict]()

    def other() -> None:
        try:
            fleet.start(screens=["kiosk-0"])
        except Conflict as told:
            refused.append(told)

    def waves(*given: Any) -> dict[str, int]:
        if not late:
            late.append(threading.Thread(target=other))
            late[0].start()
            late[0].join(WHILE_S)
        return spread(*given)

    monkeypatch.setattr(rollouts, "waves", waves)
    made = fleet.start(screens=["lille-0"])
    late[0].join()
    assert [one.code for one in refused] == ["under_way"]
    assert [one.id for one in rollout_views.listing(any_ctx, IT)] == [made]


@pytest.mark.parametrize("said", [{"a": 1}, "x" * 200, "1.0;drop", "", None])
def test_a_device_that_says_nonsense_breaks_nothing(fleet: Fleet, said: object) -> None:
    made = fleet.start(screens=["lille-0"])
    record_reports(fleet.ctx, {"lille-0": (fleet.clock(), {"device": {"package": said}})})
    assert rollout_views.of_screen(fleet.ctx, IT, "lille-0").version == ""
    found = rollout_views.updates(fleet.ctx, IT)
    assert {one.version: one.screens for one in found.running} == {OLD.version: 9, "": 1}
    fleet.at("2026-10-15T20:00")
    assert fleet.state(made)[0] == "waiting"
