"""Who is let in, and who is not."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import requests

from playlists.credentials import check_token
from playlists.signing import SigningKey, verify
from server.errors import KEPT_OUT
from tests.server.door.peers import SECRET, Door, RawClient, Worker, door_and_worker, now_ms, until
from tests.support import raw_socketio

Pair = tuple[Door, Worker]


def refusal(door: Door, screen: str, device: SigningKey, **more: object) -> str:
    client = door.client()
    client.prove(screen, device, **more)  # type: ignore[arg-type]
    found = client.heard.wait("refused")
    assert found["message"]
    until(client.closed)
    assert not client.heard.all("welcome")
    return str(found["code"])


def enters(door: Door, worker: Worker, screen: str) -> bool:
    """Whether a player comes in by now; it leaves again."""
    client = door.client()
    client.prove(screen, worker.devices[screen])
    until(lambda: client.heard.all("welcome") or client.heard.all("refused"))
    client.close()
    return bool(client.heard.all("welcome"))


def read_to_end(sock: socket.socket) -> bytes:
    received = b""
    while more := sock.recv(4096):
        received += more
    return received


def test_a_proved_screen_is_welcomed_with_token_time_head_and_freshness(both: Pair) -> None:
    door, worker = both
    head = worker.head("lille-1", 5)
    fresh = worker.freshness("lille", 7)
    client = door.player(worker, "lille-1")
    welcome = client.heard.wait("welcome")
    assert welcome["report_ms"] == 45_000
    assert check_token(SECRET, welcome["token"], now_ms()) == "lille-1"
    time = verify(welcome["time"], "time", worker.keys.ring, now_ms())
    assert isinstance(time, dict)
    assert time["nonce"] == "n" * 22
    assert abs(int(time["now"]) - now_ms()) < 5_000  # type: ignore[call-overload]
    assert client.heard.wait("head") == head
    assert client.heard.wait("freshness") == fresh
    worker.heard.wait("links", lambda message: message["up"] == ["lille-1"])
    client.close()
    worker.heard.wait("links", lambda message: message["down"] == ["lille-1"])


def tell_held(worker: Worker, screen: str, held: bool) -> None:
    """The worker says whether a screen's device is kept out."""
    worker.rows[screen][4] = held
    worker.tell({"t": "screens", "set": [worker.rows[screen]], "gone": []})


def test_who_cannot_prove_a_known_key_is_refused_and_closed(both: Pair) -> None:
    door, worker = both
    device = worker.devices["lille-1"]
    assert refusal(door, "lille-1", SigningKey.generate()) == "bad_signature"
    assert refusal(door, "lille-1", worker.devices["lille-2"]) == "bad_signature"
    assert refusal(door, "nobody", device) == "unknown_screen"
    assert refusal(door, "lille-1", device, formats=[2]) == "format"
    assert refusal(door, "lille-1", device, v=2) == "format"
    assert door.health()["screens"] == 0
    assert door.metric('enseigne_door_refused_total{code="bad_signature"}') == 2


def test_a_proof_is_good_for_its_own_challenge_only(pair: Pair) -> None:
    door, worker = pair
    first = door.client()
    nonce = first.heard.wait("challenge")["nonce"]
    assert refusal(door, "lille-1", worker.devices["lille-1"], nonce=nonce) == "bad_signature"
    first.prove("lille-1", worker.devices["lille-1"])
    first.heard.wait("welcome")


def test_a_challenge_not_answered_in_time_ends_the_connection(folder: Path) -> None:
    with door_and_worker(folder, **{"reception.PROVE_WITHIN_S": 0.2}) as (door, worker):
        proved = door.player(worker, "lille-1")
        silent = door.client()
        until(silent.closed)
        proved.settle()
        assert door.metric('enseigne_door_closed_total{reason="unproved"}') == 1


