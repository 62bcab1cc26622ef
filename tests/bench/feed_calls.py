"""A shop that calls thousands of times a minute: what of it is in the record afterwards."""

from __future__ import annotations

import gc
import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from server.app import GC_THRESHOLDS, WEB_THREADS, build_context
from server.config import Settings
from server.connectors.shops.webhook import DELIVERY, SIGNATURE, TIMESTAMP, signature
from server.db import migrate
from server.db.models import LedgerEntry, OfferRow
from server.ports import Batch, ProductReport
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.connectors.edits import ConnectorWish
from server.services.prices.intake import Source, take

SHOP, SECRET = "pluvier", "a secret for the bench alone"
START_MS = 1_792_067_520_000
MINUTE_MS = 60_000
GOODS = 1_000
SEED = 5
DISORDERED, REPEATED = 0.02, 0.02
"""Shares of the calls that change places with the next one, and that come twice."""


@dataclass(frozen=True, slots=True)
class Said:
    """One call: a product's price and the shop's version of it."""

    sku: str
    version: int
    repeat: bool = False

    @property
    def price(self) -> int:
        """Never the same for two versions that follow each other, never a jump."""
        return 10_000 + self.version * 37 % 2_000

    @property
    def body(self) -> bytes:
        """As it is sent."""
        item = {
            "sku": self.sku,
            "price": f"{self.price // 100}.{self.price % 100:02d}",
            "currency": "EUR",
            "version": str(self.version),
        }
        return json.dumps({"shop": SHOP, "event": "product.updated", "items": [item]}).encode()


class Clock:
    """Simulated time, of which each call takes its share."""

    def __init__(self, per_minute: int) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._per_minute = per_minute

    def __call__(self) -> int:
        return START_MS + self._calls * MINUTE_MS // self._per_minute

    def next(self) -> None:
        """One more call."""
        with self._lock:
            self._calls += 1


def measure(folder: Path, calls: int, per_minute: int, goods: int) -> dict[str, Any]:
    """All figures of so many calls about so many goods."""
    gc.set_threshold(*GC_THRESHOLDS)
    clock = Clock(per_minute)
    ctx = _record(folder, clock, goods)
    stream = list(_stream(calls, goods))
    tally = _Tally(iter(stream))
    began, busy = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=_send, args=(ctx, clock, tally)) for _ in range(WEB_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    lost = _lost(ctx, stream, tally)
    ctx.db.close()
    return {
        "calls": len(stream),
        "calls_simulated_s": round(len(stream) / per_minute * 60),
        "calls_s": round(seconds, 1),
        "calls_per_s": round(len(stream) / seconds),
        "calls_cpu_ms": round(cpu / len(stream) * 1000, 2),
        "calls_refused": tally.failed,
        "calls_late": tally.late,
        "calls_repeated": tally.repeated,
        "lost": lost,
    }


class _Tally:
    """What is still to be sent, and what came of what was."""

    def __init__(self, stream: Iterator[Said]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self.failed = self.late = self.repeated = self.taken = self.silent = 0

    def next(self) -> Said | None:
        """The next call, in the shop's order."""
        with self._lock:
            return next(self._stream, None)

    def count(self, receipt: connectors.Receipt) -> None:
        """What a call was told."""
        with self._lock:
            if receipt.repeated:
                self.repeated += 1
            elif receipt.refused:
                self.late += 1
            elif receipt.prices:
                self.taken += receipt.prices
            else:
                self.silent += 1

    def fail(self) -> None:
        """A call was answered with an error."""
        with self._lock:
            self.failed += 1


def _record(folder: Path, clock: Clock, goods: int) -> Context:
    folder.mkdir()
    ctx = replace(build_context(Settings(data_dir=folder)), clock=clock)
    migrate.upgrade(ctx.db)
    wish = StoreWish("Lille", "Europe/Paris", 0, 0, channel=f"{SHOP}@lille")
    create_store(ctx, SYSTEM, wish, "lille")
    config = {"shop": SHOP, "currency": "EUR"}
    made = ConnectorWish("webhook", "Calls", config, secret=SECRET)
    connectors.create_connector(ctx, SYSTEM, made, "calls")
    products = tuple(
        ProductReport(f"PLV-{at:05d}", "EUR", 11_000, names={"fr": {"name": f"N° {at}"}})
        for at in range(goods)
    )
    take(ctx, Source("feed", shop=SHOP), Batch(clock(), whole=True, products=products))
    return ctx


def _stream(calls: int, goods: int) -> Iterator[Said]:
    rng = random.Random(SEED)
    versions = [0] * goods
    made: list[Said] = []
    for _ in range(calls):
        at = rng.randrange(goods)
        versions[at] += 1
        made.append(Said(f"PLV-{at:05d}", versions[at]))
        if len(made) > 1 and rng.random() < DISORDERED:
            made[-1], made[-2] = made[-2], made[-1]
        if rng.random() < REPEATED:
            made.append(replace(rng.choice(made[-50:]), repeat=True))
    yield from made[:calls]


def _send(ctx: Context, clock: Clock, tally: _Tally) -> None:
    while (said := tally.next()) is not None:
        clock.next()
        stamp, body = str(clock() // 1000), said.body
        headers = {
            TIMESTAMP: stamp,
            SIGNATURE: signature(SECRET, stamp, body),
            DELIVERY: f"{said.sku}/{said.version}",
        }
        try:
            tally.count(connectors.receive(ctx, "hooks", "calls", headers, body))
        except Exception as error:
            print(error)
            tally.fail()


def _lost(ctx: Context, stream: list[Said], tally: _Tally) -> int:
    """SKUs whose offer is not the last word, and calls of which nothing is left."""
    last: dict[str, Said] = {}
    for said in stream:
        if said.sku not in last or said.version > last[said.sku].version:
            last[said.sku] = said
    with ctx.db.read() as session:
        offers = {
            sku: body["st"][-1][2] if body["st"] else None
            for sku, body in session.execute(select(OfferRow.sku, OfferRow.body))
        }
        rows = session.scalar(
            select(func.count()).select_from(LedgerEntry).where(LedgerEntry.source == "calls")
        )
    wrong = sum(offers.get(sku) != said.price for sku, said in last.items())
    astray = abs(int(rows or 0) - tally.taken)
    return int(wrong) + astray + tally.silent + tally.failed
