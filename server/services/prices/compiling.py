"""Compiles what screens may say of a SKU, and writes it.

`compile_part` is pure: it takes what was seen of the record and says what to write, signed deltas
included, so that a write transaction (`store`) holds no work but its statements.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy import delete as delete_from
from sqlalchemy.orm import Session

from playlists.admission import next_revision
from playlists.ids import ChannelId, Sku, canonical
from playlists.law.countries import rules_of
from playlists.law.display import displays
from playlists.pricing import Offer, Step, StockText
from playlists.wire.offers import OffersMessage, offer_to_json
from server.services.base.keys import Keys
from server.services.base.naming import Names
from server.services.prices import ledger, past, products, texts, withholding
from server.services.prices.ledger import NOTHING, Entry, Pair, Past
from server.services.prices.seeing import (
    CHANNELS,
    OFFERS,
    ChannelOf,
    ChannelState,
    Product,
    Seen,
    Standing,
)
from server.services.wishes.drawn import shown_in_pictures

HORIZON_MS = 40 * 86_400_000
"""Steps are written this far ahead: sales begin and end offline for the whole window."""
RENEWED_IN = 8
"""A price that the shop confirms alone and does not change is sent again once this part of its
lease has gone by, so that a shop that repeats itself is not a stream of messages.
"""

REJECTED = "rejected"
"""What is held against a price that a person rejected, once the last good one has ended too."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A channel's new version with the signed delta that leads to it."""

    channel: ChannelId
    version: int
    jws: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a report means for one offer: what is held against it, what to append to the ledger.

    `touched`: the offer may come out different. `confirmed_at` (unix ms, 0: not) is when the shop
    named this price by itself; `seen_at` and `kept_until` are as the offer's row says them.
    """

    suspect: str
    seen_version: str
    pending: Row | None
    past: Past
    entry: Entry | None
    touched: bool
    confirmed_at: int = 0
    seen_at: int = 0
    kept_until: int = 0


@dataclass(slots=True)
class Writes:
    """Rows to write, by statement, as decided at an instant (unix ms)."""

    at_ms: int
    entries: list[Entry] = field(default_factory=list)
    new: list[Row] = field(default_factory=list)
    bodies: list[Row] = field(default_factory=list)
    judged: list[Row] = field(default_factory=list)
    both: list[Row] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    channels: list[Row] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    tills: list[withholding.TillWrite] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.entries, self.new, self.judged, self.both, self.channels, self.tills))


class Compiler:
    """Makes offers at one instant: channels with one history, place and doubt share the work.

    `country` is whose law holds for channels whose store names none.
    """

    def __init__(self, now: int, country: str) -> None:
        self.now = now
        self._country = country
        self._priced: dict[tuple[Sku, Past, str, str, str], Offer] = {}
        self._bodies: dict[int, tuple[Offer, Any]] = {}
        self._bytes: dict[int, tuple[Offer, bytes]] = {}
        self._confirmed: dict[tuple[int, int], tuple[Offer, Offer]] = {}

    def offer(
        self,
        sku: Sku,
        channel: ChannelOf,
        past: Past,
        product: Product,
        stock: StockText | None,
        suspect: str,
        kept_until: int = 0,
    ) -> Offer:
        """The offer of one SKU: price steps with their lawful texts, or none and the reason. A
        price that a person keeps though the shop says another ends at `kept_until` (unix ms).
        """
        if kept_until:
            kept = self.offer(sku, channel, past, product, stock, suspect or REJECTED)
            if suspect or kept_until <= self.now:
                return kept
            good = self.offer(sku, channel, past, product, stock, "")
            return replace(good, steps=_ending(good.steps, kept_until))
        country = channel.country or self._country
        key = (sku, past, channel.zone, country, suspect)
        offer = self._priced.get(key)
        if offer is None:
            place = (channel.zone, country)
            offer = self._priced[key] = self._price(sku, place, past, product, suspect)
        if stock is None:
            return offer
        return Offer(sku, offer.currency, offer.steps, offer.names, stock, offer.reason)

    def confirmed(self, offer: Offer, at_ms: int) -> Offer:
        """The offer with the instant at which the shop last confirmed it by itself."""
        if not at_ms:
            return offer
        key = (id(offer), at_ms)
        if key not in self._confirmed:
            self._confirmed[key] = (offer, replace(offer, confirmed_at=at_ms))
        return self._confirmed[key][1]

    def body(self, offer: Offer) -> Any:
        """The offer as on the wire."""
        if offer.stock is not None:
            return offer_to_json(offer)
        if id(offer) not in self._bodies:
            self._bodies[id(offer)] = (offer, offer_to_json(offer))
        return self._bodies[id(offer)][1]

    def offer_bytes(self, offer: Offer) -> bytes:
        """The offer as it is signed."""
        if id(offer) not in self._bytes:
            self._bytes[id(offer)] = (offer, canonical(self.body(offer)))
        return self._bytes[id(offer)][1]

    def _price(
        self, sku: Sku, place: tuple[str, str], past: Past, product: Product, suspect: str
    ) -> Offer:
        names = _names(product.names, sku)
        if suspect:
            return Offer(sku, "", (), names, None, f"suspect:{suspect}")
        (zone, country), until = place, self.now + HORIZON_MS
        rules, goods = rules_of(country), product.goods
        ahead = displays(past.stretches, self.now, until, zone, rules, goods)
        if not ahead:
            return Offer(sku, "", (), names, None, "no_price")
        steps = tuple(texts.offer_step(shown, zone) for shown in ahead)
        reason = "" if ahead[0].reason in ("", "regular") else f"prior:{ahead[0].reason}"
        return Offer(sku, ahead[0].currency, steps, names, None, reason)


def compile_part(
    keys: Keys,
    compiler: Compiler,
    seen: Seen,
    channels: Sequence[ChannelOf],
    verdicts: Mapping[Pair, Verdict],
    touched: Collection[Sku],
) -> Writes:
    """What to write so that `channels` say what was `seen`, the `verdicts` on it included.

    `touched` are SKUs to look at everywhere. A SKU without a product becomes a tombstone.
    """
    writes = Writes(compiler.now)
    for channel in channels:
        state = seen.states[channel.id]
        version = next_revision(state.version, compiler.now)
        changed: list[Offer] = []
        gone: list[Sku] = []
        for sku in seen.skus:
            pair = (channel.id, sku)
            last, verdict = seen.offers.get(pair), verdicts.get(pair)
            if verdict is not None and verdict.entry is not None:
                writes.entries.append(verdict.entry)
            product = seen.products.get(sku)
            if product is None:
                if last is not None:
                    writes.gone.append({"c": channel.id, "s": sku, "version": version})
                    gone.append(sku)
                continue
            judged = _judged(last, verdict)
            offer = None
            alone = verdict.confirmed_at if verdict else 0
            due = last is not None and _renews(alone, last, state)
            if sku in touched or due or (verdict and (last is None or verdict.touched)):
                doubt = verdict.suspect if verdict else last.suspect if last else ""
                kept = verdict.kept_until if verdict else last.kept_until if last else 0
                past = verdict.past if verdict else seen.pasts.get(pair, NOTHING)
                stock = seen.stock.get((channel.store, sku))
                offer = compiler.offer(sku, channel, past, product, stock, doubt, kept)
                said = last.body if last else None
                offer, till = withholding.gated(
                    *(seen.withheld, pair, channel.store, offer, said, version, compiler.now)
                )
                if till is not None:
                    writes.tills.append(till)
                renewed = due and bool(offer.steps)
                if last is not None and not renewed and last.says(compiler.body(offer)):
                    offer = None
            if offer is None:
                if judged is not None:
                    writes.judged.append({"c": channel.id, "s": sku, **judged})
                continue
            offer = compiler.confirmed(offer, max(alone, last.confirmed_at if last else 0))
            changed.append(offer)
            made = {"body": compiler.body(offer), "version": version}
            if last is None:
                writes.new.append({"channel": channel.id, "sku": sku, **made, **(judged or _FRESH)})
            elif judged is None:
                writes.bodies.append({"c": channel.id, "s": sku, **made})
            else:
                writes.both.append({"c": channel.id, "s": sku, **made, **judged})
        if changed or gone:
            lease = (state.as_of, state.lease_ms)
            message = OffersMessage(
                channel.id, state.version, version, tuple(changed), tuple(gone), lease
            )
            jws = keys.sign_offers(message, compiler.offer_bytes)
            writes.channels.append(
                {
                    "c": channel.id,
                    "version": version,
                    "delta": jws,
                    "delta_from": state.version,
                }
            )
            writes.changes.append(Change(channel.id, version, jws))
    return writes


def _renews(confirmed_at: int, last: Standing, state: ChannelState) -> bool:
    """Whether a price's lease is to run anew because the shop named it, though it stands."""
    return confirmed_at - max(last.confirmed_at, state.as_of) > state.lease_ms // RENEWED_IN


