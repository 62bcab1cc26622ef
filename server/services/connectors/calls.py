"""Takes the calls that sources make to us: signed webhooks of shops, counts pushed by counters.

A call is applied once: what makes a repeat known is written down after it was taken, so that a
crash between the two makes the source call again, which changes nothing. None is answered before.

The calls of one connector are taken one after another. Those that come meanwhile wait, and whoever
is next takes all that wait together (joining): one alone waits for nobody.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete

from server.connectors.registry import kinds
from server.connectors.source import Delivery
from server.db.models import ConnectorRow, DeliveryRow
from server.db.turns import Busy
from server.errors import NotFound, ServerError, TooLarge
from server.ports import PermanentError
from server.services.base.context import Context
from server.services.connectors.applying import take_together
from server.services.connectors.gates import (
    Call,
    Gate,
    Misconfigured,
    Ready,
    Receipt,
    counted,
    gate_of,
    known_gate,
)
from server.services.connectors.views import setup_of

KEEP_DELIVERIES_MS = 7 * 86_400_000
"""How long a repeat is known as one. A call's own timestamp is refused long before."""
READY_MS = 1_000
"""A setup that was looked up so lately is not looked up again to verify a call with."""

NOBODY = "Nothing is called here. Compare the address with the connector’s."


def receive(
    ctx: Context, path: str, connector_id: str, headers: Mapping[str, str], body: bytes
) -> Receipt:
    """Take one call to `/<path>/<connector_id>`.

    Raises NotFound (no such connector, or it is off), TooLarge, Unauthenticated (forged, late),
    BadInput (not readable), Misconfigured (no secret). All are counted with the connector.
    """
    gate, ready = _door(ctx, path, connector_id)
    if len(body) > min(ready.kind.max_call_bytes, ctx.settings.webhook_max_bytes):
        raise TooLarge("This call is longer than is taken here. Send less at once.")
    delivery = Delivery({name.lower(): value for name, value in headers.items()}, body, ctx.clock())
    _verify(ctx, gate, ready, delivery)
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


def _door(ctx: Context, path: str, connector_id: str) -> tuple[Gate, Ready]:
    """Where the connector's calls wait, and how it is set up, as somebody just found. Whoever takes
    a call looks again.
    """
    gate = known_gate(ctx.db, connector_id)
    ready = gate.ready if gate is not None else None
    if gate is None or ready is None or abs(ctx.clock() - ready.at_ms) >= READY_MS:
        ready = _look_up(ctx, connector_id)
        gate = gate_of(ctx.db, connector_id)
        gate.ready = ready
    if ready.kind.calls_at != path:
        raise NotFound(NOBODY)
    return gate, ready


def _verify(ctx: Context, gate: Gate, ready: Ready, delivery: Delivery) -> None:
    """Make sure that the source made this call; before one is refused, the setup is looked up."""
    verify = ready.kind.verify
    if verify is None:
        return
    try:
        verify(ready.setup, delivery)
    except (ServerError, PermanentError):
        now = gate.ready = _look_up(ctx, ready.row.id)
        with counted(ctx, gate, ready.row.id):
            verify(now.setup, delivery)


def _look_up(ctx: Context, connector_id: str) -> Ready:
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, connector_id)
        kind = kinds().get(row.kind) if row is not None and row.enabled else None
        if row is None or kind is None or kind.receive is None:
            raise NotFound(NOBODY)
        try:
            return Ready(row, kind, setup_of(ctx, session, row), ctx.clock())
        except PermanentError as error:
            raise Misconfigured(str(error)) from None


def _take_waiting(ctx: Context, gate: Gate, connector_id: str) -> None:
    """Take the calls that wait, and settle each. What goes wrong with some of them together is
    tried again one by one: none is to suffer for another.
    """
    calls: list[Call] = []
    try:
        try:
            gate.ready = ready = _look_up(ctx, connector_id)
        finally:
            calls += gate.some()  # those too that came while it was loaded
        try:
            take_together(ctx, gate, ready, calls)
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
        take_together(ctx, gate, _look_up(ctx, connector_id), [call])
    except Busy:
        raise
    except Exception as error:
        call.error = error
