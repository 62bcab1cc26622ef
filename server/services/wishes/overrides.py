"""The store's own hand on its screens, and emergencies: both beat what was planned, both always
end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import OverrideId
from playlists.model import Emergency, Override, Target
from server.db.models import EmergencyRow, OverrideRow, PlaylistRow, ScreenRow, StoreRow
from server.errors import BadInput, Forbidden
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import (
    Versioned,
    as_bad_input,
    check_version,
    chosen_id,
    locked,
    missing,
)
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.wishes.budget import check_budget
from server.services.wishes.reach import sees_playlist
from server.services.wishes.targeting import check_target, map_of, sees_target, within
from server.services.wishes.wish_rows import (
    emergency_columns,
    emergency_of,
    override_columns,
    override_of,
)
from server.services.wishes.writing import Pen
from server.services.wishes.zones import check_zone


def create_override(ctx: Context, actor: Actor, override: Override) -> Versioned[Override]:
    """Show a playlist on a store's screens, or pause a campaign there, until an end. Raises
    BadInput.
    """
    actor.require("override", override.store)
    now = ctx.clock()
    with ctx.db.write() as session:
        chosen = OverrideId(chosen_id(override.id, f"{override.store} {override.kind}"))
        override = replace(override, id=chosen, edited_at=now, by=actor.name)
        keep_override(ctx, session, actor, override, now)
    ctx.wake()
    return Versioned(override, 1)


def keep_override(
    ctx: Context, session: Session, actor: Actor, override: Override, now: int
) -> None:
    """Check a new override, whole with its id, and keep it in the caller's transaction. Raises
    BadInput.
    """
    with as_bad_input():
        columns = override_columns(override)
    _check_override(ctx, session, actor, override, now)
    Pen(session, actor, now).add(OverrideRow, override.id, columns, _keys(override.store))


def update_override(
    ctx: Context, actor: Actor, override: Override, if_version: int | None = None
) -> Versioned[Override]:
    """Replace an override of the same store. Raises BadInput, NotFound, Stale."""
    actor.require("override")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = _own_override(session, actor, override.id)
        check_version(row.version, if_version)
        if override.store != row.store_id:
            raise BadInput("An override stays in its store; make another one.", field="store")
        override = replace(override, edited_at=now, by=actor.name)
        with as_bad_input():
            columns = override_columns(override)
        _check_override(ctx, session, actor, override, now)
        version = Pen(session, actor, now).change(row, columns, _keys(override.store))
    ctx.wake()
    return Versioned(override, version)


def end_override(
    ctx: Context, actor: Actor, override_id: str, if_version: int | None = None
) -> None:
    """End an override now; one that has begun is kept, so that the past can be explained."""
    actor.require("override")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = _own_override(session, actor, override_id)
        check_version(row.version, if_version)

        def ended() -> dict[str, Any]:
            return override_columns(replace(override_of(row), until_ms=now, edited_at=now))

        Pen(session, actor, now).end(row, ended, _keys(row.store_id))
    ctx.wake()


def get_override(ctx: Context, actor: Actor, override_id: str) -> Versioned[Override]:
    """One override. Raises NotFound."""
    actor.require("read")
    with ctx.db.read() as session:
        row = session.get(OverrideRow, override_id)
        if row is None or not actor.sees(row.store_id):
            raise missing("override")
        return Versioned(override_of(row), row.version)


def list_overrides(
    ctx: Context, actor: Actor, cut: Cut = FIRST, *, store: str = ""
) -> Page[Versioned[Override]]:
    """The overrides of the actor's stores that are not over, by id."""
    actor.require("read", store or None)
    statement = select(OverrideRow).where(OverrideRow.until_ms > ctx.clock())
    if store:
        statement = statement.where(OverrideRow.store_id == store)

    def make(row: OverrideRow) -> Versioned[Override] | None:
        return Versioned(override_of(row), row.version) if actor.sees(row.store_id) else None

    with ctx.db.read() as session:
        return paged(session, ctx.settings, statement, [OverrideRow.id], cut, make)


def create_emergency(ctx: Context, actor: Actor, emergency: Emergency) -> Versioned[Emergency]:
    """Put a message over all else on its target, at once. Raises BadInput, NotFound, Forbidden."""
    actor.require("emergency")
    now = ctx.clock()
    with ctx.db.write() as session:
        chosen = OverrideId(chosen_id(emergency.id, "emergency"))
        emergency = replace(emergency, id=chosen, edited_at=now)
        with as_bad_input():
            columns = emergency_columns(emergency)
        _check_emergency(session, actor, emergency, now)
        Pen(session, actor, now).add(EmergencyRow, chosen, columns, ["emergencies"])
    ctx.wake()
    return Versioned(emergency, 1)


