"""Brings the parts of a release on air, and takes them off again, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.model import Campaign, Playlist
from playlists.model_json import campaign_from_json, playlist_from_json
from server.db.models import CampaignRow, PilotRow, PlaylistRow, ReleaseRow
from server.errors import Conflict, NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import as_bad_input, check_version
from server.services.drafting import drafts
from server.services.drafting.drafts import Kind
from server.services.drafting.release_rows import ON_TRIAL, Part, parts_of, set_part
from server.services.wishes import content
from server.services.wishes.pilots import begin_pilot, end_pilot, pilot_of
from server.services.wishes.reach import Reach


def bring_to_all(ctx: Context, session: Session, actor: Actor, row: ReleaseRow) -> None:
    """Have every part play wherever it is meant to; its trials, and those of others of the same,
    are over. Raises as content does, Stale where what a part began from has changed.
    """
    for part in parts_of(row):
        if not part.version:
            _end_trial(ctx, session, actor, row, part)
            _put(ctx, session, actor, row, part)


def bring_to_some(
    ctx: Context, session: Session, actor: Actor, row: ReleaseRow, stores: Collection[str]
) -> None:
    """Have every part play in these stores; what plays elsewhere stays. A playlist that is new goes
    on air as it is: nothing plays it yet. Raises as `bring_to_all`, Conflict (on trial already).
    """
    for part in parts_of(row):
        if part.version:
            continue
        if part.kind == "playlist" and not part.base_version:
            _put(ctx, session, actor, row, part)
        else:
            _try_out(ctx, session, actor, row, part, stores)


def take_off(ctx: Context, session: Session, actor: Actor, row: ReleaseRow) -> None:
    """Have everything play again as it did before; what was written is a draft again. Raises
    Conflict where one of the parts was changed since, or is in use elsewhere.
    """
    for part in reversed(parts_of(row)):
        trial = pilot_of(session, part.kind, part.id)
        if trial is not None and trial.release == row.id:
            end_pilot(session, actor, ctx.clock(), trial)
        if part.version:
            _put_back(ctx, session, actor, part)


def read_wish(kind: Kind, body: Mapping[str, Any]) -> Playlist | Campaign:
    """A wish from its kept body. Raises BadInput."""
    with as_bad_input():
        return playlist_from_json(body) if kind == "playlist" else campaign_from_json(body)


def _live(session: Session, part: Part) -> PlaylistRow | CampaignRow | None:
    """What is on air under the part's id, locked."""
    if part.kind == "playlist":
        return session.get(PlaylistRow, part.id, with_for_update=True)
    return session.get(CampaignRow, part.id, with_for_update=True)


def _keep(
    ctx: Context,
    session: Session,
    actor: Actor,
    wish: Playlist | Campaign,
    if_version: int,
    edited_at: int | None = None,
) -> int:
    if isinstance(wish, Playlist):
        made = content.keep_playlist(ctx, session, actor, wish, if_version, edited_at)
        return made.version
    kept = content.keep_campaign(ctx, session, actor, wish, if_version, edited_at)
    return kept.version


def _put(ctx: Context, session: Session, actor: Actor, row: ReleaseRow, part: Part) -> None:
    live = _live(session, part)
    before = dict(live.body) if live is not None else None
    version = _keep(ctx, session, actor, read_wish(part.kind, part.body), part.base_version)
    set_part(row, part, version=version, before=before)
    drafts.aired(session, part.kind, part.id, part.seq, version)


def _try_out(
    ctx: Context,
    session: Session,
    actor: Actor,
    row: ReleaseRow,
    part: Part,
    stores: Collection[str],
) -> None:
    wish = read_wish(part.kind, part.body)
    if isinstance(wish, Playlist):
        live = content.editable_playlist(session, actor, part.id)
        check_version(live.version, part.base_version)
        columns = content.checked_playlist(ctx, session, actor, wish)
    else:
        if part.base_version:
            held, _stores = content.editable_campaign(session, actor, part.id)
            check_version(held.version, part.base_version)
        columns, _concerned = content.checked_campaign(session, actor, wish)
    now = ctx.clock()
    trial = PilotRow(
        id=f"{part.kind}:{part.id}",
        kind=part.kind,
        subject=part.id,
        release=row.id,
        body={**columns["body"], "edited_at": now},
        stores=sorted(stores),
        base_version=part.base_version,
        version=1,
        edited_at=now,
        edited_by=actor.id,
    )
    begin_pilot(session, actor, now, trial)


def _end_trial(ctx: Context, session: Session, actor: Actor, row: ReleaseRow, part: Part) -> None:
    trial = pilot_of(session, part.kind, part.id)
    if trial is None:
        return
    end_pilot(session, actor, ctx.clock(), trial)
    if trial.release == row.id:
        return
    other = session.get(ReleaseRow, trial.release, with_for_update=True)
    left = select(PilotRow.id).where(PilotRow.release == trial.release).limit(1)
    if other is not None and other.state in ON_TRIAL and session.scalar(left) is None:
        other.state, other.next_at = "over", None
        other.ended_at, other.ended_by = ctx.clock(), actor.id


def _put_back(ctx: Context, session: Session, actor: Actor, part: Part) -> None:
    live = _live(session, part)
    if live is None:
        raise NotFound("What this release brought is gone by now.", code="release_gone")
    if live.version != part.version:
        raise Conflict(
            "This was changed again since. Take back the later release first.",
            code="changed_since",
        )
    now = ctx.clock()
    if part.before is not None:
        wish = read_wish(part.kind, part.before)
        version = _keep(ctx, session, actor, wish, part.version, wish.edited_at)
        live_now: tuple[Mapping[str, Any], int] | None = (part.before, version)
    elif part.kind == "campaign":
        content.remove_campaign(ctx, session, actor, part.id, part.version)
        live_now = None
    elif Reach(session).direct_uses(part.id):
        return  # something else plays this new playlist by now: it stays
    else:
        content.remove_playlist(ctx, session, actor, part.id, part.version)
        live_now = None
    drafts.taken_back(session, actor, part.kind, part.id, part.body, live_now, now)
