"""Brings goods back to the screens whose few pieces stayed in the store for long enough."""

from __future__ import annotations

from server.db.models import ConnectorRow
from server.services.base.context import Context
from server.services.connectors.views import stock_rules
from server.services.observed import shelves
from server.services.observed.sellable import StockRules
from server.services.prices import intake
from server.services.prices.intake import Source


def come_back(ctx: Context) -> int:
    """Look at what is out though something is there again. Returns how many facts changed."""
    with ctx.db.read() as session:
        sources = shelves.waiting(session, ctx.clock())
    return sum(
        intake.come_back(ctx, Source(id=source, stock=rules_of(ctx, source))).facts
        for source in sources
    )


def rules_of(ctx: Context, connector_id: str) -> StockRules:
    """How the counts of a source are read; as the server is set where it is none of ours."""
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, connector_id)
        return stock_rules(ctx.settings, {} if row is None else row.config)
