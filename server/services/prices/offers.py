"""Tells a channel's followers what it says, signed: channels, their versions, deltas and wholes.

A channel's version only grows (the clock's milliseconds, so that a restored backup is ahead of
what was sent before). The delta from the version before is kept with the channel; the whole is
made when somebody asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.wire.offers import OffersMessage, offer_from_json
from server.db.models import ChannelRow, OfferRow, ProductRow, StoreRow
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.prices import compiling, leasing, past, seeing
from server.services.prices.compiling import Change
from server.services.prices.seeing import ChannelOf

_CHANNELS = (
    select(ChannelRow.id, ChannelRow.shop, ChannelRow.store_id, StoreRow.zone, StoreRow.country)
    .join(StoreRow, StoreRow.id == ChannelRow.store_id)
    .order_by(ChannelRow.id)
)


def ensure_channels(ctx: Context, shop: str) -> tuple[ChannelOf, ...]:
    """The channels of `shop`, one for each store that it prices. Missing ones are made."""
    lease_ms = leasing.settle(ctx, shop)
    with ctx.db.read() as session:
        stores = select(StoreRow.channel, StoreRow.id, StoreRow.zone, StoreRow.country).where(
            StoreRow.channel.startswith(f"{shop}@", autoescape=True)
        )
        wanted = {
            str(channel): (store, place_of(zone, country, ctx.settings.price_country))
            for channel, store, zone, country in session.execute(stores)
        }
        channels = tuple(
            _channel(*row) for row in session.execute(_CHANNELS.where(ChannelRow.shop == shop))
        )
    missing = wanted.keys() - {channel.id for channel in channels}
    if not missing:
        return channels
    with ctx.db.write() as session:
        for channel in sorted(missing):
            store, place = wanted[channel]
            session.add(
                ChannelRow(
                    id=channel,
                    shop=shop,
                    store_id=store,
                    lease_ms=lease_ms,
                    place=place,
                )
            )
    return ensure_channels(ctx, shop)


def place_of(zone: str, country: str, default: str) -> str:
    """The place that offers are written for: a time zone, and the country whose law holds."""
    return f"{zone} {country or default}"


def channels_of(session: Session, stores: Iterable[str]) -> tuple[ChannelOf, ...]:
    """The channels that price `stores`, of whichever shop."""
    rows = session.execute(_CHANNELS.where(ChannelRow.store_id.in_(list(stores))))
    return tuple(_channel(*row) for row in rows)


def channels_by_id(session: Session, ids: Iterable[str]) -> tuple[ChannelOf, ...]:
    """Those of the named channels that there are."""
    rows = session.execute(_CHANNELS.where(ChannelRow.id.in_(list(ids))))
    return tuple(_channel(*row) for row in rows)


def _channel(channel: str, *rest: str) -> ChannelOf:
    return ChannelOf(ChannelId(channel), *rest)


def known_skus(session: Session, shop: str, among: Collection[str] | None = None) -> set[str]:
    """Every SKU that the shop sells, as far as it said; only those `among`, if given."""
    query = select(ProductRow.sku).where(ProductRow.shop == shop)
    if among is None:
        return set(session.scalars(query))
    return {
        sku
        for some in batched(sorted(among), MAX_IN)
        for sku in session.scalars(query.where(ProductRow.sku.in_(some)))
    }


def spoken_since(
    session: Session, channels: Sequence[ChannelId], skus: Collection[Sku], at_ms: int
) -> set[str]:
    """Those of `skus` that their shop named by themselves after `at_ms`."""
    query = select(OfferRow.sku).where(OfferRow.sku.in_(skus), OfferRow.seen_at > at_ms)
    return {
        sku
        for some in batched(channels, MAX_IN)
        for sku in session.scalars(query.where(OfferRow.channel.in_(some)))
    }


def recompile(
    ctx: Context, session: Session, channels: Sequence[ChannelOf], skus: Iterable[Sku], now: int
) -> list[Change]:
    """Compile `skus` anew in `channels`; where an offer came out different, the channel gets a new
    version.

    Runs inside the caller's write transaction, which has flushed. A SKU without product becomes a
    tombstone.
    """
    wanted = set(skus)
    if not wanted or not channels:
        return []
    seeing.lock(session, channels)
    seen = seeing.gather(session, channels, wanted, now)
    compiler = compiling.Compiler(now, ctx.settings.price_country)
    writes = compiling.compile_part(ctx.keys, compiler, seen, channels, {}, wanted)
    compiling.store(session, writes)
    return writes.changes


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
    moved = sorted(name for name, found in versions(session).items() if sent.get(name) != found)
    rows = select(ChannelRow.id, ChannelRow.version, ChannelRow.delta)
    return [
        Change(ChannelId(channel), version, delta)
        for some in batched(moved, MAX_IN)
        for channel, version, delta in session.execute(
            rows.where(ChannelRow.id.in_(some)).order_by(ChannelRow.id)
        )
    ]


def unconfirmed(session: Session, channels: Iterable[str], as_of: int) -> list[str]:
    """Those of `channels` that the shop last confirmed before `as_of`."""
    rows = select(ChannelRow.id).where(ChannelRow.id.in_(list(channels)), ChannelRow.as_of < as_of)
    return list(session.scalars(rows.order_by(ChannelRow.id)))


def confirm(session: Session, channels: Iterable[str], as_of: int) -> None:
    """The shop answered at `as_of`: leases of its channels run from then."""
    names = list(channels)
    past.keep_silences(session, [(name, as_of) for name in names])
    session.execute(
        update(ChannelRow)
        .where(ChannelRow.id.in_(names), ChannelRow.as_of < as_of)
        .values(as_of=as_of)
    )
