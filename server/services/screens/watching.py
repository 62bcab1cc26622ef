"""Leave for a page of the studio to follow screens: a signed list of those that its reader sees."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from playlists.ids import ScreenId, Sha256
from playlists.wire.signed import MAX_WATCHED, Watch
from server.db.models import ScreenRow
from server.errors import Unauthenticated
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.entry import people
from server.services.entry.ended import LEAVE_LIFE_MS
from server.services.screens import devices

WATCHER = "watch"
"""The name under which whoever holds a signed leave reads."""


def watch_token(
    ctx: Context, actor: Actor, *, life_ms: int, screens: Collection[str] | None = None
) -> str:
    """A signed `enseigne.watch` for `life_ms` milliseconds (LEAVE_LIFE_MS at most), or until the
    actor's session or token ends: all screens that the actor sees, or those of `screens` that it
    does; the first MAX_WATCHED by id. Raises Forbidden, NotFound where that leaves none,
    Unauthenticated for an actor who came in by nothing that can be ended.
    """
    actor.require("read")
    statement = select(ScreenRow.id).order_by(ScreenRow.id).limit(MAX_WATCHED)
    if actor.stores is not None:
        statement = statement.where(ScreenRow.store_id.in_(actor.stores))
    if screens is not None:
        statement = statement.where(ScreenRow.id.in_(sorted(screens)[:MAX_WATCHED]))
    with ctx.db.read() as session:
        until = people.leave_until(session, actor, ctx.clock() + min(life_ms, LEAVE_LIFE_MS))
        found = tuple(ScreenId(screen) for screen in session.scalars(statement))
    if not found:
        raise missing("screen")
    return ctx.keys.sign_watch(Watch(found, until, Sha256(actor.under)))


def watcher(ctx: Context, token: str) -> tuple[Actor, frozenset[str]]:
    """Whoever holds a signed leave to follow screens: someone who may only read, within the stores
    of those screens; and the screens. Raises Unauthenticated.
    """
    viewer = devices.authenticate(ctx, token)
    if viewer.device:
        raise Unauthenticated("This is no leave to follow screens.")
    screens = frozenset(viewer.screens)
    with ctx.db.read() as session:
        stores = session.scalars(select(ScreenRow.store_id).where(ScreenRow.id.in_(screens)))
        return Actor(WATCHER, "", frozenset({"read"}), frozenset(stores)), screens
