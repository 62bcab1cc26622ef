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
from server.services.wishes.pilots import end_pilot_of
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
    with ctx.db.write() as session:
        made = keep_playlist(ctx, session, actor, playlist, 0)
    ctx.wake()
    return made


def update_playlist(
    ctx: Context, actor: Actor, playlist: Playlist, if_version: int | None = None
) -> Versioned[Playlist]:
    """Replace a playlist. Raises BadInput, NotFound, Forbidden (it plays beyond one's stores),
    Stale.
    """
    with ctx.db.write() as session:
        made = keep_playlist(ctx, session, actor, playlist, if_version)
    ctx.wake()
    return made


def keep_playlist(
    ctx: Context,
    session: Session,
    actor: Actor,
    playlist: Playlist,
    if_version: int | None,
    edited_at: int | None = None,
) -> Versioned[Playlist]:
    """Write a playlist down in the caller's transaction: a new one for version 0, else in the place
    of the one there. It counts as edited at `edited_at` (unix ms), None: now. Raises as
    `create_playlist` and `update_playlist`.
    """
    actor.require("content")
    pen = Pen(session, actor, ctx.clock())
    edited = pen.now if edited_at is None else edited_at
    if if_version == 0:
        chosen = PlaylistId(chosen_id(playlist.id, playlist.name))
        playlist = replace(playlist, id=chosen, edited_at=edited)
        columns = checked_playlist(ctx, session, actor, playlist)
        pen.add(PlaylistRow, chosen, columns, [f"playlist:{chosen}"])
        return Versioned(playlist, 1)
    row = editable_playlist(session, actor, playlist.id)
    check_version(row.version, if_version)
    playlist = replace(playlist, edited_at=edited)
    columns = checked_playlist(ctx, session, actor, playlist)
    return Versioned(playlist, pen.change(row, columns, [f"playlist:{row.id}"]))


def delete_playlist(
    ctx: Context, actor: Actor, playlist_id: str, if_version: int | None = None
) -> None:
    """Take a playlist away. Raises Conflict, saying where, while something uses it."""
    with ctx.db.write() as session:
        remove_playlist(ctx, session, actor, playlist_id, if_version)
    ctx.wake()


def remove_playlist(
    ctx: Context, session: Session, actor: Actor, playlist_id: str, if_version: int | None
) -> None:
    """Take a playlist away in the caller's transaction. Raises as `delete_playlist`."""
    actor.require("content")
    row = editable_playlist(session, actor, playlist_id)
    check_version(row.version, if_version)
    uses = Reach(session).direct_uses(playlist_id)
    if uses:
        message = f"This playlist is in use: {said_of(uses)}. Take it out there first."
        raise Conflict(message, code="in_use")
    pen = Pen(session, actor, ctx.clock())
    end_pilot_of(session, actor, pen.now, "playlist", playlist_id)
    pen.delete(row, [f"playlist:{row.id}"])


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
    with ctx.db.write() as session:
        made = keep_campaign(ctx, session, actor, campaign, 0)
    ctx.wake()
    return made


def update_campaign(
    ctx: Context, actor: Actor, campaign: Campaign, if_version: int | None = None
) -> Versioned[Campaign]:
    """Replace a campaign. Raises BadInput, NotFound, Forbidden (it reaches beyond one's stores),
    Stale.
    """
    with ctx.db.write() as session:
        made = keep_campaign(ctx, session, actor, campaign, if_version)
    ctx.wake()
    return made


def keep_campaign(
    ctx: Context,
    session: Session,
    actor: Actor,
    campaign: Campaign,
    if_version: int | None,
    edited_at: int | None = None,
) -> Versioned[Campaign]:
    """Write a campaign down in the caller's transaction: a new one for version 0, else in the place
    of the one there. It counts as edited at `edited_at` (unix ms), None: now. Raises as
    `create_campaign` and `update_campaign`.
    """
    actor.require("content")
    pen = Pen(session, actor, ctx.clock())
    edited = pen.now if edited_at is None else edited_at
    if if_version == 0:
        chosen = CampaignId(chosen_id(campaign.id, campaign.name))
        campaign = replace(campaign, id=chosen, edited_at=edited)
        columns, stores = checked_campaign(session, actor, campaign)
        pen.add(CampaignRow, chosen, columns, _campaign_keys(chosen, stores))
        return Versioned(campaign, 1)
    row, old_stores = editable_campaign(session, actor, campaign.id)
    check_version(row.version, if_version)
    campaign = replace(campaign, edited_at=edited)
    columns, stores = checked_campaign(session, actor, campaign)
    keys = _campaign_keys(row.id, stores | old_stores)
    return Versioned(campaign, pen.change(row, columns, keys))


def delete_campaign(
    ctx: Context, actor: Actor, campaign_id: str, if_version: int | None = None
) -> None:
    """Take a campaign off the air for good. Raises NotFound, Forbidden, Stale."""
    with ctx.db.write() as session:
        remove_campaign(ctx, session, actor, campaign_id, if_version)
    ctx.wake()


def remove_campaign(
    ctx: Context, session: Session, actor: Actor, campaign_id: str, if_version: int | None
) -> None:
    """Take a campaign away in the caller's transaction. Raises as `delete_campaign`."""
    actor.require("content")
    row, stores = editable_campaign(session, actor, campaign_id)
    check_version(row.version, if_version)
    pen = Pen(session, actor, ctx.clock())
    end_pilot_of(session, actor, pen.now, "campaign", campaign_id)
    pen.delete(row, _campaign_keys(row.id, stores))


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


def campaigns_at(ctx: Context, actor: Actor, store: str) -> list[str]:
    """What the campaigns on air are called that may concern a store of the actor's, by name."""
    actor.require("read", store)
    with ctx.db.read() as session:
        found = [campaign_of(row) for row in session.scalars(select(CampaignRow))]
        places = map_of(session, [campaign.target for campaign in found])
        return sorted(one.name for one in found if store in places.concerned(one.target))


def checked_playlist(
    ctx: Context, session: Session, actor: Actor, playlist: Playlist
) -> dict[str, Any]:
    """What a playlist's row keeps of it, by column. Raises BadInput where it cannot go on air."""
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


def checked_campaign(
    session: Session, actor: Actor, campaign: Campaign
) -> tuple[dict[str, Any], frozenset[str]]:
    """What a campaign's row keeps of it, by column, and the stores that it may concern. Raises
    BadInput, NotFound, Forbidden where it cannot go on air.
    """
    check_name(campaign.name)
    with as_bad_input():
        columns = campaign_columns(campaign)
    row = session.get(PlaylistRow, campaign.playlist)
    if row is None or not sees_playlist(session, actor, campaign.playlist):
        message = f"There is no playlist “{campaign.playlist}” among your stores."
        raise BadInput(message, field="playlist", code="no_such_playlist")
    check_zone(session, actor, campaign.zone)
    return columns, check_target(session, actor, campaign.target)


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
