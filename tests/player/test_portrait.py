"""The brand's slate as the display's resting picture: drawn when it is due, by a Chromium whose
part a program plays that speaks as it does on its pipe.
"""

from __future__ import annotations

import json
import sys
import threading
import zlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from player.display.devtools import NoAnswer
from player.display.portrait import EMPTY, Portrait
from player.display.resting import Resting, night
from player.machine.memory import available_mib, total_mib

SIZE = (4, 3)
PICTURE = bytes(range(48))
DRAWS = """
import json, os, sys
from pathlib import Path
said, kept = Path(sys.argv[1]), b""
while data := os.read(3, 65536):
    *asked, kept = (kept + data).split(b"\\0")
    for message in map(json.loads, asked):
        with said.open("a") as file:
            file.write(json.dumps(message) + "\\n")
        method, script = message["method"], message["params"].get("expression", "")
        result = {"targetInfos": [{"type": "page", "targetId": "a"}], "sessionId": "s"}
        if method == "Page.captureScreenshot":
            result = {"data": "cG5n"}
        elif "OffscreenCanvas" in script:
            result = {"result": {"value": sys.argv[2]}}
        elif method == "Runtime.evaluate":
            result = {"result": {}} if sys.argv[2] else {"exceptionDetails": {"text": "no"}}
        os.write(4, json.dumps({"id": message["id"], "result": result}).encode() + b"\\0")
"""


@dataclass
class Here:
    """The agent's address, and a Chromium that answers `packed`."""

    agent: str
    said: Path
    packed: str = b64encode(zlib.compress(PICTURE)).decode()
    pages: list[str] = field(default_factory=list)

    def unseen(self, path: str, folder: Path, size: tuple[int, int]) -> list[str]:
        assert size == SIZE
        self.pages.append(path)
        return [sys.executable, "-S", "-c", DRAWS, str(self.said), self.packed]

    def shown(self) -> str:
        """What the page was told to show."""
        asked = [json.loads(line)["params"] for line in self.said.read_text().splitlines()]
        (script,) = [it["expression"] for it in asked if "slateView" in it.get("expression", "")]
        return str(script)


@dataclass
class Stands:
    """The window beneath."""

    size: tuple[int, int] = SIZE
    painted: int = 0

    def repaint(self) -> None:
        self.painted += 1


class Agent(HTTPServer):
    """Answers what it holds."""

    told: dict[str, Any]
    page = "one"


class _Answers(BaseHTTPRequestHandler):
    server: Agent

    def do_GET(self) -> None:
        body = json.dumps(self.server.told.get(self.path, {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("ETag", self.server.page)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def agent() -> Iterator[Agent]:
    server = Agent(("127.0.0.1", 0), _Answers)
    server.told = {
        "/state": {"plan": {"manifest": "m1"}, "held": ["aa"]},
        "/objects/m1": {"brand": {"name": "Pluvier", "mark": "aa"}, "lang": "fr"},
    }
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def here(agent: Agent, tmp_path: Path) -> Here:
    return Here(f"http://127.0.0.1:{agent.server_port}/", tmp_path / "said")


def portrait(here: Here, folder: Path, stands: Stands) -> tuple[Portrait, Resting]:
    resting = Resting(folder)
    return Portrait(here, folder / "profile", resting, stands), resting  # type: ignore[arg-type]


def test_it_is_drawn_once_and_kept_over_a_restart(here: Here, tmp_path: Path) -> None:
    stands = Stands()
    one, resting = portrait(here, tmp_path, stands)
    assert resting.paint(*SIZE) == night(*SIZE)
    assert one.once()
    assert resting.paint(*SIZE) == PICTURE
    assert '"Pluvier"' in here.shown()
    assert here.pages == [EMPTY]
    assert not one.once()
    again, _ = portrait(here, tmp_path, stands)
    assert not again.once()
    assert stands.painted == 1


def test_another_brand_another_page_or_a_damaged_picture_is_drawn_anew(
    here: Here, agent: Agent, tmp_path: Path
) -> None:
    one, _ = portrait(here, tmp_path, Stands())
    assert one.once()
    # Another plan of the same brand asks for none.
    agent.told["/state"]["plan"]["manifest"] = "m2"
    agent.told["/objects/m2"] = agent.told["/objects/m1"]
    assert not one.once()
    agent.told["/objects/m2"] = {"brand": {"name": "Autre"}, "lang": "fr"}
    assert one.once()
    agent.page = "two"
    assert one.once()
    (kept,) = tmp_path.glob("resting-*")
    kept.write_bytes(kept.read_bytes()[:-10])
    again, resting = portrait(here, tmp_path, Stands())
    assert again.once()
    assert resting.paint(*SIZE) == PICTURE


def test_it_waits_for_a_plan_its_files_a_window_and_memory(
    here: Here, agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands = Stands(size=(0, 0))
    one, _ = portrait(here, tmp_path, stands)
    assert not one.once()
    stands.size = SIZE
    agent.told["/state"]["held"] = []
    assert not one.once()
    agent.told["/state"]["held"] = ["aa"]
    monkeypatch.setattr("player.display.portrait.available_mib", lambda: 100)
    assert not one.once()
    monkeypatch.undo()
    agent.told["/state"]["plan"] = None
    assert not one.once()
    agent.told["/state"]["plan"] = {"manifest": "m1"}
    assert one.once()
    assert 0 < available_mib() <= total_mib()


def test_what_cannot_be_drawn_leaves_what_is_there(
    here: Here, agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, resting = portrait(here, tmp_path, Stands())
    assert one.once()
    agent.told["/objects/m1"]["brand"] = {"name": "Autre"}
    drawn, here.packed = here.packed, ""
    with pytest.raises(NoAnswer, match="the page said no"):
        one.once()
    here.packed = drawn
    monkeypatch.setattr("player.display.portrait.MAX_PACKED", 8)
    with pytest.raises(NoAnswer, match="over 8 bytes"):
        one.once()
    assert resting.paint(*SIZE) == PICTURE
    here.agent = "http://127.0.0.1:9/"
    with pytest.raises(requests.RequestException):
        one.once()
