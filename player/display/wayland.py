"""A little of Wayland's wire, from the client's side: requests out, events in, no library.

Words are 32 bits in the machine's order; a message is its object's number, its length and opcode,
then its arguments (wayland.freedesktop.org, "Wayland Protocol", wire format).
"""

from __future__ import annotations

import array
import itertools
import os
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

DISPLAY = 1
"""The one object that is there from the start."""
GET_REGISTRY, SYNC, BIND = 1, 0, 0
FAILED, GLOBAL = 0, 0
_CHUNK = 65_536


class Gone(Exception):
    """The compositor is not there, or ends this connection; the message says why."""


class Wire:
    """A connection to the compositor that this process runs in. Requests are for any thread, events
    for one. Raises Gone.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._numbers = itertools.count(DISPLAY + 1)
        self._lock = threading.RLock()
        self._kept = b""
        try:
            self._socket.connect(str(_address()))
        except OSError as why:
            self._socket.close()
            raise Gone(f"No compositor answers: {why}") from why

    def close(self) -> None:
        """End it, and with it all that it shows."""
        self._socket.close()

    def ask(self, target: int, opcode: int, *words: int | str, fd: int | None = None) -> None:
        """Send a request; text goes as text, all else as one word. Raises Gone."""
        body = b"".join(map(_word, words))
        head = struct.pack("=II", target, (len(body) + 8) << 16 | opcode)
        passed = [] if fd is None else [_fds(fd)]
        try:
            with self._lock:
                self._socket.sendmsg([head, body], passed)
        except OSError as why:
            raise Gone(f"The compositor cannot be asked: {why}") from why

    def make(self, target: int, opcode: int, *words: int | str, fd: int | None = None) -> int:
        """Send a request whose first argument names what it makes: the number of that."""
        with self._lock:
            # A number may only be taken after all those before it.
            number = next(self._numbers)
            self.ask(target, opcode, number, *words, fd=fd)
        return number

    def bind(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """What the compositor offers, by interface, in these versions. Raises Gone where it lacks
        one of them.
        """
        registry = self.make(DISPLAY, GET_REGISTRY)
        done = self.make(DISPLAY, SYNC)
        names: dict[str, int] = {}
        for number, opcode, body in self.events():
            if number == registry and opcode == GLOBAL:
                name, length = struct.unpack_from("=II", body)
                names[body[8 : 8 + length - 1].decode()] = name
            elif number == done:
                break
        if lacking := wanted.keys() - names.keys():
            raise Gone(f"The compositor has no {', '.join(sorted(lacking))}.")
        return {one: self._bound(registry, names[one], one, wanted[one]) for one in wanted}

    def events(self) -> Iterator[tuple[int, int, bytes]]:
        """Object, opcode and arguments, as they come. Raises Gone when it is over."""
        while True:
            while len(self._kept) >= 8:
                number, size = struct.unpack_from("=II", self._kept)
                length, opcode = max(8, size >> 16), size & 0xFFFF
                if len(self._kept) < length:
                    break
                body, self._kept = self._kept[8:length], self._kept[length:]
                if (number, opcode) == (DISPLAY, FAILED):
                    raise Gone(f"The compositor refuses: {body[12:].rstrip(bytes(1))!r}")
                yield number, opcode, body
            try:
                data = self._socket.recv(_CHUNK)
            except OSError as why:
                raise Gone(f"The compositor cannot be heard: {why}") from why
            if not data:
                raise Gone("The compositor has ended.")
            self._kept += data

    def _bound(self, registry: int, name: int, interface: str, version: int) -> int:
        with self._lock:
            number = next(self._numbers)
            self.ask(registry, BIND, name, interface, version, number)
        return number


def _address() -> Path:
    return Path(os.environ.get("XDG_RUNTIME_DIR", "/"), os.environ.get("WAYLAND_DISPLAY", ""))


def _word(word: int | str) -> bytes:
    if isinstance(word, int):
        return struct.pack("=I", word & 0xFFFFFFFF)
    text = word.encode() + b"\0"
    return struct.pack("=I", len(text)) + text + bytes(-len(text) % 4)


def _fds(fd: int) -> tuple[int, int, bytes]:
    return socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]).tobytes()
