"""Runs several programs as one: starts them, names their output, stops all when one ends or the
person says so.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

STOP_GRACE_S = 5.0
"""Between asking a part to stop and killing it."""


@dataclass
class Part:
    """One program of the group: `name` for its log lines, `command`, and what its environment
    adds.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


class Group:
    """A set of parts that live and die together."""

    def __init__(self, *, quiet: bool = False, log: IO[str] | None = None) -> None:
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._quiet = quiet
        self._log = log
        self._stopping = threading.Event()

    def start(self, part: Part) -> None:
        """Start one more part, from the main thread. Where this process is killed, Linux ends the
        part; its standard input stays open as long as this process lives.
        """
        process = subprocess.Popen(
            [*_ending_with_this(), *part.command],
            env={**os.environ, "PYTHONUNBUFFERED": "1", **part.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._running[part.name] = process
        threading.Thread(target=self._relay, args=(part.name, process), daemon=True).start()

    def _relay(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            text = f"{name:>8} | {line.rstrip()}\n"
            if self._log is not None:
                self._log.write(text)
                self._log.flush()
            if not self._quiet:
                sys.stderr.write(text)

    def alive(self, name: str) -> bool:
        """Whether the part runs."""
        return self._running[name].poll() is None

    def first_dead(self) -> tuple[str, int] | None:
        """The name and exit code of a part that has ended, if one has."""
        for name, process in self._running.items():
            code = process.poll()
            if code is not None:
                return name, code
        return None

    def wait(self) -> tuple[str, int] | None:
        """Block until a part ends (its name and exit code) or `request_stop` was called (None)."""
        while not self._stopping.wait(0.2):
            dead = self.first_dead()
            if dead is not None:
                return dead
        return None

    def request_stop(self, *_signal: object) -> None:
        """Make `wait` return; safe in a signal handler."""
        self._stopping.set()

    def stop(self) -> None:
        """Ask every part to stop, latest first, and kill those that do not."""
        for process in reversed(self._running.values()):
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_GRACE_S
        for process in self._running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()

    def __enter__(self) -> Group:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def run_until_stopped(group: Group) -> int:
    """Wait for Ctrl-C or SIGTERM (0), or for a part to end by itself (1, said in a sentence)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, group.request_stop)
    dead = group.wait()
    if dead is None:
        return 0
    name, code = dead
    words = f"The {name} process ended by itself (exit code {code}); stopping everything."
    print(words, file=sys.stderr)
    return 1


ORPHAN_CHECK = '[ "$PPID" = "$0" ] && exec "$@"'
"""Run by sh once the signal is asked for: a starter that died before that would never be missed."""


def _ending_with_this() -> list[str]:
    """What a command is begun with so that it gets SIGTERM when the thread that started it ends
    (prctl(2), PR_SET_PDEATHSIG).
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or sys.platform != "linux":
        return []
    return [setpriv, "--pdeathsig", "TERM", "--", "sh", "-c", ORPHAN_CHECK, str(os.getpid())]


def _signal_group(process: subprocess.Popen[str], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass
