"""Offers are written for a place: once a store goes by another clock, or by another country's law,
what its channels say is compiled again.
"""

from __future__ import annotations

from sqlalchemy import select, update

from playlists.ids import Sku
from server.db.models import ChannelRow, OfferRow, StoreRow
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.prices import offers

SKUS_AT_ONCE = 100
"""Compiled in one transaction."""


def follow(ctx: Context) -> None:
    """Compile anew what channels say whose store is elsewhere than their offers were written for.

    A channel of which nobody noted that place is taken to be where it is.
    """
    query = select(ChannelRow.id, ChannelRow.place, StoreRow.zone, StoreRow.country).join(
        StoreRow, StoreRow.id == ChannelRow.store_id
    )
    with ctx.db.read() as session:
        found = [
            (channel, written, offers.place_of(zone, country, ctx.settings.price_country))
            for channel, written, zone, country in session.execute(query.order_by(ChannelRow.id))
        ]
    moved = [(channel, written, place) for channel, written, place in found if written != place]
    for channel, written, place in moved:
        if written:
            _write_anew(ctx, channel)
        with ctx.db.write() as session:
            session.execute(update(ChannelRow).where(ChannelRow.id == channel).values(place=place))
    if moved:
        ctx.wake()


def _write_anew(ctx: Context, channel: str) -> None:
    with ctx.db.read() as session:
        skus = list(session.scalars(select(OfferRow.sku).where(OfferRow.channel == channel)))
    for some in batched(sorted(skus), SKUS_AT_ONCE):
        with ctx.db.write() as session:
            named = offers.channels_by_id(session, [channel])
            offers.recompile(ctx, session, named, map(Sku, some), ctx.clock())
