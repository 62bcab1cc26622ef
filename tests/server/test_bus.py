"""The bus between real processes: killed, restarted, stopped, flooded, lied to."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from server import bus
from server.bus import HELLO, BusClient, BusServer, Peer, encode, take_messages
from server.errors import Conflict
from tests.support.programs import end

ROOT = Path(__file__).parents[2]
DEADLINE_S = 10.0


class Heard:
    """What arrived, with a way to wait for it."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._grown = threading.Condition()

    def __call__(self, message: dict[str, Any]) -> None:
        with self._grown:
            self.messages.append(message)
            self._grown.notify_all()

    def wait(self, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        with self._grown:
            assert self._grown.wait_for(lambda: enough(self.messages), DEADLINE_S), self.messages
            return list(self.messages)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ens-bus-") as folder:
        yield Path(folder) / "bus.sock"


@contextmanager
def process(kind: str, path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.server.bus_peers", kind, str(path)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline(), f"the {kind} did not come up"
        yield child
    finally:
        child.send_signal(signal.SIGCONT)
        end(child)


def states(messages: list[dict[str, Any]]) -> int:
    return sum(message["t"] == "state" for message in messages)


def test_a_killed_worker_costs_its_clients_nothing_but_a_new_hello(path: Path) -> None:
    heard = Heard()
    client = BusClient(path, heard, lambda it: assert_true(it.send(HELLO)))
    try:
        assert not client.send({"t": "wake"}), "nobody is there yet"
        for round_ in (1, 2):
            with process("worker", path) as worker:
                heard.wait(lambda seen, n=round_: states(seen) == n)
                assert client.send({"t": "ask", "round": round_})
                heard.wait(
                    lambda seen, n=round_: {"t": "echo", "of": {"t": "ask", "round": n}} in seen
                )
                worker.kill()
                worker.wait()
                until(lambda: not client.connected)
        assert path.exists(), "a killed worker leaves its socket's file; the next one replaced it"
    finally:
        client.close()


def test_a_door_on_gevent_comes_back_by_itself(path: Path) -> None:
    heard = Heard()
    gone = threading.Event()
    with process("door", path) as door:
        for round_ in (1, 2):
            server = BusServer(path, lambda _, message: heard(message))
            until(lambda server=server: server.greeted == 1)
            assert server.send({"t": "heads", "round": round_, "text": "é" * 300_000})
            got = heard.wait(lambda seen: bool(seen) and seen[-1]["t"] == "got")[-1]
            assert got["count"] == round_
            assert len(got["of"]["text"]) == 300_000
            heard.messages.clear()
            server.close()
        assert not path.exists()
        server = BusServer(path, lambda _, message: heard(message), lambda _: gone.set())
        until(lambda: server.greeted == 1)
        door.kill()
        assert gone.wait(DEADLINE_S)
        assert not server.send({"t": "heads"})
        server.close()


def test_a_peer_that_stops_reading_is_dropped_alone_and_comes_back_to_a_full_state(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "MAX_QUEUE_BYTES", 2_000_000)
    heard = Heard()
    hellos = Heard()
    server = BusServer(path, lambda _, message: hellos(message))
    reader = BusClient(path, heard, lambda it: assert_true(it.send(HELLO)))
    try:
        with process("door", path) as door:
            until(lambda: server.greeted == 2)
            door.send_signal(signal.SIGSTOP)
            sent = 0
            while server.greeted == 2:
                assert server.send({"t": "heads", "text": "x" * 200_000, "n": sent})
                sent += 1
                heard.wait(lambda seen, n=sent: len(seen) == n)
                assert sent < 100, "the stopped door was never dropped"
            door.send_signal(signal.SIGCONT)
            until(lambda: server.greeted == 2)
        assert [message["n"] for message in heard.messages] == list(range(sent)), "in order, whole"
        assert sum(message == HELLO for message in hellos.messages) == 3
    finally:
        reader.close()
        server.close()


def test_a_peer_that_drains_nothing_for_too_long_is_dropped_however_little_waits(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = BusServer(path, lambda peer, message: None)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(path))
        silent.sendall(encode(HELLO))
        until(lambda: server.greeted == 1)
        monkeypatch.setattr(bus, "DRAIN_S", 0.05)
        until(lambda: not server.send({"t": "heads", "text": "x" * 100_000}))
        until(lambda: server.greeted == 0)
    server.close()


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"\xff\xff\xff\xff" + b"x" * 100, id="a frame too large"),
        pytest.param(b"\0\0\0\4nope", id="no JSON"),
        pytest.param(b"\0\0\0\3[1]", id="no object"),
        pytest.param(b"\0\0\0\x09" + b'{"x": "\xff"}', id="no UTF-8"),
        pytest.param(b'\0\0\0\7{"t":1}', id="a word that is none"),
    ],
)
def test_foreign_bytes_end_that_connection_only(path: Path, garbage: bytes) -> None:
    heard = Heard()
    server = BusServer(path, lambda _, message: heard(message))
    client = BusClient(path)
    try:
        until(lambda: client.connected)
        with socket.socket(socket.AF_UNIX) as foreign:
            foreign.settimeout(DEADLINE_S)
            foreign.connect(str(path))
            foreign.sendall(garbage)
            assert foreign.recv(1) == b""
        assert client.send({"t": "wake"})
        assert heard.wait(bool) == [{"t": "wake"}]
    finally:
        client.close()
        server.close()


def test_a_callback_that_fails_loses_its_message_and_nothing_else(path: Path) -> None:
    heard = Heard()

    def on_message(peer: Peer, message: dict[str, Any]) -> None:
        if message["t"] == "bad":
            raise RuntimeError("a bug")
        heard(message)

    server = BusServer(path, on_message)
    client = BusClient(path)
    try:
        until(lambda: client.connected)
        assert client.send({"t": "bad"})
        assert client.send({"t": "good"})
        assert heard.wait(bool) == [{"t": "good"}]
    finally:
        client.close()
        server.close()


def test_one_worker_at_a_time_and_only_the_owner_may_connect(path: Path) -> None:
    server = BusServer(path, lambda peer, message: None)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Conflict, match="Another worker"):
        BusServer(path, lambda peer, message: None)
    server.close()
    BusServer(path, lambda peer, message: None).close()
    with pytest.raises(Conflict, match="ENSEIGNE_BUS_PATH"):
        BusServer(path.parent / ("x" * 200), lambda peer, message: None)


def test_frames_are_read_however_they_are_cut() -> None:
    wanted = [{"t": "a", "n": n, "text": "é" * n} for n in range(20)]
    stream = b"".join(encode(message) for message in wanted)
    for step in (1, 3, 7, 64, len(stream)):
        buffer = bytearray()
        found = []
        for at in range(0, len(stream), step):
            buffer += stream[at : at + step]
            found += take_messages(buffer)
        assert found == wanted
        assert not buffer


def assert_true(value: bool) -> None:
    assert value
