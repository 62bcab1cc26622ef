"""The computer as an update sees it: a real agent's page server is asked, and a real clock."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from player.machine.tools import Told
from player.updating import system
from player.updating.system import Beat, Life, System

SAID: dict[str, tuple[int, bytes]] = {}


class _Agent(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Say what the test wants."""
        status, body = SAID[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def asked() -> Iterator[System]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Agent)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    SAID["/health"] = 503, json.dumps({"ok": False, "package": "2"}).encode()
    told = {"ago_ms": 12, "drawn_ago_ms": 34, "frames": 5, "dark": True}
    SAID["/painted"] = 200, json.dumps(told).encode()
    yield System("0.0.0.0", server.server_address[1])
    server.shutdown()
    server.server_close()


def test_an_agent_is_heard_also_where_it_is_not_well(asked: System) -> None:
    assert asked.beat() == Beat("2", 12, 34, dark=True)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"<html>"])
def test_whatever_else_answers_is_no_agent(asked: System, body: bytes) -> None:
    SAID["/painted"] = 200, body
    assert asked.beat() is None


def test_nobody_answers() -> None:
    assert System("127.0.0.1", 1).beat() is None


def test_a_clock_is_right_or_nobodys() -> None:
    told = System("127.0.0.1", 1).now_ms()
    assert told is None or abs(told - time.time_ns() // 1_000_000) < 60_000


def test_lives_are_counted_over_both_units(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "MainPID=412\nNRestarts=1\n\nMainPID=97\nNRestarts=2\n"
    monkeypatch.setattr(system, "run", lambda line: Told(True, text))
    assert System("127.0.0.1", 1).life() == Life(412, 3)


def test_another_dpkg_is_waited_for_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    locked = "dpkg: error: dpkg frontend lock was locked by another process with pid 7"
    answers = [Told(False, locked), Told(False, locked), Told(False, "a clock is missing")]
    monkeypatch.setattr(system, "run", lambda line, within_s: answers.pop(0))
    monkeypatch.setattr(system, "LOCK_EVERY_S", 0)
    System("127.0.0.1", 1).configure()
    assert answers == []
