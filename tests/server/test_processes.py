"""Programs that live and die together."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from server.processes import Group, Part

WAIT_S = 15.0
SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
PARENT = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', "
    "'import time; time.sleep(600)']); print(child.pid, flush=True); time.sleep(600)"
)


def python(name: str, code: str, **env: str) -> Part:
    return Part(name, [sys.executable, "-c", code], env)


def until(ready: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_each_line_of_a_part_is_logged_under_its_name() -> None:
    log = io.StringIO()
    with Group(quiet=True, log=log) as group:
        group.start(python("shop", "import os; print(os.environ['WORD'])", WORD="bonjour"))
        until(lambda: "shop | bonjour" in log.getvalue())


def test_the_first_part_that_ends_is_named_with_its_code() -> None:
    with Group(quiet=True) as group:
        group.start(python("steady", SLEEPER))
        group.start(python("brief", "raise SystemExit(3)"))
        assert group.wait() == ("brief", 3)
        assert group.alive("steady")


def test_a_request_to_stop_ends_the_waiting() -> None:
    with Group(quiet=True) as group:
        group.start(python("steady", SLEEPER))
        threading.Timer(0.1, group.request_stop).start()
        assert group.wait() is None


def test_a_part_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.processes.STOP_GRACE_S", 0.5)
    log = io.StringIO()
    with Group(quiet=True, log=log) as group:
        group.start(python("deaf", STUBBORN))
        until(lambda: "deaf | up" in log.getvalue())
    assert group.first_dead() == ("deaf", -signal.SIGKILL)


def test_what_a_part_started_ends_with_it() -> None:
    log = io.StringIO()
    with Group(quiet=True, log=log) as group:
        group.start(python("parent", PARENT))
        until(lambda: "\n" in log.getvalue())
    child = int(log.getvalue().split("|")[1])
    until(lambda: not _runs(child))


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_signal_to_an_ended_part_is_no_error() -> None:
    group = Group(quiet=True)
    group.start(python("brief", "pass"))
    until(lambda: group.first_dead() == ("brief", 0))
    group.stop()
    assert group.first_dead() == ("brief", 0)


STARTER = (
    "import sys, time; from server.processes import Group, Part; group = Group(); "
    "group.start(Part('one', [sys.executable, '-c', 'import time; time.sleep(600)'])); "
    "print(group._running['one'].pid, flush=True); time.sleep(600)"
)


@pytest.mark.parametrize("late", [False, True], ids=["", "before the signal is asked for"])
def test_when_the_starter_is_killed_its_parts_end_too(tmp_path: Path, late: bool) -> None:
    """Else they would keep their ports, and nobody could start again."""
    path = os.environ["PATH"]
    if late:
        slow = tmp_path / "setpriv"
        slow.write_text(f'#!/bin/sh\nsleep 0.5\nexec {shutil.which("setpriv")} "$@"\n')
        slow.chmod(0o755)
        path = f"{tmp_path}{os.pathsep}{path}"
    command = [sys.executable, "-c", STARTER]
    env = {**os.environ, "PATH": path}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        part = int(process.stdout.readline())
        process.kill()
    until(lambda: not is_running(part))


def is_running(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
