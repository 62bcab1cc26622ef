"""What a screen's device last said that it knows of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.db.models import ScreenRow, ScreenStateRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing


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
