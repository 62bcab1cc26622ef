"""A record to test services on: over SQLite or PostgreSQL, with a clock that the test sets."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlalchemy import inspect, make_url

from media.store import AssetStore
from server.config import Settings
from server.db import migrate
from server.db.engine import Database
from server.services.base.context import Context
from server.services.base.keys import load_keys

START_MS = 1_792_067_520_000
"""Thursday 15 October 2026, 14:32 in Lille."""


@dataclass
class TestClock:
    """Time that passes only when the test says so, in unix milliseconds."""

    __test__ = False
    now: int = START_MS

    def __call__(self) -> int:
        return self.now

    def advance(self, ms: int) -> int:
        """Let `ms` milliseconds pass; returns the new present."""
        self.now += ms
        return self.now


@dataclass
class Wakes:
    """Counts how often the worker was woken."""

    count: int = field(default=0)

    def __call__(self) -> None:
        self.count += 1


@cache
def _migrated() -> Path:
    """An empty SQLite record, made once for the process; its copies need no migration."""
    folder = Path(tempfile.mkdtemp(prefix="enseigne-record-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "empty.db"
    migrate_record(f"sqlite:///{path}")
    return path


def migrate_record(url: str) -> None:
    """Bring the record at `url` to the newest schema, and let go of it."""
    db = Database(url)
    migrate.upgrade(db)
    db.close()


def make_context(folder: Path, url: str = "", clock: TestClock | None = None) -> Context:
    """A context with a migrated record in `folder` (or at `url`), empty unless it was there."""
    settings = Settings(
        data_dir=folder,
        database_url=url,
        price_country="FR",
        _env_file=None,  # type: ignore[call-arg]
    )
    clock = clock or TestClock()
    where = make_url(settings.db_url)
    if where.drivername == "sqlite" and where.database and not Path(where.database).exists():
        shutil.copyfile(_migrated(), where.database)
    db = Database(settings.db_url)
    if not inspect(db.engine).has_table("alembic_version"):
        migrate.upgrade(db)
    return Context(
        db=db,
        settings=settings,
        clock=clock,
        keys=load_keys(folder / "keys", clock()),
        wake=Wakes(),
        media=AssetStore(str(folder / "media")),
    )
