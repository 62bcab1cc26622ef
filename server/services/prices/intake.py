"""Takes one answer of a source into the record: facts, products, prices; nothing that is not new
is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.facts import KINDS, Fact, fact_key
from playlists.ids import Sku, SourceId, check_sku
from server.ports import Batch, StockReport
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.observed import facts
from server.services.prices import batches, offers, pricing, releasing
from server.services.prices.batches import Source, Taken
from server.services.prices.seeing import ChannelOf

__all__ = ["Source", "Taken", "take"]

CHUNK_ROWS = 200
"""Facts in one write transaction, so that none lasts over its budget."""


def take(ctx: Context, source: Source, batch: Batch) -> Taken:
    """Bring the record up to `batch`. Repeating it, or taking batches out of order, ends in the
    same state.

    Writes are split into short transactions; each leaves a consistent record. The worker is woken
    after each that changed a price.
    """
    taken = Taken(refused=dict(batch.refused))
    channels = offers.ensure_channels(ctx, source.shop) if source.shop else ()
    if not batch.unchanged:
        _take_facts(ctx, source, batch, taken)
        releasing.go_on(ctx, connector=source.id)
        if batch.products or (batch.whole and source.shop and not batch.stock):
            pricing.take_products(ctx, source, batch, channels, taken)
    if not taken.held and (batch.whole or batch.unchanged or batch.complete):
        _confirm(ctx, source, channels, batch.observed_at)
        batches.passed(ctx, source.id)
    ctx.wake()
    return taken


def _confirm(ctx: Context, source: Source, channels: Sequence[ChannelOf], at_ms: int) -> None:
    """The source said all it knows: leases of its prices and ages of its facts begin anew. One
    that said something only confirmed what it named.

    Looked up first, so that the write lock is held for what is old only, source by source.
    """
    with ctx.db.read() as session:
        old = offers.unconfirmed(session, [channel.id for channel in channels], at_ms)
        sources = facts.unconfirmed(session, source.id, at_ms)
    for some in batched(old, CHUNK_ROWS):
        with ctx.db.write() as session:
            offers.confirm(session, some, at_ms)
    for found in sources:
        with ctx.db.write() as session:
            facts.confirm(session, found, at_ms)


def _take_facts(ctx: Context, source: Source, batch: Batch, taken: Taken) -> None:
    stock = [
        one
        for report in batch.stock
        if (one := _stock_fact(source, report, batch.observed_at, taken)) is not None
    ]
    # Store by store, so that one transaction compiles offers of few channels.
    incoming = [*batch.facts, *sorted(stock, key=lambda one: one.source)]
    for at in range(0, len(incoming), CHUNK_ROWS):
        with ctx.db.write() as session:
            changed = facts.record(session, incoming[at : at + CHUNK_ROWS], ctx.clock())
            taken.facts += len(changed)
            _restock(ctx, session, source, changed, taken)


def _stock_fact(source: Source, report: StockReport, at_ms: int, taken: Taken) -> Fact | None:
    store = source.store(report.store)
    try:
        key = fact_key(f"stock:{check_sku(report.sku)}@{store}")
    except Invalid:
        taken.count("bad_sku")
        return None
    if report.quantity < 0:
        taken.count("negative_stock")
        return None
    life = KINDS["stock"].max_age_ms
    return Fact(
        key, report.quantity, at_ms, None, at_ms, at_ms + life, SourceId(f"{source.id}@{store}")
    )


def _restock(
    ctx: Context, session: Session, source: Source, changed: Iterable[str], taken: Taken
) -> None:
    """Offers say how many are left: compile those whose stock changed."""
    by_store: dict[str, list[Sku]] = {}
    for key in changed:
        if key.startswith("stock:"):
            sku, _, store = key.removeprefix("stock:").rpartition("@")
            by_store.setdefault(store, []).append(Sku(sku))
    if not by_store:
        return
    for channel in offers.channels_of(session, by_store):
        skus = by_store[channel.store]
        taken.tell(offers.recompile(ctx, session, [channel], skus, ctx.clock()))
