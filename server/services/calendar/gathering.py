"""Reads what the calendar shows: campaigns and their drafts, hands, bases, places, holidays."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from playlists.localtime import zone_of
from playlists.model import Campaign
from playlists.schedule import Schedule
from server.db.models import BaseRow, DraftRow, EmergencyRow, OverrideRow, StoreRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.base.naming import names_of_people
from server.services.calendar.faces import Face, face_of
from server.services.calendar.floor import Floor, Shop
from server.services.calendar.rows import Rows, campaign_from_draft, rows_of
from server.services.calendar.window import Window
from server.services.chain.calendars import calendar_of

State = Literal["air", "changed", "draft"]
MAX_FLOORS = 16
"""Floors that one process holds: of a few people, in a few windows."""
SUN_SQUARE_E6 = 2_000_000
"""The calendar counts with one sun for each square of 2 degrees, some minutes off at its edges, so
that a large chain has few clocks. Screens play by their own.
"""
_DRAFTS = 2_000
_NOON = time(12)


@dataclass(frozen=True, slots=True)
class Planned:
    """A campaign as it is planned: its draft, where somebody writes one. `version` is on air."""

    campaign: Campaign
    state: State
    version: int


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


def gather(ctx: Context, actor: Actor, shown: Window, *, drafts: bool = True) -> Gathered:
    """The calendar of a window, as it is planned or, without `drafts`, as it is on air. Raises
    Forbidden.
    """
    actor.require("content")
    rows = rows_of(ctx.db)
    with rows.lock, ctx.db.read() as session:
        rows.refresh(session)
        planned = _planned(session, actor, rows, drafts=drafts)
        floor = _floor(rows, actor, shown, [one.campaign.schedule for one in planned.values()])
        hands = _hands(session, actor, shown)
        bases = _bases(session, actor, rows)
        if actor.stores is not None:
            planned = {
                name: one
                for name, one in planned.items()
                if one.state == "draft" or floor.concerns(one.campaign.target)
            }
        used: set[str] = {str(one.campaign.playlist) for one in planned.values()}
        used |= {hand.playlist for hand in hands} | {playlist for playlist, _ in bases}
        faces = _faces(session, used, rows)
    zones = Counter(shop.calendar.zone for shop in floor.shops)
    zone = max(sorted(zones), key=lambda one: zones[one], default="UTC")
    return Gathered(floor, planned, faces, hands, bases, zone)


def zone_now(ctx: Context, actor: Actor) -> str:
    """The clock that most of the actor's stores live by."""
    with ctx.db.read() as session:
        rows = session.execute(select(StoreRow.id, StoreRow.zone))
        zones = Counter(row.zone for row in rows if actor.sees(row.id))
    return max(sorted(zones), key=lambda zone: zones[zone], default="UTC")


def _planned(session: Session, actor: Actor, rows: Rows, *, drafts: bool) -> dict[str, Planned]:
    written = _drafts(session) if drafts else {}
    found: dict[str, Planned] = {}
    for name, wish in sorted(rows.campaigns.wishes.items()):
        campaign, version = wish.value
        draft = written.pop(name, None)
        if draft is None or draft.seq == 0:
            found[name] = Planned(campaign, "air", version)
        elif (changed := _read_draft(draft.text)) is not None:
            found[name] = Planned(changed, "changed", version)
    for name, draft in sorted(written.items()):
        mine = actor.stores is None or draft.created_by == actor.id
        if draft.base_version == 0 and mine and (one := _read_draft(draft.text)):
            found[name] = Planned(one, "draft", 0)
    return found


def _drafts(session: Session) -> dict[str, Any]:
    return {
        row.subject: row
        for row in session.execute(
            select(
                DraftRow.subject,
                DraftRow.seq,
                DraftRow.base_version,
                DraftRow.created_by,
                cast(DraftRow.body, String).label("text"),
            ).where(DraftRow.kind == "campaign")
        )
    }


@lru_cache(maxsize=_DRAFTS)
def _read_draft(text: str) -> Campaign | None:
    return campaign_from_draft(json.loads(text))


def _floor(rows: Rows, actor: Actor, shown: Window, schedules: Iterable[Schedule]) -> Floor:
    sun = any(
        edge.anchor in ("sunrise", "sunset")
        for schedule in schedules
        for part in schedule.dayparts
        for edge in (part.start, part.end)
    )
    key = (rows.stores.generation, rows.screens.generation, actor.stores, shown, sun)
    if key not in rows.floors:
        shops = []
        stores = [wish.value for wish in rows.stores.wishes.values()]
        for row in sorted(stores, key=lambda row: (row.name, row.id)):
            if actor.sees(row.id):
                begin = datetime.combine(shown.first, _NOON, zone_of(row.zone)).astimezone(UTC)
                now = int(begin.timestamp()) * 1000
                calendar = calendar_of(_roughly(row), now, shown.days, sun=sun)
                shops.append(
                    Shop(
                        *(row.id, row.name, calendar, row.country, frozenset(row.regions)),
                        *(row.lat_e6, row.lon_e6, row.channel or ""),
                    )
                )
        spots = [w.value for w in rows.screens.wishes.values() if actor.sees(w.value.store)]
        spots.sort(key=lambda spot: (spot.store, spot.name, spot.id))
        rows.floors[key] = Floor(shops, spots)
        if len(rows.floors) > MAX_FLOORS:
            rows.floors.pop(next(iter(rows.floors)))
    return rows.floors[key]


def _roughly(row: StoreRow) -> StoreRow:
    """A store for its calendar alone, where the sun is that of its square."""
    return StoreRow(
        zone=row.zone,
        country=row.country,
        hours=row.hours,
        special_hours=row.special_hours,
        lat_e6=round(row.lat_e6 / SUN_SQUARE_E6) * SUN_SQUARE_E6,
        lon_e6=round(row.lon_e6 / SUN_SQUARE_E6) * SUN_SQUARE_E6,
    )


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


def _bases(session: Session, actor: Actor, rows: Rows) -> tuple[tuple[str, str], ...]:
    """Base playlists with the store or screen that they are the base of, "" for the chain."""
    screens = rows.screens.wishes
    return tuple(
        (row.playlist_id, row.subject)
        for row in session.scalars(select(BaseRow).order_by(BaseRow.scope, BaseRow.subject))
        if actor.sees(
            (screens[row.subject].value.store if row.subject in screens else row.subject) or None
        )
    )


def _faces(session: Session, ids: Collection[str], rows: Rows) -> dict[str, Face]:
    live = rows.playlists.wishes
    found = {name: live[name].value for name in ids if name in live}
    missing = sorted(set(ids) - found.keys())
    for some in batched(missing, MAX_IN):
        written = select(DraftRow.subject, DraftRow.body).where(
            DraftRow.kind == "playlist", DraftRow.subject.in_(some)
        )
        for name, body in session.execute(written):
            found[name] = face_of(name, str(body.get("name", name)), body)
    return found
