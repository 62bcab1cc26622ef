"""Real peers of a real door process: a worker on the bus, players and watchers on Socket.IO."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import socketio

from playlists.credentials import sign_proof
from playlists.ids import ChannelId, ScreenId, Sha256, StoreId
from playlists.signing import KeyDocument, KeyRing, OnlineKey, SigningKey, b64, sign, unb64
from playlists.wire.door import Report
from playlists.wire.freshness import FreshnessMessage
from playlists.wire.offers import OffersMessage
from playlists.wire.signed import Head, Watch
from server.bus import BusServer, Peer
from tests.support import raw_socketio
from tests.support.programs import end, free_port

ROOT = Path(__file__).parents[3]
DEADLINE_S = 10.0
LIFE_MS = 3_600_000
SECRET = b"s" * 32
MANIFEST = Sha256("a" * 64)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def until(true: Callable[[], object], what: str = "") -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, f"waited in vain {what}"
        time.sleep(0.005)


class Heard:
    """Events in order, with a way to wait for one."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self._grown = threading.Condition()

    def add(self, event: str, data: Any) -> None:
        with self._grown:
            self.events.append((event, data))
            self._grown.notify_all()

    def all(self, event: str) -> list[Any]:
        with self._grown:
            return [data for name, data in self.events if name == event]

    def wait(self, event: str, enough: Callable[[Any], bool] = lambda data: True) -> Any:
        def found() -> list[Any]:
            return [data for name, data in self.events if name == event and enough(data)]

        with self._grown:
            assert self._grown.wait_for(found, DEADLINE_S), f"no {event} in {self.events}"
            return found()[0]


class Keys:
    """What the worker signs with, and the ring that believes it."""

    def __init__(self) -> None:
        self.online = SigningKey.generate()
        self.time = SigningKey.generate()
        uses = frozenset({"head", "offers", "freshness", "watch"})
        self.online_key = OnlineKey(self.online.public, uses, 0, 2**50)
        listed = (self.online_key, OnlineKey(self.time.public, frozenset({"time"}), 0, 2**50))
        self.ring = KeyRing(b"", KeyDocument(1, 1, listed))


class Worker:
    """The worker's side of the bus: answers hello with all it has; may be stopped and started."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys = Keys()
        self.heard = Heard()
        self.devices: dict[str, SigningKey] = {}
        self.rows: dict[str, list[Any]] = {}
        self.ended: list[str] = []
        self.state: dict[tuple[str, str], dict[str, Any]] = {}
        self.server: BusServer | None = None

    def start(self) -> None:
        self.server = BusServer(self.path, self._on_message)

    def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None

    def tell(self, message: dict[str, Any]) -> None:
        assert self.server is not None
        assert self.server.send(message)

    def directory(self) -> dict[str, Any]:
        return {
            "t": "directory",
            "secret": b64(SECRET),
            "time_key": b64(self.keys.time.to_raw()),
            "watch_keys": [self.keys.online_key.to_json()],
            "ended": list(self.ended),
            "screens": list(self.rows.values()),
        }

    def screen(self, name: str, store: str = "lille", channels: Sequence[str] = ()) -> SigningKey:
        """Make a screen known here; it is told with the next directory."""
        device = self.devices[name] = SigningKey.generate()
        self.rows[name] = [name, device.x, store, list(channels), False]
        return device

    def head(self, screen: str, revision: int) -> str:
        """A signed head, kept and told if the bus is up."""
        payload = Head(ScreenId(screen), revision, MANIFEST, now_ms(), now_ms() + LIFE_MS)
        token = sign("head", payload.to_json(), self.keys.online)
        self._keep("head", screen, {"t": "heads", "heads": [[screen, revision, token]]})
        return token

    def offers(self, channel: str, since: int, to: int, gone: Sequence[str] = ()) -> str:
        """Signed offers, kept (snapshots only) and told if the bus is up."""
        payload = OffersMessage(ChannelId(channel), since, to, (), tuple(gone))  # type: ignore[arg-type]
        token = sign("offers", payload.to_json(), self.keys.online)
        message = {"t": "offers", "offers": [[channel, to, token]]}
        self._keep("offers", channel if not since else f"{channel} {since}", message)
        return token

    def freshness(self, store: str, issued_at: int) -> str:
        """A store's signed freshness, kept and told if the bus is up."""
        payload = FreshnessMessage(StoreId(store), issued_at)
        token = sign("freshness", payload.to_json(), self.keys.online)
        self._keep("freshness", store, {"t": "freshness", "store": store, "jws": token})
        return token

    def watch(self, screens: Sequence[str], expires_at: int, under: str = "b" * 64) -> str:
        """A signed leave to follow these screens."""
        payload = Watch(tuple(ScreenId(it) for it in screens), expires_at, Sha256(under))
        return sign("watch", payload.to_json(), self.keys.online)

    def _keep(self, kind: str, key: str, message: dict[str, Any]) -> None:
        self.state[kind, key] = message
        if self.server is not None and self.server.greeted:
            self.tell(message)

    def _on_message(self, peer: Peer, message: dict[str, Any]) -> None:
        if message["t"] == "hello":
            for told in [self.directory(), *self.state.values()]:
                peer.send(told)
        self.heard.add(message["t"], message)


EVENTS = (
    *("challenge", "welcome", "refused", "time"),
    *("head", "offers", "freshness", "command", "pull"),
)


