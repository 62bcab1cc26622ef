"""Slow, loud and lying clients; a worker or a door that dies."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from geventwebsocket.websocket import Header

from server.door import frames
from server.door.websocket import unmasked
from tests.server.door.peers import ROOT, Door, RawClient, Worker, door_and_worker, until
from tests.support import raw_socketio

Pair = tuple[Door, Worker]


def test_the_installed_libraries_frame_events_as_we_do() -> None:
    assert frames.matches_library() == ""


def test_other_libraries_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_EVENT", "42/elsewhere,")
    assert "framed otherwise" in frames.matches_library()
    monkeypatch.setattr("geventwebsocket.websocket.WebSocket", object)
    assert "not as expected" in frames.matches_library()


def test_a_slow_client_is_told_to_pull_and_costs_the_others_nothing(both: Pair) -> None:
    door, worker = both
    slow = RawClient(door.port)
    slow.enter("lille-1", worker.devices["lille-1"])
    quick = door.player(worker, "lille-2")
    text = [f"{number:064d}" for number in range(600)]
    version = 0
    while not door.metric("enseigne_door_overflows_total"):
        for _ in range(10):
            worker.offers("shop@lille", version, version + 1, text)
            version += 1
        worker.head("lille-1", version)
        until(lambda sent=version: len(quick.heard.all("offers")) == sent)
        assert version < 2_000, "the slow client never overflowed"
    last = worker.head("lille-1", version + 1)
    got = []
    while ("head", last) not in got and ("pull", {"what": "head"}) not in got:
        event = slow.next_event()
        assert event is not None
        got.append(event)
    while ("pull", {"what": "offers", "channel": "shop@lille"}) not in got:
        event = slow.next_event()
        assert event is not None
        got.append(event)
    assert len([name for name, _ in got if name == "offers"]) < version, "the backlog was dropped"
    slow.sock.sendall(raw_socketio.event("report", report(version)))
    while slow.wait("head") != last:
        pass  # heads from before the report may still be on their way
    assert len(quick.heard.all("offers")) == version


def report(version: int, revision: int = 1, nonce: str = "") -> dict[str, object]:
    channels = {"shop@lille": version}
    return {"revision": revision, "channels": channels, "freshness": 0, "missing": 0,
            "clock": {"uncertainty": None}, "playing": {}, "nonce": nonce}  # fmt: skip


def test_a_client_that_asks_and_never_reads_is_cut(folder: Path) -> None:
    """Answers to its own questions cannot be dropped for a pull: they pile up to the hard limit."""
    limits = {
        "pipe.MAX_BACKLOG_BYTES": 8_000,
        "pipe.HARD_BACKLOG_BYTES": 16_000,
        "links.MESSAGES_AT_ONCE": 10_000,
        "websocket.MAX_MESSAGE_BYTES": 1e9,
    }
    with door_and_worker(folder, **limits) as (door, worker):
        deaf = RawClient(door.port)
        deaf.enter("lille-1", worker.devices["lille-1"])
        well = door.player(worker, "lille-2")
        asks = raw_socketio.event("report", report(0, nonce="r" * 22))
        sent = 0
        while door.health()["clients"] == 2:
            try:
                deaf.sock.sendall(asks * 20)
            except OSError:
                break
            sent += 20
            assert sent < 9_000, "it was never cut"
        until(lambda: door.health()["clients"] == 1)
        head = worker.head("lille-2", 7)
        assert well.heard.wait("head") == head


def test_a_door_killed_in_the_middle_of_a_broadcast_owes_nobody_anything(folder: Path) -> None:
    """Some heard the last delta, some did not; all come back, say what they hold, and have it."""
    names = [f"many-{number}" for number in range(30)]
    slowly = {"fanout.CHUNK_CLIENTS": 1, "fanout.CHUNK_PAUSE_S": 0.05}
    with door_and_worker(folder, **slowly) as (door, worker):
        for name in names:
            worker.screen(name, "lille", ["shop@lille"])
        rows = [worker.rows[name] for name in names]
        worker.tell({"t": "screens", "set": rows, "gone": []})
        worker.offers("shop@lille", 0, 10)
        crowd = {name: come_in(worker, door, name, 0) for name in names}
        for client in crowd.values():
            client.wait("offers")
        last = worker.offers("shop@lille", 10, 11, ["A"])
        assert crowd[names[0]].wait("offers") == last
        door.process.kill()
        heard = [name for name in names if name == names[0] or hears_offers(crowd[name])]
        assert 0 < len(heard) < len(names), "the door was not killed in the middle"
        door.restart()
        early = door.player(worker, "lille-1")
        early.report()
        early.heard.wait("offers", lambda it: it == last)
        for name in names:
            held = 11 if name in heard else 10
            told = offers_told(come_in(worker, door, name, held))
            assert told == ([] if held == 11 else [last]), name


def come_in(worker: Worker, door: Door, screen: str, held: int) -> RawClient:
    """Enter, and say which version is held."""
    client = RawClient(door.port)
    client.enter(screen, worker.devices[screen])
    client.sock.sendall(raw_socketio.event("report", report(held, nonce="r" * 22)))
    return client


def hears_offers(client: RawClient) -> bool:
    """Whether there are offers before the connection's end."""
    heard = False
    while (event := client.next_event()) is not None:
        heard = heard or event[0] == "offers"
    return heard


