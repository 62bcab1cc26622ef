"""The kiosk's process: what Chromium is shown, and when one life of it ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from player.config import Config, read_config
from player.display.view import AGENT_HERE, BEGIN_S, SILENT_S, STILL_S, Beat, View
from player.kiosk import main


class Agent(HTTPServer):
    """An agent that answers as it is told."""

    ago_ms: object = 0
    drawn_ago_ms = 0
    dark = False


class _Answers(BaseHTTPRequestHandler):
    server: Agent

    def do_GET(self) -> None:
        told = {name: getattr(self.server, name) for name in ("ago_ms", "drawn_ago_ms", "dark")}
        body = json.dumps(told).encode()
        self.send_response(200 if self.path == "/painted" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def agent() -> Iterator[Agent]:
    """It listens, and answers."""
    server = Agent(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def config(tmp_path: Path, *more: str, port: int = 1) -> Config:
    words = ["--data", str(tmp_path), "--port", str(port), *more]
    return read_config(words, {}, needs_server=False)


def tool(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def shown(view: View) -> str:
    return view.command()[-1].removeprefix("--app=")


def test_while_no_agent_answers_a_page_of_its_own_stands_there(tmp_path: Path) -> None:
    view = View(config(tmp_path), "chromium")
    address = shown(view)
    assert address.startswith("file://")
    assert Path(address.removeprefix("file://").partition("?")[0]).is_file()
    assert "server" not in address  # then it says how to name one
    assert not view.trouble(10 * BEGIN_S)
    named = View(config(tmp_path, "--server", "https://signs.example"), "chromium")
    assert "server=https" in shown(named)


def test_the_agent_s_page_comes_as_soon_as_it_answers(tmp_path: Path, agent: Agent) -> None:
    waiting = View(config(tmp_path, port=agent.server_port), "chromium")
    agent.ago_ms = "what?"
    assert shown(waiting).startswith("file://")
    agent.ago_ms = 0
    assert waiting.trouble(0.1) == AGENT_HERE
    assert shown(waiting) == f"http://127.0.0.1:{agent.server_port}/"
    assert not waiting.trouble(0.1)


def test_what_the_agent_heard_decides_over_the_browser_s_life(tmp_path: Path, agent: Agent) -> None:
    view = View(config(tmp_path, port=agent.server_port), "chromium")
    view.command()
    agent.ago_ms = (SILENT_S + 1) * 1000
    assert view.trouble(SILENT_S + 2) == "its page has said nothing for 6 s"
    agent.ago_ms = 0
    assert not view.trouble(SILENT_S + 2)


LONG = 3600.0


@pytest.mark.parametrize(
    ("beat", "lived_s", "draws", "trouble"),
    [
        (Beat(0, 0, False), LONG, True, ""),
        (Beat(SILENT_S + 1, SILENT_S + 1, False), LONG, True, "said nothing"),
        (Beat(SILENT_S + 1, SILENT_S + 1, True), LONG, False, "said nothing"),
        # The words are an older page's: this one reads itself from a slow card.
        (Beat(BEGIN_S - 1, LONG, False), BEGIN_S - 2, True, ""),
        (Beat(LONG, LONG, False), BEGIN_S + 1, True, "said nothing"),
        # It speaks, and draws nothing.
        (Beat(1, 1 + STILL_S + 1, False), LONG, True, "drawn nothing"),
        (Beat(1, LONG, False), 2.0, True, ""),
        # Nobody asks it for frames.
        (Beat(1, LONG, True), LONG, True, ""),
        (Beat(1, LONG, False), LONG, False, ""),
    ],
)
def test_when_a_page_is_replaced(beat: Beat, lived_s: float, draws: bool, trouble: str) -> None:
    found = beat.trouble(lived_s, draws=draws)
    assert trouble in found
    assert bool(found) == bool(trouble)


def test_without_a_compositor_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--data", str(tmp_path)]) == 2
    assert "cage" in capsys.readouterr().err
    assert main(["--rotate", "1"]) == 2
    assert "--rotate" in capsys.readouterr().err
