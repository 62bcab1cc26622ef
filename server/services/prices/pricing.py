"""Takes a batch's products: what is suspect is held back, what is new goes into ledger and offers.

Read, decide, write: some SKUs are read in a snapshot and decided on, then written a few channels
at a time, each in a short transaction that first checks that nobody wrote in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.ids import Sku, check_sku
from server.ports import Batch, ProductReport
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.prices import batches, compiling, ledger, offers, products, quarantine, seeing
from server.services.prices.batches import Difference, Held, Source, Taken
from server.services.prices.compiling import Change, Compiler, Verdict, Writes
from server.services.prices.ledger import NOTHING, Pair, Past
from server.services.prices.seeing import ChannelOf, Seen

SKUS_AT_ONCE = 200
OFFERS_AT_ONCE = 800
CHANNELS_AT_ONCE = 125
"""SKUs, offers (SKUs times channels) and channels in one write transaction, so that none lasts
over its budget; the door has the first channels while the next are made.
"""
TRIES = 3
"""What others keep writing meanwhile is, after so many tries, decided within the write."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some reports of a batch, by SKU, with what is held against them."""

    reports: Mapping[Sku, Sequence[ProductReport]]
    suspects: Mapping[str, str]
    at_ms: int
    confirmed_at: int

    @property
    def all(self) -> list[ProductReport]:
        """Its reports."""
        return [report for reports in self.reports.values() for report in reports]


def take_products(
    ctx: Context, source: Source, batch: Batch, channels: Sequence[ChannelOf], taken: Taken
) -> None:
    """Bring ledger and offers of `channels` up to the products of `batch`."""
    with ctx.db.read() as session:
        among = None if batch.whole else {report.sku for report in batch.products}
        known = offers.known_skus(session, source.shop, among)
    reports = _good_skus(batch, known, taken)
    suspects, seen = _judge(ctx, source, batch, channels, reports)
    rules = _rules(ctx, source)
    why = (
        ""
        if source.trust_next
        else quarantine.held_whole(len(suspects), len(reports), len(known), batch.whole, rules)
    )
    if why:
        listed = {report.sku for report in reports}
        gone = len(known - listed) if batch.whole else 0
        found = _would_change(ctx, source, channels, reports, suspects, batch.observed_at)
        held = Held(why, list(found.values()), len(listed), len(known), len(suspects), gone)
        batches.hold(ctx, source, batch, held, taken)
        reports = [report for report in reports if (report.sku, report.store) in found]
        suspects = {report.sku: suspects.get(report.sku, f"held_{why}") for report in reports}
    taken.suspects = dict(suspects)
    chunks = list(_chunks(reports, len(channels)))
    # A whole answer confirms the channels once it is taken; another one what it names.
    confirmed_at = 0 if batch.whole or why else batch.observed_at
    for some in chunks:
        chunk = _Chunk(_by_sku(some), suspects, batch.observed_at, confirmed_at)
        _take_chunk(ctx, source, chunk, channels, seen if not why else None, taken)
    if batch.whole and not why:
        _bury(ctx, source, channels, {report.sku for report in reports}, taken)


