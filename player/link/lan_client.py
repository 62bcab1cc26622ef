"""Asks another player of the shop: for a file by its hash, or something small. It is believed in
nothing: whatever bytes it gives are the caller's to check.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import requests
from urllib3.exceptions import HTTPError

from player.errors import PlayerError, Unreachable
from player.link.bounded import bounded_session
from player.link.http import file_of, rest_of
from playlists.ids import Sha256

CONNECT_S = 2.0
READ_S = 10.0
ASKED_S = 4.0
"""For the answer to something small."""
ARRIVED = "Enseigne-Arrived"
"""The header in which a player that is fetching a file itself says how many bytes it has."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another player: a name of its own choice, new at each of its starts, and where it listens."""

    id: str
    host: str
    port: int
    hands_port: int = 0
    """Of its page for the store's people; 0: none."""


@dataclass(frozen=True, slots=True)
class Gives:
    """`giver` has it: bytes of the file's `span` (from, until)."""

    giver: Neighbour
    span: tuple[int, int]
    blocks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Fetches:
    """It is fetching it from the server, and has so many bytes."""

    arrived: int


class Says(Enum):
    """The answers without a value."""

    LACKS = "lacks"
    BUSY = "busy"
    GONE = "gone"


def exchange(peer: Neighbour, path: str, body: bytes, most: int) -> bytes:
    """Post JSON to a player's page for the store's people; its answer, of at most so many bytes.
    Raises Unreachable.
    """
    with _session() as session:
        try:
            with session.post(
                f"http://{peer.host}:{peer.hands_port}{path}",
                data=body,
                headers={"Accept-Encoding": "identity", "Content-Type": "application/json"},
                timeout=(CONNECT_S, ASKED_S),
                stream=True,
                allow_redirects=False,
            ) as answer:
                data: bytes = answer.raw.read(most + 1)
        except (requests.RequestException, HTTPError, OSError) as wrong:
            raise Unreachable(str(wrong)) from wrong
    if answer.status_code != 200 or len(data) > most:
        raise Unreachable(f"It answers {answer.status_code}.")
    return data


class LanClient:
    """For any thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def ask(self, peer: Neighbour, address: Sha256, offset: int) -> Gives | Fetches | Says:
        """Ask for a file from `offset` on; an offset beyond its end begins anew from 0, one at its
        end has no blocks.
        """
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        try:
            answer = self._session().get(
                f"http://{peer.host}:{peer.port}/assets/{address}",
                headers=headers,
                timeout=(CONNECT_S, READ_S),
                stream=True,
                allow_redirects=False,
            )
        except (requests.RequestException, OSError):
            return Says.GONE
        if answer.status_code in (200, 206):
            try:
                return Gives(peer, *file_of(answer, offset))
            except PlayerError:
                return Says.GONE
        answer.close()
        if answer.status_code == 416 and offset:
            rest = rest_of(answer, offset)
            return Gives(peer, *rest) if rest else self.ask(peer, address, 0)
        if answer.status_code == 503:
            return Says.BUSY
        if answer.status_code != 404:
            return Says.GONE
        arrived = answer.headers.get(ARRIVED, "")[:20]
        return Fetches(int(arrived)) if arrived.isdecimal() else Says.LACKS

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _session()
        return session


def _session() -> requests.Session:
    session = bounded_session()
    session.trust_env = False  # no proxy lies between two players
    return session
