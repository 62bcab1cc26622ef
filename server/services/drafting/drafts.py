"""Drafts of playlists and campaigns: begun, edited by several people at once, undone, put on air.

A wish that is on air has a draft from its first edit until it is put on air again or dropped; every
edit is kept, so that each person takes back their own and sees what the others did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.model import Campaign, Playlist
from playlists.model_json import campaign_from_json, playlist_from_json
from server.db.models import CampaignRow, DraftRow, EditRow, PlaylistRow
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import as_bad_input, check_name, missing, new_id
from server.services.drafting import ops as operations
from server.services.drafting.ops import Op
from server.services.wishes import content
from server.services.wishes.card_checks import check_cards
from server.services.wishes.pilots import pilot_of

Kind = Literal["playlist", "campaign"]
MAX_OPS = 200
"""Operations of one edit."""
MAX_EDITS_SHOWN = 200
DONE, UNDONE, OVER, STEP = "done", "undone", "over", "step"


@dataclass(frozen=True, slots=True)
class Draft:
    """A wish as it is being written. `base_version` 0: not on air yet; `seq` 0: as it is on air."""

    kind: Kind
    id: str
    body: Mapping[str, Any]
    base_version: int
    seq: int
    edited_at: int
    edited_by: str
    undoable: int = 0
    redoable: int = 0

    @property
    def changed(self) -> bool:
        """Whether it says something else than what is on air."""
        return self.seq > 0


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody did to a draft. `at`: unix ms."""

    seq: int
    ops: tuple[Op, ...]
    at: int
    by: str


def begin(
    ctx: Context, actor: Actor, kind: Kind, body: Mapping[str, Any], subject: str = ""
) -> Draft:
    """A draft of something new; without a `subject` its id is made from its name. Raises BadInput,
    Conflict (there is such a draft).
    """
    actor.require("content")
    now = ctx.clock()
    name = check_name(str(body.get("name", "")))
    chosen = subject or new_id(name)
    fresh = {**body, "id": chosen}
    if kind == "playlist":
        fresh.setdefault("items", [])
    _check_shape(kind, fresh)
    row = _row(kind, chosen, fresh, 0, actor, now)
    with ctx.db.write() as session:
        if session.get(DraftRow, (kind, chosen)) is not None:
            raise Conflict("There is such a draft already.", code="there_already")
        session.add(row)
        audit.record(session, actor, now, "draft.create", f"{kind}:{chosen}", None, fresh)
    return Draft(kind, chosen, fresh, 0, 0, now, actor.id)


def read(ctx: Context, actor: Actor, kind: Kind, subject: str) -> Draft:
    """The draft of a wish; the wish as it is on air where nobody has changed it. Raises NotFound,
    Forbidden.
    """
    actor.require("content")
    with ctx.db.read() as session:
        return view(session, actor, kind, subject)


def edit(ctx: Context, actor: Actor, kind: Kind, subject: str, ops: Sequence[Op]) -> Draft:
    """Apply operations together, as one edit. Raises BadInput, Conflict, NotFound, Forbidden."""
    actor.require("content")
    if not 0 < len(ops) <= MAX_OPS:
        raise BadInput(f"One edit has 1 to {MAX_OPS} operations.", field="ops")
    with ctx.db.write() as session:
        row = _open(session, actor, kind, subject, ctx.clock())
        over = update(EditRow).where(*_of(kind, subject), EditRow.by == actor.id)
        session.execute(over.where(EditRow.state == UNDONE).values(state=OVER))
        _write(session, row, ops, DONE, actor, ctx.clock())
        return _draft_of(session, actor, row)


def undo(ctx: Context, actor: Actor, kind: Kind, subject: str) -> Draft:
    """Take back the actor's own last edit. Raises Conflict where there is none, or where somebody
    changed the same thing since.
    """
    return _step(ctx, actor, kind, subject, DONE, UNDONE, "There is nothing of yours to undo.")


def redo(ctx: Context, actor: Actor, kind: Kind, subject: str) -> Draft:
    """Do again what the actor undid last. Raises Conflict as `undo` does."""
    return _step(ctx, actor, kind, subject, UNDONE, DONE, "There is nothing of yours to redo.")


