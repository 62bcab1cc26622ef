"""Asks the sources that are due, each by one worker at a time, and keeps what came of it.

1. Claim: a conditional UPDATE moves the connector's next run a minute ahead; whoever changed the
   row may run it, and moves it on while it runs. A worker that dies leaves the claim to run out.
2. Ask, outside any transaction.
3. Hand the batch to intake, which writes in short transactions.
4. Note the outcome and the next run, unless somebody changed the connector meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from sqlalchemy import select, update

from server.config import Settings
from server.connectors.source import Setup
from server.db.models import ConnectorRow, FactRow
from server.ports import AwaitedError, Batch, PermanentError, StockReport, TemporaryError
from server.services.base.context import Context
from server.services.connectors import aliases, records
from server.services.connectors.views import (
    BASIS,
    OWN,
    READ,
    TRUST,
    basis_of,
    kind_of,
    setup_of,
    source_of,
)
from server.services.prices import batches, intake
from server.services.prices.intake import Taken

log = structlog.get_logger(__name__)

CLAIM_MS = 60_000
"""How long a connector stays taken after its worker died."""
MAX_DUE = 100
"""Connectors run by one call of `run_due`."""
THREADS = 4


@dataclass(slots=True)
class Claim:
    """A connector taken to run: its row as it was, and the claim's end (unix ms), which moves on
    under `lock`.
    """

    row: ConnectorRow
    until: int
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one run: what was taken, or the error, in words for people."""

    connector: str
    taken: Taken | None = None
    error: str = ""


def claim_due(ctx: Context, most: int, running: Collection[tuple[str, int]] = ()) -> list[Claim]:
    """Take at most `most` connectors whose time has come and that nobody else runs; none of those
    that are `running` as they are set up (id, version): a call may ask for a read during one.
    """
    now = ctx.clock()
    due = select(ConnectorRow).where(ConnectorRow.enabled, ConnectorRow.next_run_at <= now)
    first = due.order_by(ConnectorRow.next_run_at).limit(most + len(running))
    with ctx.db.read() as session:
        rows = [row for row in session.scalars(first) if (row.id, row.version) not in running]
    rows = rows[:most]
    if not rows:
        return []
    claims: list[Claim] = []
    with ctx.db.write() as session:
        for row in rows:
            taken = session.execute(
                update(ConnectorRow)
                .where(
                    ConnectorRow.id == row.id,
                    ConnectorRow.next_run_at == row.next_run_at,
                    ConnectorRow.version == row.version,
                    ConnectorRow.enabled,
                )
                .values(next_run_at=now + CLAIM_MS)
                .returning(ConnectorRow.id)
            ).all()
            claims += [Claim(row, now + CLAIM_MS)] if taken else []
    return claims


def run_due(ctx: Context) -> list[Ran]:
    """Run the connectors that are due, one after the other."""
    return [run_claimed(ctx, claim) for claim in claim_due(ctx, MAX_DUE)]


def run_claimed(ctx: Context, claim: Claim) -> Ran:
    """Run one connector. Never raises: what goes wrong is written down with it."""
    row = claim.row
    began = ctx.clock()
    try:
        setup, source = _prepare(ctx, row)
        fetch = kind_of(row).fetch
        if fetch is None:
            raise PermanentError("This kind of connector is never read; it is called.")
        batch = _with_vanished(ctx, setup, fetch(setup))
        aliases.learn(ctx, row.id, batch)
        taken = intake.take(ctx, source, batch)
    except AwaitedError as error:
        if row.last_success_at is None:
            return _awaited(ctx, claim, str(error))
        return _failed(ctx, claim, began, str(error), None, permanent=False)
    except TemporaryError as error:
        _hold_unread(ctx, row, error)
        return _failed(ctx, claim, began, str(error), error.retry_after_s, permanent=False)
    except PermanentError as error:
        _hold_unread(ctx, row, error)
        return _failed(ctx, claim, began, str(error), None, permanent=True)
    except Exception:
        log.exception("connector failed", connector=row.id, kind=row.kind)
        words = "This connector failed in a way that it should not. The server’s log says how."
        return _failed(ctx, claim, began, words, None, permanent=False)
    _settled(ctx, claim, began, setup, batch, taken)
    return Ran(row.id, taken)


