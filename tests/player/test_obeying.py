"""Commands at the player: which count, that each is done once, and what is answered."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from player.agent import obeying
from player.display.wishes import Did
from player.errors import NoRoom
from player.machine.tools import Told
from playlists.runs import GENESIS
from playlists.signing import SigningKey, sign
from playlists.wire.commands import Answer, Answers, Command, FetchRule, Off, PowerPlan
from tests.player.bench import Bench

HOUR_MS = 3_600_000
PICTURE = b"\xff\xd8\xffpicture"


def ask(screen: Bench, kind: str, **arguments: Any) -> Command:
    """The server asks; the command comes over the socket."""
    command = screen.sim.command(kind, **arguments)
    screen.hear("command", screen.sim.commands[command.id])
    return command


def said(screen: Bench, command: Command) -> tuple[str, str]:
    (answer,) = [one for one in screen.sim.answers if one.id == command.id]
    return answer.state, answer.said


def device(screen: Bench) -> dict[str, Any]:
    section: dict[str, Any] = screen.state["device"]
    return section


def wishes(screen: Bench) -> dict[str, Any]:
    rows: Any = screen.parts.body.wishes.to_json()["wishes"]
    return {row["kind"]: row for row in rows}


def did(screen: Bench, kind: str, ok: bool = True, how: str = "tool", picture: bytes = b"") -> None:
    name = wishes(screen)[kind]["id"]
    screen.post(Did(name, ok, how, "It says so.", {"at": 1}, picture))


def test_a_screen_says_who_it_is_for_half_a_minute(screen: Bench) -> None:
    command = ask(screen, "identify", name="Lille, window")
    assert said(screen, command)[0] == "done"
    plate = device(screen)["plate"]
    assert (plate["name"], plate["screen"]) == ("Lille, window", "lille-1")
    screen.wait(obeying.PLATE_MS)
    assert device(screen)["plate"] is None


def test_a_command_comes_also_with_the_answer_to_a_report(screen: Bench) -> None:
    command = screen.sim.command("reload")
    screen.wait(60_000)
    assert said(screen, command)[0] == "done"
    assert device(screen)["reload"] == command.id


def test_a_kind_that_is_not_known_is_answered_so(screen: Bench) -> None:
    assert said(screen, ask(screen, "dance"))[0] == "unknown"


def test_what_is_replayed_is_not_done_again_but_answered_again(screen: Bench) -> None:
    command = ask(screen, "reload")
    token = sign("command", command.to_json(), screen.sim.online)
    ask(screen, "reload")
    before = device(screen)["reload"]
    screen.hear("command", token)
    screen.reboot()
    screen.wait(5_000)
    screen.hear("command", token)
    assert [one.id for one in screen.sim.answers].count(command.id) == 3
    assert before != command.id
    assert device(screen)["reload"] == ""


@pytest.mark.parametrize("why", ["overdue", "forged", "elsewhere"])
def test_what_does_not_count_is_passed_over(screen: Bench, why: str) -> None:
    command = screen.sim.command("identify", life_ms=5_000)
    key = screen.sim.online
    if why == "overdue":
        screen.clocks.true_ms += 5_000
    elif why == "forged":
        key = SigningKey.generate()
    else:
        command = replace(command, screen="lille-2")  # type: ignore[arg-type]
    screen.sim.commands.clear()
    screen.hear("command", sign("command", command.to_json(), key))
    assert device(screen)["plate"] is None
    assert not screen.sim.answers


def test_nothing_is_done_where_nobody_vouches_for_the_time(screen: Bench) -> None:
    screen.sim.faults.down = True
    screen.reboot()
    ask(screen, "identify")
    assert device(screen)["plate"] is None
    assert screen.counts["command:no_time"] == 1
    screen.sim.faults.down = False
    screen.wait(90_000)
    assert screen.sim.answers, "told again, it counts"


def test_a_restart_is_answered_by_coming_back_and_never_done_twice(screen: Bench) -> None:
    command = ask(screen, "restart")
    assert not screen.sim.answers
    screen.reboot()
    screen.wait(10_000)
    assert said(screen, command) == ("done", "The player was restarted and is back.")


def boots(screen: Bench, name: str) -> None:
    path = screen.folder / "proc/sys/kernel/random"
    path.mkdir(parents=True, exist_ok=True)
    (path / "boot_id").write_text(name)


@pytest.mark.parametrize(("after", "state"), [("second", "done"), ("first", "failed")])
def test_a_reboot_is_done_once_the_machine_is_another_one(
    screen: Bench, monkeypatch: pytest.MonkeyPatch, after: str, state: str
) -> None:
    ran: list[Any] = []
    monkeypatch.setattr(obeying, "run", lambda line: ran.append(line) or Told(True, ""))
    boots(screen, "first")
    command = ask(screen, "reboot")
    assert ran == [["systemctl", "reboot"]]
    boots(screen, after)
    screen.reboot()
    screen.wait(60_000)
    assert said(screen, command)[0] == state
    assert len(ran) == 1


def test_a_reboot_that_may_not_be_is_told(screen: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obeying, "run", lambda line: Told(False, "Access denied"))
    assert said(screen, ask(screen, "reboot")) == (
        "failed",
        "The machine does not restart: Access denied",
    )


def test_turning_and_loudness_are_kept_and_wished_again_after_a_restart(screen: Bench) -> None:
    ask(screen, "rotate", degrees=90)
    ask(screen, "volume", percent=30)
    screen.reboot()
    assert wishes(screen)["rotate"]["value"] == 90
    assert device(screen)["volume"] == 30
    assert device(screen)["rotate"] == 0, "the kiosk does it"
    did(screen, "rotate", ok=False)
    assert device(screen)["rotate"] == 90, "where it cannot, the page does"


@pytest.mark.parametrize("wrong", [{"degrees": 45}, {}, {"degrees": "much"}])
def test_arguments_that_make_no_sense_are_refused(screen: Bench, wrong: dict[str, Any]) -> None:
    assert said(screen, ask(screen, "rotate", **wrong))[0] == "refused"


def test_a_picture_is_brought_before_its_answer(screen: Bench) -> None:
    command = ask(screen, "screenshot")
    did(screen, "picture", how="devtools", picture=PICTURE)
    assert screen.sim.files == {command.id: PICTURE}
    assert said(screen, command)[0] == "done"
    assert screen.sim.answers[-1].detail["how"] == "devtools"
    assert screen.sim.answers[-1].detail["at"] == screen.clocks.true_ms
    assert "picture" not in wishes(screen)


def test_a_kiosk_that_takes_none_or_is_not_there_is_told(screen: Bench) -> None:
    first = ask(screen, "screenshot")
    did(screen, "picture", ok=False)
    assert said(screen, first) == ("failed", "It says so.")
    second = ask(screen, "screenshot")
    screen.wait(obeying.PICTURE_MS + 1_000)
    assert said(screen, second)[0] == "failed"


def test_logs_are_bundled(screen: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obeying.logs, "run", lambda line, timeout_s: Told(True, "journal"))
    command = ask(screen, "logs")
    assert said(screen, command)[0] == "done"
    assert screen.sim.files[command.id].startswith(b"\x1f\x8b")


def test_a_device_that_forgets_says_so_and_then_shows_a_code(screen: Bench) -> None:
    ask(screen, "rotate", degrees=90)
    command = ask(screen, "forget")
    screen.wait(3_000)
    assert said(screen, command)[0] == "done"
    assert screen.state["screen"] is None
    assert screen.state["pairing"]["code"]
    assert "rotate" not in wishes(screen)


def plan(screen: Bench, *spans: tuple[int, int]) -> PowerPlan:
    now = screen.clocks.true_ms
    return PowerPlan(tuple(Off(now + a, now + b, "law") for a, b in spans))


def test_the_display_is_off_by_its_plan_without_a_server_too_and_that_is_recorded(
    screen: Bench,
) -> None:
    held = plan(screen, (60_000, HOUR_MS))
    begun = screen.clocks.true_ms
    ask(screen, "power", **held.to_json())  # type: ignore[arg-type]
    screen.sim.faults.down = True
    assert wishes(screen)["power"]["on"] is True
    screen.wait(60_000)
    assert wishes(screen)["power"]["on"] is False
    assert device(screen)["dark"] is True
    did(screen, "power", how="wlr-randr")
    screen.wait(HOUR_MS - 60_000, step_ms=10_000)
    assert wishes(screen)["power"]["on"] is True
    assert device(screen)["dark"] is False
    screen.sim.faults.down = False
    screen.wait(90_000)
    (run,) = screen.sim.power
    assert run.follows(0, GENESIS)
    assert (run.from_ms - begun, run.until_ms - begun) == (60_000, HOUR_MS)
    assert (run.why, run.how, run.said) == ("law", "wlr-randr", "It says so.")
    assert screen.sim.reports[-1].device["power_plan"] == held.id


def test_a_power_cut_in_the_night_leaves_a_record_of_what_is_known(screen: Bench) -> None:
    begun = screen.clocks.true_ms
    ask(screen, "power", **plan(screen, (0, HOUR_MS)).to_json())  # type: ignore[arg-type]
    screen.wait(5 * 60_000)
    screen.reboot()
    assert device(screen)["dark"] is False, "dark only once the time is known"
    screen.wait(5_000)
    assert device(screen)["dark"] is True
    screen.wait(60_000)
    assert screen.sim.power[0].how == "page", "no kiosk answered"
    assert 4 * 60_000 <= screen.sim.power[0].until_ms - begun <= 5 * 60_000 + 1_000


def test_an_older_plan_does_not_take_the_place_of_a_newer(screen: Bench) -> None:
    old = screen.sim.command("power", **plan(screen, (0, HOUR_MS)).to_json())  # type: ignore[arg-type]
    screen.clocks.true_ms += 1_000
    ask(screen, "power", **PowerPlan().to_json())  # type: ignore[arg-type]
    screen.hear("command", sign("command", old.to_json(), screen.sim.online))
    assert said(screen, old)[0] == "refused"
    assert device(screen)["dark"] is False


def test_a_damaged_file_is_begun_anew(screen: Bench) -> None:
    ask(screen, "rotate", degrees=90)
    screen.parts.body.orders.close()
    (screen.folder / "orders.db").write_bytes(b"no database" * 400)
    screen.reboot()
    screen.wait(5_000)
    assert "rotate" not in wishes(screen)
    assert said(screen, ask(screen, "reload"))[0] == "done"


@pytest.mark.parametrize("table", ["orders", "settings", "power", "tail"])
def test_a_row_that_the_disk_changed_costs_that_row_alone(screen: Bench, table: str) -> None:
    done = ask(screen, "rotate", degrees=90)
    orders = screen.parts.body.orders
    orders.was_off(
        Off(screen.clocks.true_ms - 2_000, screen.clocks.true_ms - 1_000, "hours"), "", ""
    )
    screen.settle()
    assert [run.seq for run in screen.sim.power] == [1]
    changed = {
        "orders": "UPDATE orders SET answer = x'7b', sent = 0",
        "settings": "REPLACE INTO settings VALUES ('volume', x'7b')",
        "power": "INSERT INTO power VALUES (2, x'7b')",
        "tail": "DELETE FROM tail",
    }
    orders._db.execute(changed[table])
    orders._db.commit()
    if table == "tail":
        orders._mend(sqlite3.DatabaseError("a page of it is damaged"))
    screen.wait(3_000)
    screen.reboot()
    screen.wait(5_000)
    assert wishes(screen)["rotate"]["value"] == 90
    screen.hear("command", sign("command", done.to_json(), screen.sim.online))
    assert said(screen, ask(screen, "reload"))[0] == "done"
    assert orders_of(screen)[done.id] == "rotate", "it is not done again"
    screen.parts.body.orders.was_off(
        Off(screen.clocks.true_ms - 2_000, screen.clocks.true_ms - 1_000, "law"), "", ""
    )
    screen.wait(3_000)
    assert screen.sim.power[-1].why == "law", "no number is one that the server holds"


def orders_of(screen: Bench) -> dict[str, str]:
    return dict(screen.parts.body.orders._db.execute("SELECT id, kind FROM orders").fetchall())


def test_a_full_disk_ends_no_player_that_is_told_its_answers_were_taken(
    screen: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise NoRoom("The disk is full.")

    asked = count_answers(screen, monkeypatch)
    with monkeypatch.context() as disk:
        disk.setattr(screen.parts.body.orders, "power_sent", full)
        ask(screen, "reload")
        screen.wait(30_000)
    assert "disk_full" in screen.notes
    assert len(asked) == 1, "it does not say it again and again"
    screen.wait(obeying.ANSWERS_AGAIN_MS)
    assert screen.parts.body.orders.unsent() == ()


def test_a_record_that_the_server_does_not_take_is_not_told_without_a_pause(
    screen: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = count_answers(screen, monkeypatch, acked=0)
    end = screen.clocks.true_ms - 1_000
    screen.parts.body.orders.was_off(Off(end - 1_000, end, "hours"), "", "")
    screen.wait(30_000)
    assert len(asked) == 1
    assert said(screen, ask(screen, "reload"))[0] == "done", "an answer waits for no record"
    screen.wait(5 * obeying.ANSWERS_AGAIN_MS)
    assert 5 <= len(asked) <= 8


def count_answers(
    screen: Bench, monkeypatch: pytest.MonkeyPatch, acked: int | None = None
) -> list[Answers]:
    asked: list[Answers] = []
    answers = screen.parts.server.answers

    def counted(told: Answers) -> int:
        asked.append(told)
        assert len(asked) < 100, "a storm"
        took = answers(told)
        return took if acked is None else acked

    monkeypatch.setattr(screen.parts.server, "answers", counted)
    return asked


def test_an_answer_that_was_forgotten_on_its_way_is_of_no_kind(screen: Bench) -> None:
    """After a month away a new command clears old ones, also those whose answers travel."""
    orders = screen.parts.body.orders
    old = Answer("old", "done", "So it is.", 1, {})
    orders.begin("old", "forget", 1, "boot")
    orders.answer(old)
    orders.begin("new", "reload", 30 * 24 * HOUR_MS, "boot")
    assert orders.unsent() == ()
    assert orders.sent((old,)) == frozenset()


def test_a_rule_for_fetching_is_kept_and_reported(screen: Bench) -> None:
    rule = FetchRule(100_000, ((1_320, 360),))
    assert said(screen, ask(screen, "fetch", **rule.to_json()))[0] == "done"
    screen.reboot()
    assert screen.parts.fetch._throttle.rate == 100_000
    screen.wait(60_000)
    assert screen.sim.reports[-1].device["fetch_rule"] == rule.id
    assert said(screen, ask(screen, "fetch", bytes_s=1, windows=[[1]]))[0] == "refused"
    ask(screen, "forget")
    assert screen.parts.fetch._throttle.rate == 0
