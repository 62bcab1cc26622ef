"""An installation on its first day: the server's own command just started, with nothing in its
record; and the outside world that it will be connected to.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

import requests

from tests.support.programs import READY_WITHIN_S, answers, end, free_port, wait_until

LINK = re.compile(r"http://\S+/start/\S+")


@dataclass(frozen=True)
class FirstDay:
    """The running server with the link that it printed, and the world's addresses."""

    url: str
    link: str
    world: dict[str, Any]

    def rain(self, millimetres: float) -> None:
        """Let it rain in Lille until tomorrow, or not."""
        until = {"rain_until_hour": 24 if millimetres else None}
        sky = {"place": "lille", "temperature_c": 12, "rain_mm": millimetres, **until}
        url = f"{self.world['weather_url']}/admin/set"
        requests.post(url, json=sky, timeout=10).raise_for_status()


@contextmanager
def first_day(folder: Path) -> Iterator[FirstDay]:
    """Start all of it in `folder` (a short path: the bus lies in it)."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "ENSEIGNE_DATA_DIR": str(folder),
        "ENSEIGNE_PORT": str(port),
        "ENSEIGNE_DOOR_PORT": str(free_port()),
        "ENSEIGNE_ALLOW_PRIVATE": "1",
    }
    announce = folder / "world.json"
    world = [sys.executable, "-m", "server.demo.world", "--announce", str(announce)]
    outside = subprocess.Popen(world, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = subprocess.Popen(
        [sys.executable, "-m", "server.cli", "serve"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        link = _printed(server)
        wait_until(lambda: answers(port), server, "the server")  # type: ignore[arg-type]
        wait_until(announce.exists, outside, "the world outside")
        yield FirstDay(url, link, json.loads(announce.read_text()))
    finally:
        for child in (server, outside):
            end(child)  # type: ignore[arg-type]


def _printed(server: subprocess.Popen[str]) -> str:
    """The link, once the server has printed it; all that it prints is read on."""
    found: Queue[str] = Queue()

    def read() -> None:
        assert server.stdout is not None
        for line in server.stdout:
            if match := LINK.search(line):
                found.put(match[0])

    threading.Thread(target=read, daemon=True).start()
    return found.get(timeout=READY_WITHIN_S)
