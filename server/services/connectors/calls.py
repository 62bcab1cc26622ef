"""Takes the calls that sources make to us: signed webhooks of shops, counts pushed by counters.

A call is applied once: what makes a repeat known is written down after it was taken, so that a
crash between the two makes the source call again, which changes nothing. None is answered before.

The calls of one connector are taken one after another. Those that come meanwhile wait, and whoever
is next takes all that wait together (joining): one alone waits for nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, select

from server.connectors.registry import kinds
from server.connectors.source import Delivery, Kind, Setup
from server.db.models import ConnectorRow, DeliveryRow
from server.db.turns import Busy
from server.errors import NotFound, TooLarge
from server.ports import PermanentError
from server.services.base.context import Context
from server.services.connectors.applying import take_together
from server.services.connectors.gates import Call, Gate, Misconfigured, Receipt, counted, gate_of
from server.services.connectors.views import setup_of

KEEP_DELIVERIES_MS = 7 * 86_400_000
"""How long a repeat is known as one. A call's own timestamp is refused long before."""

_HERE = select(
    *(ConnectorRow.kind, ConnectorRow.enabled, ConnectorRow.version),
    *(ConnectorRow.config, ConnectorRow.secrets),
).where(ConnectorRow.id == bindparam("of"))


def receive(
    ctx: Context, path: str, connector_id: str, headers: Mapping[str, str], body: bytes
) -> Receipt:
    """Take one call to `/<path>/<connector_id>`.

    Raises NotFound (no such connector, or it is off), TooLarge, Unauthenticated (forged, late),
    BadInput (not readable), Misconfigured (no secret). All are counted with the connector.
    """
    row, kind, gate = _door(ctx, path, connector_id, body)
    delivery = Delivery({name.lower(): value for name, value in headers.items()}, body, ctx.clock())
    if kind.verify is not None:
        setup = _ready(ctx, gate, connector_id, row)
        with counted(ctx, gate, connector_id):
            kind.verify(setup, delivery)
    call = Call(delivery)
    gate.waiting.append(call)
    while not call.settled:
        if gate.lock.acquire(blocking=False):
            try:
                _take_waiting(ctx, gate, connector_id)
            finally:
                gate.lock.release()
                gate.wake_next()
        else:
            call.wait()
    return call.answer()


def sweep_deliveries(ctx: Context) -> int:
    """Forget calls that can no longer be repeated. Returns how many went."""
    before = ctx.clock() - KEEP_DELIVERIES_MS
    with ctx.db.write() as session:
        old = delete(DeliveryRow).where(DeliveryRow.received_at < before)
        return len(session.execute(old.returning(DeliveryRow.delivery)).all())


def _door(
    ctx: Context, path: str, connector_id: str, body: bytes
) -> tuple[tuple[Any, ...], Kind, Gate]:
    """The connector that is called, as far as it was set up, its kind and its gate."""
    with ctx.db.read() as session:
        row = session.execute(_HERE, {"of": connector_id}).one_or_none()
    kind = kinds().get(row.kind) if row is not None and row.enabled else None
    if row is None or kind is None or kind.receive is None or kind.calls_at != path:
        raise NotFound("Nothing is called here. Compare the address with the connector’s.")
    if len(body) > min(kind.max_call_bytes, ctx.settings.webhook_max_bytes):
        raise TooLarge("This call is longer than is taken here. Send less at once.")
    return tuple(row), kind, gate_of(ctx.db, connector_id)


def _ready(ctx: Context, gate: Gate, connector_id: str, row: tuple[Any, ...]) -> Setup:
    """The setup to verify a call with: that of the call before, where nobody changed it."""
    ready = gate.ready
    if ready is None or ready[0] != row:
        ready = gate.ready = row, _load(ctx, connector_id)[1]
    return ready[1]


def _load(ctx: Context, connector_id: str) -> tuple[ConnectorRow, Setup]:
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, connector_id)
        if row is None:
            raise NotFound("Nothing is called here. Compare the address with the connector’s.")
        try:
            return row, setup_of(ctx, session, row)
        except PermanentError as error:
            raise Misconfigured(str(error)) from None


def _take_waiting(ctx: Context, gate: Gate, connector_id: str) -> None:
    """Take the calls that wait, and settle each. What goes wrong with some of them together is
    tried again one by one: none is to suffer for another.
    """
    calls: list[Call] = []
    try:
        try:
            setup = _load(ctx, connector_id)
        finally:
            calls += gate.some()  # those too that came while it was loaded
        try:
            take_together(ctx, gate, *setup, calls)
        except Busy:
            raise
        except Exception:
            if len(calls) == 1:
                raise
            for call in calls:
                if not call.settled:
                    _take_alone(ctx, gate, connector_id, call)
    except BaseException as error:
        for call in calls:
            if not call.settled:
                call.error = error
        if not isinstance(error, Exception):
            raise
    finally:
        for call in calls:
            call.woken.set()


def _take_alone(ctx: Context, gate: Gate, connector_id: str, call: Call) -> None:
    try:
        take_together(ctx, gate, *_load(ctx, connector_id), [call])
    except Busy:
        raise
    except Exception as error:
        call.error = error
