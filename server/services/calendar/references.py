"""Which prior price a campaign's reductions stand on, and on which rows of the ledger; or why no
"was" is shown, by the law of the store's country (`playlists.law`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.law.countries import PRIOR_DAYS, CountryRules, rules_of
from playlists.law.display import displays
from playlists.law.reductions import PLAIN_GOODS, Goods, Prior, prior_price, reduction_at
from playlists.ledger import Stretch
from playlists.localtime import day_start, local_date, zone_of
from server.db.models import LedgerEntry
from server.services.base.context import Context
from server.services.calendar.floor import Shop
from server.services.prices import ledger, products

MAX_GOODS = 3
"""Products of a campaign whose prices are looked into."""
MAX_SHOPS = 8
"""Stores of a campaign whose prices are looked into."""
MAX_ROWS = 3
"""Rows of the ledger that are named."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A product's reduction in a store. `prior` in minor units where the law lets it be said, else
    `reason`: a NoReduction of `playlists.law`, or unknown where the store has no price. `first` and
    `last` are the days that count before the reduction, `recorded` how many of them the ledger has;
    `since`: its first day. `rows` are those of the ledger that hold the prior price, which is a
    `basis` (of `playlists.law`).
    """

    sku: str
    shop: str
    currency: str = ""
    price: int | None = None
    prior: int | None = None
    reason: str = "unknown"
    first: date | None = None
    last: date | None = None
    recorded: int = 0
    since: date | None = None
    rows: tuple[int, ...] = ()
    basis: str = ""
    elsewhere: int = 0
    """Stores, of those looked into, whose history is another."""


def references(
    ctx: Context, skus: Sequence[str], shops: Sequence[Shop], at_ms: int
) -> tuple[Reference, ...]:
    """What products are reduced from at an instant, in the first of some stores with a price."""
    channels = [(ChannelId(shop.channel), shop) for shop in shops[:MAX_SHOPS] if shop.channel]
    wanted = [Sku(sku) for sku in dict.fromkeys(skus)][:MAX_GOODS]
    if not channels or not wanted:
        return ()
    with ctx.db.read() as session:
        found, _ = ledger.histories(session, [channel for channel, _ in channels], wanted)
        read = _Read(session, found, ctx.settings.price_country)
        return tuple(_reference(read, sku, channels, at_ms) for sku in wanted)


@dataclass(frozen=True, slots=True)
class _Read:
    session: Session
    pasts: Mapping[tuple[ChannelId, Sku], ledger.Past]
    country: str
    """Whose law holds where a store names none."""

    def goods(self, channel: ChannelId, sku: Sku) -> Goods:
        shop = channel.partition("@")[0]
        return products.lawful(self.session, shop, [sku]).get(sku, PLAIN_GOODS)

    def rules(self, shop: Shop) -> CountryRules:
        return rules_of(shop.country or self.country)


def _reference(
    read: _Read, sku: Sku, channels: Sequence[tuple[ChannelId, Shop]], at_ms: int
) -> Reference:
    known = [(channel, shop) for channel, shop in channels if (channel, sku) in read.pasts]
    if not known:
        return Reference(sku, channels[0][1].name)
    channel, shop = known[0]
    past = read.pasts[channel, sku]
    elsewhere = sum(read.pasts[other, sku] is not past for other, _ in known)
    place, rules, goods = shop.calendar.zone, read.rules(shop), read.goods(channel, sku)
    shown = displays(past.stretches, at_ms, at_ms + 1, place, rules, goods)
    reduction = reduction_at(past.stretches, at_ms)
    if not shown:
        return Reference(sku, shop.name, elsewhere=elsewhere)
    now = shown[0]
    if reduction is None:
        return Reference(sku, shop.name, now.currency, now.price, None, "regular")
    prior = prior_price(past.stretches, reduction, place, rules, goods)
    zone = zone_of(place)
    return Reference(
        *(sku, shop.name, now.currency, now.price, prior.price),
        reason=now.reason,
        first=local_date(zone, prior.from_ms),
        last=local_date(zone, prior.until_ms - 1),
        recorded=_recorded(past.stretches, prior, place),
        since=local_date(zone, past.stretches[0].from_ms),
        rows=_rows(read.session, channel, sku, prior),
        basis=prior.basis,
        elsewhere=elsewhere,
    )


def _recorded(stretches: Sequence[Stretch], prior: Prior, place: str) -> int:
    """On how many of the days that count the ledger has a price."""
    zone = zone_of(place)
    first = local_date(zone, prior.from_ms)
    bounds = [day_start(zone, first + timedelta(days=n)) for n in range(PRIOR_DAYS + 1)]
    return sum(
        any(one.meets(begin, min(end, prior.until_ms)) for one in stretches)
        for begin, end in pairwise(bounds)
        if begin < prior.until_ms
    )


def _rows(session: Session, channel: ChannelId, sku: Sku, prior: Prior) -> tuple[int, ...]:
    if prior.price is None:
        return ()
    held = select(LedgerEntry.id).where(
        LedgerEntry.channel == channel,
        LedgerEntry.sku == sku,
        LedgerEntry.price == prior.price,
        LedgerEntry.valid_from < prior.until_ms,
        or_(LedgerEntry.valid_until.is_(None), LedgerEntry.valid_until > prior.from_ms),
    )
    return tuple(session.scalars(held.order_by(LedgerEntry.valid_from.desc()).limit(MAX_ROWS)))
