"""Compiles what screens may say of a SKU, and tells a channel's followers what changed, signed.

A channel's version only grows (the clock's milliseconds, so that a restored backup is ahead of
what was sent before). The delta from the version before is kept with the channel; the whole is
made when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from playlists import ledger as law
from playlists.admission import next_revision
from playlists.facts import KINDS, FactKey, value_at
from playlists.facts import fact_line as line_of
from playlists.ids import ChannelId, Sku
from playlists.pricing import Offer, StockText
from playlists.wire.offers import OffersMessage, offer_from_json, offer_to_json
from server.db.models import ChannelRow, OfferRow, ProductRow, StoreRow
from server.services import facts as fact_services
from server.services import ledger, texts
from server.services.context import Context

HORIZON_MS = 40 * 86_400_000
"""Steps are written this far ahead: sales begin and end offline for the whole window."""
STOCK = KINDS["stock"]


_CHANNELS = (
    select(ChannelRow.id, ChannelRow.shop, ChannelRow.store_id, StoreRow.zone)
    .join(StoreRow, StoreRow.id == ChannelRow.store_id)
    .order_by(ChannelRow.id)
)


@dataclass(frozen=True, slots=True)
class Change:
    """A channel's new version with the signed delta that leads to it."""

    channel: ChannelId
    version: int
    jws: str


@dataclass(frozen=True, slots=True)
class ChannelOf:
    """A channel with its shop, its store and the store's time zone."""

    id: ChannelId
    shop: str
    store: str
    zone: str


def ensure_channels(ctx: Context, shop: str) -> tuple[ChannelOf, ...]:
    """The channels of `shop`, one for each store that it prices. Missing ones are made."""
    with ctx.db.read() as session:
        stores = session.scalars(select(StoreRow).where(StoreRow.channel.startswith(f"{shop}@")))
        wanted = {str(row.channel): row.id for row in stores}
        channels = tuple(
            _channel(*row) for row in session.execute(_CHANNELS.where(ChannelRow.shop == shop))
        )
    missing = wanted.keys() - {channel.id for channel in channels}
    if not missing:
        return channels
    with ctx.db.write() as session:
        for channel in sorted(missing):
            session.add(
                ChannelRow(
                    id=channel,
                    shop=shop,
                    store_id=wanted[channel],
                    lease_ms=ctx.settings.lease_ms,
                )
            )
    return ensure_channels(ctx, shop)


def channels_of(session: Session, stores: Iterable[str]) -> tuple[ChannelOf, ...]:
    """The channels that price `stores`, of whichever shop."""
    rows = session.execute(_CHANNELS.where(ChannelRow.store_id.in_(list(stores))))
    return tuple(_channel(*row) for row in rows)


def channels_by_id(session: Session, ids: Iterable[str]) -> tuple[ChannelOf, ...]:
    """Those of the named channels that there are."""
    rows = session.execute(_CHANNELS.where(ChannelRow.id.in_(list(ids))))
    return tuple(_channel(*row) for row in rows)


def _channel(channel: str, shop: str, store: str, zone: str) -> ChannelOf:
    return ChannelOf(ChannelId(channel), shop, store, zone)


def known_skus(session: Session, shop: str) -> set[str]:
    """Every SKU that the shop sells, as far as it said."""
    return set(session.scalars(select(ProductRow.sku).where(ProductRow.shop == shop)))


def held(
    session: Session, channels: Sequence[ChannelOf], skus: Sequence[Sku]
) -> dict[tuple[str, str], OfferRow]:
    """The offers of `skus` in `channels` as they stand, by channel and SKU."""
    ids = [channel.id for channel in channels]
    return {
        (row.channel, row.sku): row
        for at in range(0, len(skus), ledger.IN_ROWS)
        for row in session.scalars(
            select(OfferRow).where(
                OfferRow.channel.in_(ids), OfferRow.sku.in_(skus[at : at + ledger.IN_ROWS])
            )
        )
    }


def compile_offer(
    sku: Sku,
    zone: str,
    rows: ledger.History,
    product: ProductRow,
    stock: StockText | None,
    suspect: str,
    now: int,
) -> Offer:
    """The offer of one SKU: price steps with their lawful texts, or none and the reason."""
    names = _names(product, sku)
    if suspect:
        return Offer(sku, "", (), names, stock, f"suspect:{suspect}")
    ahead = law.steps(rows, now, now + HORIZON_MS)
    if not ahead:
        return Offer(sku, "", (), names, stock, "no_price")
    currency = max(rows, key=lambda row: row.recorded_at).currency
    steps = tuple(texts.offer_step(step, currency, zone) for step in ahead)
    reason = "" if ahead[0].reason in ("", "regular") else f"prior:{ahead[0].reason}"
    return Offer(sku, currency, steps, names, stock, reason)


def _names(product: ProductRow, sku: Sku) -> Mapping[str, Mapping[str, str]]:
    given: Mapping[str, Mapping[str, str]] = product.names
    fallback = next(iter(given.values()), {"name": str(sku), "lead": ""})
    return {
        language: {
            "name": given.get(language, fallback).get("name") or str(sku),
            "lead": given.get(language, fallback).get("lead", ""),
            "pricefree": texts.price_free(language),
        }
        for language in texts.LANGUAGES
    }


