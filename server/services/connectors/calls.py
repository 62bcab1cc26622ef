"""Takes the calls that sources make to us: signed webhooks of shops, counts pushed by counters.

A call is applied once: what makes a repeat known is written down after it was taken, so that a
crash between the two makes the source call again, which changes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.connectors.source import Delivery, Received, Setup
from server.db.engine import Database
from server.db.models import ConnectorRow, DeliveryRow
from server.errors import NotFound, ServerError, TooLarge
from server.ports import Batch, PermanentError
from server.services.base.context import Context
from server.services.connectors import aliases, records, restocking
from server.services.connectors.views import (
    NEVER,
    OWN,
    READ,
    TRUST,
    kind_of,
    own_state,
    setup_of,
    source_of,
)
from server.services.prices import intake, offers
from server.services.prices.intake import Source, Taken
from server.services.tills import taking

KEEP_DELIVERIES_MS = 7 * 86_400_000
"""How long a repeat is known as one. A call's own timestamp is refused long before."""
REFUSALS_EVERY_MS = 1_000
"""Refused calls are counted in the record at most this often: anyone can make them."""


class Misconfigured(ServerError):
    """The connector cannot take calls as it is set up."""

    status = 503
    code = "misconfigured"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of a call. `repeated`: it was taken before, and not again. `greeting`: it said
    nothing.
    """

    repeated: bool = False
    greeting: bool = False
    facts: int = 0
    prices: int = 0
    held: str = ""
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Gate:
    """One connector's calls, one at a time, in this process. The order in which they are taken is
    that of their instants, so that no two prices are of the same one. What is refused is counted
    under a lock of its own.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    last_at: int = 0
    counting: threading.Lock = field(default_factory=threading.Lock)
    refusals: dict[str, int] = field(default_factory=dict)
    written_at: int = 0


_GATES: WeakKeyDictionary[Database, dict[str, _Gate]] = WeakKeyDictionary()
_GATES_LOCK = threading.Lock()


def receive(
    ctx: Context, path: str, connector_id: str, headers: Mapping[str, str], body: bytes
) -> Receipt:
    """Take one call to `/<path>/<connector_id>`.

    Raises NotFound (no such connector, or it is off), TooLarge, Unauthenticated (forged, late),
    BadInput (not readable), Misconfigured (no secret). All are counted with the connector.
    """
    gate = _gate(ctx, path, connector_id, body)
    delivery = Delivery({name.lower(): value for name, value in headers.items()}, body, ctx.clock())
    row, setup = _load(ctx, connector_id)
    verify, take_call = kind_of(row).verify, kind_of(row).receive
    assert take_call is not None  # _gate found a kind that is called
    if verify is not None:
        with _counted(ctx, gate, connector_id):
            verify(setup, delivery)
    with gate.lock:
        gate.last_at = max(ctx.clock(), gate.last_at + 1)
        row, setup = _renewed(ctx, row, setup)
        with _counted(ctx, gate, connector_id):
            received = take_call(setup, replace(delivery, received_at=gate.last_at))
        if received.greeting:
            return Receipt(greeting=True)
        if received.once and _known(ctx, connector_id, received.once):
            return Receipt(repeated=True)
        return _apply(ctx, row, setup, received)


def sweep_deliveries(ctx: Context) -> int:
    """Forget calls that can no longer be repeated. Returns how many went."""
    before = ctx.clock() - KEEP_DELIVERIES_MS
    with ctx.db.write() as session:
        old = delete(DeliveryRow).where(DeliveryRow.received_at < before)
        return len(session.execute(old.returning(DeliveryRow.delivery)).all())


def _gate(ctx: Context, path: str, connector_id: str, body: bytes) -> _Gate:
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, connector_id)
        try:
            kind = kind_of(row) if row is not None and row.enabled else None
        except PermanentError:
            kind = None
    if kind is None or kind.receive is None or kind.calls_at != path:
        raise NotFound("Nothing is called here. Compare the address with the connector’s.")
    if len(body) > min(kind.max_call_bytes, ctx.settings.webhook_max_bytes):
        raise TooLarge("This call is longer than is taken here. Send less at once.")
    with _GATES_LOCK:
        return _GATES.setdefault(ctx.db, {}).setdefault(connector_id, _Gate())


def _load(ctx: Context, connector_id: str) -> tuple[ConnectorRow, Setup]:
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, connector_id)
        if row is None:
            raise NotFound("Nothing is called here. Compare the address with the connector’s.")
        try:
            return row, setup_of(ctx, session, row)
        except PermanentError as error:
            raise Misconfigured(str(error)) from None