class Client:
    """A Socket.IO client of the namespace; what it hears is in `heard`."""

    def __init__(self, url: str) -> None:
        self.heard = Heard()
        self.io = socketio.Client(reconnection=False)
        for event in EVENTS:
            self.io.on(event, self._hear(event), namespace="/player")
        self.io.connect(url, transports=["websocket"], namespaces=["/player"], wait_timeout=5)

    def _hear(self, event: str) -> Callable[[Any], None]:
        return lambda data: self.heard.add(event, data)

    def send(self, event: str, data: Any) -> None:
        self.io.emit(event, data, namespace="/player")

    def prove(self, screen: str, device: SigningKey, nonce: str | None = None, **more: Any) -> None:
        asked = self.heard.wait("challenge")["nonce"] if nonce is None else nonce
        self.send("prove", proof(screen, device, asked) | more)

    def prove_watch(self, token: str) -> None:
        self.heard.wait("challenge")
        self.send("prove", {"v": 1, "watch": token})

    def report(self, revision: int = 0, freshness: int = 0, nonce: str = "", **held: int) -> None:
        channels = {ChannelId(name): version for name, version in held.items()}
        body = Report(revision, channels, freshness, 0, 5, {}, "", nonce)
        self.send("report", body.to_json())

    def settle(self) -> None:
        """Wait until all that the door sent before now has been heard."""
        nonce = f"settle-{time.monotonic_ns():022d}"
        before = len(self.heard.all("time"))
        heads = [json.loads(unb64(it.split(".")[1]))["revision"] for it in self.heard.all("head")]
        held = dict.fromkeys(("shop@lille", "shop@prado"), 2**52)
        self.report(max(heads, default=0), 2**52, nonce, **held)
        until(lambda: len(self.heard.all("time")) > before)

    def closed(self) -> bool:
        return not self.io.connected

    def close(self) -> None:
        self.io.disconnect()


class RawClient:
    """A client that reads only when it is told to, and may send anything."""

    def __init__(self, port: int) -> None:
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(("127.0.0.1", port))
        self._buffer = bytearray()
        self._frames: list[tuple[int, bytes]] = []
        self.sock.sendall(raw_socketio.handshake("127.0.0.1"))
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.sock.recv(4096)
        del self._buffer[: self._buffer.index(b"\r\n\r\n") + 4]
        self.sock.sendall(raw_socketio.frame(raw_socketio.JOIN))

    def next_event(self) -> tuple[str, Any] | None:
        """The next event; None at the connection's end."""
        while True:
            while self._frames:
                opcode, payload = self._frames.pop(0)
                if opcode == raw_socketio.CLOSE:
                    return None
                event = raw_socketio.read_event(payload.decode())
                if event is not None:
                    return event
            try:
                data = self.sock.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._buffer += data
            self._frames += raw_socketio.take_frames(self._buffer)

    def wait(self, name: str) -> Any:
        """The data of the next event of that name."""
        while (event := self.next_event()) is not None:
            if event[0] == name:
                return event[1]
        raise AssertionError(f"the connection ended before {name}")

    def enter(self, screen: str, device: SigningKey) -> None:
        """Prove the screen's key and be welcomed."""
        nonce = self.wait("challenge")["nonce"]
        self.sock.sendall(raw_socketio.event("prove", proof(screen, device, nonce)))
        self.wait("welcome")


def proof(screen: str, device: SigningKey, nonce: str) -> dict[str, Any]:
    """A player's answer to a challenge."""
    return {
        "v": 1,
        "screen": screen,
        "sig": sign_proof(device, nonce, screen),
        "nonce": "n" * 22,
        "caps": {},
        "formats": [1],
    }


class Door:
    """A running door process."""

    def __init__(self, folder: Path, env: dict[str, str], limits: dict[str, float]) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._env = env
        self._limits = {"main.TELL_EVERY_S": 0.1, **limits}
        self._clients: list[Client] = []
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        env = {
            **os.environ,
            "ENSEIGNE_DATA_DIR": str(self.folder),
            "ENSEIGNE_DOOR_PORT": str(self.port),
            **self._env,
        }
        limits = [f"{name}={value}" for name, value in self._limits.items()]
        command = [sys.executable, "-m", "tests.server.door.launch", *limits]
        with (self.folder / "door.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        until(lambda: self._answers() or process.poll() is not None, "for the door")
        assert process.poll() is None, self.log()
        return process

    def restart(self) -> None:
        """kill -9, then start anew on the same port."""
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def client(self) -> Client:
        client = Client(self.url)
        self._clients.append(client)
        return client

    def player(self, worker: Worker, screen: str) -> Client:
        """A client that proved its screen's key and was welcomed."""
        client = self.client()
        client.prove(screen, worker.devices[screen])
        client.heard.wait("welcome")
        return client

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.url}/health", timeout=5).json()
        return found

    def metric(self, line: str) -> float:
        text = requests.get(f"{self.url}/metrics", timeout=5).text
        found = [row for row in text.splitlines() if row.startswith(f"{line} ")]
        return float(found[0].rsplit(" ", 1)[1]) if found else 0.0

    def log(self) -> str:
        return (self.folder / "door.log").read_text(encoding="utf-8")

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        end(self.process)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.ConnectionError:
            return False


@contextmanager
def door_and_worker(
    folder: Path, env: dict[str, str] | None = None, **limits: float
) -> Iterator[tuple[Door, Worker]]:
    """A worker with four screens in two stores, and a door that has heard of them."""
    worker = Worker(folder / "bus.sock")
    worker.screen("lille-1", "lille", ["shop@lille"])
    worker.screen("lille-2", "lille", ["shop@lille"])
    worker.screen("prado-1", "prado", ["shop@prado"])
    worker.start()
    door = Door(folder, env or {}, limits)
    try:
        until(lambda: door.health()["ready"], "for the directory")
        yield door, worker
    finally:
        door.stop()
        worker.stop()
