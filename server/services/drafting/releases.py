"""Releases: drafts brought on air together, at once or at a time, in all stores or in some first,
and taken back with one step.

What is due is looked for again and again and done in one transaction with the note that it is done:
a worker that dies in between leaves it due. A release says what its drafts said when it was made;
what is written afterwards stays a draft.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.localtime import instant, parse_date_time, zone_of
from playlists.model import Playlist
from server.db.models import ReleaseRow, StoreRow
from server.errors import BadInput, Conflict, Forbidden, NotFound, ServerError
from server.services.base import audit
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.editing import as_bad_input, locked, missing
from server.services.drafting import airing, drafts
from server.services.drafting.drafts import Draft, Kind
from server.services.drafting.release_rows import (
    ON_TRIAL,
    STANDING,
    Part,
    Release,
    parts_of,
    release_of,
)
from server.services.entry import tokens
from server.services.wishes.reach import children

MAX_PARTS = 50
"""Drafts of one release."""
MAX_AHEAD_MS = 366 * 86_400_000
MAX_LISTED = 100
ID_BYTES = 6
_WHAT = "release"


@dataclass(frozen=True, slots=True)
class When:
    """At an instant (unix ms), or when each store's own clock shows `local` (ISO 8601 without an
    offset). Neither: at once.
    """

    at_ms: int | None = None
    local: str = ""


AT_ONCE = When()


def put_on_air(ctx: Context, actor: Actor, kind: Kind, subject: str) -> int:
    """Put one draft on air at once, everywhere; its new version. Raises as `release`."""
    with ctx.db.read() as session:
        draft = drafts.view(session, actor, kind, subject)
    if not draft.changed and draft.base_version:
        return draft.base_version
    return release(ctx, actor, [(kind, subject)]).parts[0].version


def release(
    ctx: Context,
    actor: Actor,
    subjects: Sequence[tuple[Kind, str]],
    *,
    stores: Collection[str] | None = None,
    when: When = AT_ONCE,
    rehearsal: str = "",
) -> Release:
    """Bring drafts on air: in `stores` first (None: in all), at once or at a time.

    Raises BadInput, NotFound, Forbidden, Conflict (on trial already), Stale (what is on air changed
    since a draft was begun); then nothing of it is on air.
    """
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = ReleaseRow(
            id=secrets.token_hex(ID_BYTES),
            state="waiting",
            parts=[asdict(part) for part in parts(session, actor, subjects)],
            stores=None if stores is None else _checked_stores(session, actor, stores),
            rehearsal=rehearsal or None,
            note="",
            created_at=now,
            created_by=actor.id,
            ended_by="",
        )
        session.add(row)
        session.flush()
        _check_time(row, when, now)
        if row.next_at is not None:
            attempt = session.begin_nested()
            _advance(ctx, session, actor, row, everywhere=True)
            attempt.rollback()
            _advance(ctx, session, actor, row)
        else:
            _advance(ctx, session, actor, row, everywhere=True)
        _note(session, actor, now, "create", row)
        made = release_of(row)
    ctx.wake()
    return made


def with_new_lists(
    ctx: Context, actor: Actor, subjects: Sequence[tuple[Kind, str]]
) -> list[tuple[Kind, str]]:
    """The same with the playlists that they play and that have never been on air: those go with
    them. Raises NotFound, Forbidden.
    """
    found = list(dict.fromkeys(subjects))
    with ctx.db.read() as session:
        for kind, subject in found:  # grows meanwhile
            body = drafts.view(session, actor, kind, subject).body
            for name in _played(body):
                if ("playlist", name) in found or len(found) > MAX_PARTS:
                    continue
                with suppress(NotFound, Forbidden):
                    if not drafts.view(session, actor, "playlist", name).base_version:
                        found.append(("playlist", name))
    return found


def run_due(ctx: Context) -> None:
    """Do what is due, each in a transaction of its own, by whoever made it with the rights that
    they have now. What cannot be done is refused, and says why.
    """
    now = ctx.clock()
    with ctx.db.read() as session:
        due = list(session.scalars(select(ReleaseRow.id).where(ReleaseRow.next_at <= now)))
    for name in due:
        try:
            with ctx.db.write() as session:
                row = locked(session, ReleaseRow, name, _WHAT)
                if row.next_at is not None and row.next_at <= now:
                    actor = _author(session, row)
                    _advance(ctx, session, actor, row)
                    _note(session, actor, now, "advance", row)
        except ServerError as refused:
            _refuse(ctx, name, refused)
        ctx.wake()


def to_all(ctx: Context, actor: Actor, name: str) -> Release:
    """Bring what is on trial, or waits, to everywhere now. Raises NotFound, Forbidden, Conflict."""
    actor.require("content")
    with ctx.db.write() as session:
        row = _row(session, actor, name)
        if row.state not in (*ON_TRIAL, "waiting"):
            raise Conflict("This release is neither on trial nor waiting.", code="not_on_trial")
        row.stores = None
        _advance(ctx, session, actor, row, everywhere=True)
        _note(session, actor, ctx.clock(), "to_all", row)
        made = release_of(row)
    ctx.wake()
    return made


def take_back(ctx: Context, actor: Actor, name: str) -> Release:
    """Have everything play again as before this release; one that waits is cancelled. Nothing is
    lost: its drafts are drafts again. Raises NotFound, Forbidden, Conflict (changed again since).
    """
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = _row(session, actor, name)
        if row.state not in STANDING:
            raise Conflict("This release is over already.", code="nothing_left")
        airing.take_off(ctx, session, actor, row)
        row.state = "cancelled" if row.state == "waiting" else "back"
        row.next_at, row.ended_at, row.ended_by = None, now, actor.id
        _note(session, actor, now, "take_back", row)
        made = release_of(row)
    ctx.wake()
    return made


def get(ctx: Context, actor: Actor, name: str) -> Release:
    """One release. Raises NotFound, Forbidden."""
    actor.require("content")
    with ctx.db.read() as session:
        row = session.get(ReleaseRow, name)
        if row is None or not _sees(actor, row):
            raise missing(_WHAT)
        return release_of(row)


def listing(ctx: Context, actor: Actor) -> tuple[Release, ...]:
    """The latest releases that the actor may know of, newest first."""
    actor.require("content")
    rows = select(ReleaseRow).order_by(ReleaseRow.created_at.desc(), ReleaseRow.id)
    with ctx.db.read() as session:
        found = [row for row in session.scalars(rows.limit(MAX_LISTED)) if _sees(actor, row)]
        return tuple(release_of(row) for row in found)


def _advance(
    ctx: Context, session: Session, actor: Actor, row: ReleaseRow, *, everywhere: bool = False
) -> None:
    """Bring a release to where the clocks are, or (`everywhere`) to all of its stores at once."""
    now = ctx.clock()
    times = {} if everywhere else _times(session, row)
    later = [at for at in times.values() if at > now]
    here = sorted(store for store, at in times.items() if at <= now)
    if later:
        if here:
            airing.bring_to_some(ctx, session, actor, row, here)
            row.state = "rolling"
        row.next_at = min(later)
        return
    if row.stores is None:
        airing.bring_to_all(ctx, session, actor, row)
        row.state = "done"
    else:
        airing.bring_to_some(ctx, session, actor, row, row.stores)
        row.state = "pilot"
    row.next_at, row.done_at = None, now


def _times(session: Session, row: ReleaseRow) -> dict[str, int]:
    """When it is the release's time in each of its stores; "" stands for all alike."""
    if not row.local:
        return {} if row.at_ms is None else {"": row.at_ms}
    wall = parse_date_time(row.local, "local")
    zones = session.execute(select(StoreRow.id, StoreRow.zone))
    return {
        store: instant(zone_of(zone), wall)
        for store, zone in zones
        if row.stores is None or store in row.stores
    }


