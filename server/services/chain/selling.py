"""Whose prices stores show: a shop that is newly connected takes the stores that have none."""

from __future__ import annotations

from sqlalchemy import select

from playlists.ids import check_id
from server.db.models import StoreRow
from server.services.base import audit, outbox
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import as_bad_input


def sell_at(ctx: Context, actor: Actor, shop: str) -> int:
    """Have every store without a shop show the prices of this one; how many those were. Only for
    the whole chain. Raises BadInput, Forbidden.
    """
    actor.require_chain("places")
    with as_bad_input():
        check_id(shop, "shop")
    now = ctx.clock()
    with ctx.db.write() as session:
        rows = session.scalars(
            select(StoreRow).where(StoreRow.channel.is_(None)).with_for_update()
        ).all()
        for row in rows:
            row.channel, row.version, row.edited_at = f"{shop}@{row.id}", row.version + 1, now
            before, after = {"channel": None}, {"channel": row.channel}
            audit.record(session, actor, now, "store.update", f"store:{row.id}", before, after)
        outbox.mark(session, [f"store:{row.id}" for row in rows], now)
    ctx.wake()
    return len(rows)
