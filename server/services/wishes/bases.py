"""Base playlists: what plays on a screen, in a store or in the chain when nothing else does."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import check_id
from playlists.model import Base
from server.db.mappers import base_from
from server.db.models import BaseRow, PlaylistRow, ScreenRow, StoreRow
from server.errors import BadInput
from server.services.base import audit, outbox
from server.services.base.actors import Actor, Scope
from server.services.base.context import Context
from server.services.base.editing import Versioned, as_bad_input, check_version, locked, missing
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.wishes.reach import sees_playlist
from server.services.wishes.zones import check_zone


def set_base(
    ctx: Context, actor: Actor, base: Base, if_version: int | None = None
) -> Versioned[Base]:
    """Say what plays in a zone of a screen, a store or the chain when nothing else does."""
    now = ctx.clock()
    with ctx.db.write() as session:
        _check_base_owner(session, actor, "content", base.scope, base.id)
        with as_bad_input():
            check_id(base.zone, "zone")
        _check_base_zone(session, actor, base)
        if not sees_playlist(session, actor, base.playlist):
            raise missing("playlist")
        key = (base.scope, base.id, base.zone)
        row = session.get(BaseRow, key, with_for_update=True)
        before = row.playlist_id if row is not None else ""
        check_version(_base_version(before), if_version)
        if session.get(PlaylistRow, base.playlist) is None:
            raise missing("playlist")
        if row is None:
            row = BaseRow(scope=base.scope, subject=base.id, zone=base.zone)
            session.add(row)
        row.playlist_id = base.playlist
        _note_base(session, actor, now, base, before, base.playlist)
    ctx.wake()
    return Versioned(base, _base_version(base.playlist))


def clear_base(
    ctx: Context,
    actor: Actor,
    base: Base,
    if_version: int | None = None,
) -> None:
    """Leave a zone to the base of the wider scope (`base.playlist` means nothing). Raises NotFound,
    Stale.
    """
    now = ctx.clock()
    with ctx.db.write() as session:
        _check_base_owner(session, actor, "content", base.scope, base.id)
        row = locked(session, BaseRow, (base.scope, base.id, base.zone), "base playlist")
        check_version(_base_version(row.playlist_id), if_version)
        session.delete(row)
        _note_base(session, actor, now, base, row.playlist_id, "")
    ctx.wake()


def replace_bases(
    session: Session,
    actor: Actor,
    now: int,
    old: str,
    new: str,
    only: Collection[Sequence[str]] | None = None,
) -> list[list[str]]:
    """Have every base that is `old` be `new`, of those of `only` (None: of all), in the caller's
    transaction; scope, owner and zone of each. Raises NotFound, Forbidden (beyond one's stores).
    """
    among = None if only is None else {tuple(key) for key in only}
    rows = select(BaseRow).where(BaseRow.playlist_id == old).with_for_update()
    done = []
    for row in session.scalars(rows.order_by(BaseRow.scope, BaseRow.subject, BaseRow.zone)).all():
        if among is not None and (row.scope, row.subject, row.zone) not in among:
            continue
        _check_base_owner(session, actor, "content", row.scope, row.subject)
        row.playlist_id = new
        _note_base(session, actor, now, base_from(row), old, new)
        done.append([row.scope, row.subject, row.zone])
    return done


def get_base(ctx: Context, actor: Actor, scope: str, owner: str, zone: str) -> Versioned[Base]:
    """One base, empty where the wider scope’s plays. Raises NotFound for an unknown owner."""
    with ctx.db.read() as session:
        _check_base_owner(session, actor, "read", scope, owner)
        row = session.get(BaseRow, (scope, owner, zone))
        if row is not None:
            return Versioned(base_from(row), _base_version(row.playlist_id))
        with as_bad_input():
            check_id(zone, "zone")
        row = BaseRow(scope=scope, subject=owner, zone=zone, playlist_id="")
        return Versioned(base_from(row), _base_version(""))


def list_bases(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[Versioned[Base]]:
    """The base playlists of the chain and of the actor's stores and screens."""
    actor.require("read")
    with ctx.db.read() as session:
        stores = dict(session.execute(select(ScreenRow.id, ScreenRow.store_id)).all())

        def make(row: BaseRow) -> Versioned[Base] | None:
            store = stores.get(row.subject) if row.scope == "screen" else row.subject or None
            if not actor.sees(store):
                return None
            return Versioned(base_from(row), _base_version(row.playlist_id))

        keys = [BaseRow.scope, BaseRow.subject, BaseRow.zone]
        return paged(session, ctx.settings, select(BaseRow), keys, cut, make)


def _check_base_owner(
    session: Session, actor: Actor, scope: Scope, base_scope: str, owner: str
) -> None:
    """Raises NotFound, Forbidden or BadInput unless the actor has `scope` for whose base it is."""
    actor.require(scope)
    if base_scope == "chain":
        if owner:
            raise BadInput("The chain's base has no owner: leave it empty.", field="id")
        if scope != "read":
            actor.require_chain(scope)
        return
    table = ScreenRow if base_scope == "screen" else StoreRow
    row = session.get(table, owner)
    store = row.store_id if isinstance(row, ScreenRow) else owner
    if row is None or not actor.sees(store):
        raise missing(base_scope)


def _check_base_zone(session: Session, actor: Actor, base: Base) -> None:
    """Raises BadInput where none of its screens has the base's zone."""
    store = base.id if base.scope == "store" else ""
    screens = (base.id,) if base.scope == "screen" else ()
    check_zone(session, actor, base.zone, store=store, screens=screens)


def _base_version(playlist: str) -> int:
    """A base has no version of its own: which playlist it names is all of it."""
    return int.from_bytes(hashlib.sha256(playlist.encode()).digest()[:6], "big")


def _note_base(
    session: Session, actor: Actor, now: int, base: Base, before: str, after: str
) -> None:
    key = f"base:{base.scope}:{base.id}" if base.id else "base:chain"
    audit.record(
        session, actor, now, "base.set" if after else "base.clear", key,
        {"zone": base.zone, "playlist": before} if before else None,
        {"zone": base.zone, "playlist": after} if after else None,
    )  # fmt: skip
    outbox.mark(session, [key], now)
