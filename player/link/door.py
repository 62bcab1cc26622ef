"""The door's socket: proves the device's key, hears what is pushed, hands reports over.

One thread connects, again and again with a jittered backoff; nothing here reads the wall clock.
What comes is only passed on: whether it is true is for the agent to find out.
"""

from __future__ import annotations

import queue
import random
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import socketio

from player.errors import PlayerError
from player.link.frames import bounded_client
from player.link.tls import tls_context
from playlists.credentials import sign_proof
from playlists.errors import DomainError
from playlists.ids import ScreenId
from playlists.signing import SigningKey
from playlists.wire.door import Cap, Challenge, Prove, Pull, Refusal, Report, Welcome

NAMESPACE = "/player"
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 30.0
REFUSED_RETRY_S = 60.0
"""After the door has said no: a person must act, so there is no hurry."""
PASSES = frozenset({"unknown_screen", "bad_signature"})
"""Refusals that may pass by themselves: the door hears of a new device, or of a screen's new one, a
moment after it was paired.
"""
WELCOME_WITHIN_S = 15.0
TOKENS = ("head", "offers", "freshness", "command")


@dataclass(frozen=True, slots=True)
class Heard:
    """A signed message as it came: kind is head, offers, freshness or command."""

    kind: str
    token: str


@dataclass(frozen=True, slots=True)
class Told:
    """The signed time in answer to `nonce`; asked and answered at these monotonic milliseconds."""

    token: str
    nonce: str
    sent_at: int
    received_at: int


@dataclass(frozen=True, slots=True)
class Up:
    """The door let this device in."""

    token: str
    report_ms: int


@dataclass(frozen=True, slots=True)
class Down:
    """There is no link. `code` is the door's refusal, "" where it was not asked or just ended."""

    code: str = ""


News = Heard | Told | Up | Down | Pull


