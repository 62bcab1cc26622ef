"""Real helper processes beside a publisher: what they plan, what they remember, how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from structlog.testing import capture_logs

from playlists.facts import FactKey
from server.db.mappers import fact_values
from server.db.models import FactRow, ScreenHeadRow
from server.services.base import outbox
from server.services.base.context import Context
from server.services.publishing import crew
from server.services.publishing.publish import Published, Publisher
from server.services.publishing.slices import Answer
from tests.bench.scenario import START_MS, Chain, chain, flip_weather
from tests.bench.seeding import fact_rows, seed
from tests.server.services.publishing.published import waiting
from tests.support.record import TestClock, make_context

STORES = 24
WITHIN_S = 60.0


@dataclass
class Crewed:
    """A publisher with one helper over a chain of its own, and every answer that it published."""

    ctx: Context
    made: Chain
    told: list[Published] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    publisher: Publisher = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = Publisher(self.ctx, self.told.append)
        real = self.publisher._publish

        def publish(answers: list[Answer]) -> None:
            self.answers += answers
            real(answers)

        self.publisher._publish = publish  # type: ignore[method-assign]

    def planners(self) -> dict[str, int]:
        """By store the process that planned it last, 0 for the publisher's own."""
        return {plan.store: plan.planner for answer in self.answers for plan in answer.plans}

    def start_helper(self) -> int:
        """Begin a full publish and go on once the helper is ready; its process id."""
        self.publisher.sweep()
        self.publisher.crew._grow()
        until(lambda: self.publisher.crew.answers(0.05) or self.publisher.crew._helpers[0].idle)
        return self.publisher.crew.pids[0]

    def flip(self, store: str) -> None:
        """Turn a store's rain around."""
        flip_weather(self.made, store)  # type: ignore[arg-type]
        key = FactKey(f"weather.rain:{store}")
        with self.ctx.db.write() as session:
            session.execute(delete(FactRow).where(FactRow.key == key))
            rows = [fact_values(fact) for fact in fact_rows(self.made, key)]
            session.execute(insert(FactRow), rows)
            outbox.mark(session, [key], self.ctx.clock())

    def manifests(self) -> dict[str, str]:
        """What every screen plays."""
        with self.ctx.db.read() as session:
            rows = select(ScreenHeadRow.screen_id, ScreenHeadRow.manifest)
            return dict(session.execute(rows).all())


def until(seen: Callable[[], Any]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not seen():
        assert time.monotonic() < deadline, "not seen in time"
        time.sleep(0.01)


def crewed(folder: Path, processes: int) -> Crewed:
    folder.mkdir()
    ctx = make_context(folder, clock=TestClock(START_MS))
    settings = ctx.settings.model_copy(update={"planner_processes": processes})
    made = chain(STORES)
    made.screens = made.screens[::2]
    seed(ctx.db, made)
    return Crewed(replace(ctx, settings=settings), made)


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crewed]:
    """A publisher that takes even this chain for a large one."""
    monkeypatch.setattr(crew, "LARGE_STORES", STORES)
    made = crewed(tmp_path / "pair", 2)
    yield made
    made.publisher.close()
    made.ctx.db.close()


def test_two_processes_publish_what_one_does_and_a_flip_goes_to_whoever_remembers(
    pair: Crewed, tmp_path: Path
) -> None:
    alone = crewed(tmp_path / "alone", 1)
    alone.publisher.sweep()
    alone.publisher.run_dry()
    assert alone.publisher.crew.pids == []
    pid = pair.start_helper()
    pair.publisher.run_dry()
    planners = pair.planners()
    assert set(planners.values()) == {0, pid}
    assert pair.manifests() == alone.manifests()
    assert len(pair.manifests()) == len(pair.made.screens)
    mine = next(store for store, planner in planners.items() if planner == 0)
    theirs = next(store for store, planner in planners.items() if planner == pid)
    for store in (mine, theirs):
        for again in (1, 2):
            for one in (alone, pair):
                one.answers.clear()
                one.flip(store)
                one.publisher.run_dry()
            assert pair.planners() == {store: planners[store]}, again
            plans = [plan for answer in pair.answers for plan in answer.plans]
            assert all(prepared.reads is None for plan in plans for prepared in plan.prepared)
            assert pair.manifests() == alone.manifests()
    alone.ctx.db.close()


def test_a_helper_killed_in_the_middle_of_a_full_publish_loses_nothing(pair: Crewed) -> None:
    pid = pair.start_helper()
    pair.publisher.step()
    assert pair.publisher.crew.busy
    with capture_logs() as lines:
        os.kill(pid, signal.SIGKILL)
        pair.publisher.run_dry()
    assert [line["pid"] for line in lines if line["event"] == "helper_lost"] == [pid]
    assert len(pair.manifests()) == len(pair.made.screens)
    assert waiting(pair.ctx) == 0
    pair.answers.clear()
    pair.publisher.crew._start_at = 0.0  # as if the pause were over
    again = pair.start_helper()
    assert again != pid
    pair.flip("store-1")
    pair.publisher.run_dry()
    assert pair.planners().keys() == {"store-1"}


@pytest.mark.slow
def test_a_helper_that_hangs_is_done_without(pair: Crewed, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = pair.start_helper()
    monkeypatch.setattr(crew, "ANSWER_S", 0.3)
    os.kill(pid, signal.SIGSTOP)
    with capture_logs() as lines:
        pair.publisher.run_dry()
    assert ("helper_lost", "silent") in [(line["event"], line.get("why")) for line in lines]
    assert set(pair.planners().values()) == {0}
    assert len(pair.manifests()) == len(pair.made.screens)
    assert pair.publisher.crew.pids == []


WORKER = """
import sys, threading
from queue import SimpleQueue
from server.services.publishing.talk import Setup
from server.services.publishing.telephone import Telephone

heard = SimpleQueue()
telephone = Telephone(Setup("sqlite://", 1, 1), heard)
heard.get()
print(telephone.pid, flush=True)
threading.Event().wait()
"""


def test_a_helper_ends_with_its_worker_even_where_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WORKER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        assert worker.stderr is not None
        helper = int(worker.stdout.readline())
        assert is_running(helper)
        worker.kill()
        until(lambda: not is_running(helper))
        assert worker.stderr.read() == ""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
