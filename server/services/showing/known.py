"""What a screen's device last said that it knows of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from server.db.models import ScreenRow, ScreenStateRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing

MAX_PORT = 65_535


def known_of(ctx: Context, actor: Actor, screen: str) -> Mapping[str, Any]:
    """By name, as the player reports it; nothing of an older one. Raises NotFound."""
    actor.require("read")
    with ctx.db.read() as session:
        place = session.get(ScreenRow, screen)
        if place is None or not actor.sees(place.store_id):
            raise missing("screen")
        state = session.get(ScreenStateRow, screen)
        told = state.report.get("device") if state is not None else None
        return dict(told) if isinstance(told, dict) else {}


def page_port(known: Mapping[str, Any]) -> int | None:
    """The port of a screen's own page, where its player runs on the server's machine."""
    port = known.get("page_port")
    return port if type(port) is int and 0 < port <= MAX_PORT else None


def a_page(ctx: Context, actor: Actor) -> int | None:
    """The port of the first screen that has such a page; None where there is none."""
    actor.require("read")
    told = ScreenStateRow.report["device"]["page_port"].as_string()
    rows = (
        select(ScreenRow.id)
        .join(ScreenStateRow, ScreenStateRow.screen_id == ScreenRow.id)
        .where(told.is_not(None))
        .order_by(ScreenRow.id)
        .limit(1)
    )
    if actor.stores is not None:
        rows = rows.where(ScreenRow.store_id.in_(sorted(actor.stores)))
    with ctx.db.read() as session:
        screen = session.scalar(rows)
    return page_port(known_of(ctx, actor, screen)) if screen is not None else None
