"""Which playlists every store may show by its own hand, also where no campaign brings them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.models import PlaylistRow, SettingRow
from server.errors import BadInput
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context

KEY = "local_use"
MAX_PLAYLISTS = 200
"""Playlists for local use: a choice that fits a thumb."""


def local_playlists(session: Session) -> frozenset[str]:
    """The ids of the playlists for local use."""
    row = session.get(SettingRow, KEY)
    return frozenset(row.value["playlists"]) if row is not None else frozenset()


def set_local_use(ctx: Context, actor: Actor, playlists: Collection[str]) -> None:
    """Let every store show these playlists by hand, and no others beside what reaches it anyway.
    Raises Forbidden unless the actor edits content of the whole chain, BadInput for too many or one
    that is not there.
    """
    actor.require_chain("content")
    wanted = sorted(set(playlists))
    if len(wanted) > MAX_PLAYLISTS:
        message = f"At most {MAX_PLAYLISTS} playlists are for local use."
        raise BadInput(message, field="playlists")
    now = ctx.clock()
    with ctx.db.write() as session:
        known = set(session.scalars(select(PlaylistRow.id).where(PlaylistRow.id.in_(wanted))))
        if len(known) < len(wanted):
            message = "One of these playlists is not there any more."
            raise BadInput(message, field="playlists", code="no_such_playlist")
        row = session.get(SettingRow, KEY, with_for_update=True)
        before = row.value if row is not None else {"playlists": []}
        after = {"playlists": wanted}
        if row is None:
            session.add(SettingRow(key=KEY, value=after))
        else:
            row.value = after
        audit.record(session, actor, now, "playlist.local_use", "setting:local_use", before, after)
