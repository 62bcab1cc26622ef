"""Keeps the subscriptions (MQTT) running that the record says should run, in the worker."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select

from server.connectors.source import Listening, Setup
from server.db.models import ConnectorRow
from server.ports import Batch, PermanentError
from server.services.base.context import Context
from server.services.connectors import records
from server.services.connectors.views import basis_of, kind_of, setup_of
from server.services.prices import intake
from server.services.prices.intake import Source

log = structlog.get_logger(__name__)

NOTE_EVERY_MS = 5_000
"""How often a subscription's counters and last success are written down."""


@dataclass(slots=True)
class _Running:
    """One subscription: what it was begun with, and what is not written down yet."""

    basis: str
    listening: Listening | None = None
    counted: dict[str, int] = field(default_factory=dict)
    noted_at: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Subscriptions:
    """All subscriptions of this worker. `sync` begins, renews and ends them as the record says."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._running: dict[str, _Running] = {}

    def sync(self) -> None:
        """Compare with the record. Cheap where nothing changed: call it every few seconds."""
        wanted = self._wanted()
        for connector_id, running in list(self._running.items()):
            if connector_id not in wanted or wanted[connector_id][0] != running.basis:
                self._end(connector_id)
        for connector_id, (basis, row, setup) in wanted.items():
            if connector_id not in self._running:
                self._begin(row, setup, basis)

    def stop(self) -> None:
        """End all of them."""
        for connector_id in list(self._running):
            self._end(connector_id)

    def _wanted(self) -> dict[str, tuple[str, ConnectorRow, Setup]]:
        found: dict[str, tuple[str, ConnectorRow, Setup]] = {}
        with self._ctx.db.read() as session:
            for row in session.scalars(select(ConnectorRow).where(ConnectorRow.enabled)):
                try:
                    if kind_of(row).listen is not None:
                        setup = setup_of(self._ctx, session, row)
                        found[row.id] = (f"{row.version}/{basis_of(row, setup)}", row, setup)
                except PermanentError as error:
                    log.warning("connector cannot run", connector=row.id, error=str(error))
        return found

    def _begin(self, row: ConnectorRow, setup: Setup, basis: str) -> None:
        listen = kind_of(row).listen
        assert listen is not None  # _wanted found a kind that listens
        running = self._running[row.id] = _Running(basis)
        source = Source(row.id, stores=setup.config.stores)
        try:
            running.listening = listen(
                setup,
                lambda batch: self._heard(running, source, batch),
                lambda wrong: self._told(row.id, wrong),
            )
        except PermanentError as error:
            self._told(row.id, str(error))

    def _end(self, connector_id: str) -> None:
        running = self._running.pop(connector_id)
        if running.listening is not None:
            running.listening.stop()
        self._note(connector_id, running)

    def _heard(self, running: _Running, source: Source, batch: Batch) -> None:
        taken = intake.take(self._ctx, source, batch)
        counted = {"batches": 1, **records.counted(taken)}
        with running.lock:
            running.counted = records.added(running.counted, counted)
        if self._ctx.clock() - running.noted_at >= NOTE_EVERY_MS:
            self._note(source.id, running)

    def _note(self, connector_id: str, running: _Running) -> None:
        now = self._ctx.clock()
        with running.lock:
            counted, running.counted = running.counted, {}
            running.noted_at = now
        if not counted:
            return
        with self._ctx.db.write() as session:
            row = session.get(ConnectorRow, connector_id, with_for_update=True)
            if row is not None:
                records.succeeded(row, now, counted)

    def _told(self, connector_id: str, wrong: str) -> None:
        """What the subscription says of itself; an error that is over is forgotten."""
        with self._ctx.db.write() as session:
            row = session.get(ConnectorRow, connector_id, with_for_update=True)
            if row is None:
                return
            if wrong:
                records.failed(row, self._ctx.clock(), wrong, {"failures": 1})
            else:
                row.last_error, row.failures = "", 0
