"""Reads what the calendar shows: campaigns and their drafts, hands, bases, places, holidays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.localtime import zone_of
from playlists.model import Campaign
from playlists.model_json import campaign_from_json
from playlists.schedule import Schedule
from server.db.mappers import layout_from
from server.db.models import (
    BaseRow,
    CampaignRow,
    DraftRow,
    EmergencyRow,
    OverrideRow,
    PlaylistRow,
    ScreenRow,
    StoreRow,
)
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.calendar.floor import Floor, Shop, Spot
from server.services.calendar.window import Window
from server.services.chain.calendars import calendar_of
from server.services.drafting.listing import names_of_people
from server.services.wishes.targeting import map_of, sees_target

State = Literal["air", "changed", "draft"]
NO_PLAYLIST = "-"
"""Stands for the playlist of a draft that has none yet."""
_NOON = time(12)


@dataclass(frozen=True, slots=True)
class Planned:
    """A campaign as it is planned: its draft, where somebody writes one. `version` is on air."""

    campaign: Campaign
    state: State
    version: int


@dataclass(frozen=True, slots=True)
class Face:
    """What a playlist looks like from outside: its name, its first card's template and sky, the
    item to draw, a picture, whether goods with prices stand in it.
    """

    id: str
    name: str
    template: str = ""
    sky: str = ""
    item: str = ""
    picture: str = ""
    priced: bool = False


@dataclass(frozen=True, slots=True)
class Hand:
    """An override or emergency: `[from_ms, until_ms)`, by whom, what it shows or pauses, where."""

    id: str
    kind: Literal["show", "pause", "emergency"]
    from_ms: int
    until_ms: int
    by: str
    playlist: str
    store: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that a calendar page is made of. `zone` is the clock that it goes by."""

    floor: Floor
    planned: Mapping[str, Planned]
    faces: Mapping[str, Face]
    hands: tuple[Hand, ...]
    bases: tuple[tuple[str, str], ...]
    zone: str


def gather(ctx: Context, actor: Actor, shown: Window) -> Gathered:
    """The calendar of a window. Raises Forbidden."""
    actor.require("content")
    with ctx.db.read() as session:
        planned = _planned(session, actor)
        floor = _floor(session, actor, shown, [one.campaign.schedule for one in planned.values()])
        hands = _hands(session, actor, shown)
        bases = _bases(session, actor)
        used: set[str] = {str(one.campaign.playlist) for one in planned.values()}
        used |= {hand.playlist for hand in hands} | {playlist for playlist, _ in bases}
        faces = _faces(session, used)
    zones = [shop.calendar.zone for shop in floor.shops]
    zone = max(sorted(set(zones)), key=zones.count, default="UTC")
    return Gathered(floor, planned, faces, hands, bases, zone)


def zone_now(ctx: Context, actor: Actor) -> str:
    """The clock that most of the actor's stores live by."""
    with ctx.db.read() as session:
        rows = session.execute(select(StoreRow.id, StoreRow.zone))
        zones = [row.zone for row in rows if actor.sees(row.id)]
    return max(sorted(set(zones)), key=zones.count, default="UTC")


def campaign_from_draft(body: Mapping[str, Any]) -> Campaign | None:
    """A draft as a campaign; None where it cannot be read."""
    try:
        return campaign_from_json({**body, "playlist": body.get("playlist") or NO_PLAYLIST})
    except Invalid:
        return None


def _planned(session: Session, actor: Actor) -> dict[str, Planned]:
    drafts = {
        row.subject: row
        for row in session.scalars(select(DraftRow).where(DraftRow.kind == "campaign"))
    }
    found: dict[str, Planned] = {}
    for row in session.scalars(select(CampaignRow)):
        draft = drafts.pop(row.id, None)
        changed = draft is not None and draft.seq > 0
        body = draft.body if draft is not None and changed else row.body
        campaign = campaign_from_draft(body)
        if campaign is not None:
            found[row.id] = Planned(campaign, "changed" if changed else "air", row.version)
    for name, draft in drafts.items():
        mine = actor.stores is None or draft.created_by == actor.id
        if draft.base_version == 0 and mine and (one := campaign_from_draft(draft.body)):
            found[name] = Planned(one, "draft", 0)
    if actor.stores is None:
        return found
    places = map_of(session, [one.campaign.target for one in found.values()])
    return {
        name: one
        for name, one in found.items()
        if one.state == "draft" or sees_target(actor, one.campaign.target, places)
    }


