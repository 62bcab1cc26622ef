"""Takes one answer of a source into the record: facts, products, prices; nothing that is not new
is written.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.facts import KINDS, Fact, fact_key
from playlists.ids import Sku, SourceId, check_sku
from playlists.ledger import effective
from server.db.models import HeldBatchRow, OfferRow, ProductRow
from server.ports import Batch, ProductReport, StockReport
from server.services import facts, ledger, offers, outbox, quarantine
from server.services.context import Context
from server.services.offers import ChannelOf

CHUNK_ROWS = 200
"""Products in one write transaction, so that none lasts over its budget."""
SAMPLE_ROWS = 20
"""Suspect rows kept with a held batch, for a person to look at."""


@dataclass(frozen=True, slots=True)
class Source:
    """Whose answer it is: the connector's id, the shop whose channels it prices, its currency, its
    store codes where they are not ours, and whether a person said to believe the next batch.
    """

    id: str
    shop: str = ""
    currency: str = "EUR"
    stores: Mapping[str, str] = field(default_factory=dict)
    trust_next: bool = False

    def store(self, code: str) -> str:
        """Our store for the source's own code."""
        return self.stores.get(code, code)


@dataclass(slots=True)
class Taken:
    """What came of it. `changes` are the channels' signed deltas, already in the record."""

    changes: list[offers.Change] = field(default_factory=list)
    facts: int = 0
    prices: int = 0
    suspects: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    held: str = ""

    def count(self, reason: str, many: int = 1) -> None:
        """One more row ignored for `reason`."""
        self.refused[reason] = self.refused.get(reason, 0) + many


def take(ctx: Context, source: Source, batch: Batch) -> Taken:
    """Bring the record up to `batch`. Repeating it, or taking batches out of order, ends in the
    same state.

    Writes are split into short transactions; each leaves a consistent record. The worker is woken
    once.
    """
    taken = Taken(refused=dict(batch.refused))
    if batch.unchanged:
        _confirm(ctx, source, batch.observed_at)
    else:
        _take_facts(ctx, source, batch, taken)
        if batch.products:
            _take_products(ctx, source, batch, taken)
        elif batch.whole and source.shop and not batch.stock:
            _hold(ctx, source, batch, "empty", {}, taken)
        if not taken.held:
            _confirm(ctx, source, batch.observed_at)
    ctx.wake()
    return taken


def _confirm(ctx: Context, source: Source, at_ms: int) -> None:
    """The source answered: leases of its prices and ages of its facts begin anew."""
    channels = offers.ensure_channels(ctx, source.shop) if source.shop else ()
    with ctx.db.write() as session:
        offers.confirm(session, [channel.id for channel in channels], at_ms)
        for found in facts.sources_of(session, source.id):
            facts.confirm(session, found, at_ms)


def _take_facts(ctx: Context, source: Source, batch: Batch, taken: Taken) -> None:
    stock = [
        one
        for report in batch.stock
        if (one := _stock_fact(source, report, batch.observed_at, taken)) is not None
    ]
    incoming = [*batch.facts, *stock]
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
        taken.changes += offers.recompile(ctx, session, [channel], skus, ctx.clock())


def _take_products(ctx: Context, source: Source, batch: Batch, taken: Taken) -> None:
    channels = offers.ensure_channels(ctx, source.shop)
    with ctx.db.read() as session:
        known = offers.known_skus(session, source.shop)
    reports = _good_skus(batch, known, taken)
    suspects = _judge(ctx, source, batch, channels, reports)
    rules = _rules(ctx, source)
    why = (
        ""
        if source.trust_next
        else quarantine.held_whole(len(suspects), len(reports), len(known), batch.whole, rules)
    )
    if why:
        _hold(ctx, source, batch, why, suspects, taken)
        reports = _would_change(ctx, channels, reports, batch.observed_at)
        suspects = {report.sku: suspects.get(report.sku, f"held_{why}") for report in reports}
    taken.suspects = dict(suspects)
    for at in range(0, len(reports), CHUNK_ROWS):
        some = reports[at : at + CHUNK_ROWS]
        with ctx.db.write() as session:
            _take_some(ctx, session, source, some, suspects, channels, batch.observed_at, taken)
    if batch.whole and not why:
        _bury(ctx, source, channels, {report.sku for report in reports}, taken)


