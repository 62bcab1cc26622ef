"""The page's server on this machine, over real connections."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from player.display.board import Board
from player.display.page import Page
from player.display.server import Behind, LocalServer
from player.display.wishes import Wishes
from player.spool import Turn
from playlists.ids import Sha256
from tests.player.life import until

BUNDLE = Path(__file__).parents[2] / "player" / "page"
FILM = bytes(range(256)) * 40
ADDRESS = Sha256("a" * 64)
TURN = {
    "n": 1,
    "zone": "main",
    "head": 7,
    "manifest": "b" * 64,
    "from": 10,
    "until": 20,
    "card": None,
    "offers": {"shop@lille": 3},
    "because": ["no_time"],
    "slot": ["base", "loop", "i1"],
}


class Local:
    """A server with something behind it, and what that was told."""

    def __init__(self, folder: Path) -> None:
        self.board = Board({"plan": None, "held": []})
        self.turns: list[tuple[str, list[Turn]]] = []
        self.broken = False
        self.ok = True
        film = folder / "film"
        film.write_bytes(b"\0\0\0\x18ftypmp42" + FILM)
        self.film = film.read_bytes()
        drawing = folder / "drawing"
        drawing.write_bytes(b'<svg xmlns="http://www.w3.org/2000/svg"/>')
        self.files = {("assets", ADDRESS): film, ("assets", Sha256("d" * 64)): drawing}
        behind = Behind(
            board=self.board,
            clock=lambda: {"now": 5, "uncertainty": None},
            file=lambda kind, sha: self.files.get((kind, sha)),
            played=self._played,
            wishes=Wishes(),
            health=lambda: {"ok": self.ok},
        )
        self.server = LocalServer("127.0.0.1", 0, Page(BUNDLE), behind)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def _played(self, page: str, turns: list[Turn]) -> None:
        if self.broken:
            raise RuntimeError("the disk is full")
        self.turns.append((page, turns))


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    made = Local(tmp_path)
    made.server.start()
    yield made
    made.server.stop()


def events(answer: requests.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in answer.iter_lines(1, decode_unicode=True):
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_the_page_is_told_that_the_agent_is_its_source(local: Local) -> None:
    for path in ("/", "/screen"):
        answer = requests.get(local.url + path, timeout=5)
        assert '<meta name="enseigne-source" content="agent">' in answer.text
        assert f'<meta name="enseigne-page" content="{Page(BUNDLE).digest}">' in answer.text
        assert "direct" not in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    module = requests.get(local.url + "/page/main.js", timeout=5)
    assert module.headers["Content-Type"].startswith("text/javascript")
    again = requests.get(
        local.url + "/page/main.js", headers={"If-None-Match": module.headers["ETag"]}, timeout=5
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/page/../agent/agent.py", "/page/%2e%2e/config.py", "/page/", "/etc/passwd", "/page"]
)
def test_nothing_else_is_served(local: Local, path: str) -> None:
    link = http.client.HTTPConnection("127.0.0.1", local.server.port, timeout=5)
    link.request("GET", path)
    assert link.getresponse().status == 404
    link.close()


def test_a_stream_begins_whole_and_goes_on_with_what_changed(local: Local) -> None:
    with requests.get(local.url + "/events", stream=True, timeout=5) as answer:
        stream = events(answer)
        assert next(stream) == ("state", {"plan": None, "held": []})
        local.board.put({"plan": None, "held": ["a"]})
        assert next(stream) == ("change", {"held": ["a"]})
    assert requests.get(local.url + "/state", timeout=5).json() == {"plan": None, "held": ["a"]}


def test_a_silent_stream_says_that_it_lives(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("player.display.server.HEARTBEAT_S", 0.01)
    with requests.get(local.url + "/events", stream=True, timeout=5) as answer:
        stream = events(answer)
        next(stream)
        assert next(stream) == ("alive", {})


@pytest.mark.parametrize(
    ("wish", "status", "begin", "end"),
    [
        ("", 200, 0, None),
        ("bytes=0-", 200, 0, None),
        ("bytes=100-", 206, 100, None),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=-50", 206, -50, None),
        ("bytes=5-999999", 206, 5, None),
        ("bytes=1-2,5-6", 200, 0, None),
        ("lines=1-2", 200, 0, None),
    ],
)
def test_a_film_is_served_in_parts(
    local: Local, wish: str, status: int, begin: int, end: int | None
) -> None:
    answer = requests.get(f"{local.url}/assets/{ADDRESS}", headers={"Range": wish}, timeout=5)
    assert answer.status_code == status
    assert answer.content == local.film[begin:end]
    assert answer.headers["ETag"] == f'"{ADDRESS}"'
    assert answer.headers["Content-Type"] == "video/mp4"


def test_a_part_beyond_the_film_is_refused(local: Local) -> None:
    for wish in ("bytes=999999-", "bytes=-0", "bytes=9-3"):
        answer = requests.get(f"{local.url}/assets/{ADDRESS}", headers={"Range": wish}, timeout=5)
        assert answer.status_code == 416, wish
        assert answer.headers["Content-Range"] == f"bytes */{len(local.film)}"


def test_a_drawing_opened_by_itself_runs_nothing(local: Local) -> None:
    answer = requests.get(f"{local.url}/assets/{'d' * 64}", timeout=5)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_file_that_is_not_held_or_just_went_is_not_there(local: Local) -> None:
    assert requests.get(f"{local.url}/assets/{'c' * 64}", timeout=5).status_code == 404
    local.files["assets", ADDRESS].unlink()
    assert requests.get(f"{local.url}/assets/{ADDRESS}", timeout=5).status_code == 404


def test_turns_are_taken_from_the_page_and_its_beacon(local: Local) -> None:
    body = json.dumps({"page": "p1", "turns": [TURN]})
    own = {"Origin": local.url}
    as_json = requests.post(
        local.url + "/played", body, headers={"Content-Type": "application/json"}, timeout=5
    )
    beacon = requests.post(
        local.url + "/played", body, headers=own | {"Content-Type": "text/plain"}, timeout=5
    )
    assert (as_json.status_code, beacon.status_code) == (204, 204)
    (page, (turn,)), _ = local.turns
    assert (page, turn.n, turn.slot) == ("p1", 1, ("base", "loop", "i1"))
    assert (turn.play.head, turn.play.because, turn.play.card) == (7, ("no_time",), None)


def test_turns_that_could_not_be_kept_are_not_acknowledged(local: Local) -> None:
    local.broken = True
    answer = requests.post(local.url + "/played", json={"page": "p", "turns": [TURN]}, timeout=5)
    assert answer.status_code == 503


@pytest.mark.parametrize(
    "change", [{"n": 0}, {"until": 5}, {"zone": None}, {"slot": ["base"]}, {"from": 1.5}]
)
def test_turns_that_make_no_sense_are_refused(local: Local, change: dict[str, Any]) -> None:
    body = {"page": "p", "turns": [{**TURN, **change}]}
    assert requests.post(local.url + "/played", json=body, timeout=5).status_code == 422
    assert local.turns == []


def test_strangers_are_refused(local: Local) -> None:
    evil = {"Origin": "http://evil.test", "Content-Type": "application/json"}
    assert requests.post(local.url + "/painted", "{}", headers=evil, timeout=5).status_code == 403
    plain = {"Content-Type": "text/plain"}
    assert requests.post(local.url + "/painted", "{}", headers=plain, timeout=5).status_code == 415
    rebound = requests.get(local.url + "/state", headers={"Host": "evil.test"}, timeout=5)
    assert rebound.status_code == 421
    link = http.client.HTTPConnection("127.0.0.1", local.server.port, timeout=5)
    for length in ("99999999", "-1", "x", ""):
        huge = {"Content-Type": "application/json", "Content-Length": length}
        link.request("POST", "/played", headers=huge)
        assert link.getresponse().status == 413
        link.close()


def test_the_page_says_that_it_lives_and_how_much_it_has_drawn(local: Local) -> None:
    def told() -> dict[str, Any]:
        found: dict[str, Any] = requests.get(local.url + "/painted", timeout=5).json()
        return found

    def beat(value: object) -> int:
        return requests.post(local.url + "/painted", json=value, timeout=5).status_code

    assert beat({"frames": 1, "dark": False}) == 204
    assert told()["frames"] == 1
    until(lambda: told()["ago_ms"] > 0, "a while")
    assert beat({"frames": 1, "dark": True}) == 204
    still = told()
    assert still["drawn_ago_ms"] > still["ago_ms"]
    assert still["dark"]
    assert beat({"frames": 2, "dark": False}) == 204
    assert told()["drawn_ago_ms"] <= told()["ago_ms"]
    assert beat({"frames": -1}) == 422
    assert told()["frames"] == 2


def test_health_says_what_it_is_told(local: Local) -> None:
    assert requests.get(local.url + "/health", timeout=5).status_code == 200
    local.ok = False
    assert requests.get(local.url + "/health", timeout=5).status_code == 503
    assert requests.get(local.url + "/clock", timeout=5).json() == {"now": 5, "uncertainty": None}


def test_a_taken_port_is_told_at_once(local: Local) -> None:
    with pytest.raises(OSError, match="in use"):
        LocalServer("127.0.0.1", local.server.port, Page(BUNDLE), local.server._server.behind)


def test_a_board_wakes_everybody_who_waits() -> None:
    board = Board({"held": []})
    rev, _ = board.since(0) or (0, {})
    woken: list[object] = []
    threads = [
        threading.Thread(target=lambda: woken.append(board.since(rev, 10))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    board.put({"held": ["a"]})
    for thread in threads:
        thread.join(timeout=10)
    assert woken == [(rev + 1, {"held": ["a"]})] * 3
    board.close()
    assert board.since(rev, 10) is None
