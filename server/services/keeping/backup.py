"""Copies what an installation cannot do without into one folder that can stand in its place."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from server.config import Settings
from server.errors import Conflict

DATABASE = "enseigne.db"
KEYS, MEDIA = "keys", "media"


def back_up(settings: Settings, folder: Path) -> tuple[str, ...]:
    """Copy database, keys and media to `folder`, which must not be there yet; what was copied.

    The server may run meanwhile: the database is copied as of one instant, and first, so that every
    file that it names is among those copied after it. A database that is no SQLite file is left to
    its own tools. Raises Conflict where `folder` exists or there is nothing to copy.
    """
    source = settings.data_dir
    if not (source / KEYS).is_dir():
        raise Conflict(f"There is no installation in {source.absolute()}. Set ENSEIGNE_DATA_DIR.")
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise Conflict(f"{folder} is there already. Name a new folder.") from None
    copied = []
    if not settings.database_url:
        _copy_database(source / DATABASE, folder / DATABASE)
        copied.append(DATABASE)
    for name in (KEYS, MEDIA):
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name)
            copied.append(name)
    return tuple(copied)


def _copy_database(source: Path, target: Path) -> None:
    read_only = f"{source.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(read_only, uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
    target.chmod(0o600)
