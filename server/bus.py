"""The bus between worker, door and web: a local Unix socket, the worker in the middle.

A frame is four bytes, big-endian: the length of what follows; then one JSON object in UTF-8 with a
word `t`. Nothing on the bus is truth: a message to someone who is away is lost, and a peer that
does not read is dropped. Whoever comes back says `{"t": "hello"}` and is told everything; both
sides then compare versions.
"""

from __future__ import annotations

import json
import os
import random
import socket
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from server.errors import Conflict

MAX_FRAME_BYTES: Final = 32 * 1024 * 1024
"""A whole channel of offers is 16 MiB at most; the rest is room for its envelope."""
MAX_QUEUE_BYTES: Final = 256 * 1024 * 1024
"""What may wait for one peer: the full state of the largest chain, once."""
DRAIN_S: Final = 10.0
"""A peer that takes none of what waits for it for this long is dropped."""
RETRY_FIRST_S: Final = 0.05
RETRY_LAST_S: Final = 2.0
READ_BYTES: Final = 256 * 1024
WRITE_BYTES: Final = 256 * 1024
"""Small frames are written together up to about this length."""
BACKLOG: Final = 16
HEAD_BYTES: Final = 4
HELLO: Final[Mapping[str, Any]] = {"t": "hello"}

Message = Mapping[str, Any]

log = structlog.get_logger(__name__)


class Event(Protocol):
    """What `threading.Event` and `gevent.event.Event` share."""

    def set(self) -> None:
        """Wake who waits."""

    def clear(self) -> None:
        """Make the next `wait` wait."""

    def wait(self, timeout: float | None = None) -> object:
        """Wait until set, at most `timeout` seconds."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a process runs on: threads, or gevent's greenlets with its own sockets and events."""

    socket: Callable[[int, int], Any]
    spawn: Callable[[Callable[[], None]], object]
    event: Callable[[], Event]


def _start_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True, name="bus").start()


THREADS: Final = Runtime(socket.socket, _start_thread, threading.Event)


def encode(message: Message) -> bytes:
    """One frame. Raises ValueError when it is over MAX_FRAME_BYTES."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError(f"A bus message may have {MAX_FRAME_BYTES} bytes; this has {len(body)}.")
    return len(body).to_bytes(HEAD_BYTES, "big") + body


def take_messages(buffer: bytearray) -> list[dict[str, Any]]:
    """Take the whole frames off the front of `buffer`. Raises ValueError where they are foreign."""
    found: list[dict[str, Any]] = []
    at = 0
    while len(buffer) - at >= HEAD_BYTES:
        size = int.from_bytes(buffer[at : at + HEAD_BYTES], "big")
        if size > MAX_FRAME_BYTES:
            raise ValueError(f"A frame of {size} bytes is over {MAX_FRAME_BYTES}.")
        end = at + HEAD_BYTES + size
        if len(buffer) < end:
            break
        message = json.loads(buffer[at + HEAD_BYTES : end])
        if not isinstance(message, dict) or not isinstance(message.get("t"), str):
            raise ValueError("A bus message is an object with a word `t`.")
        found.append(message)
        at = end
    del buffer[:at]
    return found


class Peer:
    """One connection: a bounded queue with its own writing thread, and a reader, `read`."""

    def __init__(self, sock: Any, runtime: Runtime) -> None:
        self.greeted = False
        """It said hello, so it wants what `BusServer.send` tells."""
        self._sock = sock
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._moved_at = time.monotonic()
        self._closed = False
        # Held for a few lines that never wait, so greenlets may share it too.
        self._lock = threading.Lock()
        self._work = runtime.event()
        runtime.spawn(self._write)

    def send(self, message: Message) -> bool:
        """Queue a message; False where the peer is gone, or dropped just now for not reading."""
        return self.send_frame(encode(message))

    def send_frame(self, frame: bytes) -> bool:
        """`send` for a frame that was encoded already."""
        with self._lock:
            if self._closed:
                return False
            now = time.monotonic()
            if not self._queue:
                self._moved_at = now
            full = self._queued + len(frame) > MAX_QUEUE_BYTES or now - self._moved_at > DRAIN_S
            if not full:
                self._queue.append(frame)
                self._queued += len(frame)
        if full:
            log.warning("bus_peer_dropped", reason="it does not read", queued_bytes=self._queued)
            self.close()
            return False
        self._work.set()
        return True

    def close(self) -> None:
        """End the connection from this side; what still waits is lost."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.clear()
            self._queued = 0
        self._work.set()
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def read(self, on_message: Callable[[dict[str, Any]], None]) -> None:
        """Hand over every message until the connection ends; a failing callback is only logged."""
        buffer = bytearray()
        try:
            while data := self._sock.recv(READ_BYTES):
                buffer += data
                for message in take_messages(buffer):
                    _call(on_message, message)
        except OSError:
            pass
        except ValueError as error:
            log.warning("bus_peer_dropped", reason=str(error))
        finally:
            self.close()
            self._sock.close()

    def _write(self) -> None:
        while not self._closed:
            self._work.wait()
            self._work.clear()
            while frames := self._next_frames():
                try:
                    self._sock.sendall(frames)
                except OSError:
                    self.close()
                    return
                with self._lock:
                    self._queued = max(0, self._queued - len(frames))
                    self._moved_at = time.monotonic()

    def _next_frames(self) -> bytes:
        with self._lock:
            taken = []
            length = 0
            while self._queue and length < WRITE_BYTES:
                taken.append(self._queue.popleft())
                length += len(taken[-1])
        return b"".join(taken)


