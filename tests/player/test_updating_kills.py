"""An updater that is killed at any point where something reaches its disk: after the next start the
machine has the old version or the new one, whole, and the agent an answer.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from player.updating.__main__ import CUT_OFF
from player.updating.handover import REQUEST, RESULT, Request
from player.updating.record import load
from tests.player.updating_bed import DEVICE, NOW, Bed, package

POINTS = ("fsync", "replace", "unlink", "rename")
MOST = 400


def in_a_process(work: Callable[[], object], kill_at: int) -> bool:
    """Do it in a process that kills itself right before its `kill_at`th step; whether it ended."""
    child = os.fork()
    if child == 0:
        left, whole_trees = kill_at, 0

        def in_one(work: Callable[..., Any]) -> Callable[..., Any]:
            """What goes through a whole tree counts as one step, before it and after it."""

            def working(*words: Any, **more: Any) -> Any:
                nonlocal whole_trees
                whole_trees += 1
                work(*words, **more)
                whole_trees -= 1

            return working

        def counted(step: Callable[..., Any]) -> Callable[..., Any]:
            def counting(*words: Any, **more: Any) -> Any:
                nonlocal left
                left -= 0 if whole_trees else 1
                if left == 0 and not whole_trees:
                    os.kill(os.getpid(), signal.SIGKILL)
                return step(*words, **more)

            return counting

        for name in POINTS:
            setattr(os, name, counted(getattr(os, name)))
        for name in ("rmtree", "copytree"):
            setattr(shutil, name, in_one(getattr(shutil, name)))
        status = 1
        try:
            work()
            status = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return not os.WIFSIGNALED(status)


def boot(bed: Bed, request: Request) -> None:
    """What systemd starts: the unit that goes back, where there is something; then the other, for
    what was asked before; and the agent, which asks anew where it has no answer.
    """
    bed.system.life_of_machine = "second"
    if (bed.own / "code").exists():
        bed.updater.undo(CUT_OFF)
    bed.updater.run()
    if not (bed.own / RESULT).exists() or bed.told().request != request.id:
        bed.hand(replace(request, boot="second"))
        bed.updater.run()


def check(bed: Bed, request: str, before: str, after: str) -> None:
    """Old or new, whole, told, with a way back, and nothing left over."""
    record, told = load(bed.own), bed.told()
    assert bed.system.state[0] == "whole"
    assert bed.system.installed() in (before, after)
    assert bed.updater.kept() == bed.system.installed()
    assert (record.attempt, record.device) == (None, DEVICE)
    assert told == record.last
    assert told.request == request
    assert (told.state == "done") == (bed.system.installed() == after)
    if told.state != "done":
        assert told.detail["rolled_back"] is True
    kept = {path.name.removeprefix("enseigne-player_") for path in bed.own.glob("*.deb")}
    assert kept <= {f"{version}.deb" for version in record.kept}
    assert not (bed.agent / REQUEST).exists()
    assert not (bed.own / "code").exists()


@pytest.mark.parametrize("does", ["play", "mute"])
def test_killed_anywhere_it_is_the_old_version_or_the_new_one(tmp_path: Path, does: str) -> None:
    start = Bed(tmp_path / "start")
    start.ask("1.9")
    assert start.run().state == "done"
    request = start.ask("2", does, issued_at=NOW + 1)
    seen = set()
    for kill_at in range(1, MOST):
        folder = tmp_path / str(kill_at)
        shutil.copytree(start.folder, folder)
        bed = Bed(folder, start.root, start.online)
        whole = in_a_process(bed.updater.run, kill_at)
        # The next start is cut off too, now and then.
        in_a_process(partial(boot, bed, request), kill_at % 7 * 5 or MOST)
        boot(bed, request)
        check(bed, request.id, "1.9", "2")
        seen.add(bed.told().state)
        shutil.rmtree(folder)
        if whole:
            break
    assert whole, "there is an end of it"
    assert kill_at > 20
    assert seen == ({"done", "failed"} if does == "play" else {"failed"})


def test_half_unpacked_code_is_gone_back_from_by_the_copy_that_began(tmp_path: Path) -> None:
    """The copied code runs by itself, whatever dpkg left of the other."""
    bed = Bed(tmp_path)
    request = bed.ask("2")

    def cut(deb: Path) -> Any:
        bed.system.put(package("2"), "half")
        os._exit(0)

    bed.system.install = cut  # type: ignore[method-assign]
    in_a_process(bed.updater.run, MOST)
    bed = Bed(tmp_path, bed.root, bed.online)
    assert bed.system.installed() == ""
    code = bed.own / "code"
    assert not (code / "player/page").exists()
    line = [sys.executable, "-m", "player.updating", "--help"]
    subprocess.run(line, cwd="/", env={"PYTHONPATH": str(code)}, check=True, capture_output=True)
    boot(bed, request)
    assert bed.system.installed() == "1"
