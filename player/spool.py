"""Play records on their way to the server: what was shown, chained, kept until acknowledged.

One SQLite file (see player.sealed): each call is one transaction, and what a call has returned
outlives a power cut. Plays still open are kept too; they become runs when they end. A run proves
itself by its hash, the other rows by a digest: what the disk changed is never told to the server, a
file that does not hold is put aside and its good rows go on. The server tells the gap.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from player.errors import PlayerError
from player.sealed import DAMAGED_SUFFIX, digest_of, is_damage, open_sealed, put_aside
from playlists.errors import DomainError
from playlists.fields import parse_json
from playlists.ids import Sha256, ZoneId, canonical
from playlists.runs import GENESIS, Play, Recorder, Run, Slot, append, verify_chain

MAX_WAITING = 200_000
"""Runs kept while the server is away: over a year at a few hundred a day."""
KEPT_PAGES = 16
"""Lives of the page whose last number is remembered."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tail (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    screen TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS open (kind TEXT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS pages (
    page TEXT PRIMARY KEY, n INTEGER NOT NULL, digest BLOB NOT NULL
) STRICT;
"""
_TABLES = ("runs", "tail", "open", "pages")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a slot as a page showed it; `n` is the page's own count, from 1."""

    n: int
    play: Play
    slot: Slot | None


class SpoolStuck(PlayerError):
    """The records cannot be written, most likely because the disk is full; nothing has changed."""


class _Damaged(Exception):
    """Rows are not what was written."""