def edits_since(
    ctx: Context, actor: Actor, kind: Kind, subject: str, seq: int
) -> tuple[Draft, list[Edit]]:
    """The draft, and what was done to it after edit `seq`, oldest first: what another's page has
    not shown yet.
    """
    actor.require("content")
    with ctx.db.read() as session:
        draft = view(session, actor, kind, subject)
        rows = select(EditRow).where(*_of(kind, subject), EditRow.seq > seq)
        found = session.scalars(rows.order_by(EditRow.seq.desc()).limit(MAX_EDITS_SHOWN)).all()
        return draft, [Edit(e.seq, tuple(e.ops), e.at, e.by) for e in reversed(found)]


def drop(ctx: Context, actor: Actor, kind: Kind, subject: str) -> None:
    """Forget a draft: what is on air stays, what never was is gone. Raises NotFound, Forbidden,
    Conflict (what is nowhere else plays in some stores).
    """
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        seen = view(session, actor, kind, subject)
        if session.get(DraftRow, (kind, subject)) is None:
            return
        if not seen.base_version and pilot_of(session, kind, subject) is not None:
            raise Conflict(
                "This plays in some stores on trial. Take it back there first.", code="on_trial"
            )
        audit.record(session, actor, now, "draft.drop", f"{kind}:{subject}", dict(seen.body))
        _forget(session, kind, subject)


def forget(ctx: Context, kind: Kind, subject: str) -> None:
    """Drop the draft of what its caller has just taken off the air."""
    with ctx.db.write() as session:
        _forget(session, kind, subject)


def problem(draft: Draft) -> BadInput | None:
    """Why a draft cannot go on air as it is; None where it can, as far as it alone tells."""
    try:
        wish_of(draft)
    except BadInput as found:
        return found
    return None


def wish_of(draft: Draft) -> Playlist | Campaign:
    """The wish that a draft says. Raises BadInput where it cannot go on air as it is."""
    with as_bad_input():
        if draft.kind == "campaign":
            if not draft.body.get("playlist"):
                raise Invalid("Choose what this campaign plays.", "playlist")
            return campaign_from_json(draft.body)
        playlist = playlist_from_json(draft.body)
    check_cards(playlist)
    return playlist


def aired(session: Session, kind: Kind, subject: str, seq: int, version: int) -> None:
    """A draft was put on air as of its edit `seq`: it is over, or what was written since is a
    draft of the new `version`.
    """
    row = session.get(DraftRow, (kind, subject), with_for_update=True)
    if row is not None and row.seq == seq:
        _forget(session, kind, subject)
    elif row is not None:
        row.base_version = version


def taken_back(
    session: Session,
    actor: Actor,
    kind: Kind,
    subject: str,
    said: Mapping[str, Any],
    live: tuple[Mapping[str, Any], int] | None,
    now: int,
) -> None:
    """What was put on air (`said`) is a draft again, on top of what is `live` now with its version;
    where somebody has gone on writing, theirs is.
    """
    body, version = live if live is not None else (said, 0)
    row = session.get(DraftRow, (kind, subject), with_for_update=True)
    if row is not None:
        row.base_version = version
        return
    row = _row(kind, subject, body, version, actor, now)
    session.add(row)
    ops: list[Op] = [
        {"op": "set", "path": key, "value": said.get(key)}
        for key in sorted((said.keys() | body.keys()) - {"id", "edited_at"})
        if said.get(key) != body.get(key)
    ]
    if ops:
        session.flush()
        _write(session, row, ops, DONE, actor, now)


def _step(
    ctx: Context, actor: Actor, kind: Kind, subject: str, was: str, becomes: str, none: str
) -> Draft:
    actor.require("content")
    order = EditRow.seq.desc() if was == DONE else EditRow.seq
    with ctx.db.write() as session:
        view(session, actor, kind, subject)
        own = select(EditRow).where(
            *_of(kind, subject), EditRow.by == actor.id, EditRow.state == was
        )
        found = session.scalars(own.order_by(order).limit(1)).first()
        row = session.get(DraftRow, (kind, subject), with_for_update=True)
        if found is None or row is None:
            raise Conflict(none, code="nothing_left")
        _write(session, row, found.back if was == DONE else found.ops, STEP, actor, ctx.clock())
        found.state = becomes
        session.flush()
        return _draft_of(session, actor, row)


def _open(session: Session, actor: Actor, kind: Kind, subject: str, now: int) -> DraftRow:
    """The row to write into, locked; made from what is on air at the first edit."""
    seen = view(session, actor, kind, subject)
    row = session.get(DraftRow, (kind, subject), with_for_update=True)
    if row is None:
        row = _row(kind, subject, seen.body, seen.base_version, actor, now)
        session.add(row)
    return row


