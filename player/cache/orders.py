"""Commands that this device was given, what they came to, and when its display was off: on disk.

One SQLite file (player/sealed.py). A command is written down before it is begun, and stays
until long after its deadline: none is ever done twice, whatever is replayed or restarted meanwhile.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from player.errors import NoRoom
from player.sealed import is_damage, open_sealed, put_aside
from playlists.errors import DomainError
from playlists.fields import Fields, parse_json
from playlists.ids import Json, Sha256, canonical
from playlists.runs import GENESIS
from playlists.wire.commands import Answer, Off, PowerRun

FORGET_AFTER_MS = 7 * 24 * 3_600_000
"""A command is remembered for so long after its deadline, past which nothing is done anyway."""
AT_ONCE = 50
"""Answers, and records of the display, in one request."""
MAX_POWER = 10_000
"""Records of the display that wait for the server; the oldest go first."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, deadline INTEGER NOT NULL, boot TEXT NOT NULL,
    answer BLOB, sent INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS power (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tail (
    id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """A command that was begun in the machine's life `boot` and never answered."""

    id: str
    kind: str
    boot: str


class Orders:
    """The file. Every method may be called from any thread; what writes raises NoRoom."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self.settings: Mapping[str, object] = {}
        try:
            self._db = open_sealed(path, _SCHEMA)
            self.settings = self._read()
        except (sqlite3.Error, DomainError) as wrong:
            if isinstance(wrong, sqlite3.Error) and not is_damage(wrong):
                raise NoRoom(f"Commands cannot be read: {wrong}.") from wrong
            put_aside(path)
            self._db = open_sealed(path, _SCHEMA)

    def knows(self, order: str) -> bool:
        """Whether it was begun. If it is answered, the answer goes out again."""
        with self._lock, self._transaction():
            self._db.execute("UPDATE orders SET sent = 0 WHERE id = ?", (order,))
            found = self._db.execute("SELECT 1 FROM orders WHERE id = ?", (order,))
            return found.fetchone() is not None

    def begin(self, order: str, kind: str, deadline: int, boot: str) -> None:
        """Write it down before anything of it is done."""
        with self._lock, self._transaction():
            self._db.execute(
                "INSERT INTO orders (id, kind, deadline, boot) VALUES (?, ?, ?, ?)",
                (order, kind, deadline, boot),
            )
            before = deadline - FORGET_AFTER_MS
            self._db.execute("DELETE FROM orders WHERE deadline < ?", (before,))

    def begun(self) -> list[Begun]:
        """Those that have no answer."""
        with self._lock:
            rows = self._db.execute("SELECT id, kind, boot FROM orders WHERE answer IS NULL")
            return [Begun(*row) for row in rows]

    def answer(self, answer: Answer) -> None:
        """What a command came to; only the first word counts."""
        with self._lock, self._transaction():
            self._db.execute(
                "UPDATE orders SET answer = ? WHERE id = ? AND answer IS NULL",
                (canonical(answer.to_json()), answer.id),
            )

    def unsent(self) -> tuple[Answer, ...]:
        """Answers that the server has not taken yet."""
        with self._lock:
            rows = self._db.execute(
                "SELECT answer FROM orders WHERE answer IS NOT NULL AND sent = 0 LIMIT ?",
                (AT_ONCE,),
            )
            return tuple(Answer.from_json(parse_json(body)) for (body,) in rows)

    def sent(self, answers: tuple[Answer, ...]) -> frozenset[str]:
        """The server has these; the kinds of commands that they were of."""
        ids = [(answer.id,) for answer in answers]
        with self._lock, self._transaction():
            self._db.executemany("UPDATE orders SET sent = 1 WHERE id = ?", ids)
            # One that is forgotten meanwhile is of no kind.
            return frozenset(
                kind
                for one, answer in zip(ids, answers, strict=True)
                if answer.state == "done"
                for (kind,) in self._db.execute("SELECT kind FROM orders WHERE id = ?", one)
            )

    def set(self, name: str, value: Json) -> None:
        """Keep a setting that a command made, None to forget it."""
        with self._lock:
            with self._transaction():
                if value is None:
                    self._db.execute("DELETE FROM settings WHERE name = ?", (name,))
                else:
                    row = (name, canonical({"value": value}))
                    self._db.execute("REPLACE INTO settings VALUES (?, ?)", row)
            self.settings = self._read()

    def was_off(self, off: Off, how: str, said: str) -> None:
        """Record a stretch that the display was off."""
        with self._lock, self._transaction():
            row = self._db.execute("SELECT seq, hash FROM tail").fetchone()
            seq, prev = row or (0, GENESIS)
            run = PowerRun(seq + 1, Sha256(prev), off.from_ms, off.until_ms, off.why, how, said)
            self._db.execute("INSERT INTO power VALUES (?, ?)", (run.seq, canonical(run.to_json())))
            self._db.execute("REPLACE INTO tail VALUES (1, ?, ?)", (run.seq, run.hash))
            self._db.execute("DELETE FROM power WHERE seq <= ?", (run.seq - MAX_POWER,))

    def power(self) -> tuple[PowerRun, ...]:
        """The oldest records of the display that the server has not taken yet."""
        with self._lock:
            rows = self._db.execute("SELECT body FROM power ORDER BY seq LIMIT ?", (AT_ONCE,))
            return tuple(PowerRun.from_json(parse_json(body)) for (body,) in rows)

    def power_sent(self, seq: int) -> None:
        """The server has every record up to this number."""
        with self._lock, self._transaction():
            self._db.execute("DELETE FROM power WHERE seq <= ?", (seq,))

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    def _read(self) -> Mapping[str, object]:
        rows = self._db.execute("SELECT name, value FROM settings")
        return {name: Fields.of(parse_json(body)).value("value") for name, body in rows}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._db:
                yield
        except sqlite3.OperationalError as wrong:
            raise NoRoom(f"Commands cannot be written down: {wrong}.") from wrong
