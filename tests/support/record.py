"""A record to test services on: over SQLite or PostgreSQL, with a clock that the test sets."""

from __future__ import annotations

import atexit
import filecmp
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import inspect, make_url

from media.store import AssetStore
from server.config import Settings
from server.db import migrate
from server.db.engine import Database
from server.services.base.context import Context
from server.services.base.keys import load_keys

T = TypeVar("T")
RECORD = "enseigne.db"
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


def _kept_folder() -> Path:
    """A folder that is there until the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="enseigne-record-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _migrated() -> Path:
    """An empty SQLite record, made once for the process; its copies need no migration."""
    path = _kept_folder() / "empty.db"
    migrate_record(f"sqlite:///{path}")
    return path


@cache
def _first_keys() -> Path:
    """The keys of an installation that began at START_MS: the same ones for all of the process, so
    that what one signed can be copied to another.
    """
    folder = _kept_folder() / "keys"
    load_keys(folder, START_MS)
    return folder


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
    if clock() == START_MS and not (folder / "keys").exists():
        shutil.copytree(_first_keys(), folder / "keys")
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


def prepared(lay: Callable[[Context], T]) -> Callable[[Context], T]:
    """What `lay` makes of an untouched SQLite record, made once for the process: later calls copy
    what came of it (what it returns must not change). Any other record it is asked of each time.
    """
    kept: list[tuple[dict[str, Any], Path, T]] = []

    @wraps(lay)
    def copied(ctx: Context) -> T:
        if not _is_untouched(ctx):
            return lay(ctx)
        folder, like = ctx.settings.data_dir, ctx.settings.model_dump(exclude={"data_dir"})
        for settings, source, found in kept:
            if settings == like:
                shutil.copytree(source, folder, dirs_exist_ok=True)
                return found
        found = lay(ctx)
        ctx.db.engine.dispose()
        source = _kept_folder()
        shutil.copy(folder / RECORD, source)
        shutil.copytree(folder / "media", source / "media")
        kept.append((like, source, found))
        return found

    return copied


def _is_untouched(ctx: Context) -> bool:
    """Whether nothing was written since `make_context`, at START_MS and with its keys."""
    folder = ctx.settings.data_dir
    if not ctx.db.is_sqlite or ctx.clock() != START_MS:
        return False
    ctx.db.engine.dispose()  # what was written is in the one file now
    return filecmp.cmp(folder / RECORD, _migrated(), shallow=False) and filecmp.cmp(
        folder / "keys/keys.jws", _first_keys() / "keys.jws", shallow=False
    )
