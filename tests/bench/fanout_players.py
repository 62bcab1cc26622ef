"""Ten thousand authenticated players in one process: an epoll loop, no greenlets, no library.

Driven by lines on standard input, answers lines of JSON on standard output:

    connect     open, prove and report all; answers {"connected": n, "at": seconds}
    watch       forget what was heard; from now on each offers event is a round, and when all have
                it {"round": i, "at": monotonic seconds of the last} is written
    state       {"alive": n, "heard": [clients per round]}
"""

from __future__ import annotations

import hashlib
import json
import select
import socket
import sys
import time

from playlists.credentials import sign_proof
from playlists.signing import SigningKey
from tests.support import raw_socketio

AT_ONCE = 256
"""Connections that are being opened at the same time."""
_OFFERS = b'42/player,["offers"'
_CHALLENGE = b'42/player,["challenge"'
_WELCOME = b'42/player,["welcome"'
_REFUSED = b'42/player,["refused"'


def device_key(number: int) -> SigningKey:
    """The device key of the n-th player, the same in every process of a run."""
    return SigningKey.from_raw(hashlib.sha256(f"bench player {number}".encode()).digest())


def screen_name(number: int) -> str:
    """Its screen's id."""
    return f"screen-{number}"


class Player:
    """One connection."""

    __slots__ = ("buffer", "heard", "number", "sock", "upgraded", "welcomed")

    def __init__(self, number: int, sock: socket.socket) -> None:
        self.number = number
        self.sock = sock
        self.buffer = bytearray()
        self.upgraded = False
        self.welcomed = False
        self.heard = 0


class Crowd:
    """All players of this process."""

    def __init__(self, port: int, first: int, count: int, channel: str) -> None:
        self._port = port
        self._numbers = iter(range(first, first + count))
        self._count = count
        self._channel = channel
        self._epoll = select.epoll()
        self._players: dict[int, Player] = {}
        self._opening = 0
        self._welcomed = 0
        self._watching = False
        self._rounds: list[int] = []
        self._began = 0.0

    def run(self) -> None:
        """Serve the commands until standard input ends."""
        self._epoll.register(sys.stdin.fileno(), select.EPOLLIN)
        while True:
            for number, _ in self._epoll.poll():
                if number == sys.stdin.fileno():
                    command = sys.stdin.readline().strip()
                    if not command:
                        return
                    self._command(command)
                else:
                    self._readable(self._players[number])

    def _command(self, command: str) -> None:
        if command == "connect":
            self._began = time.monotonic()
            for _ in range(AT_ONCE):
                self._open_next()
        elif command == "watch":
            self._watching = True
            self._rounds = []
            for player in self._players.values():
                player.heard = 0
            say({"watching": True})
        elif command == "state":
            say({"alive": len(self._players), "heard": self._rounds})

    def _open_next(self) -> None:
        number = next(self._numbers, None)
        if number is None:
            return
        sock = socket.socket()
        sock.connect(("127.0.0.1", self._port))
        sock.setblocking(False)
        player = Player(number, sock)
        self._players[sock.fileno()] = player
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        sock.send(raw_socketio.handshake("127.0.0.1"))

    def _readable(self, player: Player) -> None:
        try:
            data = player.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._epoll.unregister(player.sock.fileno())
            del self._players[player.sock.fileno()]
            player.sock.close()
            return
        player.buffer += data
        if not player.upgraded:
            end = player.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            del player.buffer[: end + 4]
            player.upgraded = True
            player.sock.send(raw_socketio.frame(raw_socketio.JOIN))
        for opcode, payload in raw_socketio.take_frames(player.buffer):
            if opcode == raw_socketio.TEXT:
                self._text(player, payload)

    def _text(self, player: Player, payload: bytes) -> None:
        if payload.startswith(_OFFERS):
            if self._watching:
                self._heard(player)
        elif payload == b"2":
            player.sock.send(raw_socketio.frame(raw_socketio.PONG))
        elif payload.startswith(_CHALLENGE):
            self._prove(player, payload.decode())
        elif payload.startswith(_WELCOME):
            self._welcome(player)
        elif payload.startswith(_REFUSED):
            say({"refused": payload.decode()})

    def _heard(self, player: Player) -> None:
        at = player.heard
        player.heard += 1
        if at == len(self._rounds):
            self._rounds.append(0)
        self._rounds[at] += 1
        if self._rounds[at] == self._count:
            say({"round": at, "at": time.monotonic()})

    def _prove(self, player: Player, text: str) -> None:
        event = raw_socketio.read_event(text)
        assert event is not None
        screen = screen_name(player.number)
        proof = {
            "v": 1,
            "screen": screen,
            "sig": sign_proof(device_key(player.number), event[1]["nonce"], screen),
            "nonce": "n" * 22,
            "caps": {},
            "formats": [1],
        }
        player.sock.send(raw_socketio.event("prove", proof))

    def _welcome(self, player: Player) -> None:
        player.welcomed = True
        report = {
            "revision": 0,
            "channels": {self._channel: 0},
            "freshness": 0,
            "missing": 3,
            "clock": {"uncertainty": 8},
            "playing": {"main": {"card": "0123456789", "since": 1, "until": 2, "because": []}},
            "page": "a" * 64,
            "nonce": "r" * 22,
        }
        player.sock.send(raw_socketio.event("report", report))
        self._welcomed += 1
        if self._welcomed == self._count:
            say({"connected": self._welcomed, "at": time.monotonic() - self._began})
        self._open_next()


class RawCrowd:
    """As many plain TCP sockets that are read and counted: what a bare send loop writes to."""

    def __init__(self, port: int, count: int) -> None:
        self._epoll = select.epoll()
        self._socks = {}
        for _ in range(count):
            sock = socket.create_connection(("127.0.0.1", port))
            self._socks[sock.fileno()] = sock
            self._epoll.register(sock.fileno(), select.EPOLLIN)

    def run(self) -> None:
        """Read for ever."""
        say({"connected": len(self._socks)})
        while True:
            for number, _ in self._epoll.poll():
                if not self._socks[number].recv(65536):
                    return


def say(answer: dict[str, object]) -> None:
    """One line to whoever drives this process."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "raw":
        RawCrowd(int(sys.argv[2]), int(sys.argv[3])).run()
    else:
        Crowd(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]).run()