def test_a_connection_that_never_joins_is_cut(folder: Path) -> None:
    with door_and_worker(folder, **{"websocket.HANDSHAKE_S": 0.3}) as (door, _):
        for first in (b"", b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"):
            with socket.create_connection(("127.0.0.1", door.port), timeout=5) as idle:
                idle.sendall(first)
                assert b"101" not in read_to_end(idle)
        with socket.create_connection(("127.0.0.1", door.port), timeout=5) as idle:
            idle.sendall(raw_socketio.handshake("x"))
            assert read_to_end(idle).startswith(b"HTTP/1.1 101")
        until(lambda: door.health()["clients"] == 0)


def test_a_watch_token_follows_its_screens_until_it_is_over(both: Pair) -> None:
    door, worker = both
    heads = [worker.head("lille-1", 5), worker.head("prado-1", 6)]
    worker.head("lille-2", 7)
    snapshot = worker.offers("shop@lille", 0, 10)
    client = door.client()
    token = worker.watch(["lille-1", "prado-1"], now_ms() + 1_500)
    client.prove_watch(token)
    welcome = client.heard.wait("welcome")
    assert welcome["token"] == token
    time = verify(welcome["time"], "time", worker.keys.ring, None)
    assert isinstance(time, dict)
    assert time["nonce"] == client.heard.wait("challenge")["nonce"]
    assert client.heard.wait("offers") == snapshot
    delta = worker.offers("shop@lille", 10, 11, ["A"])
    client.heard.wait("offers", lambda it: it == delta)
    worker.head("lille-2", 8)
    newer = worker.head("lille-1", 9)
    client.heard.wait("head", lambda it: it == newer)
    assert client.heard.all("head") == [*heads, newer]
    assert client.heard.wait("refused")["code"] == "bad_watch"
    until(client.closed)


def test_whoever_follows_screens_under_what_ended_is_refused_at_once(pair: Pair) -> None:
    door, worker = pair
    ended, good = "e" * 64, "a" * 64
    until_ms = now_ms() + 60_000
    follows, stays = door.client(), door.client()
    follows.prove_watch(worker.watch(["lille-1"], until_ms, ended))
    stays.prove_watch(worker.watch(["lille-1"], until_ms, good))
    for client in (follows, stays):
        client.heard.wait("welcome")
    worker.tell({"t": "ended", "hashes": [ended]})
    assert follows.heard.wait("refused")["code"] == "bad_watch"
    until(follows.closed)
    again = door.client()
    again.prove_watch(worker.watch(["lille-1"], until_ms, ended))
    assert again.heard.wait("refused")["code"] == "bad_watch"
    head = worker.head("lille-1", 9)
    assert stays.heard.wait("head") == head
    worker.ended = [good]
    worker.stop()
    worker.start()
    assert stays.heard.wait("refused")["code"] == "bad_watch"


@pytest.mark.parametrize("kind", ["over", "foreign", "other kind", "noise"])
def test_a_bad_watch_token_is_refused(pair: Pair, kind: str) -> None:
    door, worker = pair
    stranger = Worker(door.folder / "none")
    token = {
        "over": worker.watch(["lille-1"], now_ms() - 1),
        "foreign": stranger.watch(["lille-1"], now_ms() + 60_000),
        "other kind": worker.head("lille-1", 5),
        "noise": "no.token.this",
    }[kind]
    client = door.client()
    client.prove_watch(token)
    assert client.heard.wait("refused")["code"] == "bad_watch"
    until(client.closed)


def test_a_copied_key_holds_both_devices_and_tells_the_worker(folder: Path) -> None:
    with door_and_worker(folder, **{"clones.CLONE_GRACE_S": 0.4}) as (door, worker):
        first = door.player(worker, "lille-1")
        second = door.player(worker, "lille-1")
        for client in (first, second):
            assert client.heard.wait("refused")["code"] == "cloned_key"
            until(client.closed)
        assert worker.heard.wait("clone")["screen"] == "lille-1"
        assert refusal(door, "lille-1", worker.devices["lille-1"]) == "cloned_key"
        page = door.client()
        page.prove_watch(worker.watch(["lille-1"], now_ms() + 60_000))
        page.heard.wait("welcome")
        tell_held(worker, "lille-1", True)
        page.settle()
        assert refusal(door, "lille-1", worker.devices["lille-1"]) == "cloned_key"
        door.restart()
        assert refusal(door, "lille-1", worker.devices["lille-1"]) == "cloned_key"
        tell_held(worker, "lille-1", False)
        until(lambda: enters(door, worker, "lille-1"))
        until(lambda: door.health()["clients"] == 0)
        worker.screen("lille-1", "lille", ["shop@lille"])
        worker.tell({"t": "screens", "set": [worker.rows["lille-1"]], "gone": []})
        until(lambda: enters(door, worker, "lille-1"))


def test_a_held_device_is_closed_with_the_words_that_http_says(pair: Pair) -> None:
    door, worker = pair
    client = door.player(worker, "lille-1")
    tell_held(worker, "lille-1", True)
    said = client.heard.wait("refused")
    assert said == {"code": "cloned_key", "message": KEPT_OUT["cloned_key"]}
    until(client.closed)


def test_a_reconnect_over_a_dead_connection_is_no_clone(folder: Path) -> None:
    with door_and_worker(folder, **{"clones.CLONE_GRACE_S": 0.4}) as (door, worker):
        dead = RawClient(door.port)
        dead.enter("lille-1", worker.devices["lille-1"])
        alive = door.player(worker, "lille-1")
        until(lambda: door.health()["clients"] == 1 or dead.next_event() is None)
        head = worker.head("lille-1", 9)
        assert alive.heard.wait("head") == head
        assert not alive.heard.all("refused")
        assert not worker.heard.all("clone")


def test_a_page_of_a_foreign_origin_may_not_connect(folder: Path) -> None:
    env = {
        "ENSEIGNE_PUBLIC_URL": "https://sign.example",
        "ENSEIGNE_DOOR_ORIGINS": "https://b.example",
    }
    with door_and_worker(folder, env) as (door, _):

        def greeted(origin: str) -> bool:
            headers = f"\r\nOrigin: {origin}\r\n\r\n".encode()
            with socket.create_connection(("127.0.0.1", door.port), timeout=5) as page:
                page.sendall(raw_socketio.handshake("signs.lan:8081")[:-4] + headers)
                received = b""
                while b'"sid"' not in received and (more := page.recv(4096)):
                    received += more
                return b'"sid"' in received

        assert greeted("https://sign.example")
        assert greeted("https://b.example")
        assert greeted("http://localhost:5173")
        assert greeted("http://127.0.0.1:8080")
        assert greeted("http://signs.lan:8080")
        assert not greeted("https://evil.example")
        assert not greeted("https://sign.example.evil.example")
        polling = requests.get(f"{door.url}/socket.io/?EIO=4&transport=polling", timeout=5)
        assert polling.status_code == 400