class Spool:
    """The play records of one screen. Every method may be called from any thread.

    Each raises SpoolStuck where the disk does not answer.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._screen = ""
        self._begun = False
        self.damaged = False
        """Whether a file that did not hold was put aside."""
        with self._stuck():
            try:
                self._db = self._open()
                self._recorder = self._load()
            except (sqlite3.Error, _Damaged) as wrong:
                self._mend(wrong)

    def begin(self, screen: str) -> None:
        """Record for this screen; records of another (the device was paired anew) are dropped."""
        with self._lock:
            self._screen, self._begun = screen, False
            self._mended(self._begin)

    def saw(self, page: str, turns: Iterable[Turn]) -> int:
        """Note turns as they ended on screen, oldest first; how many were new.

        A page (one life of one document) counts its turns from 1: a number that came before is
        passed over, so that a page may ask again. With MAX_WAITING runs unacknowledged nothing more
        is noted; before `begin`, nothing is.
        """
        told = list(turns)
        with self._lock:
            return self._mended(lambda: self._saw(page, told))

    def close_open(self) -> None:
        """End every open play, so that the server hears of it."""
        with self._lock:
            self._mended(self._close_open)

    def waiting(self, limit: int) -> tuple[Run, ...]:
        """The oldest runs that were not acknowledged, at most `limit`."""
        with self._lock:
            return self._mended(lambda: self._waiting(limit))

    def acknowledge(self, seq: int) -> None:
        """The server holds every run up to number `seq`: they are dropped."""
        with self._lock:
            self._mended(lambda: self._acknowledge(seq))

    def depth(self) -> int:
        """Runs that wait, as far as the disk answers."""
        with self._lock:
            try:
                return self._mended(self._depth)
            except SpoolStuck:
                return 0

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    def _begin(self) -> None:
        row = self._db.execute("SELECT screen, seq, hash FROM tail").fetchone()
        if row is None or row[0] != self._screen:
            # What was mended does not know its screen: it is this one's.
            goes_on = row is not None and row[0] == ""
            with self._db:
                if not goes_on:
                    for table in _TABLES:
                        self._db.execute(f"DELETE FROM {table}")
                seq, last = row[1:] if goes_on else (0, GENESIS)
                _put_tail(self._db, self._screen, seq, last)
            self._recorder = self._load()
        self._begun = True

    def _saw(self, page: str, turns: Iterable[Turn]) -> int:
        if self._screen and not self._begun:
            self._begin()
        if not self._is_open():
            return 0
        told = self._told(page)
        new = [turn for turn in turns if turn.n > told]
        recorder = self._recorder
        ended: list[Play] = []
        for turn in new:
            recorder, over = recorder.saw(turn.play, turn.slot)
            ended += over
        if new:
            self._store(recorder, ended, (page, new[-1].n))
        return len(new)

    def _close_open(self) -> None:
        recorder, ended = self._recorder.closed()
        if ended:
            self._store(recorder, ended, None)

    def _waiting(self, limit: int) -> tuple[Run, ...]:
        sql = "SELECT seq, body FROM runs ORDER BY seq LIMIT ?"
        rows = self._db.execute(sql, (limit,)).fetchall()
        return tuple(_run_of(seq, body) for seq, body in rows)

    def _acknowledge(self, seq: int) -> None:
        with self._db:
            self._db.execute("DELETE FROM runs WHERE seq <= ?", (seq,))

    def _depth(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM runs").fetchone()[0])

    def _is_open(self) -> bool:
        waiting, begun = self._db.execute(
            "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM tail)"
        ).fetchone()
        if self._begun and not begun:
            raise _Damaged("the chain's end")
        return bool(begun) and waiting < MAX_WAITING

    def _told(self, page: str) -> int:
        row = self._db.execute("SELECT n FROM pages WHERE page = ?", (page,)).fetchone()
        return int(row[0]) if row else 0

    def _store(
        self, recorder: Recorder, ended: Iterable[Play], told: tuple[str, int] | None
    ) -> None:
        with self._db:
            screen, seq, prev = self._db.execute("SELECT screen, seq, hash FROM tail").fetchone()
            for play in ended:
                run = append(seq + 1, Sha256(prev), play)
                seq, prev = run.seq, run.hash
                self._db.execute("INSERT INTO runs VALUES (?, ?)", (seq, canonical(run.to_json())))
            _put_tail(self._db, screen, seq, prev)
            if told:
                self._db.execute("REPLACE INTO pages VALUES (?, ?, ?)", (*told, digest_of(*told)))
                self._db.execute(
                    "DELETE FROM pages WHERE rowid NOT IN"
                    " (SELECT rowid FROM pages ORDER BY rowid DESC LIMIT ?)",
                    (KEPT_PAGES,),
                )
            self._db.execute("DELETE FROM open")
            rows = [("planned", _bytes(play)) for play in recorder.planned.values()]
            rows += [("exception", _bytes(play)) for play in recorder.exceptions.values()]
            self._db.executemany("INSERT INTO open VALUES (?, ?)", rows)
        self._recorder = recorder

    def _load(self) -> Recorder:
        tails = self._db.execute("SELECT screen, seq, hash, digest FROM tail").fetchall()
        if not tails and self._depth():
            raise _Damaged("the chain's end")
        for screen, seq, last, digest in tails:
            _tail_of(screen, seq, last, digest)
        for page, n, digest in self._db.execute("SELECT page, n, digest FROM pages").fetchall():
            _page_of(page, n, digest)
        planned: dict[ZoneId, Play] = {}
        exceptions: dict[tuple[ZoneId, Slot | None], Play] = {}
        for kind, body in self._db.execute("SELECT kind, body FROM open").fetchall():
            play = _open_of(kind, body)
            if kind == "planned":
                planned[play.zone] = play
            else:
                exceptions[play.zone, play.slot] = play
        return Recorder(planned, exceptions)

    def _mended(self, work: Callable[[], T]) -> T:
        """Do it; where the file is damaged, mend that and do it again."""
        with self._stuck():
            try:
                return work()
            except (sqlite3.Error, _Damaged) as wrong:
                self._mend(wrong)
            return work()

    def _mend(self, wrong: Exception) -> None:
        """Put the file aside, go on with another that has its good rows."""
        if isinstance(wrong, sqlite3.Error) and not is_damage(wrong):
            raise wrong
        self.damaged, self._begun = True, False
        if hasattr(self, "_db"):
            self._db.close()
        put_aside(self._path)
        self._db = self._open()
        self._recorder = self._load()

    def _open(self) -> sqlite3.Connection:
        """The file. One that is new takes over what is good of one that was put aside, so that a
        power cut while it is mended loses nothing either."""
        db = open_sealed(self._path, _SCHEMA)
        try:
            if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                with db:
                    db.execute("BEGIN IMMEDIATE")
                    self._begin_file(db)
        except BaseException:
            db.close()
            raise
        return db

    def _begin_file(self, db: sqlite3.Connection) -> None:
        aside = self._path.with_name(self._path.name + DAMAGED_SUFFIX)
        if aside.exists():
            with closing(sqlite3.connect(aside)) as old:
                _take_over(old, db)
        db.execute("PRAGMA user_version = 1")

    @contextmanager
    def _stuck(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, _Damaged, OSError) as wrong:
            raise SpoolStuck(f"Play records cannot be written: {wrong}.") from wrong


def _take_over(old: sqlite3.Connection, new: sqlite3.Connection) -> None:
    """Copy the rows that still hold."""
    end: tuple[str, int, str] = ("", 0, GENESIS)
    found = _good(old, "SELECT seq, body FROM runs ORDER BY seq", _run_of)
    found += _good(old, "SELECT seq, body FROM runs ORDER BY seq DESC", _run_of)
    for seq, body in sorted({row[0]: row for row in found}.values()):
        new.execute("INSERT INTO runs VALUES (?, ?)", (seq, body))
        end = "", seq, _run_of(seq, body).hash
    tails = _good(old, "SELECT screen, seq, hash, digest FROM tail", _tail_of)
    if tails or end[1]:
        _put_tail(new, *(tails[0][:3] if tails else end))
    for row in _good(old, "SELECT kind, body FROM open", _open_of):
        new.execute("INSERT INTO open VALUES (?, ?)", row)
    for row in _good(old, "SELECT page, n, digest FROM pages", _page_of):
        new.execute("INSERT INTO pages VALUES (?, ?, ?)", row)


def _good(old: sqlite3.Connection, sql: str, check: Callable[..., object]) -> list[Any]:
    """The rows that pass, as far as they can be read."""
    found: list[Any] = []
    try:
        for row in old.execute(sql):
            try:
                check(*row)
            except _Damaged:
                continue
            found.append(row)
    except sqlite3.Error as wrong:
        if not is_damage(wrong):
            raise
    return found


def _put_tail(db: sqlite3.Connection, screen: str, seq: int, last: str) -> None:
    row = (screen, seq, last)
    db.execute("REPLACE INTO tail VALUES (1, ?, ?, ?, ?)", (*row, digest_of(*row)))


def _tail_of(screen: str, seq: int, last: str, digest: bytes) -> None:
    if digest_of(screen, seq, last) != digest:
        raise _Damaged("the chain's end")


def _page_of(page: str, n: int, digest: bytes) -> None:
    if digest_of(page, n) != digest:
        raise _Damaged("a page's count")


def _open_of(kind: str, body: bytes) -> Play:
    if kind not in ("planned", "exception"):
        raise _Damaged("an open play")
    return _run_of(1, body).play


def _run_of(seq: int, body: bytes) -> Run:
    try:
        run = Run.from_json(parse_json(body))
        verify_chain([run], run.prev, seq)
    except (DomainError, TypeError, ValueError) as wrong:
        raise _Damaged(f"run {seq}") from wrong
    return run


def _bytes(play: Play) -> bytes:
    # A play alone has no JSON form; a run of its own does, and both sides of it are checked.
    return canonical(append(1, GENESIS, play).to_json())
