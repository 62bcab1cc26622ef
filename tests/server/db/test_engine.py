"""Writers that meet: threads queue, processes wait, and who waited in vain is told so."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from server.db.engine import Database
from server.db.turns import Busy

WRITES = 60
MANY = 30.0
"""Seconds after which something hangs."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A record with one counter."""
    where = f"sqlite:///{tmp_path}/record.db"
    db = Database(where)
    with db.write() as session:
        session.execute(text("CREATE TABLE counted (n INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO counted VALUES (0)"))
    db.close()
    return where


def counted(url: str) -> int:
    db = Database(url)
    with db.read() as session:
        found = session.scalar(text("SELECT n FROM counted"))
    db.close()
    assert found is not None
    return int(found)


def count(db: Database, times: int) -> None:
    """Read, think, write what was read: lost updates would show."""
    for _ in range(times):
        with db.write() as session:
            n = session.scalar(text("SELECT n FROM counted"))
            time.sleep(0.001)
            session.execute(text("UPDATE counted SET n = :n"), {"n": n + 1})


def count_in_a_process(url: str, start: Barrier) -> None:
    db = Database(url)
    start.wait(MANY)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: count(db, WRITES), range(3)))
    db.close()


def hold(url: str, holding: Event, let_go: Event) -> None:
    """Write, and take one's time."""
    db = Database(url)
    with db.write() as session:
        session.execute(text("UPDATE counted SET n = n + 1"))
        holding.set()
        let_go.wait(MANY)
    db.close()


def test_threads_of_several_processes_write_one_after_the_other(url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2)
    peers = [spawn.Process(target=count_in_a_process, args=(url, start)) for _ in range(2)]
    for peer in peers:
        peer.start()
    for peer in peers:
        peer.join(MANY)
    assert [peer.exitcode for peer in peers] == [0, 0]
    assert counted(url) == 2 * 3 * WRITES


def test_a_write_waits_for_another_process_and_then_goes_through(url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    holding, let_go = spawn.Event(), spawn.Event()
    peer = spawn.Process(target=hold, args=(url, holding, let_go))
    peer.start()
    assert holding.wait(MANY)
    impatient, patient = Database(url, busy_ms=50), Database(url)
    with pytest.raises(Busy, match="Try again"):
        count(impatient, 1)
    with impatient.read() as session:
        assert session.scalar(text("SELECT n FROM counted")) == 0
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(count, patient, 1)
        assert not waiting.done()
        let_go.set()
        waiting.result(MANY)
    peer.join(MANY)
    count(impatient, 1)
    assert counted(url) == 3


def test_a_thread_that_waits_in_vain_is_told_and_takes_nobodys_turn(url: str) -> None:
    db = Database(url, busy_ms=50)
    with db.write() as session, ThreadPoolExecutor(1) as pool:
        session.execute(text("UPDATE counted SET n = n + 1"))
        with pytest.raises(Busy):
            pool.submit(count, db, 1).result(MANY)
    count(db, 1)
    assert counted(url) == 2


def fail(db: Database) -> None:
    with db.write() as session:
        session.execute(text("UPDATE counted SET n = n + 1"))
        session.execute(text("UPDATE missing SET n = 1"))


def test_an_error_within_a_write_undoes_it_and_leaves_the_turn_to_the_next(url: str) -> None:
    db = Database(url, busy_ms=50)
    with pytest.raises(OperationalError, match="no such table"):
        fail(db)
    count(db, 1)
    assert counted(url) == 1


def test_what_is_wrong_otherwise_is_not_taken_for_others_writing(tmp_path: Path) -> None:
    (tmp_path / "record.db").write_bytes(b"no database at all, but long enough" * 99)
    db = Database(f"sqlite:///{tmp_path}/record.db")
    with pytest.raises(Exception, match="not a database") as caught, db.write():
        pass
    assert not isinstance(caught.value, Busy)


def test_a_commit_is_on_the_disk_before_it_is_acknowledged(url: str) -> None:
    db = Database(url)
    with db.write() as session:
        said = session.scalar(text("PRAGMA synchronous"))
    db.close()
    assert said == 2, "FULL: WAL with NORMAL may lose the last commits in a power cut"
