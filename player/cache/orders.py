"""Commands that this device was given, what they came to, and when its display was off: on disk.

One SQLite file (player/sealed.py). A command is written down before it is begun, and stays
until long after its deadline: none is ever done twice, whatever is replayed or restarted meanwhile.
A file that the disk changed is put aside, whenever that is found; its good rows go on.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

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
_UNKNOWN = ""
"""In place of the hash of the display's last record, which was lost with its number."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Begun:
    """A command that was begun in the machine's life `boot` and never answered."""

    id: str
    kind: str
    boot: str


class Orders:
    """The file. Every method may be called from any thread; what writes raises NoRoom, and what
    reads finds nothing while the disk does not answer.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        self.settings: Mapping[str, object] = {}
        with self._stuck():
            try:
                self._db = open_sealed(path, _SCHEMA)
                self.settings = self._read()
            except (sqlite3.Error, DomainError) as wrong:
                self._mend(wrong)

    def knows(self, order: str) -> bool:
        """Whether it was begun. If it is answered, the answer goes out again."""

        def work(db: sqlite3.Connection) -> bool:
            db.execute("UPDATE orders SET sent = 0 WHERE id = ?", (order,))
            return db.execute("SELECT 1 FROM orders WHERE id = ?", (order,)).fetchone() is not None

        return self._written(work)

    def begin(self, order: str, kind: str, deadline: int, boot: str) -> None:
        """Write it down before anything of it is done."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO orders (id, kind, deadline, boot) VALUES (?, ?, ?, ?)",
                (order, kind, deadline, boot),
            )
            db.execute("DELETE FROM orders WHERE deadline < ?", (deadline - FORGET_AFTER_MS,))

        self._written(work)

    def begun(self) -> list[Begun]:
        """Those that have no answer."""
        rows = self._rows("SELECT id, kind, boot FROM orders WHERE answer IS NULL")
        return [Begun(*row) for row in rows]

    def answer(self, answer: Answer) -> None:
        """What a command came to; only the first word counts."""
        row = canonical(answer.to_json()), answer.id
        sql = "UPDATE orders SET answer = ? WHERE id = ? AND answer IS NULL"
        self._written(lambda db: db.execute(sql, row))

    def unsent(self) -> tuple[Answer, ...]:
        """Answers that the server has not taken yet."""
        sql = "SELECT answer FROM orders WHERE answer IS NOT NULL AND sent = 0 LIMIT ?"
        return tuple(self._rows(sql, (AT_ONCE,), _answer_of))

    def sent(self, answers: tuple[Answer, ...]) -> frozenset[str]:
        """The server has these; the kinds of commands that they were of."""
        ids = [(answer.id,) for answer in answers]

        def work(db: sqlite3.Connection) -> frozenset[str]:
            db.executemany("UPDATE orders SET sent = 1 WHERE id = ?", ids)
            # One that is forgotten meanwhile is of no kind.
            return frozenset(
                kind
                for one, answer in zip(ids, answers, strict=True)
                if answer.state == "done"
                for (kind,) in db.execute("SELECT kind FROM orders WHERE id = ?", one)
            )

        return self._written(work)

    def set(self, name: str, value: Json) -> None:
        """Keep a setting that a command made, None to forget it."""

        def work(db: sqlite3.Connection) -> None:
            if value is None:
                db.execute("DELETE FROM settings WHERE name = ?", (name,))
            else:
                row = (name, canonical({"value": value}))
                db.execute("REPLACE INTO settings VALUES (?, ?)", row)
            self.settings = self._read()

        self._written(work)

    def was_off(self, off: Off, how: str, said: str) -> None:
        """Record a stretch that the display was off."""

        def work(db: sqlite3.Connection) -> None:
            seq, prev = db.execute("SELECT seq, hash FROM tail").fetchone() or (0, GENESIS)
            if prev == _UNKNOWN:
                # Above any number that the server may hold, which takes none twice.
                seq, prev = max(seq, off.from_ms // 1000), GENESIS
            run = PowerRun(seq + 1, Sha256(prev), off.from_ms, off.until_ms, off.why, how, said)
            db.execute("INSERT INTO power VALUES (?, ?)", (run.seq, canonical(run.to_json())))
            db.execute("REPLACE INTO tail VALUES (1, ?, ?)", (run.seq, run.hash))
            # By how many there are: their numbers may have leapt.
            rest = "SELECT seq FROM power ORDER BY seq DESC LIMIT -1 OFFSET ?"
            db.execute(f"DELETE FROM power WHERE seq IN ({rest})", (MAX_POWER,))

        self._written(work)

    def power(self) -> tuple[PowerRun, ...]:
        """The oldest records of the display that the server has not taken yet."""
        sql = "SELECT body FROM power ORDER BY seq LIMIT ?"
        return tuple(self._rows(sql, (AT_ONCE,), _power_of))

    def power_sent(self, seq: int) -> None:
        """The server has every record up to this number."""
        self._written(lambda db: db.execute("DELETE FROM power WHERE seq <= ?", (seq,)))

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    def _written(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do it in one transaction."""

        def one() -> T:
            with self._db:
                return work(self._db)

        with self._lock, self._stuck():
            return self._mended(one)

    def _rows(
        self, sql: str, given: tuple[int, ...] = (), read: Callable[..., Any] = lambda *row: row
    ) -> list[Any]:
        """What each row says."""
        with self._lock:
            try:
                with self._stuck():
                    return self._mended(
                        lambda: [read(*row) for row in self._db.execute(sql, given)]
                    )
            except NoRoom:
                return []  # whatever is written next says that the disk does not answer

    def _read(self) -> Mapping[str, object]:
        rows = self._db.execute("SELECT name, value FROM settings")
        return {name: _setting_of(body) for name, body in rows}

    def _mended(self, work: Callable[[], T]) -> T:
        """Do it; where the file is damaged, mend that and do it again."""
        try:
            return work()
        except (sqlite3.Error, DomainError) as wrong:
            self._mend(wrong)
        return work()

    def _mend(self, wrong: Exception) -> None:
        """Put the file aside, go on with another that has its good rows."""
        if isinstance(wrong, sqlite3.Error) and not is_damage(wrong):
            raise wrong
        if hasattr(self, "_db"):
            self._db.close()
        aside = put_aside(self._path)
        self._db = open_sealed(self._path, _SCHEMA)
        with closing(sqlite3.connect(aside)) as old, self._db:
            _take_over(old, self._db)
        self.settings = self._read()

    @contextmanager
    def _stuck(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, DomainError, OSError) as wrong:
            raise NoRoom(f"Commands cannot be written down: {wrong}.") from wrong


def _take_over(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """Copy the rows that can be read still. A command whose answer cannot be stays without one:
    that it was given is what may not be forgotten.
    """
    for row in _good(old, "orders", _order_of):
        new.execute("REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?)", _order_of(*row))
    for row in _good(old, "settings", lambda name, body: _setting_of(body)):
        new.execute("REPLACE INTO settings VALUES (?, ?)", row)
    for row in _good(old, "power", lambda seq, body: _power_of(body)):
        new.execute("REPLACE INTO power VALUES (?, ?)", row)
    tails = _good(old, "tail", lambda one, seq, last: None)
    new.execute("REPLACE INTO tail VALUES (1, ?, ?)", tails[0][1:] if tails else (0, _UNKNOWN))


def _good(old: sqlite3.Connection, table: str, check: Callable[..., object]) -> list[Any]:
    """The rows that pass, as far as they can be read from either end."""
    found: dict[Any, Any] = {}
    for way in ("ASC", "DESC"):
        try:
            for row in old.execute(f"SELECT * FROM {table} ORDER BY rowid {way}"):
                try:
                    check(*row)
                except DomainError:
                    continue
                found.setdefault(row[0], row)
        except sqlite3.Error as wrong:
            if not is_damage(wrong):
                raise
    return list(found.values())


def _order_of(name: str, kind: str, deadline: int, boot: str, answer: Any, sent: int) -> Any:
    try:
        if answer is not None:
            _answer_of(answer)
    except DomainError:
        answer = None
    return name, kind, deadline, boot, answer, sent


def _answer_of(body: bytes) -> Answer:
    return Answer.from_json(parse_json(body))


def _power_of(body: bytes) -> PowerRun:
    return PowerRun.from_json(parse_json(body))


def _setting_of(body: bytes) -> object:
    return Fields.of(parse_json(body)).value("value")