def _renewed(ctx: Context, row: ConnectorRow, setup: Setup) -> tuple[ConnectorRow, Setup]:
    """The same once it is its turn: what the calls before left, in the setup that there was unless
    somebody changed it.
    """
    with ctx.db.read() as session:
        now = session.get(ConnectorRow, row.id)
    if now is None or now.version != row.version:
        return _load(ctx, row.id)
    return now, replace(setup, state=own_state(now), read=own_state(now, READ))


def _known(ctx: Context, connector_id: str, once: tuple[str, ...]) -> bool:
    query = select(DeliveryRow.delivery).where(
        DeliveryRow.connector_id == connector_id, DeliveryRow.delivery.in_(once)
    )
    with ctx.db.read() as session:
        return session.scalar(query.limit(1)) is not None


def _apply(ctx: Context, row: ConnectorRow, setup: Setup, received: Received) -> Receipt:
    batch = received.batch
    source = source_of(ctx.settings, row, setup)
    taken = Taken()
    aliases.learn(ctx, row.id, batch)
    if batch.products or batch.facts:
        taken = intake.take(ctx, source, replace(batch, stock=()))
    if batch.stock:
        taken = _merged(taken, _take_stock(ctx, row, setup, source, batch))
    if not (batch.products or batch.facts or batch.stock):
        taken.refused = dict(batch.refused)
    if batch.tills:
        taking.take(ctx, source, batch.tills, taken)
    _write(ctx, row.id, received, source.trust_next and bool(batch.products), taken)
    if received.soon:
        ctx.wake()
    return Receipt(facts=taken.facts, prices=taken.prices, held=taken.held, refused=taken.refused)


def _take_stock(
    ctx: Context, row: ConnectorRow, setup: Setup, source: Source, batch: Batch
) -> Taken:
    """Stock goes under the source that reads it whole, and says nothing about prices."""
    with ctx.db.read() as session:
        known = offers.known_skus(session, source.shop)
    ours = tuple(one for one in batch.stock if one.sku in known)
    refused = {"unknown_sku": len(batch.stock) - len(ours)} if len(ours) < len(batch.stock) else {}
    if not batch.products:
        refused = {**batch.refused, **refused}
    stock_source = getattr(setup.config, "stock_source", "") or row.id
    alone = replace(batch, products=(), facts=(), stock=ours, refused=refused)
    rules = source.stock if stock_source == row.id else restocking.rules_of(ctx, stock_source)
    under = replace(source, id=stock_source, shop="", trust_next=False, stock=rules)
    return intake.take(ctx, under, alone)


def _merged(one: Taken, other: Taken) -> Taken:
    refused = records.added(one.refused, other.refused)
    return replace(
        one,
        changes=one.changes + other.changes,
        facts=one.facts + other.facts,
        prices=one.prices + other.prices,
        refused=refused,
    )


def _write(
    ctx: Context, connector_id: str, received: Received, used_trust: bool, taken: Taken
) -> None:
    """Note the call and what came of it; that another process noted it first is no error."""
    now = ctx.clock()
    try:
        with ctx.db.write() as session:
            for key in received.once:
                session.add(DeliveryRow(connector_id=connector_id, delivery=key, received_at=now))
            _note(session, connector_id, received, used_trust, taken, now)
    except IntegrityError:
        return


def _note(
    session: Session,
    connector_id: str,
    received: Received,
    used_trust: bool,
    taken: Taken,
    now: int,
) -> None:
    row = session.get(ConnectorRow, connector_id, with_for_update=True)
    if row is None:
        return
    state = {**row.state, OWN: dict(received.batch.state)}
    if used_trust:
        state.pop(TRUST, None)
    row.state = state
    if received.soon and row.next_run_at < NEVER:
        row.next_run_at = 0
    counted = {"calls": 1, **records.counted(taken)}
    if taken.held:
        records.held(row, now, taken.held, counted)
    else:
        records.succeeded(row, now, counted)


@contextmanager
def _counted(ctx: Context, gate: _Gate, connector_id: str) -> Iterator[None]:
    """Count what is refused inside; a connector's own mistake becomes Misconfigured."""
    try:
        yield
    except ServerError as refused:
        _refused(ctx, gate, connector_id, refused.code, refused.message)
        raise
    except PermanentError as error:
        _refused(ctx, gate, connector_id, "misconfigured", str(error))
        raise Misconfigured(str(error)) from None


def _refused(ctx: Context, gate: _Gate, connector_id: str, code: str, message: str) -> None:
    name = f"refused.{code}"
    now = ctx.clock()
    with gate.counting:
        gate.refusals[name] = gate.refusals.get(name, 0) + 1
        if now - gate.written_at < REFUSALS_EVERY_MS:
            return
        counted, gate.refusals, gate.written_at = gate.refusals, {}, now
    with ctx.db.write() as session:
        row = session.get(ConnectorRow, connector_id, with_for_update=True)
        if row is not None:
            records.failed(row, now, message, counted)
