"""Takes a batch's products: what is suspect is held back, what is new goes into ledger and offers.

Rows that say what the record is known to agree with drop out first (listing, digests); the others
are gone over twice, a pile at a time: to count what is suspect, which decides whether the batch is
held whole, and to be taken. Read, decide, write: some SKUs are read in a snapshot and decided on,
then written a few channels at a time, each in a short transaction that first checks that nobody
wrote in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from playlists.ids import Sku
from server.ports import Batch
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.prices import (
    batches,
    compiling,
    digests,
    folding,
    judging,
    ledger,
    listing,
    offers,
    products,
    quarantine,
    seeing,
)
from server.services.prices.batches import Difference, Held, Source, Taken, product_name
from server.services.prices.compiling import Change, Compiler, Writes
from server.services.prices.judging import Chunk, Priced
from server.services.prices.ledger import Past
from server.services.prices.listing import News, Rows
from server.services.prices.quarantine import Rules, Told
from server.services.prices.seeing import ChannelOf, Seen

SKUS_AT_ONCE = 200
OFFERS_AT_ONCE = 800
CHANNELS_AT_ONCE = 125
"""SKUs, offers (SKUs times channels) and channels in one write transaction, so that none lasts
over its budget; the door has the first channels while the next are made.
"""
TRIES = 3
"""What others keep writing meanwhile is, after so many tries, decided within the write."""


def take_products(
    ctx: Context, source: Source, batch: Batch, channels: Sequence[ChannelOf], taken: Taken
) -> None:
    """Bring ledger and offers of `channels` up to the products of `batch`."""
    settings = ctx.settings
    rules = judging.rules_of(settings.suspect_jump_percent, settings.suspect_batch_percent, source)
    key = digests.key_of(source, rules, channels)
    news = listing.read(ctx, source, batch, key, taken)
    _Taking(ctx, source, batch, channels, rules, news, taken).run()


@dataclass(frozen=True, slots=True)
class _Taking:
    """A batch that is being taken."""

    ctx: Context
    source: Source
    batch: Batch
    channels: Sequence[ChannelOf]
    rules: Rules
    news: News
    taken: Taken

    def run(self) -> None:
        """Judge it, then take it, or hold it whole."""
        suspect, seen = self._count_suspects()
        news = self.news
        told = Told(suspect, news.reported, news.listed, news.known, self.batch.whole)
        why = quarantine.held_whole(told, self.rules)
        if why and not (self.source.trust_next and why in quarantine.GONE):
            gone = len(news.gone)
            self._hold(Held(why, news.reported, news.known, suspect, gone))
            return
        for some in self._chunks():
            found = seen or self._see(some)
            self._take(some, found, self._suspicions(some, found))
        self._bury()

    def _chunks(self) -> Iterator[dict[Sku, Rows]]:
        """The rows in chunks of a few SKUs."""
        channels = max(1, min(len(self.channels), CHANNELS_AT_ONCE))
        at_once = min(SKUS_AT_ONCE, max(1, OFFERS_AT_ONCE // channels))
        for pile in self.news.piles():
            yield from listing.chunks(pile, at_once, whole=self.batch.whole)

    def _count_suspects(self) -> tuple[int, Seen | None]:
        """How many rows are suspect; and what was seen, where one chunk is all there is."""
        count, seen, chunks = 0, None, 0
        for some in self._chunks():
            if self.news.said.changed <= len(some):
                seen = self._see(some)
                pasts = seen.pasts
            else:
                pasts = self._pasts(some)
            # What is sold no more is suspect of nothing: a product goes with all its variants.
            count += sum(why != "gone" for why in self._judged(some, pasts).values())
            chunks += 1
        return count, seen if chunks == 1 else None

    def _suspicions(self, some: Mapping[Sku, Rows], seen: Seen) -> dict[Priced, str]:
        return self._judged(some, seen.pasts)

    def _judged(
        self, some: Mapping[Sku, Rows], pasts: Mapping[ledger.Pair, Past]
    ) -> dict[Priced, str]:
        reports = list(listing.flat(some))
        at_ms = self.batch.observed_at
        return judging.suspicions(self.source, reports, self.channels, pasts, at_ms, self.rules)

    def _see(self, some: Mapping[Sku, Rows]) -> Seen:
        return _see(self.ctx, self.channels, list(some), self._since)

    @property
    def _since(self) -> int | None:
        """A listing of everything may be compared with calls that came after it was read."""
        return None if self.batch.whole else self.batch.observed_at

    def _pasts(self, some: Mapping[Sku, Rows]) -> Mapping[ledger.Pair, Past]:
        with self.ctx.db.read() as session:
            ids = [channel.id for channel in self.channels]
            return folding.read(session, ids, list(some), self._since)[0]

    def _hold(self, held: Held) -> None:
        """What it would have changed goes price-free; the rest lives on until its lease ends. It is
        written down first, so that nothing goes off without saying why, and then with examples.
        """
        source, at_ms, whole = self.source.id, self.batch.observed_at, self.batch.whole
        name = batches.held_id(source, self.news.said.print())
        self.taken.held = held.why
        batches.hold(self.ctx, source, held, name, at_ms, whole=whole)
        for some in self._chunks():
            seen = self._see(some)
            suspects = self._differing(some, seen, held)
            doubted = {
                sku: rows
                for sku, all_rows in some.items()
                if (rows := [one for one in all_rows if (one.sku, one.store) in suspects])
            }
            if doubted:
                self._take(doubted, self._see(doubted), suspects, name)
        batches.hold(self.ctx, source, held, name, at_ms, whole=whole)

    def _differing(self, some: Mapping[Sku, Rows], seen: Seen, held: Held) -> dict[Priced, str]:
        """Those prices of a held batch that are suspect or differ from what is in force, and why
        they are off; one that is off already differs from that, too.
        """
        at_ms = self.batch.observed_at
        suspects, nothing = self._suspicions(some, seen), Past()
        for report in listing.flat(some):
            rows = ledger.rows_of(report, at_ms)
            concerned = judging.channels_for(self.source, report, self.channels)
            pairs = [(channel.id, Sku(report.sku)) for channel in concerned]
            known = [seen.pasts.get(pair, nothing) for pair in pairs]
            is_off = any(pair in seen.offers and seen.offers[pair].suspect for pair in pairs)
            priced = report.sku, report.store
            changes = is_off or any(past.learns(rows, at_ms) for past in known)
            if priced in suspects or changes:
                held.differs(
                    Difference(
                        report.sku,
                        self.source.store(report.store) if report.store else "",
                        report.currency,
                        known[0].price_at(at_ms) if known else None,
                        Past.of(rows).price_at(at_ms),
                        suspects.get(priced, ""),
                        self.source.currency,
                    )
                )
                suspects.setdefault(priced, f"held_{held.why}")
        return suspects

    def _take(
        self,
        some: Mapping[Sku, Rows],
        seen: Seen,
        suspects: Mapping[Priced, str],
        held: str = "",
    ) -> None:
        chunk = Chunk(some, suspects, self.batch.observed_at, not self.batch.whole, held)
        for (sku, _), why in suspects.items():
            self.taken.suspects.setdefault(sku, why)
        agrees = {}
        if self.batch.whole and not held:
            doubted = {sku for sku, _ in suspects}
            agrees = {sku: self.news.said.digest(sku) for sku in some if sku not in doubted}
        _take_chunk(self.ctx, self.source, chunk, self.channels, seen, agrees, self.taken)

    def _bury(self) -> None:
        """A whole listing without a SKU: the shop sells it no more, unless it spoke of it by itself
        since that listing began.
        """
        ctx, channels = self.ctx, self.channels
        at_once = min(SKUS_AT_ONCE, max(1, OFFERS_AT_ONCE // max(1, len(channels))))
        for gone in batched(sorted(self.news.gone), at_once):
            with ctx.db.write() as session:
                ids, at_ms = [channel.id for channel in channels], self.batch.observed_at
                spoken = offers.spoken_since(session, ids, gone, at_ms)
                skus = [sku for sku in gone if sku not in spoken]
                ledger.withdraw(session, ids, skus, at_ms, self.source.id, ctx.clock())
                products.forget(session, self.source.shop, skus, channels, ctx.clock())
                digests.forget(session, self.source.shop, skus)
                self.taken.tell(offers.recompile(ctx, session, channels, skus, ctx.clock()))


def _see(
    ctx: Context, channels: Sequence[ChannelOf], skus: Sequence[Sku], since_ms: int | None
) -> Seen:
    with ctx.db.read() as session:
        return seeing.gather(session, channels, skus, ctx.clock(), since_ms)


def _take_chunk(
    ctx: Context,
    source: Source,
    chunk: Chunk,
    channels: Sequence[ChannelOf],
    seen: Seen,
    agrees: Mapping[Sku, int],
    taken: Taken,
) -> None:
    described = products.describe(source.shop, chunk.all, seen.products, ctx.clock())
    seen = replace(seen, products=described.merged)
    memory = _Memory(source.shop, tuple(chunk.reports), agrees, digests.token())
    parts = list(batched(channels, CHANNELS_AT_ONCE)) or [[]]
    for number, part in enumerate(parts, 1):
        # Seen from the record, a product that is new comes before its first offer, new words after
        # the last: whatever is left over by a crash is made good when the batch is repeated.
        first, last = number == 1, number == len(parts)
        made = _Part(ctx, source, chunk, part, channels, described, memory, first, last)
        changes = made.write(seen, taken)
        taken.tell(changes)
        if changes:
            ctx.wake()


@dataclass(frozen=True, slots=True)
class _Memory:
    """What is to be remembered of a chunk's SKUs once all of it is written: the digests of those
    with which the record then `agrees`. Until then a token stands there; who else writes a SKU
    forgets the token with it, and then nothing is remembered.
    """

    shop: str
    skus: Sequence[Sku]
    agrees: Mapping[Sku, int]
    token: int

    def keep(self, session: Session, *, first: bool, last: bool) -> None:
        """Remember in the caller's transaction."""
        agrees = self.agrees
        if agrees and not first:
            intact = digests.intact(session, self.shop, list(agrees), self.token)
            agrees = {sku: agrees[sku] for sku in agrees if sku in intact}
        digests.forget(session, self.shop, [sku for sku in self.skus if sku not in agrees])
        digests.put(session, self.shop, agrees if last else dict.fromkeys(agrees, self.token))


