"""SQLite files that outlive power cuts, and that are known when the disk has changed them.

WAL with synchronous=FULL (https://sqlite.org/pragma.html#pragma_synchronous): when a call returns,
its change outlives a power cut; before that, the old state stands whole. SQLite's pages carry no
checksum, so a bit that flips on a worn card reads as another price: rows that matter carry a digest
of their own. One process holds the file, and alone (locking_mode=EXCLUSIVE): its index then lies in
memory, and a full disk cannot hinder a start.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

DAMAGED_SUFFIX = ".damaged"
DIGEST_BYTES = 32
_WITHOUT_FAULT_OF_THE_FILE = frozenset(
    (
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        *(sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY),
        sqlite3.SQLITE_IOERR,
    )
)
_UNREADABLE = frozenset((sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ))


def open_sealed(path: Path, schema: str) -> sqlite3.Connection:
    """The file with these tables. Raises sqlite3.Error; see `is_damage`."""
    db = sqlite3.connect(path, check_same_thread=False, isolation_level="IMMEDIATE")
    try:
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        # What is believed lies in the file itself: a damaged log then hides nothing newer.
        db.execute("PRAGMA wal_autocheckpoint=1")
        db.executescript(schema)
    except BaseException:
        db.close()
        raise
    return db


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is at fault: not a full disk, nor one that does not answer now."""
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return False  # the caller's, such as a file that is closed already
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return True
    return code in _UNREADABLE or code & 0xFF not in _WITHOUT_FAULT_OF_THE_FILE


def put_aside(path: Path) -> Path:
    """Keep a damaged file, in place of one that was put aside before; where it lies now."""
    # The log first: it must never lie beside another file than its own.
    for suffix in ("-wal", "-shm", ""):
        old = path.with_name(path.name + suffix)
        kept = path.with_name(path.name + DAMAGED_SUFFIX + suffix)
        kept.unlink(missing_ok=True)
        if old.exists():
            old.replace(kept)
    return path.with_name(path.name + DAMAGED_SUFFIX)


def digest_of(*parts: object) -> bytes:
    """What a row's parts (text, numbers, bytes) must still have when they are read."""
    made = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        made.update(len(data).to_bytes(8) + data)
    return made.digest()
