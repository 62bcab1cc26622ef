"""Leave for a page of the studio to follow screens: a signed list of those that its reader sees."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from playlists.ids import ScreenId
from playlists.wire.signed import MAX_WATCHED, Watch
from server.db.models import ScreenRow
from server.services.actors import Actor
from server.services.context import Context
from server.services.editing import missing


def watch_token(
    ctx: Context, actor: Actor, *, life_ms: int, screens: Collection[str] | None = None
) -> str:
    """A signed `enseigne.watch` for `life_ms` milliseconds: all screens that the actor sees, or
    those of `screens` that it does; the first MAX_WATCHED by id. Raises Forbidden, NotFound where
    that leaves none.
    """
    actor.require("read")
    statement = select(ScreenRow.id).order_by(ScreenRow.id).limit(MAX_WATCHED)
    if actor.stores is not None:
        statement = statement.where(ScreenRow.store_id.in_(actor.stores))
    if screens is not None:
        statement = statement.where(ScreenRow.id.in_(sorted(screens)[:MAX_WATCHED]))
    with ctx.db.read() as session:
        found = tuple(ScreenId(screen) for screen in session.scalars(statement))
    if not found:
        raise missing("screen")
    return ctx.keys.sign_watch(Watch(found, ctx.clock() + life_ms))
