"""Who may: a token that was read off this very screen, and a person's own code, with pauses between
guesses that a restart does not forget.
"""

from __future__ import annotations

import hmac
import re
import secrets
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from player.cache.orders import Orders
from player.local.tries import Tries
from playlists.signing import SigningKey
from playlists.wire.hands import (
    CODE_LENGTH,
    CODE_LETTERS,
    SALT_BYTES,
    TAG_LENGTH,
    Person,
    code_proof,
)

TOKEN_LETTERS = 6
SHOWN_MS = 2 * 60_000
"""The screen shows a token so long."""
TOKEN_MS = 10 * 60_000
"""So long it is good, for one person."""
SHOWS = 3
"""So often one is shown to an address that does not use it, before the next waits SHOW_PAUSE_MS."""
SHOW_PAUSE_MS = 10 * 60_000
MOST_SHOWS = 9
"""So often to all together, before there are SHOW_GAP_MS between two: whoever plays with the button
from many addresses neither fills the screen nor keeps a manager waiting for long.
"""
SHOW_GAP_MS = SHOWN_MS + 60_000
GUESSES = 10
"""Of a token, from one address in GUESSES_MS."""
GUESSES_MS = 60_000
PASS_MS = 10 * 60_000
"""Who came in may act so long, from the same address."""
MOST_PASSES = 16
MOST_ADDRESSES = 256
_TRIES = "hand_tries"
_OTHER = re.compile(f"[^{CODE_LETTERS}]")
_NOBODYS = "00" * SALT_BYTES

Why = (
    Literal["online", "token", "code", "pause", "often", "gone"]
    | Literal["choice", "until", "where", "full", "stranger"]
)


class NotNow(Exception):
    """It is not done: why, and for how long it is no use to try again (ms)."""

    def __init__(self, why: Why, wait_ms: int = 0) -> None:
        super().__init__(why)
        self.why, self.wait_ms = why, wait_ms


@dataclass(frozen=True, slots=True)
class Shown:
    """A token as the screen shows it, at the address that its reader came by."""

    token: str
    address: str


@dataclass(frozen=True, slots=True)
class Entrant:
    """A person who came in, with the key that their code makes: in memory only, while they may."""

    person: str
    key: SigningKey


@dataclass(frozen=True, slots=True)
class _Pass:
    entrant: Entrant
    host: str
    until: int


def letters(typed: str) -> str:
    """What a person typed, as it was written."""
    return _OTHER.sub("", typed.upper())


class Guard:
    """For any thread. Monotonic and other instants in ms."""

    def __init__(self, orders: Orders) -> None:
        self._tries = Tries(orders, _TRIES)
        self._lock = threading.Lock()
        self._hashing = threading.Lock()
        self._token: Shown | None = None
        self._shown_until = self._token_until = 0
        self._unused, self._shown_at = 0, 0
        self._shows: dict[str, tuple[int, int]] = {}
        self._guesses: dict[str, deque[int]] = {}
        self._passes: dict[str, _Pass] = {}

    def show(self, address: str, host: str, monotonic: int) -> None:
        """Have the screen show a token, for a reader at `host`; one that it shows stays. Raises
        NotNow.
        """
        with self._lock:
            if self._token is not None and monotonic < self._shown_until:
                return
            count, at = self._shows.get(host, (0, 0))
            if monotonic >= at + SHOW_PAUSE_MS:
                count = 0
            free_at = at + SHOW_PAUSE_MS if count >= SHOWS else 0
            if self._unused >= MOST_SHOWS:
                free_at = max(free_at, self._shown_at + SHOW_GAP_MS)
            if monotonic < free_at:
                raise NotNow("often", free_at - monotonic)
            self._shows.pop(host, None)
            if len(self._shows) >= MOST_ADDRESSES:
                self._shows.pop(next(iter(self._shows)))
            self._shows[host] = (count + 1, monotonic)
            made = "".join(secrets.choice(CODE_LETTERS) for _ in range(TOKEN_LETTERS))
            self._token = Shown(made, address)
            self._unused += 1
            self._shown_at = monotonic
            self._shown_until = monotonic + SHOWN_MS
            self._token_until = monotonic + TOKEN_MS

    def shown(self, monotonic: int) -> Shown | None:
        """What the screen is to show now."""
        with self._lock:
            return self._token if monotonic < self._shown_until else None

    def enter(
        self, token: str, code: str, host: str, people: Iterable[Person], now: int, monotonic: int
    ) -> str:
        """A pass for the person whose code it is; the token is used up. Raises NotNow, NoRoom."""
        self._count(host, monotonic)
        if not self._is_good(token, monotonic):
            raise NotNow("token")
        with self._hashing:
            wait = self._tries.pause(now)
            if wait > 0:
                raise NotNow("pause", wait)
            entrant = _whose(letters(code), people, now)
            self._tries.tried(entrant is not None, now)
            if entrant is None:
                wait = self._tries.pause(now)
                raise NotNow("pause", wait) if wait else NotNow("code")
        with self._lock:
            if not self._is_the(token, monotonic):
                raise NotNow("token")  # somebody else was faster
            self._token, self._shown_until, self._unused = None, 0, 0
            self._shows.clear()
            self._end_passes(monotonic)
            while len(self._passes) >= MOST_PASSES:
                self._passes.pop(next(iter(self._passes)))
            made = secrets.token_urlsafe(24)
            self._passes[made] = _Pass(entrant, host, monotonic + PASS_MS)
            return made

    def whose(self, given: str, host: str, monotonic: int) -> Entrant:
        """Who bears this pass. Raises NotNow."""
        with self._lock:
            self._end_passes(monotonic)
            held = self._passes.get(given)
            if held is None or held.host != host:
                raise NotNow("gone")
            return held.entrant

    def forget(self) -> None:
        """Nobody is in, nothing is shown."""
        with self._lock:
            self._token, self._shown_until, self._unused = None, 0, 0
            self._passes.clear()

    def _is_good(self, token: str, monotonic: int) -> bool:
        with self._lock:
            return self._is_the(token, monotonic)

    def _is_the(self, token: str, monotonic: int) -> bool:
        held = self._token
        if held is None or monotonic >= self._token_until:
            return False
        return hmac.compare_digest(held.token, letters(token))

    def _count(self, host: str, monotonic: int) -> None:
        with self._lock:
            if host not in self._guesses and len(self._guesses) >= MOST_ADDRESSES:
                self._guesses.pop(next(iter(self._guesses)))
            tries = self._guesses.setdefault(host, deque(maxlen=GUESSES))
            if len(tries) == GUESSES and monotonic - tries[0] < GUESSES_MS:
                raise NotNow("often", GUESSES_MS - (monotonic - tries[0]))
            tries.append(monotonic)

    def _end_passes(self, monotonic: int) -> None:
        """No key outlives its pass."""
        self._passes = {name: one for name, one in self._passes.items() if monotonic < one.until}


def _whose(code: str, people: Iterable[Person], now: int) -> Entrant | None:
    """As slow for a code that is nobody's."""
    tagged = [one for one in people if one.tag == code[:TAG_LENGTH] and now < one.until][:1]
    salt = tagged[0].salt if tagged else _NOBODYS
    made, key = code_proof(code, salt)
    if not tagged or len(code) != CODE_LENGTH or not hmac.compare_digest(made, tagged[0].hash):
        return None
    return Entrant(tagged[0].id, key)