def recompile(
    ctx: Context, session: Session, channels: Sequence[ChannelOf], skus: Iterable[Sku], now: int
) -> list[Change]:
    """Compile `skus` anew in `channels`; where an offer came out different, the channel gets a new
    version.

    Runs inside the caller's write transaction. A SKU without product and ledger rows becomes a
    tombstone.
    """
    wanted = sorted(set(skus))
    if not wanted or not channels:
        return []
    ids = [channel.id for channel in channels]
    history = ledger.histories(session, ids, wanted)
    products = _products(session, channels[0].shop, wanted)
    standing = held(session, channels, wanted)
    stock = _stock(session, channels, wanted, now)
    rows = {
        row.id: row for row in session.scalars(select(ChannelRow).where(ChannelRow.id.in_(ids)))
    }
    changes = []
    for channel in channels:
        row = rows[channel.id]
        version = next_revision(row.version, now)
        changed: list[Offer] = []
        gone: list[Sku] = []
        for sku in wanted:
            last = standing.get((channel.id, sku))
            if sku not in products:
                if last is not None:
                    session.delete(last)
                    gone.append(sku)
                continue
            offer = compile_offer(
                sku,
                channel.zone,
                history.get((channel.id, sku), ()),
                products[sku],
                stock.get((channel.store, sku)),
                last.suspect if last is not None else "",
                now,
            )
            body = offer_to_json(offer)
            if last is not None and last.body == body:
                continue
            if last is None:
                session.add(OfferRow(channel=channel.id, sku=sku, body=body, version=version))
            else:
                last.body, last.version = body, version  # type: ignore[assignment]
            changed.append(offer)
        if changed or gone:
            lease = (row.as_of, row.lease_ms)
            message = OffersMessage(
                channel.id, row.version, version, tuple(changed), tuple(gone), lease
            )
            row.delta_from, row.delta = row.version, ctx.keys.sign_offers(message)
            row.version = version
            changes.append(Change(channel.id, version, row.delta))
    return changes


def _products(session: Session, shop: str, skus: Sequence[Sku]) -> dict[Sku, ProductRow]:
    return {
        Sku(row.sku): row
        for at in range(0, len(skus), ledger.IN_ROWS)
        for row in session.scalars(
            select(ProductRow).where(
                ProductRow.shop == shop, ProductRow.sku.in_(skus[at : at + ledger.IN_ROWS])
            )
        )
    }


def _stock(
    session: Session, channels: Sequence[ChannelOf], skus: Sequence[Sku], now: int
) -> dict[tuple[str, Sku], StockText]:
    keys = {
        FactKey(f"stock:{sku}@{channel.store}"): (channel.store, sku)
        for channel in channels
        for sku in skus
    }
    found = {}
    for key, facts in fact_services.facts_for(session, keys).items():
        line = line_of(facts, key, now, now + 1)
        quantity = None if line is None else value_at(line, now)
        if line is not None and isinstance(quantity, int):
            said = texts.stock_text(quantity, (line.source, STOCK.max_age_ms))
            if said is not None:
                found[keys[key]] = said
    return found


def snapshot(ctx: Context, session: Session, channel: str) -> Change | None:
    """The whole channel as one signed message; None where there is no such channel, or nothing in
    it yet.
    """
    row = session.get(ChannelRow, channel)
    if row is None or not row.version:
        return None
    offers = session.scalars(
        select(OfferRow).where(OfferRow.channel == channel).order_by(OfferRow.sku)
    )
    message = OffersMessage(
        ChannelId(channel),
        0,
        row.version,
        tuple(offer_from_json(offer.body) for offer in offers),
        lease=(row.as_of, row.lease_ms),
    )
    return Change(ChannelId(channel), row.version, ctx.keys.sign_offers(message))


def messages_from(ctx: Context, session: Session, channel: str, held: int) -> tuple[str, ...]:
    """What brings a player that holds version `held` up to date: nothing, the last delta, or the
    whole.
    """
    row = session.get(ChannelRow, channel)
    if row is None or not row.version or row.version == held:
        return ()
    if held and held == row.delta_from:
        return (row.delta,)
    whole = snapshot(ctx, session, channel)
    return () if whole is None else (whole.jws,)


def versions(session: Session) -> dict[ChannelId, int]:
    """The version of every channel that has one."""
    rows = session.execute(select(ChannelRow.id, ChannelRow.version).where(ChannelRow.version > 0))
    return {ChannelId(channel): version for channel, version in rows}


def pending(session: Session, sent: Mapping[str, int]) -> list[Change]:
    """The last delta of every channel whose version differs from the one that the door was sent."""
    rows = session.execute(
        select(ChannelRow.id, ChannelRow.version, ChannelRow.delta).where(ChannelRow.version > 0)
    )
    return [
        Change(ChannelId(channel), version, delta)
        for channel, version, delta in rows
        if sent.get(channel) != version
    ]


def confirm(session: Session, channels: Iterable[str], as_of: int) -> None:
    """The shop answered at `as_of`: leases of its channels run from then."""
    session.execute(
        update(ChannelRow)
        .where(ChannelRow.id.in_(list(channels)), ChannelRow.as_of < as_of)
        .values(as_of=as_of)
    )
