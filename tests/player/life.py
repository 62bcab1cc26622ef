"""A player as a process of its own, for scenarios and measurements."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.fakes.server_peer import Peer
from tests.support.programs import end

WITHIN_S = 30.0


def until(true: Callable[[], Any], what: str) -> Any:
    """Wait for something true and return it."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


class Life:
    """One life of a player process."""

    def __init__(self, server: str, data: Path) -> None:
        self.child = subprocess.Popen(
            [
                *(sys.executable, "-m", "player", "--no-display", "--port", "0"),
                *("--server", server, "--data", str(data), "--name", "test"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.child.stdout
        said = self.child.stdout.readline()
        assert said, "the player ended at once"
        self.url = said.split()[-1].rstrip("/")

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=10)

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.get("/state").json()
        return state

    def kill(self) -> None:
        self.child.kill()
        self._buried()

    def _buried(self) -> None:
        self.child.wait()
        if self.child.stdout:
            self.child.stdout.close()

    def stop(self) -> int:
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(10)
        self._buried()
        return code


@contextmanager
def life(server: str, data: Path) -> Iterator[Life]:
    """A player for the length of the block."""
    one = Life(server, data)
    try:
        yield one
    finally:
        end(one.child)
        one._buried()


def paired_life(peer: Peer, data: Path) -> Life:
    """A new player that a person has paired and that holds its plan."""
    one = Life(peer.url, data)
    pair(one, peer)
    return one


def pair(one: Life, peer: Peer) -> None:
    """Have a person pair it, and wait for its plan."""
    code = until(lambda: (one.state().get("pairing") or {}).get("code"), "a code")
    peer.sim.accept(code)
    until(lambda: one.state()["plan"], "a plan")
