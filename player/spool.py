"""Play records on their way to the server: what was shown, chained, kept until acknowledged.

One SQLite file in WAL mode with synchronous=FULL (https://sqlite.org/pragma.html#pragma_synchronous):
each call is one transaction, so that a power cut leaves it done or not begun, and what a call has
returned outlives it. Plays still open are kept too; they become runs when they end.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playlists.fields import parse_json
from playlists.ids import Sha256, ZoneId, canonical
from playlists.runs import GENESIS, Play, Recorder, Run, Slot, append

MAX_WAITING = 200_000
"""Runs kept while the server is away: over a year at a few hundred a day."""
KEPT_PAGES = 16
"""Lives of the page whose last number is remembered."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tail (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    screen TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS open (kind TEXT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS pages (page TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a slot as a page showed it; `n` is the page's own count, from 1."""

    n: int
    play: Play
    slot: Slot | None


class SpoolStuck(Exception):
    """The records cannot be written, most likely because the disk is full; nothing has changed."""


class Spool:
    """The play records of one screen. Every method may be called from any thread.

    What writes raises SpoolStuck.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level="IMMEDIATE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        self._recorder = self._load()

    def begin(self, screen: str) -> None:
        """Record for this screen; records of another (the device was paired anew) are dropped."""
        with self._lock, self._transaction():
            row = self._db.execute("SELECT screen FROM tail").fetchone()
            if row is not None and row[0] == screen:
                return
            for table in ("runs", "tail", "open", "pages"):
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute("INSERT INTO tail VALUES (1, ?, 0, ?)", (screen, GENESIS))
        with self._lock:
            self._recorder = self._load()

    def saw(self, page: str, turns: Iterable[Turn]) -> int:
        """Note turns as they ended on screen, oldest first; how many were new.

        A page (one life of one document) counts its turns from 1: a number that came before is
        passed over, so that a page may ask again. With MAX_WAITING runs unacknowledged nothing more
        is noted; before `begin`, nothing is.
        """
        with self._lock:
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

    def close_open(self) -> None:
        """End every open play, so that the server hears of it."""
        with self._lock:
            recorder, ended = self._recorder.closed()
            if ended:
                self._store(recorder, ended, None)

    def waiting(self, limit: int) -> tuple[Run, ...]:
        """The oldest runs that were not acknowledged, at most `limit`."""
        with self._lock:
            rows = self._db.execute("SELECT body FROM runs ORDER BY seq LIMIT ?", (limit,))
            return tuple(Run.from_json(parse_json(body)) for (body,) in rows)

    def acknowledge(self, seq: int) -> None:
        """The server holds every run up to number `seq`: they are dropped."""
        with self._lock, self._transaction():
            self._db.execute("DELETE FROM runs WHERE seq <= ?", (seq,))

    def depth(self) -> int:
        """Runs that wait."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM runs").fetchone()[0])

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    def _is_open(self) -> bool:
        waiting, begun = self._db.execute(
            "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM tail)"
        ).fetchone()
        return bool(begun) and waiting < MAX_WAITING

    def _told(self, page: str) -> int:
        row = self._db.execute("SELECT n FROM pages WHERE page = ?", (page,)).fetchone()
        return int(row[0]) if row else 0

    def _store(
        self, recorder: Recorder, ended: Iterable[Play], told: tuple[str, int] | None
    ) -> None:
        with self._transaction():
            seq, prev = self._db.execute("SELECT seq, hash FROM tail").fetchone()
            for play in ended:
                run = append(seq + 1, Sha256(prev), play)
                seq, prev = run.seq, run.hash
                self._db.execute("INSERT INTO runs VALUES (?, ?)", (seq, canonical(run.to_json())))
            self._db.execute("UPDATE tail SET seq = ?, hash = ?", (seq, prev))
            if told:
                self._db.execute("REPLACE INTO pages VALUES (?, ?)", told)
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
        planned: dict[ZoneId, Play] = {}
        exceptions: dict[tuple[ZoneId, Slot | None], Play] = {}
        for kind, body in self._db.execute("SELECT kind, body FROM open"):
            play = Run.from_json(parse_json(body)).play
            if kind == "planned":
                planned[play.zone] = play
            else:
                exceptions[play.zone, play.slot] = play
        return Recorder(planned, exceptions)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._db:
                yield
        except sqlite3.OperationalError as wrong:
            raise SpoolStuck(f"Play records cannot be written: {wrong}.") from wrong


def _bytes(play: Play) -> bytes:
    # A play alone has no JSON form; a run of its own does, and both sides of it are checked.
    return canonical(append(1, GENESIS, play).to_json())
