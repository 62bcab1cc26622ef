"""A record to test services on: over SQLite or PostgreSQL, with a clock that the test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from media.store import AssetStore
from server.config import Settings
from server.db import migrate
from server.db.engine import Database
from server.services.context import Context
from server.services.keys import load_keys

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


def make_context(folder: Path, url: str = "", clock: TestClock | None = None) -> Context:
    """A context with a migrated, empty record in `folder` (or at `url`)."""
    settings = Settings(data_dir=folder, database_url=url, _env_file=None)  # type: ignore[call-arg]
    clock = clock or TestClock()
    db = Database(settings.db_url)
    migrate.upgrade(db)
    return Context(
        db=db,
        settings=settings,
        clock=clock,
        keys=load_keys(folder / "keys", clock()),
        wake=Wakes(),
        media=AssetStore(str(folder / "media")),
    )