def _hold_unread(ctx: Context, row: ConnectorRow, error: TemporaryError | PermanentError) -> None:
    """A shop that answers what cannot be read shows with what is held; its leases run on."""
    if error.unread and row.config.get("shop"):
        batches.hold_unread(ctx, row.id, error.unread, str(error))


def _prepare(ctx: Context, row: ConnectorRow) -> tuple[Setup, intake.Source]:
    """The setup of one run. What was kept of the last answer is left out where “nothing changed”
    would not do: a person said to believe the next batch, or stores or configuration changed.
    """
    with ctx.db.read() as session:
        setup = setup_of(ctx, session, row)
    source = source_of(ctx.settings, row, setup)
    same = row.state.get(BASIS) == basis_of(row, setup)
    if source.trust_next or not same:
        called = kind_of(row).receive is not None
        setup = replace(setup, read={}) if called else replace(setup, state={})
    return setup, source


def _with_vanished(ctx: Context, setup: Setup, batch: Batch) -> Batch:
    """A listing of all stock without a product means none of it. One that lists less than half of
    what is known is not believed, and what is known grows old: raises TemporaryError where it lists
    nothing else.
    """
    alone = not (batch.products or batch.facts)
    if not batch.whole or not (alone or batch.stock):
        return batch
    now = ctx.clock()
    with ctx.db.read() as session:
        known = set(
            session.scalars(
                select(FactRow.key).where(
                    FactRow.source.startswith(f"{setup.id}@", autoescape=True),
                    FactRow.key.startswith("stock:"),
                    FactRow.expires_at > now,
                )
            )
        )
    listed = {f"stock:{one.sku}@{setup.store(one.store)}" for one in batch.stock}
    if len(listed) * 2 < len(known):
        if not alone:
            return batch
        raise TemporaryError(
            f"It lists stock for {len(listed)} products and stores where {len(known)} are known. "
            "That is not believed; the stock known so far grows old."
        )
    codes = {ours: code for code, ours in setup.config.stores.items()}
    gone = []
    for key in sorted(known - listed):
        sku, _, store = key.removeprefix("stock:").rpartition("@")
        gone.append(StockReport(sku, codes.get(store, store), 0))
    return replace(batch, stock=(*batch.stock, *gone))


def _settled(
    ctx: Context, claim: Claim, began: int, setup: Setup, batch: Batch, taken: Taken
) -> None:
    now = ctx.clock()
    counted = {"unchanged" if batch.unchanged else "batches": 1, **records.counted(taken)}
    with claim.lock, ctx.db.write() as session:
        row = session.get(ConnectorRow, claim.row.id, with_for_update=True)
        if row is None:
            return
        if taken.held:
            records.held(row, now, counted)
        else:
            records.succeeded(row, now, counted)
        if row.version == claim.row.version:
            row.state = _state(claim.row, row, setup, batch, bool(taken.held))
        if row.next_run_at == claim.until:
            row.next_run_at = max(now, _in_step(claim.row.next_run_at, began, row.every_s * 1000))


def _in_step(due: int, began: int, every_ms: int) -> int:
    """When a source that was due at `due` and asked at `began` is due next: one that was asked a
    little late keeps its step, as those that look for it do theirs, and never slips a whole look.
    """
    return (due if began - due < every_ms else began) + every_ms


