"""Updates at the agent: a package is fetched, handed to root with the server's word, and answered
by what root tells.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from player.agent.updates import GIVE_UP_MS
from player.cache.files import write_atomic
from player.updating.handover import MAX_PACKAGE_BYTES, PACKAGES, REQUEST, RESULT, Request, Result
from playlists.ids import canonical, sha256
from playlists.signing import KeyRing, verify
from playlists.wire.commands import Answer, Command
from tests.fakes.server_sim import Answer as Reply
from tests.player.bench import Bench
from tests.player.test_obeying import HOUR_MS, ask, boots

PACKAGE = b"a package of the player" * 2_000


@pytest.fixture
def packaged(screen: Bench) -> Bench:
    """A screen that runs from its package."""
    screen.version = "1+aa"
    boots(screen, "first")
    screen.reboot()
    screen.wait(8_000)
    return screen


def order(screen: Bench, version: str = "2+bb", **other: Any) -> Command:
    """The server orders an update; it serves the package."""
    address = screen.sim.add_asset(PACKAGE)
    given = {"version": version, "sha256": address, "bytes": len(PACKAGE), **other}
    return ask(screen, "update", **given)


def answers(screen: Bench, command: Command) -> list[Answer]:
    return [one for one in screen.sim.answers if one.id == command.id]


def handed(screen: Bench) -> Request | None:
    path = screen.folder / REQUEST
    return Request.from_bytes(path.read_bytes()) if path.exists() else None


def told(screen: Bench, request: Request, state: Any = "done", **detail: Any) -> None:
    """Root's service is through."""
    (screen.folder / REQUEST).unlink()
    (screen.folder / "root").mkdir(exist_ok=True)
    result = Result(request.id, state, "So it went.", detail)
    write_atomic(screen.folder / "root" / RESULT, canonical(result.to_json()))


def test_a_package_is_fetched_and_handed_over_with_what_proves_it(packaged: Bench) -> None:
    command = order(packaged)
    assert (packaged.folder / PACKAGES / sha256(PACKAGE)).read_bytes() == PACKAGE
    request = handed(packaged)
    assert request is not None
    ring = KeyRing(packaged.sim.root.public).renewed(request.keys)
    assert Command.from_json(verify(request.command, "command", ring, None)) == command
    packaged.wait(30_000)
    assert not answers(packaged, command), "root is at it"


def test_the_new_version_answers_what_the_old_one_was_told(packaged: Bench) -> None:
    command = order(packaged)
    request = handed(packaged)
    assert request is not None
    packaged.version = "2+bb"
    packaged.reboot()
    packaged.wait(20_000)
    assert not answers(packaged, command), "it is back, which is no proof that it paints"
    told(packaged, request, version="2+bb", **{"from": "1+aa"})
    packaged.wait(20_000)
    (answer,) = answers(packaged, command)
    assert (answer.state, answer.detail) == ("done", {"version": "2+bb", "from": "1+aa"})
    packaged.reboot()
    packaged.wait(60_000)
    assert len(answers(packaged, command)) == 1
    assert handed(packaged) is None


def test_after_a_power_cut_it_is_asked_anew_or_too_late(packaged: Bench) -> None:
    command = order(packaged)
    before = handed(packaged)
    assert before is not None
    boots(packaged, "second")
    packaged.sim.faults.down = True
    packaged.reboot()
    packaged.wait(10_000)
    assert handed(packaged) == before, "nobody knows the time yet"
    packaged.sim.faults.down = False
    packaged.wait(90_000)
    assert handed(packaged) == replace(before, boot="second")
    boots(packaged, "third")
    packaged.reboot(off_ms=2 * HOUR_MS)
    packaged.wait(60_000)
    (answer,) = answers(packaged, command)
    assert "too late" in answer.said
    assert handed(packaged) == replace(before, boot="second"), "which root passes over by now"


def test_what_root_undid_is_answered_so(packaged: Bench) -> None:
    command = order(packaged)
    request = handed(packaged)
    assert request is not None
    told(packaged, request, "failed", rolled_back=True)
    packaged.wait(5_000)
    (answer,) = answers(packaged, command)
    assert (answer.state, answer.said) == ("failed", "So it went.")
    assert answer.detail == {"version": "2+bb", "from": "1+aa", "rolled_back": True}
    assert not answers(packaged, order(packaged)), "another order begins anew"
    assert handed(packaged) != request


def test_the_first_report_names_the_package(packaged: Bench) -> None:
    packaged.version = "2+bb"
    packaged.sim.reports.clear()
    packaged.reboot()
    packaged.wait(5_000)
    assert packaged.sim.reports[0].device["package"] == "2+bb"