def _check_time(row: ReleaseRow, when: When, now: int) -> None:
    if when.at_ms is not None and when.local:
        raise BadInput("Give an instant or a time of the stores, not both.", field="at")
    if when.local:
        with as_bad_input():
            wall = parse_date_time(when.local, "local")
        row.local = when.local
        row.next_at = now
        around = instant(zone_of("UTC"), wall)
    elif when.at_ms is not None:
        row.at_ms = around = row.next_at = when.at_ms
        if around <= now:
            raise BadInput("This instant is over. Choose one to come.", field="at", code="is_past")
    else:
        return
    if not now - 86_400_000 < around < now + MAX_AHEAD_MS:
        raise BadInput("Choose a time within the next year.", field="at", code="too_far")


def parts(session: Session, actor: Actor, subjects: Sequence[tuple[Kind, str]]) -> list[Part]:
    """The drafts as they are now, what is played before what plays it."""
    wanted = list(dict.fromkeys(subjects))
    if not 0 < len(wanted) <= MAX_PARTS:
        raise BadInput(f"Choose 1 to {MAX_PARTS} drafts.", field="drafts", code="choose_drafts")
    found = [drafts.view(session, actor, kind, subject) for kind, subject in wanted]
    idle = next((one for one in found if one.base_version and not one.changed), None)
    if idle is not None:
        message = f"“{idle.body['name']}” is on air as it is: there is nothing to publish of it."
        raise BadInput(message, field="drafts", code="no_change")
    return [_part(one) for one in _ordered(found)]


