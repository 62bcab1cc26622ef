"""One file put in another's place, in every playlist at once, and taken back as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from playlists.ids import Sha256
from playlists.model import Card, Item, Playlist
from server.db.models import AuditRow, PlaylistRow
from server.errors import BadInput, Conflict, Forbidden
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import locked, missing
from server.services.library import assets
from server.services.wishes.card_checks import check_files
from server.services.wishes.reach import Reach
from server.services.wishes.wish_rows import playlist_columns, playlist_of
from server.services.wishes.writing import Pen

REPLACE, UNDO = "asset.replace", "asset.replace_undo"


@dataclass(frozen=True, slots=True)
class Replaced:
    """What was done: `number` names it for `undo`; the ids of the playlists that were changed, and
    of those that others changed since, which stay as they are.
    """

    number: int
    playlists: tuple[str, ...]
    left: tuple[str, ...] = ()


def replace_everywhere(ctx: Context, actor: Actor, old: str, new: str) -> Replaced:
    """Show `new` wherever a playlist that is on air shows `old`, as one edit. Drafts stay.

    Raises NotFound, BadInput (it cannot stand there), Conflict (nothing shows it), Forbidden (it
    shows beyond one's stores); nothing is then changed.
    """
    actor.require("content")
    if old == new:
        raise BadInput("This is the same file. Choose another.", field="new", code="same_file")
    now = ctx.clock()
    with ctx.db.write() as session:
        for sha in (old, new):
            if not assets.sees(session, actor, sha):
                raise missing("file")
        reach = Reach(session)
        names = sorted(reach.showing(Sha256(old)))
        if not names:
            raise Conflict("No playlist shows this file.", code="not_used")
        if not all(reach.may_edit(actor, name) for name in names):
            message = "It also shows outside your stores, so you cannot replace it everywhere."
            raise Forbidden(message, code="beyond")
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        for name in names:
            row = locked(session, PlaylistRow, name, "playlist")
            changed = replace(swapped(playlist_of(row), Sha256(old), Sha256(new)), edited_at=now)
            check_files(session, ctx.media, changed)
            before[name] = row.body
            keys = [f"playlist:{name}"]
            after[name] = Pen(session, actor, now).change(row, playlist_columns(changed), keys)
        written = audit.record(
            session, actor, now, REPLACE, f"asset:{old}", before, {"by": new, **after}
        )
        session.flush()
    ctx.wake()
    return Replaced(written.id, tuple(names))


def undo(ctx: Context, actor: Actor, number: int) -> Replaced:
    """Take a replacement back where nobody changed the playlist since. Raises NotFound, Conflict
    (nothing of it is left to take back).
    """
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        done = session.get(AuditRow, number)
        if done is None or done.action != REPLACE or done.actor_id != actor.id:
            raise missing("replacement")
        before: Mapping[str, Any] = done.before or {}
        after: Mapping[str, Any] = done.after or {}
        back, left = [], []
        for name, body in before.items():
            row = session.get(PlaylistRow, name, with_for_update=True)
            if row is None or row.version != after.get(name):
                left.append(name)
                continue
            columns = {"name": body["name"], "body": {**body, "edited_at": now}}
            Pen(session, actor, now).change(row, columns, [f"playlist:{name}"])
            back.append(name)
        if not back:
            message = "All of these playlists were changed since. Change them there."
            raise Conflict(message, code="changed_meanwhile")
        audit.record(session, actor, now, UNDO, done.subject, None, {"of": number})
    ctx.wake()
    return Replaced(number, tuple(back), tuple(left))


def swapped(playlist: Playlist, old: Sha256, new: Sha256) -> Playlist:
    """The playlist with one file in place of another."""

    def card(one: Card) -> Card:
        return replace(
            one,
            assets=tuple(new if sha == old else sha for sha in one.assets),
            goods=tuple(
                replace(good, picture=new) if good.picture == old else good for good in one.goods
            ),
            qr=new if one.qr == old else one.qr,
        )

    def item(one: Item) -> Item:
        return replace(
            one,
            content=card(one.content) if isinstance(one.content, Card) else one.content,
            fallback=card(one.fallback) if one.fallback is not None else None,
        )

    return replace(playlist, items=tuple(item(one) for one in playlist.items))