def _chunks(reports: Sequence[ProductReport], channels: int) -> Iterator[list[ProductReport]]:
    """Reports in chunks of a few SKUs; those of one SKU stay together."""
    at_once = min(SKUS_AT_ONCE, max(1, OFFERS_AT_ONCE // max(1, min(channels, CHANNELS_AT_ONCE))))
    by_sku = _by_sku(reports)
    for some in batched(list(by_sku), at_once):
        yield [report for sku in some for report in by_sku[sku]]


def _by_sku(reports: Sequence[ProductReport]) -> dict[Sku, list[ProductReport]]:
    found: dict[Sku, list[ProductReport]] = {}
    for report in reports:
        found.setdefault(Sku(report.sku), []).append(report)
    return found


def _see(ctx: Context, channels: Sequence[ChannelOf], skus: Sequence[Sku]) -> Seen:
    with ctx.db.read() as session:
        return seeing.gather(session, channels, skus, ctx.clock())


def _take_chunk(
    ctx: Context,
    source: Source,
    chunk: _Chunk,
    channels: Sequence[ChannelOf],
    seen: Seen | None,
    taken: Taken,
) -> None:
    skus = list(chunk.reports)
    seen = seen or _see(ctx, channels, skus)
    described = products.describe(source.shop, chunk.all, seen.products, ctx.clock())
    seen = replace(seen, products=described.merged)
    parts = list(batched(channels, CHANNELS_AT_ONCE)) or [[]]
    for number, part in enumerate(parts, 1):
        # Seen from the record, a product that is new comes before its first offer, new words after
        # the last: whatever is left over by a crash is made good when the batch is repeated.
        first, last = number == 1, number == len(parts)
        changes = _Part(ctx, source, chunk, part, channels, described, first, last).write(
            seen, taken
        )
        taken.changes += changes
        if changes:
            ctx.wake()


@dataclass(frozen=True, slots=True)
class _Part:
    """A chunk in some channels: one transaction."""

    ctx: Context
    source: Source
    chunk: _Chunk
    channels: Sequence[ChannelOf]
    all_channels: Sequence[ChannelOf]
    described: products.Described
    first: bool
    last: bool

    def write(self, seen: Seen, taken: Taken) -> list[Change]:
        """Write what is new; the changes that followers are to be told."""
        for _ in range(TRIES):
            writes, counts = self._decide(seen)
            if not writes and not self._describes:
                return self._done(writes, counts, taken)
            with self.ctx.db.write() as session:
                if seeing.unmoved(session, seen, self.channels):
                    self._store(session, writes)
                    return self._done(writes, counts, taken)
            seen = self._merged(_see(self.ctx, self.channels, seen.skus))
        with self.ctx.db.write() as session:
            seeing.lock(session, self.channels)
            now = self.ctx.clock()
            seen = self._merged(seeing.gather(session, self.channels, seen.skus, now))
            writes, counts = self._decide(seen)
            self._store(session, writes)
        return self._done(writes, counts, taken)

    @property
    def _describes(self) -> bool:
        return (self.first and bool(self.described.new)) or (
            self.last and bool(self.described.changed)
        )

    def _merged(self, seen: Seen) -> Seen:
        return replace(seen, products=self.described.merged)

    def _decide(self, seen: Seen) -> tuple[Writes, dict[str, int]]:
        verdicts, counts = _verdicts(self.source, self.chunk, self.channels, seen)
        writes = compiling.compile_part(
            self.ctx.keys,
            Compiler(self.ctx.clock()),
            seen,
            self.channels,
            verdicts,
            self.described.touched,
        )
        return writes, counts

    def _store(self, session: Session, writes: Writes) -> None:
        now = self.ctx.clock()
        if self.first:
            products.store_new(session, self.described)
        compiling.store(session, writes)
        products.mark(session, [(row["channel"], row["sku"]) for row in writes.new], now)
        if self.last:
            products.store_changed(session, self.described, self.all_channels, now)

    def _done(self, writes: Writes, counts: Mapping[str, int], taken: Taken) -> list[Change]:
        taken.prices += len(writes.entries)
        for reason, many in counts.items():
            taken.count(reason, many)
        return writes.changes


def _verdicts(
    source: Source, chunk: _Chunk, channels: Sequence[ChannelOf], seen: Seen
) -> tuple[dict[Pair, Verdict], dict[str, int]]:
    """What the reports mean for each offer, and how many were out of order."""
    found: dict[Pair, Verdict] = {}
    counts: dict[str, int] = {}
    for sku, reports in chunk.reports.items():
        for report in reports:
            suspect = chunk.suspects.get(report.sku, "")
            pending = batches.pending_of(report, chunk.at_ms) if suspect else None
            rows = () if suspect else ledger.rows_of(report, chunk.at_ms)
            origin = ledger.Origin(source.id, report.version)
            news: dict[Past, bool] = {}
            for channel in _channels_for(source, report, channels):
                pair = (channel.id, sku)
                last = seen.offers.get(pair)
                before = found.get(pair)
                seen_version = before.seen_version if before else last.seen_version if last else ""
                if (last or before) and _older(report.version, seen_version):
                    counts["out_of_order"] = counts.get("out_of_order", 0) + 1
                    continue
                past = before.past if before else seen.pasts.get(pair, NOTHING)
                if past not in news:
                    news[past] = bool(rows) and past.learns(rows, chunk.at_ms)
                entry = before.entry if before else None
                if news[past]:
                    said = (*entry.rows, *rows) if entry else rows
                    entry = ledger.Entry(channel.id, said, origin)
                    past = past.with_rows(rows)
                doubted = last.suspect if last else ""
                touched = entry is not None or doubted != suspect
                alone = 0 if suspect else chunk.confirmed_at
                newest = _newest(report.version, seen_version)
                found[pair] = Verdict(suspect, newest, pending, past, entry, touched, alone)
    return found, counts


def _judge(
    ctx: Context,
    source: Source,
    batch: Batch,
    channels: Sequence[ChannelOf],
    reports: Sequence[ProductReport],
) -> tuple[dict[str, str], Seen | None]:
    """Suspect SKUs with why; and what was seen, where that is all that the batch is about."""
    rules = _rules(ctx, source)
    suspects: dict[str, str] = {}
    chunks = list(_chunks(reports, len(channels)))
    seen = None
    for some in chunks:
        if len(chunks) == 1:
            seen = _see(ctx, channels, list(_by_sku(some)))
            pasts = seen.pasts
        else:
            pasts = _pasts(ctx, channels, some)
        for report in some:
            rows = ledger.rows_of(report, batch.observed_at)
            found = [
                pasts.get((channel.id, Sku(report.sku)), NOTHING)
                for channel in _channels_for(source, report, channels)
            ]
            for past in dict.fromkeys(found):
                why = quarantine.suspicion(report, rows, past, batch.observed_at, rules)
                if why and not (source.trust_next and quarantine.may_be_believed(why)):
                    suspects.setdefault(report.sku, why)
    return suspects, seen


def _pasts(
    ctx: Context, channels: Sequence[ChannelOf], reports: Sequence[ProductReport]
) -> Mapping[Pair, Past]:
    with ctx.db.read() as session:
        ids = [channel.id for channel in channels]
        return ledger.histories(session, ids, {Sku(report.sku) for report in reports})[0]


def _would_change(
    ctx: Context,
    source: Source,
    channels: Sequence[ChannelOf],
    reports: Sequence[ProductReport],
    suspects: Mapping[str, str],
    at_ms: int,
) -> dict[tuple[str, str | None], Difference]:
    """Those of a held batch whose price differs from what is in force, by SKU and store code."""
    found = {}
    for some in _chunks(reports, len(channels)):
        pasts = _pasts(ctx, channels, some)
        for report in some:
            rows = ledger.rows_of(report, at_ms)
            concerned = _channels_for(source, report, channels)
            known = [pasts.get((channel.id, Sku(report.sku)), NOTHING) for channel in concerned]
            if report.problem or not rows or any(past.learns(rows, at_ms) for past in known):
                found[report.sku, report.store] = Difference(
                    report.sku,
                    source.store(report.store) if report.store else "",
                    report.currency,
                    known[0].price_at(at_ms) if known else None,
                    Past.of(rows).price_at(at_ms),
                    suspects.get(report.sku, ""),
                )
    return found


def _bury(
    ctx: Context,
    source: Source,
    channels: Sequence[ChannelOf],
    listed: set[str],
    taken: Taken,
) -> None:
    """A whole listing without a SKU: the shop sells it no more."""
    with ctx.db.read() as session:
        gone = sorted(map(Sku, offers.known_skus(session, source.shop) - listed))
    at_once = min(SKUS_AT_ONCE, max(1, OFFERS_AT_ONCE // max(1, len(channels))))
    for skus in batched(gone, at_once):
        with ctx.db.write() as session:
            products.forget(session, source.shop, skus, channels, ctx.clock())
            taken.changes += offers.recompile(ctx, session, channels, skus, ctx.clock())


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
    return _counts(version) and _counts(seen) and int(version) < int(seen)


def _newest(version: str, seen: str) -> str:
    """The shop's version to remember: a source that names none takes nothing from what is known."""
    return version if version and (_counts(version) or not _counts(seen)) else seen


def _counts(version: str) -> bool:
    return version.isascii() and version.isdecimal()


def _rules(ctx: Context, source: Source) -> quarantine.Rules:
    return quarantine.Rules(
        source.currency, ctx.settings.suspect_jump_percent, ctx.settings.suspect_batch_percent
    )