def _take_some(
    ctx: Context,
    session: Session,
    source: Source,
    reports: Sequence[ProductReport],
    suspects: Mapping[str, str],
    channels: Sequence[ChannelOf],
    at_ms: int,
    taken: Taken,
) -> None:
    skus = [Sku(report.sku) for report in reports]
    history = ledger.histories(session, [channel.id for channel in channels], skus)
    held = offers.held(session, channels, skus)
    touched: set[Sku] = set()
    for report in reports:
        sku = Sku(report.sku)
        if _describe(session, source, report, ctx.clock()):
            touched.add(sku)
            outbox.mark(session, [f"product:{sku}@{one.id}" for one in channels], ctx.clock())
        for channel in _channels_for(source, report, channels):
            row = held.get((channel.id, sku))
            if row is not None and _older(report.version, row.seen_version):
                taken.count("out_of_order")
                continue
            suspect = suspects.get(report.sku, "")
            if row is None:
                row = OfferRow(channel=channel.id, sku=sku, body={}, version=0, suspect="")
                session.add(row)
            if (row.suspect, row.seen_version) != (suspect, report.version):
                touched |= {sku} if row.suspect != suspect else set()
                row.suspect, row.seen_version = suspect, report.version
                row.pending = pending_of(report, at_ms) if suspect else None
            if suspect:
                continue
            rows = ledger.rows_of(report, channel.id, at_ms)
            fresh = ledger.news(history.get((channel.id, sku), ()), rows, at_ms)
            if fresh:
                ledger.append(session, fresh, ledger.Origin(source.id, report.version))
                taken.prices += 1
                touched.add(sku)
    session.flush()
    taken.changes += offers.recompile(ctx, session, channels, touched, ctx.clock())


def _describe(session: Session, source: Source, report: ProductReport, now: int) -> bool:
    """Keep the product's names, picture and link; True where a screen would show something else."""
    row = session.get(ProductRow, (source.shop, report.sku))
    names = {language: dict(parts) for language, parts in report.names.items()}
    if row is None:
        session.add(
            ProductRow(
                shop=source.shop,
                sku=report.sku,
                names=names,
                link=report.link,
                picture_url=report.picture_url,
                availability=report.availability,
                seen_at=now,
            )
        )
        return True
    merged = {**row.names, **names}
    changed = merged != row.names or report.picture_url not in ("", row.picture_url)
    if changed:
        row.names, row.seen_at = merged, now
        row.picture_url = report.picture_url or row.picture_url
    if report.availability and report.availability != row.availability:
        row.availability = report.availability
    return changed


def _judge(
    ctx: Context,
    source: Source,
    batch: Batch,
    channels: Sequence[ChannelOf],
    reports: Sequence[ProductReport],
) -> dict[str, str]:
    """Suspect SKUs with why. Reads only."""
    rules = _rules(ctx, source)
    suspects: dict[str, str] = {}
    with ctx.db.read() as session:
        for at in range(0, len(reports), CHUNK_ROWS):
            some = reports[at : at + CHUNK_ROWS]
            history = ledger.histories(
                session, [one.id for one in channels], [Sku(report.sku) for report in some]
            )
            for report in some:
                for channel in _channels_for(source, report, channels):
                    rows = ledger.rows_of(report, channel.id, batch.observed_at)
                    past = effective(history.get((channel.id, Sku(report.sku)), ()))
                    if source.trust_next and not report.problem and rows:
                        continue
                    why = quarantine.suspicion(report, rows, past, batch.observed_at, rules)
                    if why:
                        suspects.setdefault(report.sku, why)
    return suspects


