"""Playlists and campaigns: made, read, changed and taken away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from playlists.ids import CampaignId, PlaylistId
from playlists.model import Campaign, Playlist
from server.db.models import CampaignRow, PlaylistRow
from server.errors import BadInput, Conflict, Forbidden
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import (
    Versioned,
    as_bad_input,
    check_name,
    check_version,
    chosen_id,
    locked,
    missing,
)
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.wishes.card_checks import check_cards, check_cycle, check_files
from server.services.wishes.reach import Reach, children, said_of, sees_playlist
from server.services.wishes.targeting import check_target, map_of, sees_target, within
from server.services.wishes.wish_rows import (
    campaign_columns,
    campaign_of,
    playlist_columns,
    playlist_of,
)
from server.services.wishes.writing import Pen
from server.services.wishes.zones import check_zone

_STRUCTURE_LOCK = 0x656E7365
"""Held by a PostgreSQL transaction that puts playlists into each other: two at once could close a
ring.
"""


def create_playlist(ctx: Context, actor: Actor, playlist: Playlist) -> Versioned[Playlist]:
    """Keep a new playlist; an empty id is chosen from its name. Raises BadInput, Conflict."""
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        chosen = PlaylistId(chosen_id(playlist.id, playlist.name))
        playlist = replace(playlist, id=chosen, edited_at=now)
        columns = _checked_playlist(ctx, session, actor, playlist)
        Pen(session, actor, now).add(PlaylistRow, chosen, columns, [f"playlist:{chosen}"])
    ctx.wake()
    return Versioned(playlist, 1)


def update_playlist(
    ctx: Context, actor: Actor, playlist: Playlist, if_version: int | None = None
) -> Versioned[Playlist]:
    """Replace a playlist. Raises BadInput, NotFound, Forbidden (it plays beyond one's stores),
    Stale.
    """
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = editable_playlist(session, actor, playlist.id)
        check_version(row.version, if_version)
        playlist = replace(playlist, edited_at=now)
        columns = _checked_playlist(ctx, session, actor, playlist)
        version = Pen(session, actor, now).change(row, columns, [f"playlist:{row.id}"])
    ctx.wake()
    return Versioned(playlist, version)


def delete_playlist(
    ctx: Context, actor: Actor, playlist_id: str, if_version: int | None = None
) -> None:
    """Take a playlist away. Raises Conflict, saying where, while something uses it."""
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = editable_playlist(session, actor, playlist_id)
        check_version(row.version, if_version)
        uses = Reach(session).direct_uses(playlist_id)
        if uses:
            message = f"This playlist is in use: {said_of(uses)}. Take it out there first."
            raise Conflict(message, code="in_use")
        Pen(session, actor, now).delete(row, [f"playlist:{row.id}"])
    ctx.wake()


def get_playlist(ctx: Context, actor: Actor, playlist_id: str) -> Versioned[Playlist]:
    """One playlist. Raises NotFound, also where it plays in none of the actor's stores."""
    actor.require("read")
    with ctx.db.read() as session:
        row = session.get(PlaylistRow, playlist_id)
        if row is None or not sees_playlist(session, actor, playlist_id):
            raise missing("playlist")
        return Versioned(playlist_of(row), row.version)


def list_playlists(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[Versioned[Playlist]]:
    """The playlists that play in the actor's stores, and those it made, by id."""
    actor.require("read")
    with ctx.db.read() as session:
        reach = Reach(session) if actor.stores is not None else None

        def make(row: PlaylistRow) -> Versioned[Playlist] | None:
            if reach is not None and not reach.sees(actor, row.id):
                return None
            return Versioned(playlist_of(row), row.version)

        return paged(session, ctx.settings, select(PlaylistRow), [PlaylistRow.id], cut, make)


def create_campaign(ctx: Context, actor: Actor, campaign: Campaign) -> Versioned[Campaign]:
    """Keep a new campaign; an empty id is chosen from its name. Raises BadInput, NotFound,
    Conflict.
    """
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        chosen = CampaignId(chosen_id(campaign.id, campaign.name))
        campaign = replace(campaign, id=chosen, edited_at=now)
        with as_bad_input():
            columns = campaign_columns(campaign)
        stores = _check_campaign(session, actor, campaign)
        keys = _campaign_keys(chosen, stores)
        Pen(session, actor, now).add(CampaignRow, chosen, columns, keys)
    ctx.wake()
    return Versioned(campaign, 1)


def update_campaign(
    ctx: Context, actor: Actor, campaign: Campaign, if_version: int | None = None
) -> Versioned[Campaign]:
    """Replace a campaign. Raises BadInput, NotFound, Forbidden (it reaches beyond one's stores),
    Stale.
    """
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        row, old_stores = editable_campaign(session, actor, campaign.id)
        check_version(row.version, if_version)
        campaign = replace(campaign, edited_at=now)
        with as_bad_input():
            columns = campaign_columns(campaign)
        stores = _check_campaign(session, actor, campaign)
        keys = _campaign_keys(row.id, stores | old_stores)
        version = Pen(session, actor, now).change(row, columns, keys)
    ctx.wake()
    return Versioned(campaign, version)


def delete_campaign(
    ctx: Context, actor: Actor, campaign_id: str, if_version: int | None = None
) -> None:
    """Take a campaign off the air for good. Raises NotFound, Forbidden, Stale."""
    actor.require("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        row, stores = editable_campaign(session, actor, campaign_id)
        check_version(row.version, if_version)
        Pen(session, actor, now).delete(row, _campaign_keys(row.id, stores))
    ctx.wake()


def get_campaign(ctx: Context, actor: Actor, campaign_id: str) -> Versioned[Campaign]:
    """One campaign. Raises NotFound, also where it may concern none of the actor's stores."""
    actor.require("read")
    with ctx.db.read() as session:
        row = session.get(CampaignRow, campaign_id)
        if row is None:
            raise missing("campaign")
        campaign = campaign_of(row)
        if not sees_target(actor, campaign.target, map_of(session, [campaign.target])):
            raise missing("campaign")
        return Versioned(campaign, row.version)


def list_campaigns(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[Versioned[Campaign]]:
    """The campaigns that may concern the actor's stores, by id."""
    actor.require("read")
    with ctx.db.read() as session:
        targets = () if actor.stores is None else _targets(session)
        places = map_of(session, targets)

        def make(row: CampaignRow) -> Versioned[Campaign] | None:
            campaign = campaign_of(row)
            if not sees_target(actor, campaign.target, places):
                return None
            return Versioned(campaign, row.version)

        return paged(session, ctx.settings, select(CampaignRow), [CampaignRow.id], cut, make)


def _checked_playlist(
    ctx: Context, session: Session, actor: Actor, playlist: Playlist
) -> dict[str, Any]:
    check_name(playlist.name)
    with as_bad_input():
        columns = playlist_columns(playlist)
    check_cards(playlist)
    check_files(session, ctx.media, playlist)
    if children(playlist):
        if not ctx.db.is_sqlite:
            session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _STRUCTURE_LOCK})
        reach = Reach(session)

        def find(child: str) -> Playlist | None:
            return reach.playlists.get(child) if reach.sees(actor, child) else None

        with as_bad_input():
            check_cycle(playlist, find)
    return columns


def editable_playlist(session: Session, actor: Actor, playlist_id: str) -> PlaylistRow:
    """A playlist's row, locked. Raises NotFound, Forbidden (it plays beyond one's stores)."""
    row = locked(session, PlaylistRow, playlist_id, "playlist")
    check_own_playlist(session, actor, row)
    return row


def check_own_playlist(session: Session, actor: Actor, row: PlaylistRow) -> None:
    """Refuse whoever may not change a playlist. Raises NotFound, Forbidden."""
    if actor.stores is not None:
        reach = Reach(session)
        if not reach.sees(actor, row.id):
            raise missing("playlist")
        if not reach.may_edit(actor, row.id):
            raise Forbidden("This playlist plays beyond your stores. Copy it, and change the copy.")


def _check_campaign(session: Session, actor: Actor, campaign: Campaign) -> frozenset[str]:
    check_name(campaign.name)
    row = session.get(PlaylistRow, campaign.playlist)
    if row is None or not sees_playlist(session, actor, campaign.playlist):
        message = f"There is no playlist “{campaign.playlist}” among your stores."
        raise BadInput(message, field="playlist", code="no_such_playlist")
    check_zone(session, actor, campaign.zone)
    return check_target(session, actor, campaign.target)


def editable_campaign(
    session: Session, actor: Actor, campaign_id: str
) -> tuple[CampaignRow, frozenset[str]]:
    """A campaign's row, locked, and the stores that it may concern until now. Raises NotFound,
    Forbidden (it reaches beyond one's stores).
    """
    row = locked(session, CampaignRow, campaign_id, "campaign")
    return row, check_own_campaign(session, actor, row)


def check_own_campaign(session: Session, actor: Actor, row: CampaignRow) -> frozenset[str]:
    """Refuse whoever may not change a campaign; the stores that it may concern. Raises NotFound,
    Forbidden.
    """
    target = campaign_of(row).target
    places = map_of(session, [target])
    if not sees_target(actor, target, places):
        raise missing("campaign")
    if not within(actor, target, places):
        raise Forbidden("This campaign reaches beyond your stores, so only the chain changes it.")
    return places.concerned(target)


def _targets(session: Session) -> list[Any]:
    return [campaign_of(row).target for row in session.scalars(select(CampaignRow))]


def _campaign_keys(campaign: str, stores: Iterable[str]) -> list[str]:
    return [f"campaign:{campaign}", *(f"campaigns@{store}" for store in stores)]
