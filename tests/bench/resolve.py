"""How long publishing takes: `python -m tests.bench.resolve --screens 10000 --stores 500 --json`.

A SQLite file, the real worker and the real door in processes of their own, and beside the door a
reader on the worker's bus. A flip turns one store's rain around: from its commit to the last of its
heads at the reader. All the while another process asks the door for its health: `stall_ms` is how
long the answers took, during the full publish and the flips.
Prints one line of JSON: seconds, milliseconds and bytes. It measures and judges nothing.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select

from playlists.facts import FactKey
from playlists.ids import ScreenId, StoreId
from playlists.model import Screen
from server.app import build_context, now_ms
from server.bus import BusClient
from server.config import Settings
from server.db import migrate
from server.db.mappers import fact_values
from server.db.models import FactRow, ObjectRow, ProfileRow
from server.services.base import outbox
from server.services.base.context import Context
from tests.bench.pings import Pings
from tests.bench.scenario import START_MS, Chain, chain, flip_weather
from tests.bench.seeding import fact_rows, seed
from tests.support.programs import answers, end, free_port, wait_until

FLIPS = 60
WITHIN_S = 300.0


def main() -> None:
    """Measure, then print."""
    parser = argparse.ArgumentParser(description="Measure publishing from commit to the door.")
    parser.add_argument("--screens", type=int, default=10_000)
    parser.add_argument("--stores", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="20 stores and 400 screens")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    options = parser.parse_args()
    stores, screens = (20, 400) if options.quick else (options.stores, options.screens)
    with tempfile.TemporaryDirectory(prefix="enseigne-bench-") as folder:
        figures = measure(Path(folder), stores, screens)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24} {value}")


def measure(folder: Path, stores: int, screens: int) -> dict[str, Any]:
    """All figures for a chain of so many stores and screens."""
    port = free_port()
    os.environ.update({"ENSEIGNE_DATA_DIR": str(folder), "ENSEIGNE_DOOR_PORT": str(port)})
    offset = START_MS - now_ms()
    ctx = replace(build_context(Settings()), clock=lambda: now_ms() + offset)
    migrate.upgrade(ctx.db)
    made = chain(stores)
    placed = screens_of(made, screens)
    seed(ctx.db, made, placed)
    with running_door(port), running_worker(offset), Reader(ctx.settings) as reader:
        pings = Pings(port)
        started = time.perf_counter()
        reader.wait_for(lambda heads: len(heads) == len(placed))
        full_s = time.perf_counter() - started
        wait_until_settled(ctx)
        names = random.Random(5).choices(sorted(made.stores), k=FLIPS)
        flips = [flip(ctx, made, placed, reader, store) for store in names]
        stalls = pings.stop()
    figures = {
        "screens": len(placed),
        "distinct_profiles": count_profiles(ctx),
        "full_s": round(full_s, 2),
        "flip_ms": quantiles(flips),
        "stall_ms": quantiles(stalls),
        **weigh_chunks(ctx),
    }
    ctx.db.close()
    return figures


class Reader:
    """A peer of the worker that knows the newest revision of every screen, as the door does."""

    def __init__(self, settings: Settings) -> None:
        self._heads: dict[str, int] = {}
        self._changed = threading.Condition()
        self._client = BusClient(
            settings.bus, self._take, on_connect=lambda client: client.send({"t": "hello"})
        )

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def wake(self) -> None:
        """Poke the worker, as web does after a commit."""
        self._client.send({"t": "wake"})

    def heads(self) -> dict[str, int]:
        """The revisions known now."""
        with self._changed:
            return dict(self._heads)

    def wait_for(self, seen: Callable[[dict[str, int]], bool]) -> None:
        """Wait until the revisions are so."""
        with self._changed:
            if not self._changed.wait_for(lambda: seen(self._heads), WITHIN_S):
                raise TimeoutError(f"only {len(self._heads)} heads came within {WITHIN_S} s")

    def _take(self, message: dict[str, Any]) -> None:
        if message["t"] == "heads":
            with self._changed:
                for screen, revision, _ in message["heads"]:
                    self._heads[screen] = max(revision, self._heads.get(screen, 0))
                self._changed.notify_all()


@contextmanager
def running_worker(offset: int) -> Iterator[None]:
    """The real worker, its clock set off by so many milliseconds."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.late_worker", str(offset)])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def running_door(port: int) -> Iterator[None]:
    """The real door, ready."""
    process = subprocess.Popen([sys.executable, "-m", "server.cli", "door"])
    try:
        wait_until(lambda: answers(port), process, "the door")
        yield
    finally:
        end(process)


def screens_of(made: Chain, wanted: int) -> list[Screen]:
    """So many screens: the chain's, each again under other names until they are enough."""
    copies = -(-wanted // len(made.screens))
    again = [
        replace(screen, id=ScreenId(f"{screen.id}-{copy}"))
        for screen in made.screens
        for copy in range(copies)
    ]
    return again[:wanted]


def flip(ctx: Context, made: Chain, placed: list[Screen], reader: Reader, store: StoreId) -> float:
    """Turn a store's rain around; milliseconds from the commit to the last new head."""
    mine = [screen.id for screen in placed if screen.store == store]
    before = reader.heads()
    flip_weather(made, store)
    key = FactKey(f"weather.rain:{store}")
    rows = [fact_values(fact) for fact in fact_rows(made, key)]
    with ctx.db.write() as session:
        session.execute(delete(FactRow).where(FactRow.key == key))
        session.execute(insert(FactRow), rows)
        outbox.mark(session, [key], ctx.clock())
    committed = time.perf_counter()
    reader.wake()
    reader.wait_for(lambda heads: all(heads[screen] > before[screen] for screen in mine))
    return (time.perf_counter() - committed) * 1000


def wait_until_settled(ctx: Context) -> None:
    """Wait until every screen's plan is stored and nothing is due."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        with ctx.db.read() as session:
            if not outbox.pending(session):
                return
        time.sleep(0.05)
    raise TimeoutError("keys still wait to be published")


def count_profiles(ctx: Context) -> int:
    """How many different plans the screens share."""
    with ctx.db.read() as session:
        return session.scalar(select(func.count()).select_from(ProfileRow)) or 0


def weigh_chunks(ctx: Context) -> dict[str, int]:
    """The largest of all day chunks in bytes, plain and as sent: each measure its own largest."""
    plain = packed = 0
    with ctx.db.read() as session:
        rows = select(ObjectRow.data).where(ObjectRow.kind == "chunk")
        for data in session.scalars(rows.execution_options(yield_per=500)):
            chunk = zlib.decompress(data)
            plain = max(plain, len(chunk))
            if len(data) > packed:  # as kept it is as long as as sent, but for a few bytes
                packed = max(packed, len(gzip.compress(chunk, 6)))
    return {"chunk_bytes": plain, "chunk_gzip_bytes": packed}


def quantiles(values: list[float]) -> dict[str, float]:
    """The median and the 99th percentile."""
    ordered = sorted(values)
    at = min(len(ordered) - 1, int(len(ordered) * 0.99))
    return {"p50": round(ordered[len(ordered) // 2], 2), "p99": round(ordered[at], 2)}


if __name__ == "__main__":
    main()