@dataclass(frozen=True, slots=True)
class _Part:
    """A chunk in some channels: one transaction."""

    ctx: Context
    source: Source
    chunk: Chunk
    channels: Sequence[ChannelOf]
    all_channels: Sequence[ChannelOf]
    described: products.Described
    memory: _Memory
    first: bool
    last: bool

    def write(self, seen: Seen, taken: Taken) -> list[Change]:
        """Write what is new; the changes that followers are to be told."""
        for _ in range(TRIES):
            writes, late = self._decide(seen)
            if not writes and not self._describes and not self._remembers:
                return self._done(writes, late, taken)
            with self.ctx.db.write() as session:
                if seeing.unmoved(session, seen, self.channels):
                    self._store(session, writes)
                    return self._done(writes, late, taken)
            seen = self._merged(_see(self.ctx, self.channels, seen.skus, self.chunk.since_ms))
        with self.ctx.db.write() as session:
            seeing.lock(session, self.channels)
            now, since = self.ctx.clock(), self.chunk.since_ms
            seen = self._merged(seeing.gather(session, self.channels, seen.skus, now, since))
            writes, late = self._decide(seen)
            self._store(session, writes)
        return self._done(writes, late, taken)

    @property
    def _describes(self) -> bool:
        return (self.first and bool(self.described.new)) or (
            self.last and bool(self.described.changed)
        )

    @property
    def _remembers(self) -> bool:
        return bool(self.memory.agrees) and (self.first or self.last)

    def _merged(self, seen: Seen) -> Seen:
        return replace(seen, products=self.described.merged)

    def _decide(self, seen: Seen) -> tuple[Writes, list[Sku]]:
        verdicts, late = judging.verdicts(self.source, self.chunk, self.channels, seen)
        writes = compiling.compile_part(
            self.ctx.keys,
            Compiler(self.ctx.clock(), self.ctx.settings.price_country),
            seen,
            self.channels,
            verdicts,
            self.described.touched,
        )
        return writes, late

    def _store(self, session: Session, writes: Writes) -> None:
        now = self.ctx.clock()
        if self.first:
            products.store_new(session, self.described)
        compiling.store(session, writes)
        products.mark(session, [(row["channel"], row["sku"]) for row in writes.new], now)
        if self.last:
            products.store_changed(session, self.described, self.all_channels, now)
        self.memory.keep(session, first=self.first, last=self.last)

    def _done(self, writes: Writes, late: Sequence[Sku], taken: Taken) -> list[Change]:
        taken.prices += len(writes.entries)
        for entry in writes.entries:
            taken.share(product_name(entry.rows[0].sku), "prices")
        for sku in late:
            taken.count("out_of_order", of=product_name(sku))
        return writes.changes
