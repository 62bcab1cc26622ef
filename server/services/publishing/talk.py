"""What the worker and its helper processes say to each other, pickled over a socket of their own.

A module apart: a process finds the classes of what it is sent by the module's name.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from server.services.publishing.slices import Ask


def send(connection: Connection, message: object) -> None:
    """Plainly pickled: the connection's own way looks for more at every object, and plans are
    many."""
    connection.send_bytes(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))


def receive(connection: Connection) -> Any:
    """The next message. Raises EOFError or OSError where the other end is closed."""
    return pickle.loads(connection.recv_bytes())


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message: where the record is, and a planner's figures."""

    database_url: str
    spread_s: int
    margin_ms: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Plan these stores at the instant `now` (unix milliseconds), for `slice_ms` or all. An
    Answer comes back."""

    now: int
    slice_ms: int
    asks: list[Ask]


@dataclass(frozen=True, slots=True)
class Stored:
    """These profiles were stored at `now`, as they were answered last. Nothing comes back."""

    profiles: list[str]
    now: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The answer to Setup."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line for the worker's log; comes before an answer."""

    level: str
    event: str
    fields: dict[str, Any]
