"""Connectors that are polled, for tests: set up, run when due, and what came of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from playlists.facts import FactKey
from server.db.models import ChannelRow, ConnectorRow, FactRow, OfferRow
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, Ran, run_due
from server.services.observed import facts
from tests.support.record import TestClock

EVERY_S = 60


def add(ctx: Context, kind: str, connector_id: str = "feed", **config: Any) -> str:
    wish = ConnectorWish(kind, connector_id, config, every_s=EVERY_S)
    connectors.create_connector(ctx, SYSTEM, wish, connector_id)
    return connector_id


def add_feed(ctx: Context, url: str) -> str:
    return add(ctx, "merchant", shop="pluvier", url=url)


def view(ctx: Context, connector_id: str = "feed") -> connectors.ConnectorView:
    return connectors.get_connector(ctx, SYSTEM, connector_id).value


def row(ctx: Context, connector_id: str = "feed") -> ConnectorRow:
    with ctx.db.read() as session:
        found = session.get(ConnectorRow, connector_id)
        assert found is not None
        return found


def prices(ctx: Context, sku: str, store: str = "lille") -> list[int]:
    with ctx.db.read() as session:
        offer = session.get(OfferRow, (f"pluvier@{store}", sku))
        return [step[2] for step in offer.body.get("st", ())] if offer is not None else []


def lease(ctx: Context, store: str = "lille") -> int:
    with ctx.db.read() as session:
        channel = session.get(ChannelRow, f"pluvier@{store}")
        return channel.as_of if channel is not None else 0


def stock(ctx: Context, key: str) -> object:
    with ctx.db.read() as session:
        values = session.scalars(select(FactRow.value).where(FactRow.key == FactKey(key))).all()
        return values[0] if values else None


def ran(ctx: Context, clock: TestClock, after_s: int = EVERY_S) -> list[Ran]:
    clock.advance(after_s * 1000)
    return run_due(ctx)


def fact_values(ctx: Context) -> dict[str, int]:
    with ctx.db.read() as session:
        return {one.key: int(one.value) for one in facts.latest(session, "stock:")}
