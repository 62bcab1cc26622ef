"""Which prior price a campaign's reductions stand on, and on which rows of the ledger; or why no
"was" is shown (98/6/EC, article 6a, as in `playlists.ledger`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from playlists import ledger as law
from playlists.ids import ChannelId, Sku
from playlists.localtime import local_date, zone_of
from server.db.models import LedgerEntry
from server.services.base.context import Context
from server.services.calendar.floor import Shop
from server.services.prices import ledger

MAX_GOODS = 3
"""Products of a campaign whose prices are looked into."""
MAX_SHOPS = 8
"""Stores of a campaign whose prices are looked into."""
MAX_ROWS = 3
"""Rows of the ledger that are named."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A product's reduction in a store. `prior` in minor units where the law lets it be said, else
    `reason`: of `playlists.ledger.NoReduction`, or unknown where the store has no price. `first`
    and `last` are the days that count before the reduction, `recorded` how many of them the ledger
    has; `since`: its first day. `rows` are those of the ledger that hold the prior price.
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
        return tuple(_reference(session, sku, channels, found, at_ms) for sku in wanted)


def _reference(
    session: Session,
    sku: Sku,
    channels: Sequence[tuple[ChannelId, Shop]],
    found: Mapping[tuple[ChannelId, Sku], ledger.Past],
    at_ms: int,
) -> Reference:
    known = [(channel, shop) for channel, shop in channels if (channel, sku) in found]
    if not known:
        return Reference(sku, channels[0][1].name)
    channel, shop = known[0]
    past = found[channel, sku]
    elsewhere = sum(found[other, sku] is not past for other, _ in known)
    zone = zone_of(shop.calendar.zone)
    now = next((one for one in past.stretches if one.meets(at_ms, at_ms + 1)), None)
    began = law.reduction_began(past.stretches, at_ms)
    if now is None:
        return Reference(sku, shop.name, elsewhere=elsewhere)
    if began is None:
        return Reference(sku, shop.name, now.currency, now.price, None, "regular")
    begin = began - law.PRIOR_DAYS * law.DAY_MS
    prior = law.prior_price(past.stretches, began)
    recorded = sum(
        any(one.meets(day, day + law.DAY_MS) for one in past.stretches)
        for day in range(begin, began, law.DAY_MS)
    )
    lower = prior.price is not None and now.price < prior.price
    return Reference(
        *(sku, shop.name, now.currency, now.price, prior.price),
        reason=prior.reason or ("" if lower else "not_lower"),
        first=local_date(zone, begin),
        last=local_date(zone, began - 1),
        recorded=recorded,
        since=local_date(zone, past.stretches[0].from_ms),
        rows=() if prior.price is None else _rows(session, channel, sku, prior.price, begin, began),
        elsewhere=elsewhere,
    )


def _rows(
    session: Session, channel: ChannelId, sku: Sku, price: int, begin: int, end: int
) -> tuple[int, ...]:
    held = select(LedgerEntry.id).where(
        LedgerEntry.channel == channel,
        LedgerEntry.sku == sku,
        LedgerEntry.price == price,
        LedgerEntry.valid_from < end,
        or_(LedgerEntry.valid_until.is_(None), LedgerEntry.valid_until > begin),
    )
    return tuple(session.scalars(held.order_by(LedgerEntry.valid_from.desc()).limit(MAX_ROWS)))