def _played(body: Mapping[str, Any]) -> list[str]:
    """The playlists that a draft names."""
    inner = (item.get("content", {}).get("playlist") for item in body.get("items", ()))
    return [str(name) for name in (body.get("playlist"), *inner) if name]


def _part(draft: Draft) -> Part:
    drafts.wish_of(draft)
    name = str(draft.body.get("name", draft.id))
    return Part(draft.kind, draft.id, name, dict(draft.body), draft.seq, draft.base_version)


def _ordered(found: list[Draft]) -> list[Draft]:
    """Playlists before those that hold them, then campaigns."""
    left = {one.id: one for one in found if one.kind == "playlist"}
    ordered: list[Draft] = []
    while left:
        free = [one for one in left.values() if not _holds(one) & (left.keys() - {one.id})]
        for one in free or list(left.values()):  # a ring: the first that is put down says so
            ordered.append(left.pop(one.id))
    return [*ordered, *(one for one in found if one.kind == "campaign")]


def _holds(draft: Draft) -> set[str]:
    wish = drafts.wish_of(draft)
    return set(children(wish)) if isinstance(wish, Playlist) else set()


def _checked_stores(session: Session, actor: Actor, stores: Collection[str]) -> list[str]:
    wanted = sorted(set(stores))
    known = set(session.scalars(select(StoreRow.id)))
    for store in wanted:
        if store not in known or not actor.sees(store):
            message = f"There is no store “{store}” among your stores."
            raise BadInput(message, field="stores", code="no_such_store")
    if not wanted:
        raise BadInput("Choose the stores to begin in.", field="stores", code="choose_stores")
    return wanted


def _author(session: Session, row: ReleaseRow) -> Actor:
    """Whoever made it, with the rights they have now. Raises Unauthenticated for who left."""
    if row.created_by == SYSTEM.id:
        return SYSTEM
    actor = tokens.actor(session, row.created_by)
    actor.require("content")
    return actor


def _refuse(ctx: Context, name: str, refused: ServerError) -> None:
    now = ctx.clock()
    with ctx.db.write() as session:
        row = locked(session, ReleaseRow, name, _WHAT)
        row.note = refused.message
        row.next_at, row.ended_at, row.ended_by = None, now, SYSTEM.id
        row.state = "pilot" if row.state == "rolling" else "refused"
        _note(session, SYSTEM, now, "refuse", row)


def _row(session: Session, actor: Actor, name: str) -> ReleaseRow:
    row = locked(session, ReleaseRow, name, _WHAT)
    if not _sees(actor, row):
        raise missing(_WHAT)
    for part in parts_of(row):
        if part.base_version or part.version:
            drafts.view(session, actor, part.kind, part.id)
    return row


def _sees(actor: Actor, row: ReleaseRow) -> bool:
    mine = actor.stores is None or row.created_by == actor.id
    return mine or (row.stores is not None and set(row.stores) <= (actor.stores or set()))


def _note(session: Session, actor: Actor, now: int, done: str, row: ReleaseRow) -> None:
    said = {
        "state": row.state,
        "parts": [f"{part.kind}:{part.id}" for part in parts_of(row)],
        "stores": row.stores,
        "at": row.at_ms,
        "local": row.local,
    }
    audit.record(session, actor, now, f"release.{done}", f"release:{row.id}", None, said)
