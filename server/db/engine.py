"""How the database is opened: SQLite or PostgreSQL, short write transactions, consistent reads."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

log = structlog.get_logger(__name__)

SQLITE_BUSY_MS = 5_000


class Database:
    """Hands out sessions: `read()` is one snapshot, `write()` one transaction that begins with the
    write lock.

    A write that lasts over `write_budget_ms` is logged, never cut.
    """

    def __init__(self, url: str, *, write_budget_ms: int = 50) -> None:
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
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
    def write(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on any error. No I/O but the
        database's inside.
        """
        with self._sessions() as session:
            connection = session.connection(execution_options={"enseigne_write": True})
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
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


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_MS / 1000})

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own BEGIN is late and without a lock; the engine's events begin instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if not connection.get_execution_options().get("enseigne_write"):
            connection.exec_driver_sql("BEGIN")

    return engine