def _row(
    kind: str, subject: str, body: Mapping[str, Any], version: int, actor: Actor, now: int
) -> DraftRow:
    return DraftRow(
        kind=kind,
        subject=subject,
        body=dict(body),
        base_version=version,
        seq=0,
        created_at=now,
        created_by=actor.id,
        edited_at=now,
        edited_by=actor.id,
    )


def _write(
    session: Session, row: DraftRow, ops: Sequence[Op], state: str, actor: Actor, now: int
) -> None:
    """Apply operations to a draft's row and keep them with what takes them back."""
    body: dict[str, Any] = dict(row.body)
    back: list[Op] = []
    done: list[Op] = []
    for op in ops:
        body, taken = operations.apply(body, op)
        back.insert(0, taken)
        done.append({**op, "was": taken.get("value")} if op["op"] == "set" else op)
    _check_shape(row.kind, body)
    row.body = body
    row.seq += 1
    row.edited_at, row.edited_by = now, actor.id
    session.add(
        EditRow(
            kind=row.kind,
            subject=row.subject,
            seq=row.seq,
            ops=[dict(op) for op in done],
            back=[dict(op) for op in back],
            state=state,
            at=now,
            by=actor.id,
        )
    )
    session.flush()


def view(session: Session, actor: Actor, kind: Kind, subject: str) -> Draft:
    """What a page shows of it; refuses whoever may not change it."""
    live: PlaylistRow | CampaignRow | None
    if kind == "playlist":
        if (live := session.get(PlaylistRow, subject)) is not None:
            content.check_own_playlist(session, actor, live)
    elif (live := session.get(CampaignRow, subject)) is not None:
        content.check_own_campaign(session, actor, live)
    row = session.get(DraftRow, (kind, subject))
    if row is not None and live is None:
        mine = actor.stores is None or row.created_by == actor.id
        if row.base_version or not mine:  # a draft of what was taken off the air goes with it
            raise missing(kind)
    if row is not None:
        return _draft_of(session, actor, row)
    if live is None:
        raise missing(kind)
    return Draft(kind, subject, live.body, live.version, 0, live.edited_at, live.edited_by)


def waiting(ctx: Context, actor: Actor, most: int) -> list[Draft]:
    """Drafts that say something else than what is on air and are the actor's to publish, the latest
    edit first. What of them may be undone is not told.
    """
    actor.require("content")
    changed = (DraftRow.seq > 0) | (DraftRow.base_version == 0)
    latest = select(DraftRow).where(changed).order_by(DraftRow.edited_at.desc(), DraftRow.subject)
    found: list[Draft] = []
    with ctx.db.read() as session:
        rows = list(session.scalars(latest.limit(most)))
        subjects = [row.subject for row in rows]
        on_air = {
            (kind, one)
            for kind, table in (("playlist", PlaylistRow), ("campaign", CampaignRow))
            for one in session.scalars(select(table.id).where(table.id.in_(subjects)))
        }
        for row in rows:
            with suppress(Forbidden, NotFound):
                if actor.stores is not None:
                    view(session, actor, _kind(row), row.subject)
                elif row.base_version and (row.kind, row.subject) not in on_air:
                    continue  # it was taken off the air
                found.append(_draft(row))
    return found


def _kind(row: DraftRow) -> Kind:
    return "playlist" if row.kind == "playlist" else "campaign"


def _draft(row: DraftRow, undoable: int = 0, redoable: int = 0) -> Draft:
    return Draft(
        _kind(row),
        row.subject,
        row.body,
        row.base_version,
        row.seq,
        row.edited_at,
        row.edited_by,
        undoable,
        redoable,
    )


def _draft_of(session: Session, actor: Actor, row: DraftRow) -> Draft:
    states = select(EditRow.state).where(*_of(row.kind, row.subject), EditRow.by == actor.id)
    mine = list(session.scalars(states))
    return _draft(row, mine.count(DONE), mine.count(UNDONE))


def _check_shape(kind: str, body: Mapping[str, Any]) -> None:
    """A draft may lack what it needs on air, but what is there must be readable."""
    with as_bad_input():
        if kind == "playlist":
            playlist_from_json(body)
        elif body.get("playlist"):
            campaign_from_json(body)


def _forget(session: Session, kind: str, subject: str) -> None:
    session.execute(delete(EditRow).where(*_of(kind, subject)))
    session.execute(delete(DraftRow).where(DraftRow.kind == kind, DraftRow.subject == subject))


def _of(kind: str, subject: str) -> tuple[Any, Any]:
    return EditRow.kind == kind, EditRow.subject == subject
