"""What stands in the way of the demo is said in a sentence."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from server.demo.run import run
from server.demo.screens import AGENT_SCREEN, BROWSER_SCREEN, SCREENS


def test_a_taken_port_is_named_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert run(port=port, browser=False, reset=False, smoke=False) == 1
        said = capsys.readouterr().err
        assert f"Port {port} is taken by another program." in said
        assert f"--port {port + 100}" in said
    assert list(tmp_path.iterdir()) == [], "nothing was begun"


def test_fourteen_screens_hang_in_four_stores() -> None:
    assert len({screen.id for screen in SCREENS}) == 14
    assert {screen.store for screen in SCREENS} == {
        "lille",
        "vieux-port",
        "prado",
        "fort-de-france",
    }
    assert {AGENT_SCREEN, BROWSER_SCREEN} < {screen.id for screen in SCREENS}


def test_the_door_may_start_before_the_servers_insides_are_loaded() -> None:
    loaded = "import sys, server.demo.run; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    heavy = {"sqlalchemy", "alembic", "PIL", "amqtt", "socketio", "flask"}
    assert heavy.isdisjoint(done.stdout.split())