def test_what_runs_already_is_done_at_once(packaged: Bench) -> None:
    (answer,) = answers(packaged, order(packaged, "1+aa"))
    assert answer.state == "done"
    assert handed(packaged) is None


def test_a_clone_says_how_it_is_updated(screen: Bench) -> None:
    (answer,) = answers(screen, order(screen))
    assert answer.state == "refused"
    assert "git pull" in answer.said
    assert handed(screen) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": "2; rm"},
        {"sha256": "../x"},
        {"bytes": MAX_PACKAGE_BYTES + 1},
        {"bytes": 0},
        {"version": 2},
    ],
)
def test_arguments_that_make_no_sense_are_refused(packaged: Bench, wrong: dict[str, Any]) -> None:
    (answer,) = answers(packaged, order(packaged, **wrong))
    assert answer.state == "refused"
    assert handed(packaged) is None


def test_a_second_order_waits_for_its_own_time(packaged: Bench) -> None:
    order(packaged)
    (answer,) = answers(packaged, order(packaged, "3+cc"))
    assert (answer.state, answer.said) == ("refused", "An update to 2+bb is under way.")


def test_a_cut_line_costs_no_byte_twice_and_no_order(packaged: Bench) -> None:
    half = len(PACKAGE) // 2

    def cut(method: str, path: str) -> Reply | None:
        if not path.startswith("/player/packages/") or packaged.sim.ranges:
            return None
        return 200, {"Content-Length": str(len(PACKAGE))}, PACKAGE[:half]

    packaged.sim.faults.hook = cut
    command = order(packaged)
    assert handed(packaged) is None
    packaged.sim.ranges.append("-")
    packaged.reboot()
    packaged.wait(20_000)
    assert packaged.sim.ranges == ["-", f"bytes={half}-"]
    assert handed(packaged) is not None
    assert not answers(packaged, command)


@pytest.mark.parametrize("served", [PACKAGE[:-1] + b"!", PACKAGE + b"more", b""])
def test_other_bytes_are_never_handed_over(packaged: Bench, served: bytes) -> None:
    packaged.sim.faults.hook = lambda method, path: (
        (200, {}, served) if path.startswith("/player/packages/") else None
    )
    command = order(packaged)
    packaged.wait(20_000)
    assert handed(packaged) is None
    why = "Corrupt" if len(served) == len(PACKAGE) else "BadAnswer"
    assert packaged.counts[f"failed:package:{why}"] > 1, "another length is not even read"
    packaged.sim.faults.hook = lambda method, path: None
    packaged.wait(90_000)
    assert handed(packaged) is not None
    assert not answers(packaged, command)


def test_past_the_deadline_nothing_is_begun(packaged: Bench) -> None:
    packaged.sim.faults.hook = lambda method, path: (
        (404, {}, b"{}") if path.startswith("/player/packages/") else None
    )
    command = order(packaged)
    packaged.wait(HOUR_MS + 5_000, step_ms=20_000)
    (answer,) = answers(packaged, command)
    assert (answer.state, answer.detail["rolled_back"]) == ("failed", False)
    assert "too late" in answer.said
    assert handed(packaged) is None


def test_where_nobody_does_updates_that_is_told_in_the_end(packaged: Bench) -> None:
    command = order(packaged)
    packaged.wait(HOUR_MS + GIVE_UP_MS + 5_000, step_ms=60_000)
    (answer,) = answers(packaged, command)
    assert answer.state == "failed"
    assert handed(packaged) is None


def test_a_device_that_is_no_screen_any_more_begins_none(packaged: Bench) -> None:
    packaged.sim.faults.hook = lambda method, path: (
        (404, {}, b"{}") if path.startswith("/player/packages/") else None
    )
    order(packaged)
    ask(packaged, "forget")
    packaged.wait(3_000)
    packaged.reboot()
    assert packaged.parts.body.updates.order == "", "nor after a restart"
    packaged.sim.faults.hook = lambda method, path: None
    packaged.wait(60_000)
    assert handed(packaged) is None


def test_what_root_tells_of_others_or_cannot_be_read_is_no_answer(packaged: Bench) -> None:
    command = order(packaged)
    told(packaged, Request("another", "keys", "first"))
    packaged.wait(5_000)
    (packaged.folder / "root" / RESULT).write_bytes(b"{")
    packaged.wait(5_000)
    assert not answers(packaged, command)


def test_another_package_takes_the_place_of_one_that_is_not_wanted(packaged: Bench) -> None:
    stale = packaged.folder / PACKAGES / ("0" * 64)
    stale.write_bytes(b"old")
    packaged.reboot()
    packaged.wait(8_000)
    order(packaged)
    assert [path.name for path in Path(stale.parent).iterdir()] == [sha256(PACKAGE)]