def update_emergency(
    ctx: Context, actor: Actor, emergency: Emergency, if_version: int | None = None
) -> Versioned[Emergency]:
    """Replace an emergency. Raises BadInput, NotFound, Forbidden, Stale."""
    actor.require("emergency")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = _own_emergency(session, actor, emergency.id)
        check_version(row.version, if_version)
        emergency = replace(emergency, edited_at=now)
        with as_bad_input():
            columns = emergency_columns(emergency)
        _check_emergency(session, actor, emergency, now)
        version = Pen(session, actor, now).change(row, columns, ["emergencies"])
    ctx.wake()
    return Versioned(emergency, version)


def end_emergency(
    ctx: Context, actor: Actor, emergency_id: str, if_version: int | None = None
) -> None:
    """End an emergency now; one that has begun is kept, so that the past can be explained."""
    actor.require("emergency")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = _own_emergency(session, actor, emergency_id)
        check_version(row.version, if_version)

        def ended() -> dict[str, Any]:
            return emergency_columns(replace(emergency_of(row), until_ms=now, edited_at=now))

        Pen(session, actor, now).end(row, ended, ["emergencies"])
    ctx.wake()


def get_emergency(ctx: Context, actor: Actor, emergency_id: str) -> Versioned[Emergency]:
    """One emergency. Raises NotFound, also where it concerns none of the actor's stores."""
    actor.require("read")
    with ctx.db.read() as session:
        row = session.get(EmergencyRow, emergency_id)
        if row is None or not _sees(session, actor, emergency_of(row).target):
            raise missing("emergency")
        return Versioned(emergency_of(row), row.version)


def list_emergencies(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[Versioned[Emergency]]:
    """The emergencies that are not over and concern the actor's stores, by id."""
    actor.require("read")
    statement = select(EmergencyRow).where(EmergencyRow.until_ms > ctx.clock())
    with ctx.db.read() as session:

        def make(row: EmergencyRow) -> Versioned[Emergency] | None:
            emergency = emergency_of(row)
            seen = _sees(session, actor, emergency.target)
            return Versioned(emergency, row.version) if seen else None

        return paged(session, ctx.settings, statement, [EmergencyRow.id], cut, make)


def _keys(store: str) -> list[str]:
    return [f"overrides@{store}"]


def _check_override(
    ctx: Context, session: Session, actor: Actor, override: Override, now: int
) -> None:
    if session.get(StoreRow, override.store) is None:
        raise missing("store")
    _check_span(override.until_ms, now)
    if override.kind == "show":
        assert override.playlist is not None
        _check_playlist(session, actor, override.playlist)
    for screen in sorted(override.screens):
        row = session.get(ScreenRow, screen)
        if row is None or row.store_id != override.store:
            message = f"There is no screen “{screen}” in this store."
            raise BadInput(message, field="screens", code="no_such_screen")
    if override.kind == "show":
        where = sorted(override.screens)
        check_zone(session, actor, override.zone, store=override.store, screens=where, locked=False)
    check_budget(ctx, session, actor, override)


def _check_emergency(session: Session, actor: Actor, emergency: Emergency, now: int) -> None:
    _check_span(emergency.until_ms, now)
    _check_playlist(session, actor, emergency.playlist)
    check_target(session, actor, emergency.target)


def _check_span(until_ms: int, now: int) -> None:
    if until_ms <= now:
        raise BadInput("The end lies in the future.", field="until")


def _check_playlist(session: Session, actor: Actor, playlist: str) -> None:
    known = session.get(PlaylistRow, playlist) is not None
    if not known or not sees_playlist(session, actor, playlist):
        message = f"There is no playlist “{playlist}” among your stores."
        raise BadInput(message, field="playlist", code="no_such_playlist")


def _own_override(session: Session, actor: Actor, override_id: str) -> OverrideRow:
    row = locked(session, OverrideRow, override_id, "override")
    if not actor.sees(row.store_id):
        raise missing("override")
    return row


def _own_emergency(session: Session, actor: Actor, emergency_id: str) -> EmergencyRow:
    row = locked(session, EmergencyRow, emergency_id, "emergency")
    target = emergency_of(row).target
    places = map_of(session, [target])
    if not sees_target(actor, target, places):
        raise missing("emergency")
    if not within(actor, target, places):
        raise Forbidden("This emergency reaches beyond your stores, so only the chain ends it.")
    return row


def _sees(session: Session, actor: Actor, target: Target) -> bool:
    return actor.stores is None or sees_target(actor, target, map_of(session, [target]))
