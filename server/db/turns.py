"""SQLite has one writer: whose turn it is, among the threads of this process and among processes.

SQLite's own wait looks again ever more seldom, ten times a second at last, so that a process which
commits again and again keeps the others waiting for seconds. Here whoever waits stands in a door
that all pass: nobody gets past the one who stands there.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from server.errors import ServerError

RETRY_S = 0.0005
"""How often it is looked whether the door or the record is free."""


class Busy(ServerError):
    """Others wrote all the while that a write may wait; nothing of it was done."""

    status = 503
    code = "busy"

    def __init__(self) -> None:
        super().__init__("The record is busy, and nothing was changed. Try again in a moment.")


class Turns:
    """Gives this process's threads their turns to write to the record at `path` (None: it is in
    memory, and nobody else's). A turn is waited for at most `busy_ms`."""

    def __init__(self, path: str | None, busy_ms: int) -> None:
        self._path = path
        self._busy_ms = busy_ms
        self._queue = threading.Lock()
        self._door: int | None = None

    @contextmanager
    def turn(self) -> Iterator[Callable[[sqlite3.Connection], None]]:
        """This thread's turn; what comes begins a transaction with the write lock. Raises Busy, as
        that does."""
        deadline = time.monotonic() + self._busy_ms / 1000
        if not self._queue.acquire(timeout=self._busy_ms / 1000):
            raise Busy
        try:
            yield lambda connection: self._begin(connection, deadline)
        finally:
            self._queue.release()

    def close(self) -> None:
        """Give the door's file back."""
        if self._door is not None:
            os.close(self._door)
            self._door = None

    def _begin(self, connection: sqlite3.Connection, deadline: float) -> None:
        connection.execute("PRAGMA busy_timeout=0")
        try:
            with self._in_the_door(deadline):
                _until(lambda: _begun(connection), deadline)
        finally:
            connection.execute(f"PRAGMA busy_timeout={self._busy_ms}")

    @contextmanager
    def _in_the_door(self, deadline: float) -> Iterator[None]:
        """Stand where one process at a time stands, until the record is ours."""
        if self._path is None:
            yield
            return
        if self._door is None:
            self._door = os.open(f"{self._path}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        door = self._door
        _until(lambda: _locked(door), deadline)
        try:
            yield
        finally:
            fcntl.flock(door, fcntl.LOCK_UN)


def _until(done: Callable[[], bool], deadline: float) -> None:
    while not done():
        if time.monotonic() > deadline:
            raise Busy
        time.sleep(RETRY_S)


def _locked(door: int) -> bool:
    try:
        fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _begun(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        # Its first byte is the code (SQLITE_BUSY_SNAPSHOT and so on are kinds of it).
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
