"""Tries a connector without taking anything from it, and says what it saw."""

from __future__ import annotations

import queue
from dataclasses import dataclass, field, replace
from itertools import islice

from server.connectors.source import Kind, Setup
from server.db.models import ConnectorRow
from server.ports import Batch, PermanentError, TemporaryError
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.connectors.views import kind_of, setup_of

LISTEN_S = 6.0
"""How long a trial waits for a subscription's first message."""
SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What a trial saw: numbers of rows, a few of them in words, what would be ignored, or what is
    wrong.
    """

    ok: bool
    error: str = ""
    products: int = 0
    stock: int = 0
    facts: int = 0
    samples: tuple[str, ...] = ()
    refused: dict[str, int] = field(default_factory=dict)


def test_connector(ctx: Context, actor: Actor, connector_id: str) -> Seen:
    """Ask the source once, as set up, and take nothing. Raises NotFound."""
    actor.require_chain("connectors")
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, connector_id)
        if row is None:
            raise missing("connector")
        try:
            kind, setup = (
                kind_of(row),
                replace(setup_of(ctx, session, row), state={}, read={}, glance=True),
            )
        except PermanentError as error:
            return Seen(False, str(error))
    try:
        batch = _ask(kind, setup)
    except (TemporaryError, PermanentError) as error:
        return Seen(False, str(error))
    return Seen(
        True,
        products=len(batch.products),
        stock=len(batch.stock),
        facts=len(batch.facts),
        samples=_samples(batch),
        refused=dict(batch.refused),
    )


def _ask(kind: Kind, setup: Setup) -> Batch:
    if kind.fetch is not None and setup.config.polled:
        return kind.fetch(setup)
    if kind.listen is not None:
        return _listened(kind, setup)
    raise TemporaryError("This connector is called by its source; there is nothing to ask.")


def _listened(kind: Kind, setup: Setup) -> Batch:
    """The first lot that a subscription hears. Silence is no error, but is said."""
    assert kind.listen is not None
    said: queue.Queue[Batch | str] = queue.Queue()
    listening = kind.listen(setup, said.put, lambda wrong: said.put(wrong) if wrong else None)
    try:
        first = said.get(timeout=LISTEN_S)
    except queue.Empty:
        raise TemporaryError(f"Nothing was published within {LISTEN_S:g} seconds.") from None
    finally:
        listening.stop()
    if isinstance(first, str):
        raise TemporaryError(first)
    return first


def _samples(batch: Batch) -> tuple[str, ...]:
    goods = [
        f"{one.sku} {one.price} {one.currency} {one.problem}"
        for one in islice(batch.products, SAMPLES)
    ]
    stock = [f"{one.sku}@{one.store} {one.quantity}" for one in batch.stock]
    facts = [f"{one.key} {one.value}" for one in batch.facts]
    return tuple(text.strip() for text in (goods + stock + facts)[:SAMPLES])
