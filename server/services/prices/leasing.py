"""How long a shop's prices may show after it last confirmed them, as its connectors are set up."""

from __future__ import annotations

from sqlalchemy import case, select, update

from server.db.models import ChannelRow, ConnectorRow
from server.services.base.context import Context


def settle(ctx: Context, shop: str) -> int:
    """Bring a shop's channels to the lease that it is set to; returns that, in milliseconds.

    Of several sources of one shop the shortest counts; where none names a lease, the server's. What
    screens out of reach hold from before may be longer: until then is kept, for recalls.
    """
    with ctx.db.read() as session:
        configs = session.scalars(select(ConnectorRow.config).where(ConnectorRow.enabled))
        given = [config.get("lease_s") for config in configs if config.get("shop") == shop]
        lease = min((int(one) * 1000 for one in given if one), default=ctx.settings.lease_ms)
        others = (ChannelRow.shop == shop, ChannelRow.lease_ms != lease)
        if session.scalar(select(ChannelRow.id).where(*others).limit(1)) is None:
            return lease
    ends = ChannelRow.as_of + ChannelRow.lease_ms
    longer = case((ChannelRow.longer_until > ends, ChannelRow.longer_until), else_=ends)
    with ctx.db.write() as session:
        session.execute(
            update(ChannelRow).where(*others).values(lease_ms=lease, longer_until=longer)
        )
    return lease
