"""Offers are written so many days ahead: those that a planned change has come near are compiled
again, so that a sale of next month reaches screens that will be cut off by then."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from playlists.ids import Sku
from server.db.models import LedgerEntry, OfferRow
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.prices import offers
from server.services.prices.compiling import HORIZON_MS

REST_MS = 24 * 3_600_000
"""An offer is looked at again this long after it last changed."""
SKUS_AT_ONCE = 100
"""Compiled in one transaction."""


def extend(ctx: Context) -> None:
    """Compile the offers for which the shop announced a price that was too far off to be written
    when they were compiled last."""
    now = ctx.clock()
    with ctx.db.read() as session:
        due = _due(session, now)
    for channel, skus in sorted(due.items()):
        for some in batched(sorted(skus), SKUS_AT_ONCE):
            with ctx.db.write() as session:
                named = offers.channels_by_id(session, [channel])
                offers.recompile(ctx, session, named, some, now)
    if due:
        ctx.wake()


def _due(session: Session, now: int) -> dict[str, set[Sku]]:
    """By channel the SKUs with a price that begins or ends within the horizon now, and did not
    when their offer was compiled."""
    written = OfferRow.version + HORIZON_MS

    def near(bound: object) -> object:
        return (written < bound) & (bound <= now + HORIZON_MS)  # type: ignore[operator]

    rows = (
        select(OfferRow.channel, OfferRow.sku)
        .join(
            LedgerEntry,
            (LedgerEntry.channel == OfferRow.channel) & (LedgerEntry.sku == OfferRow.sku),
        )
        .where(
            OfferRow.version < now - REST_MS,
            or_(LedgerEntry.valid_from > now, LedgerEntry.valid_until > now),
            or_(near(LedgerEntry.valid_from), near(LedgerEntry.valid_until)),  # type: ignore[arg-type]
        )
        .distinct()
    )
    found: dict[str, set[Sku]] = {}
    for channel, sku in session.execute(rows):
        found.setdefault(channel, set()).add(Sku(sku))
    return found
