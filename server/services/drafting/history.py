"""What a wish said before, and the bin: both read from the audit log, which forgets nothing.

Going back to an old version is an edit like any other: it can be undone, and goes on air when
somebody puts it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.models import AuditRow, CampaignRow, DraftRow, PlaylistRow
from server.errors import Conflict, NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import MAX_NAME_CHARACTERS
from server.services.drafting import drafts
from server.services.drafting.drafts import Draft, Kind
from server.services.wishes import content

BIN_MS = 30 * 86_400_000
"""What was deleted can be taken out of the bin for so long."""
MAX_VERSIONS = 200
MAX_BINNED = 500
_TABLES: dict[Kind, type[PlaylistRow] | type[CampaignRow]] = {
    "playlist": PlaylistRow,
    "campaign": CampaignRow,
}


@dataclass(frozen=True, slots=True)
class Past:
    """A wish as it was put on air, or thrown away, at `at` (unix ms) by `by` (an actor's id).
    `number` names this entry for `restore`.
    """

    number: int
    id: str
    name: str
    body: Mapping[str, Any]
    at: int
    by: str


def versions(ctx: Context, actor: Actor, kind: Kind, subject: str) -> list[Past]:
    """What was on air under this id, newest first. Raises NotFound, Forbidden."""
    drafts.read(ctx, actor, kind, subject)
    rows = (
        select(AuditRow)
        .where(
            AuditRow.subject == f"{kind}:{subject}",
            AuditRow.action.in_((f"{kind}.create", f"{kind}.update")),
        )
        .order_by(AuditRow.id.desc())
        .limit(MAX_VERSIONS)
    )
    with ctx.db.read() as session:
        return [_past(row, row.after) for row in session.scalars(rows)]


def restore(ctx: Context, actor: Actor, kind: Kind, subject: str, number: int) -> Draft:
    """Make the draft say what an old version said. Raises NotFound, Forbidden, Conflict."""
    found = next((p for p in versions(ctx, actor, kind, subject) if p.number == number), None)
    if found is None:
        raise NotFound("There is no such version any more.")
    now = drafts.read(ctx, actor, kind, subject).body
    keys = sorted((now.keys() | found.body.keys()) - {"id", "edited_at"})
    ops = [
        {"op": "set", "path": key, "value": found.body.get(key)}
        for key in keys
        if now.get(key) != found.body.get(key)
    ]
    if not ops:
        raise Conflict("It says this already.", code="nothing_left")
    return drafts.edit(ctx, actor, kind, subject, ops)


def remove(ctx: Context, actor: Actor, kind: Kind, subject: str) -> None:
    """Put a wish and its draft into the bin. Raises Conflict, saying where, while it is in use."""
    draft = drafts.read(ctx, actor, kind, subject)
    if not draft.base_version:
        drafts.drop(ctx, actor, kind, subject)
        return
    if kind == "playlist":
        content.delete_playlist(ctx, actor, subject)
    else:
        content.delete_campaign(ctx, actor, subject)
    drafts.forget(ctx, kind, subject)


def binned(ctx: Context, actor: Actor, kind: Kind) -> list[Past]:
    """What can still be taken out of the bin, newest first. Whoever's rights end at some stores
    sees what they threw away themselves.
    """
    actor.require("content")
    rows = (
        select(AuditRow)
        .where(
            AuditRow.at > ctx.clock() - BIN_MS,
            AuditRow.action.in_((f"{kind}.delete", "draft.drop")),
            AuditRow.subject.startswith(f"{kind}:", autoescape=True),
        )
        .order_by(AuditRow.id.desc())
        .limit(MAX_BINNED)
    )
    if actor.stores is not None:
        rows = rows.where(AuditRow.actor_id == actor.id)
    found: dict[str, Past] = {}
    with ctx.db.read() as session:
        for row in session.scalars(rows):
            past = _past(row, row.before)
            if past.id not in found and not _there(session, kind, past.id):
                found[past.id] = past
    return list(found.values())


def take_out(ctx: Context, actor: Actor, kind: Kind, subject: str) -> Draft:
    """Take something out of the bin, as a draft under its old id. Raises NotFound."""
    past = next((p for p in binned(ctx, actor, kind) if p.id == subject), None)
    if past is None:
        raise NotFound("There is no such thing in the bin any more.")
    return drafts.begin(ctx, actor, kind, past.body, subject)


def duplicate(ctx: Context, actor: Actor, kind: Kind, subject: str, name: str) -> Draft:
    """A draft of a copy. Raises BadInput, NotFound."""
    draft = drafts.read(ctx, actor, kind, subject)
    body = {key: value for key, value in draft.body.items() if key not in ("id", "edited_at")}
    return drafts.begin(ctx, actor, kind, {**body, "name": name[:MAX_NAME_CHARACTERS]})


def _there(session: Session, kind: Kind, subject: str) -> bool:
    live = session.get(_TABLES[kind], subject)
    return live is not None or session.get(DraftRow, (kind, subject)) is not None


def _past(row: AuditRow, body: Mapping[str, Any] | None) -> Past:
    said = body or {}
    subject = row.subject.partition(":")[2]
    return Past(row.id, subject, str(said.get("name", "")), said, row.at, row.actor_id)