class BusServer:
    """The worker's end. `on_message(peer, message)` runs in the peer's thread and may `peer.send`.

    Raises Conflict where another worker already listens there, or where the path is too long.
    """

    def __init__(
        self,
        path: Path,
        on_message: Callable[[Peer, dict[str, Any]], None],
        on_gone: Callable[[Peer], None] = lambda peer: None,
        runtime: Runtime = THREADS,
    ) -> None:
        self._path = path
        self._runtime = runtime
        self._on_message = on_message
        self._on_gone = on_gone
        self._peers: set[Peer] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._listener = _listen(path, runtime)
        self._inode = path.stat().st_ino
        runtime.spawn(self._accept)

    @property
    def greeted(self) -> int:
        """How many peers said hello and are connected."""
        with self._lock:
            return sum(peer.greeted for peer in self._peers)

    def send(self, message: Message) -> bool:
        """Tell every peer that said hello; False where none took it."""
        frame = encode(message)
        with self._lock:
            peers = [peer for peer in self._peers if peer.greeted]
        taken = [peer.send_frame(frame) for peer in peers]
        return any(taken)

    def close(self) -> None:
        """Stop listening, end every connection, remove the socket's file if it is still ours."""
        self._closed = True
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        try:
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        except FileNotFoundError:
            pass
        with self._lock:
            peers = list(self._peers)
        for peer in peers:
            peer.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                continue
            peer = Peer(sock, self._runtime)
            with self._lock:
                self._peers.add(peer)
            self._runtime.spawn(lambda peer=peer: self._serve(peer))  # type: ignore[misc]

    def _serve(self, peer: Peer) -> None:
        try:
            peer.read(lambda message: self._take(peer, message))
        finally:
            with self._lock:
                self._peers.discard(peer)
            _call(self._on_gone, peer)

    def _take(self, peer: Peer, message: dict[str, Any]) -> None:
        if message["t"] == HELLO["t"]:
            peer.greeted = True
        self._on_message(peer, message)


class BusClient:
    """The door's and the web's end: connects, and for ever again with growing, jittered pauses.

    `on_connect` runs after each connection, before anything is read: say hello there to be told
    everything.
    """

    def __init__(
        self,
        path: Path,
        on_message: Callable[[dict[str, Any]], None] = lambda message: None,
        on_connect: Callable[[BusClient], None] = lambda client: None,
        on_gone: Callable[[], None] = lambda: None,
        runtime: Runtime = THREADS,
    ) -> None:
        self._path = path
        self._runtime = runtime
        self._on_message = on_message
        self._on_connect = on_connect
        self._on_gone = on_gone
        self._peer: Peer | None = None
        self._closed = False
        self._closing = runtime.event()
        runtime.spawn(self._run)

    @property
    def connected(self) -> bool:
        """Whether the worker is there."""
        return self._peer is not None

    def send(self, message: Message) -> bool:
        """Queue a message for the worker; False where it is away."""
        peer = self._peer
        return peer is not None and peer.send(message)

    def close(self) -> None:
        """Stop for good."""
        self._closed = True
        self._closing.set()
        if self._peer is not None:
            self._peer.close()

    def _run(self) -> None:
        pause = RETRY_FIRST_S
        while not self._closed:
            if self._once():
                pause = RETRY_FIRST_S
            self._closing.wait(pause * random.uniform(0.5, 1.0))
            pause = min(pause * 2, RETRY_LAST_S)

    def _once(self) -> bool:
        sock = self._runtime.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(str(self._path))
        except OSError:
            sock.close()
            return False
        peer = Peer(sock, self._runtime)
        self._peer = peer
        if self._closed:
            peer.close()
        _call(self._on_connect, self)
        peer.read(self._on_message)
        self._peer = None
        self._on_gone()
        return True


def _call(callback: Callable[[Any], None], argument: Any) -> None:
    try:
        callback(argument)
    except Exception:
        log.exception("bus_callback_failed")


def _listen(path: Path, runtime: Runtime) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(path)
    listener = runtime.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise Conflict(
            f"The bus cannot listen at {path} ({error}). Set ENSEIGNE_BUS_PATH to a short path "
            "(about 100 characters) in a folder of yours."
        ) from error
    os.chmod(path, stat.S_IRUSR | stat.S_IWUSR)  # before anyone can connect: keys pass here
    listener.listen(BACKLOG)
    return listener


def _remove_stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError:
            return
    raise Conflict(f"Another worker already listens at {path}; stop it first.")
