"""The one-tap changes of a hand: a little longer, and once more after it was ended."""

from __future__ import annotations

from dataclasses import replace

from playlists.ids import OverrideId
from playlists.model import Override
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import Versioned
from server.services.wishes.overrides import create_override, get_override, update_override


def longer(ctx: Context, actor: Actor, override_id: str, by_ms: int) -> Versioned[Override]:
    """Move the end of a hand that holds. Raises BadInput (over the budget), NotFound, Stale."""
    actor.require("override")
    held = get_override(ctx, actor, override_id)
    later = replace(held.value, until_ms=held.value.until_ms + by_ms)
    return update_override(ctx, actor, later, held.version)


def again(ctx: Context, actor: Actor, override_id: str, until_ms: int) -> Versioned[Override]:
    """Lay a hand that was ended once more, from now until `until_ms`: the record keeps that there
    was a time without it. Raises BadInput, NotFound.
    """
    actor.require("override")
    ended = get_override(ctx, actor, override_id).value
    return create_override(
        ctx, actor, replace(ended, id=OverrideId(""), from_ms=ctx.clock(), until_ms=until_ms)
    )