def _state(
    before: ConnectorRow, row: ConnectorRow, setup: Setup, batch: Batch, held: bool
) -> dict[str, Any]:
    """What the row keeps. After a held batch nothing of the answer, so that the next one is whole
    again; calls have a state of their own. A person's word is used up by a batch.
    """
    own: Mapping[str, Any] = {} if held else batch.state
    kept = OWN if kind_of(row).receive is None else READ
    state: dict[str, Any] = {**row.state, kept: dict(own), BASIS: basis_of(row, setup)}
    if before.state.get(TRUST) and not batch.unchanged:
        state.pop(TRUST, None)
    return state


def _failed(
    ctx: Context,
    claim: Claim,
    began: int,
    message: str,
    retry_after_s: float | None,
    *,
    permanent: bool,
) -> Ran:
    now = ctx.clock()
    with claim.lock, ctx.db.write() as session:
        row = session.get(ConnectorRow, claim.row.id, with_for_update=True)
        if row is not None and row.version == claim.row.version:
            records.failed(row, now, message, {"failures": 1})
            if row.next_run_at == claim.until:
                most_s = _longest_s(ctx.settings, row.every_s, permanent=permanent)
                pause = records.pause_ms(row.failures, row.every_s, most_s, retry_after_s)
                row.next_run_at = now + pause
    log.info("connector failed", connector=claim.row.id, error=message)
    return Ran(claim.row.id, error=message)


def _longest_s(settings: Settings, every_s: int, *, permanent: bool) -> int:
    if permanent:
        return settings.source_mending_s
    return max(settings.source_backoff_s, every_s)


def _awaited(ctx: Context, claim: Claim, message: str) -> Ran:
    with claim.lock, ctx.db.write() as session:
        row = session.get(ConnectorRow, claim.row.id, with_for_update=True)
        if row is not None and row.version == claim.row.version and row.next_run_at == claim.until:
            records.waits(row, ctx.clock())
    return Ran(claim.row.id, error=message)


def _move(ctx: Context, claim: Claim, to: int) -> None:
    """Set another end to a claim, where it is still ours."""
    with claim.lock, ctx.db.write() as session:
        moved = session.execute(
            update(ConnectorRow)
            .where(ConnectorRow.id == claim.row.id, ConnectorRow.next_run_at == claim.until)
            .values(next_run_at=to)
            .returning(ConnectorRow.id)
        ).all()
        if moved:
            claim.until = to


class Poller:
    """Runs what is due in a few threads, so that a slow source keeps no other waiting."""

    def __init__(self, ctx: Context, threads: int = THREADS) -> None:
        self._ctx = ctx
        self._threads = threads
        self._lock = threading.Lock()
        self._running: dict[str, tuple[Claim, threading.Thread]] = {}
        self._stopping = False

    def tick(self) -> None:
        """Begin whatever is due and has a free thread, and hold on to what runs; returns at once.
        Call it every second or more often, and when the worker is woken.
        """
        now = self._ctx.clock()
        with self._lock:
            if self._stopping:
                return
            running = [claim for claim, _ in self._running.values()]
        for claim in running:
            if claim.until - now < CLAIM_MS // 2:
                _move(self._ctx, claim, now + CLAIM_MS)
        with self._lock:
            free = self._threads - len(self._running)
            known = {(claim.row.id, claim.row.version) for claim, _ in self._running.values()}
            for claim in claim_due(self._ctx, free, known) if free else []:
                thread = threading.Thread(target=self._run, args=(claim,), daemon=True)
                self._running[claim.row.id] = (claim, thread)
                thread.start()

    def stop(self, wait_s: float = 0.0) -> None:
        """Begin nothing more. What does not end within `wait_s` seconds is left, and is due again
        at once.
        """
        with self._lock:
            self._stopping = True
            running = list(self._running.values())
        deadline = time.monotonic() + wait_s
        for claim, thread in running:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                _move(self._ctx, claim, 0)

    def _run(self, claim: Claim) -> None:
        try:
            run_claimed(self._ctx, claim)
        finally:
            with self._lock:
                self._running.pop(claim.row.id, None)
