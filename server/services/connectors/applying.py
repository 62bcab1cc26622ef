"""Takes some calls of one connector together, and notes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite

from server.connectors.source import Received, Setup
from server.db.models import ConnectorRow, DeliveryRow
from server.errors import ServerError
from server.ports import Batch
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.connectors import aliases, joining, records, restocking
from server.services.connectors.gates import Call, Gate, Ready, Receipt, counted
from server.services.connectors.views import NEVER, OWN, TRUST, source_of
from server.services.prices import intake, offers
from server.services.prices.batches import Shares, Source, Taken, stock_name
from server.services.tills import taking

_DELIVERIES = cast(Table, DeliveryRow.__table__)


def take_together(ctx: Context, gate: Gate, ready: Ready, calls: Sequence[Call]) -> None:
    """1. Read each as if all before it had been taken. 2. Leave out those that were taken already,
    and read the others as if these had not come. 3. Take them. 4. Note all of them at once.
    """
    at_ms = gate.tick(ctx)
    read = _read_all(ctx, gate, ready, calls, at_ms)
    repeated = _repeated(ctx, ready.row.id, read)
    if repeated:
        news = [call for call in read if call not in repeated]
        read = _read_all(ctx, gate, ready, news, at_ms)
    if read:
        _apply(ctx, gate, ready, read, at_ms)
    for call in repeated:
        call.receipt = Receipt(repeated=True)


def _read_all(
    ctx: Context, gate: Gate, ready: Ready, calls: Sequence[Call], at_ms: int
) -> list[Call]:
    """Those that say something, each read after the one before."""
    take_call, setup = ready.kind.receive, ready.setup
    assert take_call is not None  # it was looked up as one that is called
    read = []
    for call in calls:
        delivery = replace(call.delivery, received_at=at_ms)
        try:
            with counted(ctx, gate, ready.row.id):
                received = take_call(setup, delivery)
        except ServerError as refused:
            call.error = refused
            continue
        if received.greeting:
            call.receipt = Receipt(greeting=True)
            continue
        call.received = received
        setup = replace(setup, state=received.batch.state)
        read.append(call)
    return read


def _repeated(ctx: Context, connector_id: str, read: Sequence[Call]) -> list[Call]:
    """Those of the calls that were taken before, or are the same as one before them."""
    keys = [key for call in read if call.received for key in call.received.once]
    here = select(_DELIVERIES.c.delivery).where(_DELIVERIES.c.connector_id == connector_id)
    with ctx.db.read() as session:
        known = {
            key
            for some in batched(keys, MAX_IN)
            for key in session.scalars(here.where(_DELIVERIES.c.delivery.in_(some)))
        }
    found = []
    for call in read:
        once = call.received.once if call.received else ()
        if known.isdisjoint(once):
            known.update(once)
        else:
            found.append(call)
    return found


def _apply(ctx: Context, gate: Gate, ready: Ready, calls: Sequence[Call], at_ms: int) -> None:
    heard = [call.received for call in calls if call.received is not None]
    row, setup = ready.row, ready.setup
    source = source_of(ctx.settings, row, setup)
    in_all, receipts = Taken(), [Receipt()] * len(heard)
    for number, turn in enumerate(joining.turns([one.batch for one in heard], source)):
        batches = [heard[at].batch for at in turn]
        at_ms = gate.tick(ctx) if number else at_ms
        if len(batches) == 1:
            batch = replace(batches[0], observed_at=at_ms)
            taken = _apply_batch(ctx, row, setup, source, batch)
            receipts[turn[0]] = _receipt(taken)
        else:
            joined = joining.joined(batches, at_ms)
            taken = _apply_batch(ctx, row, setup, joining.row_by_row(source), joined, {})
            taken.refused = _sum(taken.refused, *(batch.refused for batch in batches))
            for at, batch in zip(turn, batches, strict=True):
                receipts[at] = _share(batch, source, taken)
        in_all = _merged(in_all, taken)
    _write(ctx, row.id, heard, source, in_all)
    for call, receipt in zip(calls, receipts, strict=True):
        call.receipt = receipt
    if any(one.soon for one in heard):
        ctx.wake()


def _sum(*refused: Mapping[str, int]) -> dict[str, int]:
    return reduce(records.added, refused, {})


def _receipt(taken: Taken) -> Receipt:
    return Receipt(facts=taken.facts, prices=taken.prices, held=taken.held, refused=taken.refused)


def _share(batch: Batch, source: Source, taken: Taken) -> Receipt:
    """What came of one call of those that were taken together."""
    shares = taken.shares or {}
    mine = _sum(*(shares.get(name, {}) for name in joining.names(batch, source)))
    facts, prices = mine.pop("facts", 0), mine.pop("prices", 0)
    return Receipt(facts=facts, prices=prices, refused=records.added(batch.refused, mine))


def _apply_batch(
    ctx: Context,
    row: ConnectorRow,
    setup: Setup,
    source: Source,
    batch: Batch,
    shares: Shares | None = None,
) -> Taken:
    taken = Taken(shares=shares)
    aliases.learn(ctx, row.id, batch)
    if batch.products or batch.facts:
        taken = intake.take(ctx, source, replace(batch, stock=()), shares)
    if batch.stock:
        taken = _merged(taken, _take_stock(ctx, row, setup, source, batch, shares))
    if not (batch.products or batch.facts or batch.stock):
        taken.refused = dict(batch.refused)
    if batch.tills:
        taking.take(ctx, source, batch.tills, taken)
    return taken


def _take_stock(
    ctx: Context,
    row: ConnectorRow,
    setup: Setup,
    source: Source,
    batch: Batch,
    shares: Shares | None,
) -> Taken:
    """Stock goes under the source that reads it whole, and says nothing about prices."""
    with ctx.db.read() as session:
        known = offers.known_skus(session, source.shop, {one.sku for one in batch.stock})
    ours = tuple(one for one in batch.stock if one.sku in known)
    strange = Taken(shares=shares)
    for one in batch.stock:
        if one.sku not in known:
            strange.count("unknown_sku", of=stock_name(one, source))
    stock_source = getattr(setup.config, "stock_source", "") or row.id
    refused = {} if batch.products else batch.refused
    alone = replace(batch, products=(), facts=(), stock=ours, refused=refused)
    rules = source.stock if stock_source == row.id else restocking.rules_of(ctx, stock_source)
    under = replace(source, id=stock_source, shop="", trust_next=False, stock=rules)
    return _merged(intake.take(ctx, under, alone, shares), strange)


def _merged(one: Taken, other: Taken) -> Taken:
    refused = records.added(one.refused, other.refused)
    return replace(
        one,
        changes=one.changes + other.changes,
        facts=one.facts + other.facts,
        prices=one.prices + other.prices,
        suspects={**one.suspects, **other.suspects},
        refused=refused,
        held=one.held or other.held,
    )


def _write(
    ctx: Context, connector_id: str, heard: Sequence[Received], source: Source, taken: Taken
) -> None:
    """Note the calls and what came of them; that another process noted one first is no error."""
    now = ctx.clock()
    rows = [
        {"connector_id": connector_id, "delivery": key, "received_at": now}
        for received in heard
        for key in received.once
    ]
    with ctx.db.write() as session:
        if rows:
            dialect = sqlite if ctx.db.is_sqlite else postgresql
            adding = dialect.insert(_DELIVERIES).on_conflict_do_nothing()
            session.connection().execute(adding, rows)
        row = session.get(ConnectorRow, connector_id, with_for_update=True)
        if row is not None:
            _note(row, heard, source, taken, now)


def _note(
    row: ConnectorRow, heard: Sequence[Received], source: Source, taken: Taken, now: int
) -> None:
    state = {**row.state, OWN: dict(heard[-1].batch.state)}
    if source.trust_next and any(received.batch.products for received in heard):
        state.pop(TRUST, None)
    row.state = state
    if any(received.soon for received in heard) and row.next_run_at < NEVER:
        row.next_run_at = 0
    sums = {"calls": len(heard), **records.counted(taken)}
    if taken.held:
        records.held(row, now, sums)
    else:
        records.succeeded(row, now, sums)
