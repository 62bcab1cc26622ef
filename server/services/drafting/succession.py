"""One playlist put in another's place wherever that plays on air, as one edit, and taken back as
one: campaigns, bases, and the playlists that hold it. What a hand shows ends by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import PlaylistId
from playlists.model import Playlist
from server.db.models import AuditRow, CampaignRow, DraftRow, PlaylistRow
from server.errors import BadInput, Conflict
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.wishes import bases, content
from server.services.wishes.reach import children, sees_playlist
from server.services.wishes.wish_rows import campaign_of, playlist_of

REPLACE, UNDO = "playlist.replace", "playlist.replace_undo"


@dataclass(frozen=True, slots=True)
class Replaced:
    """What was done: `number` names it for `undo`; in how many places, and how many of them others
    changed since, which stay as they are.
    """

    number: int
    places: int
    left: int = 0


@dataclass(frozen=True, slots=True)
class _Swap:
    """One playlist for another, by whom; `now` in unix ms."""

    ctx: Context
    session: Session
    actor: Actor
    now: int
    old: str
    new: str

    def campaign(self, row: CampaignRow) -> int:
        """Its next version. It stays edited when it was: nothing wins over it anew."""
        was = campaign_of(row)
        after = replace(was, playlist=PlaylistId(self.new))
        before = row.version
        made = content.keep_campaign(
            self.ctx, self.session, self.actor, after, before, was.edited_at
        )
        self._draft("campaign", row.id, before, made.version, [])
        return made.version

    def holder(self, row: PlaylistRow, items: list[str]) -> int:
        """The next version of a playlist in which these turns were the old one."""
        was = playlist_of(row)
        turns = tuple(
            replace(item, content=PlaylistId(self.new)) if item.id in items else item
            for item in was.items
        )
        before = row.version
        made = content.keep_playlist(
            self.ctx, self.session, self.actor, replace(was, items=turns), before, was.edited_at
        )
        self._draft("playlist", row.id, before, made.version, items)
        return made.version

    def _draft(self, kind: str, subject: str, before: int, after: int, items: list[str]) -> None:
        """A draft of it goes on upon what is on air now, and plays the new one too."""
        row = self.session.get(DraftRow, (kind, subject), with_for_update=True)
        if row is None or row.base_version != before:
            return
        body: dict[str, Any] = dict(row.body)
        if body.get("playlist") == self.old:
            body["playlist"] = self.new
        if items:
            body["items"] = [
                {**item, "content": {"playlist": self.new}}
                if item["id"] in items and item["content"] == {"playlist": self.old}
                else item
                for item in body["items"]
            ]
        row.body, row.base_version = body, after


def replace_everywhere(ctx: Context, actor: Actor, old: str, new: str) -> Replaced:
    """Play `new` wherever `old` plays on air, as one edit.

    Raises NotFound, BadInput (the same; they would hold each other), Conflict (nothing plays it),
    Forbidden (it plays beyond one's stores); nothing is then changed.
    """
    actor.require("content")
    if old == new:
        raise BadInput("This is the same playlist. Choose another.", field="by", code="same")
    now = ctx.clock()
    with ctx.db.write() as session:
        for name in (old, new):
            if session.get(PlaylistRow, name) is None or not sees_playlist(session, actor, name):
                raise missing("playlist")
        swap = _Swap(ctx, session, actor, now, old, new)
        holders = {
            row.id: _turns(playlist, old)
            for row in session.scalars(select(PlaylistRow))
            if old in children(playlist := playlist_of(row))
        }
        playing = select(CampaignRow).where(CampaignRow.playlist_id == old)
        done: dict[str, Any] = {
            "by": new,
            "playlists": {
                name: [swap.holder(session.get_one(PlaylistRow, name), turns), turns]
                for name, turns in holders.items()
            },
            "campaigns": {row.id: swap.campaign(row) for row in session.scalars(playing).all()},
            "bases": bases.replace_bases(session, actor, now, old, new),
        }
        if not _places(done):
            raise Conflict("Nothing on air plays this playlist.", code="not_used")
        written = audit.record(session, actor, now, REPLACE, f"playlist:{old}", None, done)
        session.flush()
    ctx.wake()
    return Replaced(written.id, _places(done))


def undo(ctx: Context, actor: Actor, number: int) -> Replaced:
    """Take a replacement back where nobody changed anything since. Raises NotFound, Forbidden,
    Conflict (nothing of it is left to take back).
    """
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = session.get(AuditRow, number)
        if row is None or row.action != REPLACE or row.actor_id != actor.id:
            raise missing("replacement")
        old, done = row.subject.removeprefix("playlist:"), dict(row.after or {})
        if session.get(PlaylistRow, old) is None:
            raise Conflict("The playlist of before is thrown away. Take it out first.", code="gone")
        swap = _Swap(ctx, session, actor, now, str(done["by"]), old)
        back = 0
        for name, (version, turns) in done["playlists"].items():
            holder = session.get(PlaylistRow, name)
            if holder is not None and holder.version == version:
                swap.holder(holder, turns)
                back += 1
        for name, version in done["campaigns"].items():
            campaign = session.get(CampaignRow, name)
            if campaign is not None and campaign.version == version:
                swap.campaign(campaign)
                back += 1
        back += len(bases.replace_bases(session, actor, now, swap.old, old, done["bases"]))
        if not back:
            message = "All of these places were changed since. Change them there."
            raise Conflict(message, code="changed_meanwhile")
        audit.record(session, actor, now, UNDO, row.subject, None, {"of": number})
    ctx.wake()
    return Replaced(number, back, _places(done) - back)


def _places(done: Mapping[str, Any]) -> int:
    return sum(len(done[kind]) for kind in ("playlists", "campaigns", "bases"))


def _turns(playlist: Playlist, inner: str) -> list[str]:
    return [item.id for item in playlist.items if item.content == inner]