def offers_told(client: RawClient) -> list[Any]:
    """The offers that answered the report: all that came before the answer to another one."""
    again = report(2**52, 2**52, nonce="again" * 5)
    client.sock.sendall(raw_socketio.event("report", again))
    told, times = [], 0
    while times < 2:
        event = client.next_event()
        assert event is not None
        times += event[0] == "time"
        told += [event[1]] if event[0] == "offers" else []
    client.sock.close()
    return told


def test_a_client_that_talks_too_much_is_closed(both: Pair) -> None:
    door, worker = both
    loud, quiet = door.player(worker, "lille-1"), door.player(worker, "lille-2")
    for _ in range(40):
        loud.send("report", report(1))
    until(loud.closed)
    quiet.settle()
    assert door.metric('enseigne_door_closed_total{reason="too_many_messages"}') == 1


@pytest.mark.parametrize("cut", ["one frame", "many fragments", "a length of 2^62"])
def test_a_message_too_long_is_not_read_to_its_end(pair: Pair, cut: str) -> None:
    door, worker = pair
    client = RawClient(door.port)
    client.enter("lille-1", worker.devices["lille-1"])
    head = b"\x01\xfe\xff\xff\0\0\0\0"
    chunks = {
        "one frame": [raw_socketio.event("report", "x" * 70_000)],
        "many fragments": [head, *[b"x" * 65_535 + b"\x00" + head[1:]] * 3],
        "a length of 2^62": [b"\x81\xff\x40" + bytes(11)],
    }[cut]
    try:
        for chunk in chunks:
            client.sock.sendall(chunk)
    except ConnectionError:
        pass
    assert client.next_event() is None
    until(lambda: door.health()["clients"] == 0)
    door.player(worker, "lille-1").settle()


def test_garbage_ends_or_is_ignored_but_never_hurts_others(pair: Pair) -> None:
    door, worker = pair
    quiet = door.player(worker, "lille-2")
    for garbage in (b"\xff" * 50, raw_socketio.frame("42/player,[]"), raw_socketio.frame("4"),
                    raw_socketio.frame("42/player,{"), raw_socketio.frame("4" + "5" * 2_000),
                    raw_socketio.frame("42/player,[\"disconnect\"]"),
                    raw_socketio.frame("42/player,[\"connect\",1,2]"),
                    raw_socketio.frame("42/player,[7]"), raw_socketio.frame(""),
                    b"\x81\x84\0\0\0\0\xff\xff\xff\xff"):  # fmt: skip
        client = RawClient(door.port)
        client.wait("challenge")
        client.sock.sendall(garbage)
        client.sock.close()
    quiet.settle()
    until(lambda: door.health()["clients"] == 1)


