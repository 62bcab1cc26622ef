"""Who of a shop's players fetches a file from the server, so that it crosses the shop's line once.

Nobody is elected and nothing is agreed. Each player orders those whom it finds, itself among them,
by a hash of the file's and the player's name: the first fetches, the others ask it (and everybody
else) again and again until somebody gives the file. Where nobody says that it is coming, the second
fetches it after a while, then the third; where all this is wrong, each ends at the server.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from player.link.lan import Lan, group_of
from player.link.lan_client import Fetches, Gives, LanClient, Neighbour, Says
from playlists.ids import Sha256, sha256

ASKED = 16
"""Players asked for a file: those that come first in its order."""
POLL_MS = (1_500, 3_000)
"""Between two questions for a file."""
GRACE_MS = 5_000
"""How long each player gives those before it in a file's order to begin."""
STALL_MS = 20_000
"""Who fetches a file, and has no more of it after so long, is not waited for."""
MOST_MS = 1_800_000
"""The longest that a file is left to others."""
GONE_MS = 60_000
"""Who does not answer is not asked for so long."""
LIED_MS = 3_600_000
"""Nor who gave other bytes than those asked for."""


@dataclass(frozen=True, slots=True)
class Spared:
    """The server need not be asked: the file is here, or is looked for again after `wait_ms`."""

    wait_ms: int = 0


@dataclass(slots=True)
class _Wait:
    """A file that is left to others: since when, since when nobody fetches it, what they said."""

    began: int
    idle_since: int
    spread: int = field(default_factory=lambda: random.randrange(GRACE_MS // 2))
    arrived: dict[str, tuple[int, int]] = field(default_factory=dict)

    def moves(self, peer: str, arrived: int, now: int) -> bool:
        """Whether what that player fetches has grown of late."""
        before = self.arrived.get(peer)
        if before is None or arrived > before[0]:
            self.arrived[peer] = (arrived, now)
            return True
        return now - before[1] < STALL_MS


class Sharing:
    """One player's part in it. `make_lan` is given what says how much of a file has come;
    `part_size` says what is there of a file from a player or, "", from the server.
    """

    def __init__(
        self,
        make_lan: Callable[[Callable[[Sha256], int | None]], Lan],
        part_size: Callable[[Sha256, str], int],
        monotonic_ms: Callable[[], int],
        client: LanClient | None = None,
    ) -> None:
        self._lan = make_lan(self.arrived)
        self._part_size = part_size
        self._monotonic_ms = monotonic_ms
        self._client = client or LanClient()
        self._lock = threading.Lock()
        self._waits: dict[Sha256, _Wait] = {}
        self._avoided: dict[str, int] = {}
        self._coming: set[Sha256] = set()

    def belong(self, root: bytes, store: str) -> None:
        """Be one of the players of that server's store."""
        self._lan.join(group_of(root, store))
        with self._lock:
            self._waits.clear()

    def turn(self, address: Sha256) -> Gives | Spared | None:
        """Who gives a file; or how long it is left to others; or None: it is to be fetched now."""
        if not self._lan.is_settled:
            return Spared(random.randint(*POLL_MS))
        now = self._monotonic_ms()
        mine = _place(address, self._lan.id)
        peers = sorted(self._usable(now), key=lambda peer: _place(address, peer.id))[:ASKED]
        with self._lock:
            wait = self._waits.setdefault(address, _Wait(now, now))
        before, moves = 0, False
        for peer in peers:
            said = self._client.ask(peer, address, self._part_size(address, peer.id))
            match said:
                case Gives():
                    self._forget(address)
                    return said
                case Fetches(arrived):
                    moves = wait.moves(peer.id, arrived, now) or moves
                case Says.BUSY:
                    moves = True
                case Says.GONE:
                    self.avoid(peer, GONE_MS)
                    continue
            before += _place(address, peer.id) < mine
        if moves and now - wait.began < MOST_MS:
            wait.idle_since = now
        elif not before or now - wait.idle_since >= before * GRACE_MS + wait.spread:
            return None
        return Spared(random.randint(*POLL_MS))

    @contextmanager
    def fetching(self, address: Sha256) -> Iterator[None]:
        """For the length of the block, a file is coming from the server."""
        with self._lock:
            self._coming.add(address)
        try:
            yield
        finally:
            # If it failed, whoever gets through first is waited for.
            with self._lock:
                self._coming.discard(address)
                self._waits.pop(address, None)

    def arrived(self, address: Sha256) -> int | None:
        """Bytes of a file that is coming from the server, None where it is not."""
        with self._lock:
            if address not in self._coming:
                return None
        return self._part_size(address, "")

    def avoid(self, peer: Neighbour, for_ms: int) -> None:
        """Do not ask it for so long."""
        with self._lock:
            self._avoided[peer.host] = self._monotonic_ms() + for_ms

    def neighbours(self) -> tuple[Neighbour, ...]:
        """The players of the shop that are found."""
        return self._lan.neighbours()

    def stop(self) -> None:
        """Leave the network."""
        self._lan.stop()

    def _usable(self, now: int) -> list[Neighbour]:
        peers = self._lan.neighbours()
        with self._lock:
            self._avoided = {host: at for host, at in self._avoided.items() if at > now}
            return [peer for peer in peers if peer.host not in self._avoided]

    def _forget(self, address: Sha256) -> None:
        with self._lock:
            self._waits.pop(address, None)


def _place(address: Sha256, player: str) -> str:
    return sha256(f"{address}\n{player}".encode())
