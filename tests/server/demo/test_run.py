"""What stands in the way of the demo is said in a sentence."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner

from server.cli import app
from server.config import Settings
from server.demo import HANDS_PORTS, MAX_PORT, PORTS
from server.demo.run import Ports, _start_player, _start_screens, run
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


def test_the_way_out_of_a_taken_port_is_a_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "bind", Mock(side_effect=OSError))
    assert run(port=MAX_PORT, browser=False, reset=False, smoke=False) == 1
    assert f"--port {MAX_PORT - 100}" in capsys.readouterr().err


@pytest.mark.parametrize("port", [-3, 0, MAX_PORT + 1, 70_000])
def test_a_port_that_leaves_no_room_for_the_others_is_refused_in_a_sentence(port: int) -> None:
    done = CliRunner().invoke(app, ["demo", "--port", str(port)])
    assert done.exit_code == 2
    assert "--port" in done.stderr


def test_a_second_demo_in_the_folder_says_where_the_first_is_and_leaves_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    first = port_row()
    kept = tmp_path / ".enseigne" / "demo" / "world.json"

    def running(*_: object, **__: object) -> int:
        kept.parent.mkdir()
        kept.write_text("{}")
        for reset in (False, True):
            assert run(port=port_row(), browser=False, reset=reset, smoke=False) == 2
            said = capsys.readouterr().err
            assert f"A demo already runs in this folder, at http://127.0.0.1:{first}." in said
        assert kept.exists()
        return 0

    with monkeypatch.context() as patched:
        patched.setattr("server.demo.run._run", running)
        assert run(port=first, browser=False, reset=False, smoke=False) == 0
        patched.setattr("server.demo.run._run", lambda *_, **__: 0)
        assert run(port=port_row(), browser=False, reset=False, smoke=False) == 0


def port_row() -> int:
    """The first of as many free ports in a row as the demo takes."""
    while True:
        with ExitStack() as taken:
            first = taken.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            try:
                for port in range(first + 1, first + PORTS):
                    taken.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return int(first)


def test_each_screen_has_a_port_of_its_own_for_the_store_s_people(tmp_path: Path) -> None:
    group, ports, settings = Mock(), Ports.after(9000), Settings(_env_file=None)  # type: ignore[call-arg]
    _start_player(group, ports, tmp_path, settings)
    _start_screens(group, ports, tmp_path, settings)
    alone, others = (call.args[0].command for call in group.start.call_args_list)
    first = int(others[others.index("--hands-port") + 1])
    count = int(others[others.index("--count") + 1])
    taken = [int(alone[alone.index("--hands-port") + 1]), *range(first, first + count)]
    assert taken == list(range(9000 + PORTS, 9000 + PORTS + HANDS_PORTS))


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