def _judged(last: Standing | None, verdict: Verdict | None) -> Row | None:
    if verdict is None:
        return None
    judged = {name: getattr(verdict, name) for name in _JUDGED}
    if last is not None and judged == {name: getattr(last, name) for name in _JUDGED}:
        return None
    return judged


def _ending(steps: tuple[Step, ...], end_ms: int) -> tuple[Step, ...]:
    """Those steps that begin before an instant, ended there."""
    return tuple(
        step
        if step.until_ms is not None and step.until_ms <= end_ms
        else replace(step, until_ms=end_ms)
        for step in steps
        if step.from_ms < end_ms
    )


_HERE = (OFFERS.c.channel == bindparam("c"), OFFERS.c.sku == bindparam("s"))


def _update(*columns: str) -> Any:
    return update(OFFERS).where(*_HERE).values({name: bindparam(name) for name in columns})


_JUDGED = ("suspect", "seen_version", "pending", "seen_at", "kept_until")
_FRESH: Row = {"suspect": "", "seen_version": "", "pending": None, "seen_at": 0, "kept_until": 0}
_BODY = ("body", "version")
_UPDATE_CHANNEL = (
    update(CHANNELS)
    .where(CHANNELS.c.id == bindparam("c"))
    .values(
        {name: bindparam(name) for name in ("version", "delta", "delta_from")},
    )
)


