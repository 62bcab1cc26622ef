"""What a player believes and plays, on disk: one SQLite file, each change one transaction.

Only the channels and stores that changed are written again, so that the minute's freshness does not
rewrite a shop's offers. Each row has its digest and all rows a seal: a file that the disk changed
is put aside, what of it still holds goes on, and the rest is had again from the server. The file
beside it (`.spare`) holds whose screen this is, what plays and the high-water marks, for the case
that the very row is damaged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from player.cache.files import write_atomic
from player.errors import NoRoom
from player.sealed import DIGEST_BYTES, digest_of, is_damage, open_sealed, put_aside
from playlists.admission import Trusted
from playlists.errors import DomainError
from playlists.fields import Fields, parse_json
from playlists.ids import Json, Sha256, canonical
from playlists.trusted_json import trusted_from_json, trusted_to_json
from playlists.wire.http import PairingGiven

SPARE_SUFFIX = ".spare"
_SPLIT = ("channels", "freshness")
_SEAL = "seal"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    name TEXT PRIMARY KEY, value BLOB NOT NULL, digest BLOB NOT NULL
) STRICT
"""


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
    """The file behind a Memory. `damaged` says that one which did not hold was put aside.

    Raises NoRoom where the disk does not answer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spare = path.with_name(path.name + SPARE_SUFFIX)
        self._spared: object = self
        self._digests: dict[str, bytes] = {}
        self._saved = Memory()
        rows: dict[str, bytes] = {}
        try:
            self._db = open_sealed(path, _SCHEMA)
            rows, whole = self._rows()
            self.memory = _memory_of(rows)
        except (sqlite3.Error, DomainError) as wrong:
            if isinstance(wrong, sqlite3.Error) and not is_damage(wrong):
                raise _unreadable(wrong) from wrong
            whole = False
        self.damaged = not whole
        if whole:
            self._saved = self.memory
            self._digests = {name: digest_of(name, value) for name, value in rows.items()}
            self._keep_spare()
        else:
            # Better to begin anew with the device's key than to show nothing for ever.
            self.memory = self._salvaged(rows)
            self._begin_anew()
            self.save(self.memory)

    def hold(self, memory: Memory) -> None:
        """Make this the memory, to be saved later."""
        self.memory = memory

    @property
    def is_saved(self) -> bool:
        """Whether the memory is on the disk."""
        return self._saved is self.memory

    def save(self, memory: Memory) -> None:
        """Make this the memory. Raises NoRoom: then the old one stands, here and on disk."""
        try:
            try:
                self._write(memory)
            except sqlite3.Error as wrong:
                if not is_damage(wrong):
                    raise
                self.damaged = True
                self._begin_anew()
                self._write(memory)
        except sqlite3.Error as wrong:
            raise NoRoom(f"What is believed cannot be written: {wrong}.") from wrong
        self.memory = self._saved = memory
        self._keep_spare()

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def _write(self, memory: Memory) -> None:
        changes = {
            name: None if value is None else canonical(value)
            for name, value in _changes(self._saved, memory)
        }
        if not changes:
            return
        digests = dict(self._digests)
        for name, value in changes.items():
            digests.pop(name, None)
            if value is not None:
                digests[name] = digest_of(name, value)
        with self._db:
            self._db.executemany(
                "DELETE FROM kept WHERE name = ?", [(name,) for name in changes.keys() - digests]
            )
            rows = [(name, it, digests[name]) for name, it in changes.items() if it is not None]
            seal = _seal_of(digests)
            rows.append((_SEAL, seal, digest_of(_SEAL, seal)))
            self._db.executemany("REPLACE INTO kept VALUES (?, ?, ?)", rows)
        self._digests = digests

    def _rows(self) -> tuple[dict[str, bytes], bool]:
        """The rows that hold, and whether these are all that were written."""
        rows: dict[str, bytes] = {}
        whole = True
        try:
            read = self._db.execute("SELECT name, value, digest FROM kept")
            for name, value, digest in read:
                if digest_of(name, value) == digest:
                    rows[name] = value
                else:
                    whole = False
        except sqlite3.Error as wrong:
            if not is_damage(wrong):
                raise
            whole = False
        seal = rows.pop(_SEAL, None)
        if seal is None and not rows:
            # Nothing was ever written, or all of it is gone.
            return rows, whole and not self._spare.exists()
        found = {name: digest_of(name, value) for name, value in rows.items()}
        return rows, whole and seal == _seal_of(found)

    def _salvaged(self, rows: Mapping[str, bytes]) -> Memory:
        """What still holds of a damaged file, the rest from the spare one."""
        spare = self._read_spare()
        try:
            memory = _memory_of(rows)
        except DomainError:
            return spare
        if memory.trusted is None:
            return replace(spare, door=memory.door or spare.door) if spare.trusted else memory
        return replace(memory, playing=memory.playing or spare.playing)

    def _begin_anew(self) -> None:
        """Put the file aside and open another. Raises NoRoom."""
        try:
            if hasattr(self, "_db"):
                self._db.close()
            put_aside(self._path)
            self._db = open_sealed(self._path, _SCHEMA)
        except (sqlite3.Error, OSError) as wrong:
            raise _unreadable(wrong) from wrong
        self._saved, self._digests = Memory(), {}

    def _keep_spare(self) -> None:
        """Write down once more what no server can give back, when it changed."""
        memory = self.memory
        trusted = memory.trusted
        told = trusted and (trusted.screen, trusted.ring.token, trusted.head, memory.playing)
        if told == self._spared:
            return
        try:
            if trusted is None:
                self._spare.unlink(missing_ok=True)
            else:
                marks = {name: replace(it, offers=None) for name, it in trusted.channels.items()}
                spare = replace(memory, trusted=replace(trusted, channels=marks, freshness={}))
                rows = {name: value for name, value in _changes(Memory(), spare) if value}
                data = canonical(rows)
                write_atomic(self._spare, digest_of(data) + data)
        except (NoRoom, OSError):
            return  # the file itself is good; the next save tries again
        self._spared = told

    def _read_spare(self) -> Memory:
        try:
            data = self._spare.read_bytes()
            if digest_of(data[DIGEST_BYTES:]) != data[:DIGEST_BYTES]:
                return Memory()
            rows = Fields.of(parse_json(data[DIGEST_BYTES:])).raw
            return _memory_of({name: canonical(cast("Json", it)) for name, it in rows.items()})
        except (OSError, DomainError):
            return Memory()


def _memory_of(rows: Mapping[str, bytes]) -> Memory:
    found = {name: parse_json(value) for name, value in rows.items()}
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


def _seal_of(digests: Mapping[str, bytes]) -> bytes:
    return digest_of(*(digests[name] for name in sorted(digests)))


def _unreadable(wrong: Exception) -> NoRoom:
    return NoRoom(f"What is believed cannot be read: {wrong}.")


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
