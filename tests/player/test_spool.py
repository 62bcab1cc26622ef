"""Play records: chained, merged, kept until acknowledged, told twice and counted once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from player.spool import MAX_WAITING, Spool, SpoolStuck, Turn
from playlists.ids import Sha256, ZoneId
from playlists.runs import GENESIS, Play, verify_chain
from tests.player.bench import Bench

MANIFEST = Sha256("a" * 64)
SLOT = ("base", "loop", "i1")
OTHER = ("base", "loop", "i2")


def turn(n: int, *because: str, head: int = 1, slot: tuple[str, str, str] = SLOT) -> Turn:
    """The n-th turn of ten seconds, each following the one before."""
    card = None if because else "c1"
    play = Play(ZoneId("main"), head, MANIFEST, n * 10, n * 10 + 10, {}, card, because)
    return Turn(n, play, slot)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plays.db"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    made = Spool(path)
    made.begin("lille-1")
    yield made
    made.close()


def again(spool: Spool, path: Path) -> Spool:
    """The same records after a power cut."""
    spool.close()
    return Spool(path)


def test_turns_as_planned_become_one_run(spool: Spool) -> None:
    spool.saw("page", [turn(n) for n in range(1, 500)])
    assert spool.waiting(10) == ()
    spool.close_open()
    (run,) = spool.waiting(10)
    assert (run.play.from_ms, run.play.until_ms) == (10, 5_000)
    assert run.play.card is None


def test_what_fell_short_of_plan_is_a_run_of_its_own(spool: Spool) -> None:
    spool.saw("page", [turn(1), turn(2, "lease_over:shop@lille"), turn(3), turn(4, slot=OTHER)])
    spool.close_open()
    plays = [run.play for run in spool.waiting(10)]
    assert [play.because for play in plays] == [("lease_over:shop@lille",), ()]
    assert plays[0].slot == SLOT


def test_a_new_head_ends_the_run_and_the_chain_holds(spool: Spool) -> None:
    spool.saw("page", [turn(1), turn(2), turn(3, head=2), turn(4, head=3)])
    runs = spool.waiting(10)
    assert [run.play.head for run in runs] == [1, 2]
    verify_chain(runs, GENESIS)


def test_turns_told_again_are_counted_once(spool: Spool, path: Path) -> None:
    turns = [turn(1), turn(2, head=2), turn(3, head=3)]
    assert spool.saw("page", turns) == 3
    spool = again(spool, path)
    assert spool.saw("page", turns) == 0
    assert spool.saw("page", [*turns, turn(4, head=4)]) == 1
    assert [run.play.head for run in spool.waiting(10)] == [1, 2, 3]
    assert spool.saw("another page", [turn(1)]) == 1


def test_open_turns_outlive_a_power_cut(spool: Spool, path: Path) -> None:
    spool.saw("page", [turn(1), turn(2, "no_time")])
    spool = again(spool, path)
    spool.saw("page", [turn(3, "no_time")])
    spool.close_open()
    plays = [run.play for run in spool.waiting(10)]
    assert [(play.from_ms, play.until_ms) for play in plays] == [(10, 40), (20, 40)]


def test_acknowledged_runs_are_dropped_and_the_chain_goes_on(spool: Spool, path: Path) -> None:
    spool.saw("page", [turn(n, head=n) for n in range(1, 6)])
    first = spool.waiting(2)
    spool.acknowledge(first[-1].seq)
    spool = again(spool, path)
    assert [run.seq for run in spool.waiting(10)] == [3, 4]
    verify_chain(spool.waiting(10), first[-1].hash, 3)
    spool.acknowledge(4)
    assert spool.depth() == 0
    spool.saw("page", [turn(6, head=6)])
    assert [run.seq for run in spool.waiting(10)] == [5]


def test_records_of_another_screen_are_dropped_and_its_chain_begins_anew(spool: Spool) -> None:
    spool.saw("page", [turn(1), turn(2, head=2)])
    spool.begin("lille-1")
    assert spool.depth() == 1
    spool.begin("lille-2")
    assert spool.depth() == 0
    spool.saw("new page", [turn(1), turn(2, head=2)])
    assert [run.seq for run in spool.waiting(10)] == [1]


def test_nothing_is_noted_for_no_screen_or_beyond_the_bound(
    path: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_WAITING > 100_000
    monkeypatch.setattr("player.spool.MAX_WAITING", 2)
    spool.saw("page", [turn(n, head=n) for n in range(1, 4)])
    assert spool.saw("page", [turn(4, head=4)]) == 0
    spool.acknowledge(2)
    assert spool.saw("page", [turn(4, head=4)]) == 1
    unbegun = Spool(path.with_name("other.db"))
    assert unbegun.saw("page", [turn(1)]) == 0
    unbegun.close()


def test_a_full_disk_changes_nothing(spool: Spool, path: Path) -> None:
    spool.saw("page", [turn(1)])
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count = {pages}")
    many = [turn(n, head=n) for n in range(2, 400)]
    with pytest.raises(SpoolStuck):
        spool.saw("page", many)
    spool._db.execute("PRAGMA max_page_count = 1000000")
    assert spool.depth() == 0
    assert spool.saw("page", many) == 398
    verify_chain(spool.waiting(1_000), GENESIS)


def test_the_file_is_written_as_power_cuts_demand(spool: Spool, path: Path) -> None:
    assert spool._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert spool._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert spool._db.execute("PRAGMA locking_mode").fetchone() == ("exclusive",)


@pytest.mark.parametrize("damage", ["run", "tail", "open", "pages", "file"])
def test_what_the_disk_changed_is_put_aside_and_the_rest_is_told(
    spool: Spool, path: Path, damage: str
) -> None:
    spool.saw("page", [turn(n, head=n) for n in range(1, 8)])
    spoil = {
        "run": "UPDATE runs SET body = replace(body, '\"until\":40', '\"until\":41') WHERE seq = 3",
        "tail": "UPDATE tail SET seq = 900",
        "open": "UPDATE open SET body = replace(body, '\"head\":7', '\"head\":8')",
        "pages": "UPDATE pages SET n = 100",
        "file": "SELECT 1",
    }[damage]
    with spool._db as db:
        db.execute(
            spoil.replace("replace(body", "CAST(replace(CAST(body AS TEXT)").replace(
                "')", "') AS BLOB)"
            )
        )
    spool.close()
    if damage == "file":
        path.write_bytes(b"no database" * 1_000)
    spool = Spool(path)
    spool.begin("lille-1")
    assert spool.damaged or damage == "run"
    spool.saw("page", [turn(n, head=n) for n in range(1 if damage == "file" else 8, 12)])
    told = [run.play.head for run in spool.waiting(100)]
    lost = {"run": {3}, "open": {7}}.get(damage, set())
    assert told == [n for n in range(1, 11) if n not in lost]
    assert path.with_name("plays.db.damaged").exists()
    spool.close()


def test_a_power_cut_while_a_file_is_mended_loses_nothing(
    spool: Spool, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.saw("page", [turn(n, head=n) for n in range(1, 5)])
    with spool._db as db:
        db.execute("UPDATE tail SET seq = 900")
    spool.close()
    monkeypatch.setattr("player.spool._take_over", _full)
    with pytest.raises(SpoolStuck):
        Spool(path)
    monkeypatch.undo()
    spool = Spool(path)
    spool.begin("lille-1")
    assert [run.play.head for run in spool.waiting(100)] == [1, 2, 3]
    spool.close()


def test_a_file_that_is_closed_is_not_taken_for_a_damaged_one(spool: Spool, path: Path) -> None:
    spool.saw("page", [turn(1), turn(2, head=2)])
    spool.close()
    with pytest.raises(SpoolStuck):
        spool.acknowledge(1)
    assert not path.with_name("plays.db.damaged").exists()


def test_records_that_could_not_be_begun_are_not_acknowledged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(path)
    monkeypatch.setattr("player.spool._put_tail", _full)
    with pytest.raises(SpoolStuck):
        spool.begin("lille-1")
    with pytest.raises(SpoolStuck):
        spool.saw("page", [turn(1)])
    monkeypatch.undo()
    assert spool.saw("page", [turn(1)]) == 1
    spool.close()


def _full(*_: object) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise full


def test_the_server_hears_of_every_run_once(screen: Bench) -> None:
    spool = screen.parts.spool
    spool.saw("page", [turn(n, head=n) for n in range(1, 300)])
    screen.wait(61_000)
    assert [run.seq for run in screen.sim.runs] == list(range(1, 299))
    assert spool.depth() == 0
    screen.wait(3_600_000, step_ms=60_000)
    assert len(screen.sim.runs) == 299


def test_an_answer_lost_on_its_way_doubles_nothing(screen: Bench) -> None:
    spool = screen.parts.spool
    spool.saw("page", [turn(n, head=n) for n in range(1, 11)])
    sim = screen.sim
    lost = iter([True])

    def hook(method: str, path: str) -> tuple[int, dict[str, str], bytes] | None:
        if path == "/plays" and next(lost, False):
            sim._plays({"runs": [run.to_json() for run in spool.waiting(200)]})
            return 502, {}, b""
        return None

    sim.faults.hook = hook
    screen.wait(70_000)
    assert [run.seq for run in sim.runs] == list(range(1, 10))
    assert spool.depth() == 0
