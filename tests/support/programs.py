"""Find a system program for a test, or skip the test saying what to install."""

import socket
import subprocess
import time
from collections.abc import Callable

import pytest

from start import PROGRAMS, find_program

READY_WITHIN_S = 30.0
STOP_WITHIN_S = 10.0
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NotReady(Exception):
    """A program that a test started did not come up; the message carries its last lines."""


def need(name: str) -> str:
    """The path of a system program; skips the test, naming the package, where there is none."""
    path: str | None = find_program(name)
    if path is None:
        pytest.skip(f"needs {name}: apt-get install {PROGRAMS[name][1]}")
    return path


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(ready: Callable[[], bool], child: "subprocess.Popen[bytes]", what: str) -> None:
    """Wait for a started program to be ready.

    Raises NotReady when it ends first, or after READY_WITHIN_S seconds.
    """
    deadline = time.monotonic() + READY_WITHIN_S
    while not ready():
        if child.poll() is not None:
            raise NotReady(f"{what} ended at once with exit code {child.returncode}")
        if time.monotonic() > deadline:
            raise NotReady(f"{what} was not ready within {READY_WITHIN_S:.0f} s")
        time.sleep(0.02)


def answers(port: int) -> bool:
    """True if something accepts connections on this port of 127.0.0.1."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def end(child: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    """End a program that a test started: asked first, then killed after STOP_WITHIN_S seconds."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
