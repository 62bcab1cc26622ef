"""Settles a clash: writes a way out into drafts."""

from __future__ import annotations

from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.calendar.looking import Seen
from server.services.calendar.ways import Way, ops_of
from server.services.drafting import drafts


def settle(ctx: Context, actor: Actor, seen: Seen, way: Way) -> tuple[str, ...]:
    """Write a way into the drafts that it changes; their ids. All are looked at before any is
    written. Raises NotFound, Forbidden, Conflict.
    """
    campaigns = {name: one.campaign for name, one in seen.gathered.planned.items()}
    changes = ops_of(way, campaigns)
    for name in changes:
        drafts.read(ctx, actor, "campaign", name)
    for name, ops in changes.items():
        drafts.edit(ctx, actor, "campaign", name, ops)
    return tuple(changes)