def _would_change(
    ctx: Context, channels: Sequence[ChannelOf], reports: Sequence[ProductReport], at_ms: int
) -> list[ProductReport]:
    """Those of a held batch whose price differs from what is in force."""
    skus = [Sku(report.sku) for report in reports]
    with ctx.db.read() as session:
        history = ledger.histories(session, [channel.id for channel in channels], skus)
    return [
        report
        for report in reports
        if report.problem
        or report.price is None
        or any(
            ledger.news(
                history.get((channel.id, Sku(report.sku)), ()),
                ledger.rows_of(report, channel.id, at_ms),
                at_ms,
            )
            for channel in channels
        )
    ]


def _hold(
    ctx: Context, source: Source, batch: Batch, why: str, suspects: Mapping[str, str], taken: Taken
) -> None:
    """Write down that a batch is held, once for as long as it is not settled."""
    sample = [
        {"sku": report.sku, "why": suspects[report.sku], **pending_of(report, batch.observed_at)}
        for report in batch.products
        if report.sku in suspects
    ][:SAMPLE_ROWS]
    taken.held = why
    with ctx.db.write() as session:
        open_one = session.scalar(
            select(HeldBatchRow).where(
                HeldBatchRow.connector_id == source.id, HeldBatchRow.settled_at.is_(None)
            )
        )
        if open_one is None:
            session.add(
                HeldBatchRow(
                    id=f"held-{secrets.token_hex(6)}",
                    connector_id=source.id,
                    reason=why,
                    sample=sample,
                    received_at=batch.observed_at,
                )
            )
        else:
            open_one.reason, open_one.sample = why, sample
            open_one.received_at = batch.observed_at


def _bury(
    ctx: Context,
    source: Source,
    channels: Sequence[ChannelOf],
    listed: set[str],
    taken: Taken,
) -> None:
    """A whole listing without a SKU: the shop sells it no more."""
    with ctx.db.read() as session:
        gone = sorted(offers.known_skus(session, source.shop) - listed)
    for at in range(0, len(gone), CHUNK_ROWS):
        with ctx.db.write() as session:
            some = gone[at : at + CHUNK_ROWS]
            for sku in some:
                row = session.get(ProductRow, (source.shop, sku))
                if row is not None:
                    session.delete(row)
            session.flush()
            keys = [f"product:{sku}@{one.id}" for sku in some for one in channels]
            outbox.mark(session, keys, ctx.clock())
            taken.changes += offers.recompile(
                ctx, session, channels, [Sku(sku) for sku in some], ctx.clock()
            )


def _channels_for(
    source: Source, report: ProductReport, channels: Sequence[ChannelOf]
) -> list[ChannelOf]:
    """All the shop's channels, or the one store's where the price is its own."""
    if report.store is None:
        return list(channels)
    store = source.store(report.store)
    return [channel for channel in channels if channel.store == store]


def _good_skus(batch: Batch, known: set[str], taken: Taken) -> list[ProductReport]:
    """Those that may be taken; a SKU that is none, or a stranger in an update, is counted."""
    found = {}
    for report in batch.products:
        try:
            check_sku(report.sku)
        except Invalid:
            taken.count("bad_sku")
            continue
        if not batch.whole and report.sku not in known and not report.names:
            taken.count("unknown_sku")
        else:
            found[report.sku, report.store] = report
    return list(found.values())


def _older(version: str, seen: str) -> bool:
    """Whether the shop's version is before the one already taken; versions that are not numbers
    never are.
    """
    return version.isdigit() and seen.isdigit() and int(version) < int(seen)


def _rules(ctx: Context, source: Source) -> quarantine.Rules:
    return quarantine.Rules(
        source.currency, ctx.settings.suspect_jump_percent, ctx.settings.suspect_batch_percent
    )


def pending_of(report: ProductReport, at_ms: int) -> dict[str, Any]:
    return {
        "price": report.price,
        "currency": report.currency,
        "sale_price": report.sale_price,
        "sale_from": report.sale_from,
        "sale_until": report.sale_until,
        "at": at_ms,
    }