def test_the_door_serves_on_while_the_worker_is_away_and_catches_up(pair: Pair) -> None:
    door, worker = pair
    head = worker.head("lille-1", 5)
    client = door.player(worker, "lille-1")
    client.heard.wait("head")
    worker.stop()
    until(lambda: not door.health()["worker"])
    late = door.player(worker, "lille-2")
    client.report(revision=4)
    client.heard.wait("head", lambda _: len(client.heard.all("head")) == 2)
    assert client.heard.all("head") == [head, head]
    newer = worker.head("lille-1", 6)
    worker.heard.events.clear()
    worker.start()
    assert client.heard.wait("head", lambda it: it == newer)
    links = worker.heard.wait("links", lambda message: message.get("all"))
    assert set(links["up"]) == {"lille-1", "lille-2"}
    reports = worker.heard.wait("reports")["reports"]
    assert [row[0] for row in reports] == ["lille-1"], "kept while the worker was away"
    late.settle()


def test_a_worker_that_forgot_a_screen_closes_it_when_it_is_back(pair: Pair) -> None:
    door, worker = pair
    client = door.player(worker, "lille-1")
    worker.stop()
    del worker.rows["lille-1"]
    worker.start()
    assert client.heard.wait("refused")["code"] == "unknown_screen"


def test_a_killed_door_comes_back_empty_and_is_told_everything(pair: Pair) -> None:
    door, worker = pair
    worker.head("lille-1", 5)
    before = door.player(worker, "lille-1")
    before.heard.wait("head")
    door.restart()
    until(before.closed)
    after = door.player(worker, "lille-1")
    after.heard.wait("head")


def test_a_client_that_comes_before_the_directory_waits_for_its_challenge(folder: Path) -> None:
    worker = Worker(folder / "bus.sock")
    device = worker.screen("lille-1")
    door = Door(folder, {}, {})
    try:
        client = door.client()
        early = RawClient(door.port)
        until(lambda: door.health()["clients"] == 2)
        answer = {"v": 1, "screen": "lille-1", "sig": "A", "nonce": "n" * 22, "caps": {}}
        early.sock.sendall(raw_socketio.event("prove", answer | {"formats": [1]}))
        assert not client.heard.all("challenge")
        worker.start()
        client.prove("lille-1", device)
        client.heard.wait("welcome")
        early.enter("lille-1", device)
    finally:
        door.stop()
        worker.stop()


def test_the_door_stops_at_once_when_asked(pair: Pair) -> None:
    door, worker = pair
    client = door.player(worker, "lille-1")
    begun = time.monotonic()
    door.process.terminate()
    assert door.process.wait(10) == 0
    until(client.closed)
    assert time.monotonic() - begun < 10


def test_a_taken_port_is_said(pair: Pair) -> None:
    door, _ = pair
    env = {**os.environ, "ENSEIGNE_DATA_DIR": str(door.folder)}
    env["ENSEIGNE_DOOR_PORT"] = str(door.port)
    command = [sys.executable, "-m", "server.cli", "door"]
    second = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=20, check=False
    )
    assert second.returncode == 1
    assert f"port {door.port} (Address already in use" in second.stderr
    assert "Set ENSEIGNE_DOOR_HOST and ENSEIGNE_DOOR_PORT" in second.stderr


def test_too_many_connections_are_sent_away(folder: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with door_and_worker(folder, **{"main.RESERVED_FILES": hard - 2}) as (door, worker):
        door.player(worker, "lille-1")
        second = door.client()
        assert RawClient(door.port).next_event() is None
        second.close()
        until(lambda: door.health()["clients"] == 1)
        door.player(worker, "lille-2")


def test_masks_are_removed_as_the_library_removes_them() -> None:
    for size in (0, 1, 3, 4, 5, 1_000):
        header = Header()
        header.mask = b"\x01\xfe\x80\x7f"
        header.length = size
        payload = bytes(range(256)) * 4
        assert unmasked(header, payload[:size]) == bytes(header.mask_payload(payload[:size]))
