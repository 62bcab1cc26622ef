"""Takes what tills say that they charge; their stores’ screens follow in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.manifest import FOREVER_MS
from server.ports import TillReport
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.prices import offers, seeing, tilling, withholding
from server.services.prices.batches import Source, Taken
from server.services.prices.ledger import Pair
from server.services.prices.seeing import ChannelOf
from server.services.prices.tilling import EMPTY, Said, State
from server.services.prices.withholding import TillWrite

SKUS_AT_ONCE = 100
"""In one write transaction, so that none lasts over its budget."""


def take(ctx: Context, source: Source, reports: Sequence[TillReport], taken: Taken) -> None:
    """Believe a till. In whichever order its words come, and however often, the newest count."""
    by_store: dict[str, list[TillReport]] = {}
    for report in reports:
        by_store.setdefault(source.store(report.store), []).append(report)
    with ctx.db.read() as session:
        channels = offers.channels_of(session, by_store)
        known = {
            channel.id: offers.known_skus(
                session, channel.shop, {one.sku for one in by_store[channel.store]}
            )
            for channel in channels
        }
    for channel in channels:
        ours = [one for one in by_store[channel.store] if one.sku in known[channel.id]]
        if len(ours) < len(by_store[channel.store]):
            taken.count("unknown_sku", len(by_store[channel.store]) - len(ours))
        for some in batched(ours, SKUS_AT_ONCE):
            with ctx.db.write() as session:
                _acknowledge(ctx, session, source.id, channel, some, taken)
        taken.prices += len(ours)
    unpriced = by_store.keys() - {channel.store for channel in channels}
    if unpriced:
        taken.count("unpriced_store", sum(len(by_store[store]) for store in unpriced))
    ctx.wake()


def _acknowledge(
    ctx: Context,
    session: Session,
    connector: str,
    channel: ChannelOf,
    reports: Sequence[TillReport],
    taken: Taken,
) -> None:
    now = ctx.clock()
    seeing.lock(session, [channel])
    before = withholding.states(session, [channel.id], [Sku(one.sku) for one in reports])
    after: dict[Pair, State] = {}
    for one in reports:
        pair = (channel.id, Sku(one.sku))
        said = Said(one.price, one.currency, one.version, one.at)
        state = after.get(pair) or before.get(pair, EMPTY)
        after[pair] = tilling.acknowledged(state, said)
    news = {pair: state for pair, state in after.items() if state != before.get(pair)}
    writes = [
        TillWrite(ChannelId(pair[0]), pair[1], channel.store, connector, state, FOREVER_MS, None)
        for pair, state in news.items()
    ]
    withholding.keep(session, writes)
    taken.changes += offers.recompile(ctx, session, [channel], [sku for _, sku in news], now)


def settle(ctx: Context, session: Session, channel: ChannelOf, skus: Sequence[Sku]) -> None:
    """Look again at what is due of a channel; what nobody sells any more is let go."""
    now = ctx.clock()
    offers.recompile(ctx, session, [channel], skus, now)
    session.flush()
    left = withholding.states(session, [channel.id], skus)
    stuck = [
        TillWrite(*pair, channel.store, "", replace(EMPTY, said=state.said), FOREVER_MS, None)
        for pair, state in left.items()
        if withholding.look_at(session, pair) <= now
    ]
    withholding.store(session, stuck, now)