def _floor(session: Session, actor: Actor, shown: Window, schedules: Iterable[Schedule]) -> Floor:
    sun = any(
        edge.anchor in ("sunrise", "sunset")
        for schedule in schedules
        for part in schedule.dayparts
        for edge in (part.start, part.end)
    )
    shops = []
    for row in session.scalars(select(StoreRow).order_by(StoreRow.name, StoreRow.id)):
        if actor.sees(row.id):
            begin = datetime.combine(shown.first, _NOON, zone_of(row.zone)).astimezone(UTC)
            calendar = calendar_of(row, int(begin.timestamp()) * 1000, shown.days, sun=sun)
            shops.append(
                Shop(
                    *(row.id, row.name, calendar, row.country, frozenset(row.regions)),
                    *(row.lat_e6, row.lon_e6),
                )
            )
    columns = select(
        ScreenRow.id, ScreenRow.name, ScreenRow.store_id, ScreenRow.tags, ScreenRow.layout
    )
    spots = [
        Spot(
            *(row.id, row.name, row.store_id, frozenset(row.tags)),
            frozenset(box.id for box in layout_from(row.layout)),
        )
        for row in session.execute(columns.order_by(ScreenRow.store_id, ScreenRow.name))
        if actor.sees(row.store_id)
    ]
    return Floor(shops, spots)


def _hands(session: Session, actor: Actor, shown: Window) -> tuple[Hand, ...]:
    low = int(datetime.combine(shown.first, time(), UTC).timestamp()) * 1000
    high = low + (shown.days + 1) * 86_400_000
    found = []
    rows: list[OverrideRow | EmergencyRow] = []
    near = select(OverrideRow).where(OverrideRow.until_ms > low, OverrideRow.from_ms < high)
    rows += session.scalars(near).all()
    loud = select(EmergencyRow).where(EmergencyRow.until_ms > low, EmergencyRow.from_ms < high)
    rows += session.scalars(loud).all()
    people = names_of_people(session, {row.edited_by for row in rows})
    for row in rows:
        store = str(row.body.get("store", ""))
        if not actor.sees(store or None):
            continue
        kind: Literal["show", "pause", "emergency"] = "emergency"
        if isinstance(row, OverrideRow):
            kind = "pause" if row.body.get("kind") == "pause" else "show"
        by = str(row.body.get("by") or people.get(row.edited_by, ""))
        playlist = str(row.body.get("playlist") or row.body.get("subject", ""))
        found.append(Hand(row.id, kind, row.from_ms, row.until_ms, by, playlist, store))
    return tuple(sorted(found, key=lambda hand: (hand.from_ms, hand.id)))


def _bases(session: Session, actor: Actor) -> tuple[tuple[str, str], ...]:
    """Base playlists with the store or screen that they are the base of, "" for the chain."""
    store_of = dict(session.execute(select(ScreenRow.id, ScreenRow.store_id)).all())
    return tuple(
        (row.playlist_id, row.subject)
        for row in session.scalars(select(BaseRow).order_by(BaseRow.scope, BaseRow.subject))
        if actor.sees(store_of.get(row.subject, row.subject) or None)
    )


def _faces(session: Session, ids: Collection[str]) -> dict[str, Face]:
    rows = session.execute(
        select(PlaylistRow.id, PlaylistRow.name, PlaylistRow.body).where(
            PlaylistRow.id.in_(sorted(ids))
        )
    )
    found = {row.id: _face(row.id, row.name, row.body) for row in rows}
    missing = sorted(set(ids) - found.keys())
    written = select(DraftRow.subject, DraftRow.body).where(
        DraftRow.kind == "playlist", DraftRow.subject.in_(missing)
    )
    for name, body in session.execute(written):
        found[name] = _face(name, str(body.get("name", name)), body)
    return found


def _face(name: str, title: str, body: Mapping[str, Any]) -> Face:
    items: Sequence[Mapping[str, Any]] = body.get("items", ())
    cards = [(item["id"], item["content"]["card"]) for item in items if "card" in item["content"]]
    if not cards:
        return Face(name, title)
    item, card = cards[0]
    goods = [good for _, one in cards for good in one.get("goods", ())]
    return Face(
        name,
        title,
        template=str(card.get("template", "")),
        sky=str(card.get("params", {}).get("sky", "")),
        item=item,
        picture=next((str(good["picture"]) for good in goods if good.get("picture")), ""),
        priced=any(one.get("template") == "price" for _, one in cards),
    )
