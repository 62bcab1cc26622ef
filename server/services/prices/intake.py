"""Takes one answer of a source into the record: facts, products, prices; nothing that is not new
is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.facts import Fact, fact_key
from playlists.ids import Sku, check_sku
from server.ports import Batch, StockReport
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.observed import facts, neighbours, shelves
from server.services.observed.shelves import Count
from server.services.prices import batches, offers, pricing, releasing
from server.services.prices.batches import Shares, Source, Taken, stock_name
from server.services.prices.seeing import ChannelOf

__all__ = ["Source", "Taken", "take"]

CHUNK_ROWS = 200
"""Facts in one write transaction, so that none lasts over its budget."""


def take(ctx: Context, source: Source, batch: Batch, shares: Shares | None = None) -> Taken:
    """Bring the record up to `batch`. Repeating it, or taking batches out of order, ends in the
    same state. `shares` are filled in if given.

    Writes are split into short transactions; each leaves a consistent record. The worker is woken
    after each that changed a price.
    """
    taken = Taken(refused=dict(batch.refused), shares=shares)
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
    counted = (_count(source, report, batch.observed_at, taken) for report in batch.stock)
    for facts_at_once in batched(list(batch.facts), CHUNK_ROWS):
        with ctx.db.write() as session:
            _record(ctx, session, facts_at_once, taken)
    # Store by store, so that one transaction compiles offers of few channels.
    counts = sorted((one for one in counted if one is not None), key=lambda one: one.store)
    for counts_at_once in batched(counts, CHUNK_ROWS):
        with ctx.db.write() as session:
            said = shelves.take(session, source.id, counts_at_once, source.stock)
            _record(ctx, session, said, taken)


def come_back(ctx: Context, source: Source) -> Taken:
    """Goods that are out as screens see it, though some pieces stayed for long enough, are back."""
    taken = Taken()
    while True:
        with ctx.db.write() as session:
            said = shelves.settled(session, source.id, source.stock, ctx.clock())
            _record(ctx, session, said, taken)
        if not said:
            break
    ctx.wake()
    return taken


def _record(ctx: Context, session: Session, said: Sequence[Fact], taken: Taken) -> None:
    changed = facts.record(session, said, ctx.clock())
    neighbours.follow(session, said, ctx.clock())
    taken.facts += len(changed)
    for key in changed:
        taken.share(key, "facts")
    _restock(ctx, session, changed, taken)


def _count(source: Source, report: StockReport, at_ms: int, taken: Taken) -> Count | None:
    name = stock_name(report, source)
    try:
        check_sku(report.sku)
        fact_key(name)
    except Invalid:
        taken.count("bad_sku", of=name)
        return None
    if report.quantity < 0 or report.reserved < 0:
        taken.count("negative_stock", of=name)
        return None
    return Count(source.store(report.store), report.sku, report.quantity, report.reserved, at_ms)


def _restock(ctx: Context, session: Session, changed: Iterable[str], taken: Taken) -> None:
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
