"""Plans a campaign: what may be chosen for it, and what it would come to as it is written now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select

from playlists.ids import CampaignId, PlaylistId, StoreId
from playlists.localtime import local_date, zone_of
from playlists.model import Campaign, Target
from server.db.models import DraftRow, PlaylistRow
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.calendar.gathering import Planned, gather, zone_now
from server.services.calendar.judging import judged_for
from server.services.calendar.looking import Seen
from server.services.calendar.rows import NO_PLAYLIST
from server.services.calendar.voices import clock_changes
from server.services.calendar.window import window
from server.services.wishes.reach import Reach

UNSAVED = "new"
MAX_NIGHTS_DAYS = 366


@dataclass(frozen=True, slots=True)
class Choice:
    """A playlist to choose; `on_air` False is still a draft, which no screen can play."""

    id: str
    name: str
    on_air: bool


def playlists_to_choose(ctx: Context, actor: Actor) -> list[Choice]:
    """The playlists that the actor may plan with, drafts too, by name."""
    actor.require("content")
    with ctx.db.read() as session:
        reach = Reach(session) if actor.stores is not None else None
        rows = session.execute(select(PlaylistRow.id, PlaylistRow.name)).all()
        found = {
            name: Choice(name, title, True)
            for name, title in rows
            if reach is None or reach.sees(actor, name)
        }
        live = {name for name, _ in rows}
        drafts = select(DraftRow.subject, DraftRow.body, DraftRow.created_by).where(
            DraftRow.kind == "playlist", DraftRow.base_version == 0
        )
        for name, body, by in session.execute(drafts):
            if name not in live and (actor.stores is None or by == actor.id):
                found[name] = Choice(name, str(body.get("name", name)), False)
    return sorted(found.values(), key=lambda one: (one.name.casefold(), one.id))


def empty_campaign(first: str = "", end: str = "", actor: Actor = SYSTEM) -> Campaign:
    """What a new campaign begins as: without a name and a playlist, on these days, where the
    actor's rights end.
    """
    blank = Campaign(CampaignId(UNSAVED), "", PlaylistId(NO_PLAYLIST), _own_target(actor))
    return replace(blank, schedule=replace(blank.schedule, start=first or None, end=end or None))


def _own_target(actor: Actor) -> Target:
    """The regions of whoever is not of the whole chain, or else the stores: both would have to fit
    at once.
    """
    if actor.stores is None:
        return Target()
    if actor.regions:
        return Target(regions=actor.regions)
    return Target(stores=frozenset(map(StoreId, actor.stores)))


def rehearse(ctx: Context, actor: Actor, campaign: Campaign) -> Seen:
    """The five weeks in which a campaign begins, or which it is in, as if it were on air."""
    now = ctx.clock()
    today = local_date(zone_of(zone_now(ctx, actor)), now)
    start = campaign.schedule.start
    begins = max(today, date.fromisoformat(start[:10])) if start else today
    shown = window("weeks", begins)
    found = gather(ctx, actor, shown)
    held = found.planned.get(campaign.id)
    mine = Planned(campaign, held.state if held else "draft", held.version if held else 0)
    campaigns = tuple(one.campaign for one in found.planned.values())
    judgement = judged_for(found.floor, shown, campaigns, campaign)
    found = replace(found, planned={**found.planned, campaign.id: mine})
    return Seen(found, shown, judgement, now, today)


def nights(seen: Seen, campaign: Campaign) -> tuple[tuple[date, int, str], ...]:
    """The days in the campaign's first year that are longer or shorter by so many minutes in its
    stores, with those stores' time zone.
    """
    floor = seen.gathered.floor
    mask = floor.hit(campaign.target, campaign.zone)
    zones = sorted({shop.calendar.zone for shop in floor.shops_of(mask)})
    start, end = campaign.schedule.start, campaign.schedule.end
    first = max(date.fromisoformat(start[:10]), seen.today) if start else seen.today
    days = MAX_NIGHTS_DAYS
    if end:
        days = min(days, (date.fromisoformat(end[:10]) - first).days)
    return tuple(
        (day, minutes, zone)
        for zone in zones
        for day, minutes in clock_changes(zone, first, max(0, days))
    )
