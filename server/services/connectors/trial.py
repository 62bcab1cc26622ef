"""Tries a connector without taking anything from it, and says what it saw."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.connectors.source import Kind, Setup
from server.db.models import ConnectorRow, DeliveryRow
from server.ports import Batch, PermanentError, ProductReport, TemporaryError
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.connectors.views import connector_view, kind_of, setup_of
from server.services.prices.ledger import NOTHING, rows_of
from server.services.prices.quarantine import HUNDRED, Rules, suspicion

LISTEN_S = 6.0
"""How long a trial waits for a subscription's first message."""
SAMPLES = 5
MAX_STRANGERS = 20
"""Stores that are none of ours, told at the most."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A product as it would be taken: minor units of `currency`; `doubt` is why no screen would
    show its price.
    """

    sku: str
    name: str
    currency: str
    price: int | None
    sale_price: int | None
    doubt: str


@dataclass(frozen=True, slots=True)
class Calls:
    """How the source calls us: where, whether there is what its calls are checked with, when the
    last one came that was taken (unix ms), and how many were not the source's.
    """

    url: str
    ready: bool
    last_at: int | None
    forged: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a trial saw, or what is wrong. Of its products `priced` have a price that would show,
    `reduced` of them a sale price; `doubted` counts the others by why, `refused` rows that would be
    ignored. `unknown_stores` are none of ours. `partial`: there is more than was looked at.
    """

    ok: bool
    error: str = ""
    products: int = 0
    priced: int = 0
    reduced: int = 0
    stock: int = 0
    facts: int = 0
    goods: tuple[Goods, ...] = ()
    samples: tuple[str, ...] = ()
    doubted: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    unknown_stores: tuple[str, ...] = ()
    partial: bool = False
    calls: Calls | None = None


def test_connector(ctx: Context, actor: Actor, connector_id: str) -> Seen:
    """Ask the source once, as set up, and take nothing; of one that only calls, say how it stands
    with its calls. Raises NotFound.
    """
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
        calls = _calls(ctx, session, row, kind)
    if calls is not None and (kind.fetch is None or not setup.config.polled):
        return Seen(True, calls=calls)
    try:
        batch = _ask(kind, setup)
    except (TemporaryError, PermanentError) as error:
        return Seen(False, str(error), calls=calls)
    return replace(_seen(batch, setup), calls=calls)


def _calls(ctx: Context, session: Session, row: ConnectorRow, kind: Kind) -> Calls | None:
    if kind.receive is None:
        return None
    last = select(func.max(DeliveryRow.received_at)).where(DeliveryRow.connector_id == row.id)
    return Calls(
        connector_view(ctx, session, row).calls_url,
        all(row.secrets.get(one.name) for one in kind.secrets if one.min_characters),
        session.scalar(last),
        int(row.counters.get("refused.forged", 0)),
    )


def _seen(batch: Batch, setup: Setup) -> Seen:
    doubted: Counter[str] = Counter()
    strangers = dict.fromkeys(batch.unknown_stores)
    products = reduced = 0
    goods: list[Goods] = []
    for report in batch.products:
        products += 1
        doubt = _doubt(report, batch.observed_at, setup)
        doubted[doubt] += 1
        reduced += not doubt and report.sale_price is not None
        if report.store is not None and setup.store(report.store) is None:
            strangers[report.store] = None
        if len(goods) < SAMPLES:
            goods.append(_goods(report, doubt, setup))
    for one in batch.stock:
        if setup.store(one.store) is None:
            strangers[one.store] = None
    priced = doubted.pop("", 0)
    return Seen(
        True,
        products=products,
        priced=priced,
        reduced=reduced,
        stock=len(batch.stock),
        facts=len(batch.facts),
        goods=tuple(goods),
        samples=_samples(goods, batch),
        doubted=dict(doubted),
        refused=dict(batch.refused),
        unknown_stores=tuple(list(strangers)[:MAX_STRANGERS]),
        partial=not batch.whole and bool(batch.products) and setup.glance,
    )


def _doubt(report: ProductReport, at_ms: int, setup: Setup) -> str:
    """Why no screen would show its price, were it the first that is heard of it."""
    rules = Rules(getattr(setup.config, "currency", report.currency), HUNDRED, HUNDRED)
    return suspicion(report, rows_of(report, at_ms), NOTHING, at_ms, rules)


def _goods(report: ProductReport, doubt: str, setup: Setup) -> Goods:
    own = report.names.get(getattr(setup.config, "language", ""), {})
    names = [own.get("name", ""), *(parts.get("name", "") for parts in report.names.values())]
    name = next(filter(None, names), "")
    return Goods(report.sku, name, report.currency, report.price, report.sale_price, doubt)


def _ask(kind: Kind, setup: Setup) -> Batch:
    if kind.fetch is not None and setup.config.polled:
        return kind.fetch(setup)
    if kind.listen is not None:
        return _listened(kind, setup)
    raise TemporaryError("There is nothing to ask of this connector.")


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


def _samples(goods: Iterable[Goods], batch: Batch) -> tuple[str, ...]:
    said = [f"{one.sku} {one.price} {one.currency} {one.doubt}" for one in goods]
    stock = [f"{one.sku}@{one.store} {one.quantity}" for one in batch.stock[:SAMPLES]]
    facts = [f"{one.key} {one.value}" for one in batch.facts[:SAMPLES]]
    return tuple(text.strip() for text in (said + stock + facts)[:SAMPLES])
