"""How the database is opened: SQLite or PostgreSQL, short write transactions, consistent reads."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import structlog
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import Session, sessionmaker

from server.db.turns import Turns

log = structlog.get_logger(__name__)

BUSY_MS = 30_000
"""How long a write waits for the others unless a setting says otherwise."""


class Database:
    """Hands out sessions: `read()` is one snapshot, `write()` one transaction that begins with the
    write lock.

    A write that lasts over `write_budget_ms` is logged, never cut. One that meets others waits for
    up to `busy_ms`, at SQLite in turn.
    """

    def __init__(self, url: str, *, write_budget_ms: int = 50, busy_ms: int = BUSY_MS) -> None:
        self.engine = _engine(url, busy_ms)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._turns = Turns(_file(self.engine), busy_ms) if self.is_sqlite else None
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
        with self._begun(lasting) as session:
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
        if self._turns is not None:
            self._turns.close()

    @contextmanager
    def _begun(self, lasting: bool) -> Iterator[Session]:
        """A session in a transaction that may write. How the disk is waited for:
        sqlite.org/pragma.html#pragma_synchronous and, at PostgreSQL's, synchronous_commit.
        """
        if self._turns is None:
            with self._sessions() as session:
                if not lasting:
                    session.execute(text("SET LOCAL synchronous_commit = off"))
                yield session
            return
        with self._turns.turn() as begin, self._sessions() as session:
            connection = session.connection(execution_options={"enseigne_write": True})
            raw = cast(sqlite3.Connection, connection.connection.dbapi_connection)
            raw.execute(f"PRAGMA synchronous={'FULL' if lasting else 'NORMAL'}")
            begin(raw)
            yield session


def _file(engine: Engine) -> str | None:
    """The record's file; None where it is in memory."""
    name = engine.url.database
    return name if name and name != ":memory:" else None


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
