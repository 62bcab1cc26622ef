"""How the database is opened: SQLite or PostgreSQL, short write transactions, consistent reads."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from server.errors import ServerError

log = structlog.get_logger(__name__)

BUSY_MS = 30_000
"""How long a write waits for the others unless a setting says otherwise."""


class Busy(ServerError):
    """Others wrote all the while that a write may wait; nothing of it was done."""

    status = 503
    code = "busy"

    def __init__(self) -> None:
        super().__init__("The record is busy, and nothing was changed. Try again in a moment.")


class Database:
    """Hands out sessions: `read()` is one snapshot, `write()` one transaction that begins with the
    write lock.

    A write that lasts over `write_budget_ms` is logged, never cut. One that meets others waits for
    up to `busy_ms`: threads of one process in a queue, processes by SQLite's own retries.
    """

    def __init__(self, url: str, *, write_budget_ms: int = 50, busy_ms: int = BUSY_MS) -> None:
        self.engine = _engine(url, busy_ms)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._queue = threading.Lock()
        self._busy_s = busy_ms / 1000
        self._budget_ms = write_budget_ms
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent snapshot; nothing written through it is kept."""
        with self._sessions() as session:
            if not self.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on any error. No I/O but the
        database's inside. Raises Busy.

        One that is not `lasting` may be undone by a power cut (by nothing else, and never in part,
        nor before what follows it): its commit does not wait for the disk.
        """
        with self._turn(), self._sessions() as session:
            connection = session.connection(execution_options={"enseigne_write": True})
            _begin(connection, self.is_sqlite, lasting)
            started = time.monotonic()
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                spent_ms = (time.monotonic() - started) * 1000
                if spent_ms > self._budget_ms:
                    log.info("slow write", ms=round(spent_ms))

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite has one writer: the threads of this process queue here, fairly, where its own
        retries would let some wait for ever.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._queue.acquire(timeout=self._busy_s):
            raise Busy
        try:
            yield
        finally:
            self._queue.release()


def _begin(connection: Connection, is_sqlite: bool, lasting: bool) -> None:
    """How the disk is waited for: sqlite.org/pragma.html#pragma_synchronous and, at PostgreSQL's,
    synchronous_commit."""
    if is_sqlite:
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if lasting else 'NORMAL'}")
        _begin_immediate(connection)
    elif not lasting:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock. SQLite itself waits for it, for as long as the connection was told."""
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        cause = error.orig
        if isinstance(cause, sqlite3.OperationalError) and _is_busy(cause):
            raise Busy from error
        raise


def _is_busy(error: sqlite3.OperationalError) -> bool:
    """Its first byte is the code (SQLITE_BUSY_SNAPSHOT and so on are kinds of it)."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _engine(url: str, busy_ms: int) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": busy_ms / 1000})

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own BEGIN is late and without a lock; the engine's events begin instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        # FULL: what was acknowledged is there after a power cut, which WAL alone does not promise
        # (sqlite.org/pragma.html#pragma_synchronous).
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if not connection.get_execution_options().get("enseigne_write"):
            connection.exec_driver_sql("BEGIN")

    return engine