def store(session: Session, writes: Writes) -> None:
    """Write it in the caller's transaction, and mark the prices that pictures show."""
    ledger.append(session, writes.entries, writes.at_ms)
    past.keep_offers(session, [*writes.bodies, *writes.both, *writes.gone])
    past.keep_deltas(session, writes.channels)
    connection = session.connection()
    for statement, rows in (
        (insert(OFFERS), writes.new),
        (_update(*_BODY), writes.bodies),
        (_update(*_JUDGED), writes.judged),
        (_update(*_BODY, *_JUDGED), writes.both),
        (delete_from(OFFERS).where(*_HERE), writes.gone),
        (_UPDATE_CHANNEL, writes.channels),
    ):
        if rows:
            connection.execute(statement, rows)
    withholding.store(session, writes.tills, writes.at_ms)
    moved = [(row["c"], row["s"]) for row in (*writes.bodies, *writes.both, *writes.gone)]
    moved += [(row["channel"], row["sku"]) for row in writes.new]
    shown = shown_in_pictures(session, {sku for _, sku in moved})
    products.mark(session, [pair for pair in moved if pair[1] in shown], writes.at_ms)


def _names(given: Names, sku: Sku) -> Names:
    fallback = next(iter(given.values()), {"name": str(sku), "lead": ""})
    return {
        language: {
            "name": given.get(language, fallback).get("name") or str(sku),
            "lead": given.get(language, fallback).get("lead", ""),
            "pricefree": texts.price_free(language),
        }
        for language in texts.LANGUAGES
    }
