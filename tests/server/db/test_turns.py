"""Processes that write to one record at once: each comes to its turn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from server.db.engine import Database
from server.db.turns import Busy

ROUNDS = 10
AT_MOST = 20
"""Commits of another process while one waits: the one under way and a few more, never dozens."""
GREEDY = """
import sys
from sqlalchemy import text
from server.db.engine import Database
db = Database(sys.argv[1])
print("ready", flush=True)
while True:
    with db.write() as session:
        session.execute(text("UPDATE turns SET taken = taken + 1 WHERE name = 'greedy'"))
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'record.db'}"


@pytest.fixture
def db(url: str) -> Database:
    made = Database(url)
    with made.write() as session:
        session.execute(text("CREATE TABLE turns (name TEXT PRIMARY KEY, taken INTEGER)"))
        session.execute(text("INSERT INTO turns VALUES ('greedy', 0)"))
    return made


def taken(db: Database) -> int:
    with db.read() as session:
        return int(session.execute(text("SELECT taken FROM turns")).scalar_one())


def test_nobody_is_kept_waiting_by_one_that_writes_again_and_again(db: Database, url: str) -> None:
    greedy = subprocess.Popen([sys.executable, "-c", GREEDY, url], stdout=subprocess.PIPE)
    try:
        assert greedy.stdout is not None
        greedy.stdout.readline()
        passed = []
        for _ in range(ROUNDS):
            before = taken(db)
            with db.write() as session:
                passed.append(int(session.scalar(text("SELECT taken FROM turns"))) - before)
        assert sorted(passed)[ROUNDS // 2] <= AT_MOST, passed
    finally:
        greedy.kill()
        greedy.communicate()
        db.close()


def test_one_that_waits_in_the_door_in_vain_gives_it_back(db: Database, url: str) -> None:
    hurried = Database(url, busy_ms=50)
    with db.write(), pytest.raises(Busy), hurried.write():
        pass
    with hurried.write() as session:
        session.execute(text("UPDATE turns SET taken = 7"))
    assert taken(db) == 7
    hurried.close()
    db.close()


def test_a_record_in_memory_has_no_door() -> None:
    db = Database("sqlite://")
    with db.write() as session:
        session.execute(text("CREATE TABLE turns (name TEXT)"))
    db.close()
