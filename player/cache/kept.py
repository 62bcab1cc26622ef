"""What a player believes and plays, on disk: one SQLite file, each change one transaction.

WAL with synchronous=FULL: when a call returns, its change outlives a power cut; before that, the
old state stands whole. Only the channels and stores that changed are written again, so that the
minute's freshness does not rewrite a shop's offers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from player.cache.files import write_atomic
from player.errors import NoRoom
from playlists.admission import Trusted
from playlists.errors import DomainError, Invalid
from playlists.fields import Fields, parse_json
from playlists.ids import Json, Sha256, canonical
from playlists.signing import SigningKey
from playlists.trusted_json import trusted_from_json, trusted_to_json
from playlists.wire.http import PairingGiven

DAMAGED_SUFFIX = ".damaged"
_SPLIT = ("channels", "freshness")
_SCHEMA = "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT"


@dataclass(frozen=True, slots=True)
class Playing:
    """The plan that plays: it stays until a newer one is complete, whatever head is held."""

    revision: int
    manifest: Sha256
    expires_at: int

    def to_json(self) -> Json:
        """As kept."""
        return {
            "revision": self.revision,
            "manifest": self.manifest,
            "expires_at": self.expires_at,
        }

    @classmethod
    def from_json(cls, value: object) -> Playing:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        manifest = Sha256(given.sha("manifest"))
        return cls(given.whole("revision"), manifest, given.whole("expires_at"))


@dataclass(frozen=True, slots=True)
class Memory:
    """All that outlives a restart. `pairing` is the one under way, None once there is a screen."""

    trusted: Trusted | None = None
    playing: Playing | None = None
    pairing: PairingGiven | None = None
    door: str = ""


class Kept:
    """The file behind a Memory. `damaged` says that an unreadable one was put aside."""

    def __init__(self, path: Path) -> None:
        self.damaged = False
        try:
            self._db = _open(path)
            self.memory = self._read()
        except (sqlite3.DatabaseError, DomainError):
            # Better to begin anew with the device's key than to show nothing for ever.
            self.damaged = True
            for suffix in ("", "-wal", "-shm"):
                old = path.with_name(path.name + suffix)
                if old.exists():
                    old.replace(path.with_name(path.name + DAMAGED_SUFFIX + suffix))
            self._db = _open(path)
            self.memory = Memory()
        self._saved = self.memory

    def hold(self, memory: Memory) -> None:
        """Make this the memory, to be saved later."""
        self.memory = memory

    @property
    def is_saved(self) -> bool:
        """Whether the memory is on the disk."""
        return self._saved is self.memory

    def save(self, memory: Memory) -> None:
        """Make this the memory. Raises NoRoom: then the old one stands, here and on disk."""
        rows = list(_changes(self._saved, memory))
        if rows:
            with self._transaction():
                self._db.executemany(
                    "REPLACE INTO kept VALUES (?, ?)",
                    [(name, canonical(value)) for name, value in rows if value is not None],
                )
                self._db.executemany(
                    "DELETE FROM kept WHERE name = ?",
                    [(name,) for name, value in rows if value is None],
                )
        self.memory = self._saved = memory

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._db:
                yield
        except sqlite3.OperationalError as wrong:
            raise NoRoom(f"What is believed cannot be written: {wrong}.") from wrong

    def _read(self) -> Memory:
        found = {
            name: parse_json(value)
            for name, value in self._db.execute("SELECT name, value FROM kept")
        }
        trusted = None
        if "trusted" in found:
            whole = dict(Fields.of(found["trusted"]).raw)
            for part in _SPLIT:
                prefix = part + "/"
                whole[part] = {
                    name.removeprefix(prefix): value
                    for name, value in found.items()
                    if name.startswith(prefix)
                }
            trusted = trusted_from_json(whole)
        return Memory(
            trusted,
            Playing.from_json(found["playing"]) if "playing" in found else None,
            PairingGiven.from_json(found["pairing"]) if "pairing" in found else None,
            Fields.of(found["door"]).text("url") if "door" in found else "",
        )


def device_key(path: Path) -> SigningKey:
    """This device's own key, made at its first start; nobody but its owner may read the file.

    Raises Invalid where the file is damaged: a person must remove it and pair the screen anew.
    """
    try:
        return SigningKey.from_pem(path.read_bytes())
    except FileNotFoundError:
        key = SigningKey.generate()
        write_atomic(path, key.to_pem(), 0o600)
        return key
    except Invalid as wrong:
        raise Invalid(f"{path} is damaged: {wrong} Remove it and pair this screen anew.") from wrong


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, isolation_level="IMMEDIATE")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute(_SCHEMA)
    db.commit()
    return db


def _changes(old: Memory, new: Memory) -> Iterator[tuple[str, Json]]:
    """The rows to write, None for those to delete."""
    if new.trusted is not old.trusted:
        yield from _trusted_changes(old.trusted, new.trusted)
    if new.playing != old.playing:
        yield "playing", None if new.playing is None else new.playing.to_json()
    if new.pairing != old.pairing:
        yield "pairing", None if new.pairing is None else new.pairing.to_json()
    if new.door != old.door:
        yield "door", {"url": new.door} if new.door else None


def _trusted_changes(old: Trusted | None, new: Trusted | None) -> Iterator[tuple[str, Json]]:
    channels = old.channels if old else {}
    freshness = old.freshness if old else {}
    for name in channels:
        if new is None or name not in new.channels:
            yield f"channels/{name}", None
    for store in freshness:
        if new is None or store not in new.freshness:
            yield f"freshness/{store}", None
    if new is None:
        yield "trusted", None
        return
    # What is held is immutable: the same object needs no writing.
    changed = replace(
        new,
        channels={name: it for name, it in new.channels.items() if channels.get(name) is not it},
        freshness={name: it for name, it in new.freshness.items() if freshness.get(name) is not it},
    )
    whole = dict(cast("Mapping[str, Json]", trusted_to_json(changed)))
    for table in _SPLIT:
        rows = cast("Mapping[str, Json]", whole.pop(table))
        yield from ((f"{table}/{name}", value) for name, value in rows.items())
    yield "trusted", whole