class Door:
    """`deliver` takes all news, from several threads. `address` says where to connect to."""

    def __init__(
        self,
        screen: ScreenId,
        key: SigningKey,
        address: Callable[[], str],
        deliver: Callable[[News], None],
        monotonic_ms: Callable[[], int],
        caps: Mapping[str, Cap],
        ca: str = "",
        dates: Callable[[], bool] = lambda: True,
    ) -> None:
        self._screen = screen
        self._key = key
        self._address = address
        self._deliver = deliver
        self._monotonic_ms = monotonic_ms
        self._caps = caps
        self._ca = ca
        self._dates = dates
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._client: Any = None
        self._welcomed = False
        self._challenges: queue.Queue[object] = queue.Queue(1)
        self._asked = ("", 0)
        self._refusal = ""
        self._thread = threading.Thread(target=self._run, name="door", daemon=True)

    def start(self) -> None:
        """Connect, and stay connected, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the link for good."""
        self._stop.set()
        self.drop()
        self._thread.join(timeout=5)

    def drop(self) -> None:
        """End this connection: it has fallen silent. A new one is made."""
        self._lost.set()

    @property
    def is_up(self) -> bool:
        """Whether the door has let this device in and the link stands."""
        return self._welcomed and not self._lost.is_set()

    def report(self, report: Report) -> bool:
        """Hand a report over, whose nonce asks for the time. False: there is no link."""
        client = self._client
        if client is None or not self.is_up:
            return False
        self._asked = (report.nonce, self._monotonic_ms())
        try:
            client.emit("report", report.to_json(), namespace=NAMESPACE)
        except Exception:  # socketio raises several kinds of its own when the link is going
            self.drop()
            return False
        return True

    def _run(self) -> None:
        delay = FIRST_RETRY_S
        while not self._stop.is_set():
            self._lost.clear()
            self._welcomed, self._refusal = False, ""
            try:
                self._stay()
            except PlayerError:
                pass
            except Exception as wrong:  # whatever it is, the link must be tried again
                print(f"The door: {type(wrong).__name__}: {wrong}", file=sys.stderr, flush=True)
            was_in = self._welcomed
            self._welcomed = False
            self._deliver(Down(self._refusal))
            if was_in:
                delay = FIRST_RETRY_S
            wait = REFUSED_RETRY_S if self._refusal not in {"", *PASSES} else delay
            self._stop.wait(wait * random.uniform(0.5, 1.5))
            delay = min(delay * 2, LAST_RETRY_S)

    def _stay(self) -> None:
        """One connection, from its beginning to its end."""
        self._challenges = queue.Queue(1)  # nothing of the connection before
        client = self._new_client()
        try:
            client.connect(
                self._address(),
                namespaces=[NAMESPACE],
                transports=["websocket"],
                wait_timeout=10,
            )
        except (socketio.exceptions.ConnectionError, OSError, ValueError):
            return
        self._client = client
        try:
            # It may have come before the namespace was joined, when nothing can be sent yet.
            self._answer(client, self._challenges.get(timeout=WELCOME_WITHIN_S))
            self._lost.wait(WELCOME_WITHIN_S)
            if self._welcomed:
                self._lost.wait()
        except (queue.Empty, DomainError, socketio.exceptions.SocketIOError):
            return
        finally:
            self._client = None
            # It may wait seconds for the other side's goodbye, which nobody needs.
            threading.Thread(target=client.disconnect, name="goodbye", daemon=True).start()

    def _new_client(self) -> Any:
        client = bounded_client({"context": tls_context(self._ca, dates=self._dates())})
        on: dict[str, Callable[..., None]] = {
            "challenge": self._challenged,
            "welcome": self._welcome,
            "refused": self._refused,
            "pull": lambda body: self._deliver(Pull.from_json(body)),
            "time": self._time,
            "disconnect": lambda *_: self._lost.set(),
        }
        for kind in TOKENS:
            on[kind] = lambda body, kind=kind: self._deliver(Heard(kind, str(body)))
        for event, handler in on.items():
            client.on(event, self._guarded(client, handler), namespace=NAMESPACE)
        _in_order(client.eio)
        return client

    def _guarded(self, client: Any, handler: Callable[..., None]) -> Callable[..., None]:
        def handle(*args: object) -> None:
            if self._client not in (None, client):
                return  # a straggler of the connection before
            try:
                handler(*args)
            except (DomainError, TypeError):
                self.drop()  # not the door's language: nothing of it is used

        return handle

    def _challenged(self, body: object) -> None:
        with suppress(queue.Full):  # one is asked and answered
            self._challenges.put_nowait(body)

    def _answer(self, client: Any, body: object) -> None:
        nonce = secrets.token_urlsafe(16)
        sig = sign_proof(self._key, Challenge.from_json(body).nonce, self._screen)
        prove = Prove(self._screen, sig, nonce, self._caps)
        self._asked = (nonce, self._monotonic_ms())
        client.emit("prove", prove.to_json(), namespace=NAMESPACE)

    def _welcome(self, body: object) -> None:
        received_at = self._monotonic_ms()
        welcome = Welcome.from_json(body)
        if self._welcomed:
            return  # once a connection
        self._welcomed = True
        nonce, sent_at = self._asked
        self._deliver(Up(welcome.token, welcome.report_ms))
        self._deliver(Told(welcome.time, nonce, sent_at, received_at))

    def _refused(self, body: object) -> None:
        self._refusal = Refusal.from_json(body).code
        self.drop()

    def _time(self, body: object) -> None:
        received_at = self._monotonic_ms()
        nonce, sent_at = self._asked
        self._deliver(Told(str(body), nonce, sent_at, received_at))


def _in_order(eio: Any) -> None:
    """Take messages one after another: the library hands each to a thread of its own, so that a
    price could overtake the one before it and leave a gap.
    """
    begin = eio.start_background_task

    def start(target: Callable[..., object], *args: object, **kwargs: object) -> object:
        if target != eio.handlers.get("message"):
            return begin(target, *args, **kwargs)
        try:
            target(*args)
        except Exception:  # whatever it is, the reader that it would end must say goodbye
            eio.disconnect(abort=True)
        return None

    eio.start_background_task = start
