"""A store as its manager minds it: what is held, paused, said to be out and urgent now, and how
long a hand may last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.localtime import instant, local_date, local_days, zone_of
from playlists.model import Override, Target
from playlists.resolving.targets import narrowness
from server.db.models import (
    CampaignRow,
    EmergencyRow,
    OverrideRow,
    PlaylistRow,
    ScreenRow,
    StoreRow,
)
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.chain.place_views import StoreView, store_view
from server.services.minding.running_out import Out, is_of_out, outs
from server.services.wishes.budget import latest_end
from server.services.wishes.reach import Reach
from server.services.wishes.targeting import map_of, within
from server.services.wishes.wish_rows import emergency_of, override_of

MAX_STORES = 200
"""Stores in the choice; whoever minds more looks for one by name."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A hand that shows (`name` is the playlist's) or pauses (the campaign's or item's) on
    `[from_ms, until_ms)`; `screens` empty: all of the store's. `behind` names the hand that goes
    before it on all of them, empty where it shows.
    """

    id: str
    name: str
    by: str
    from_ms: int
    until_ms: int
    screens: frozenset[str]
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An emergency here; `own` where this actor may end it."""

    id: str
    name: str
    until_ms: int
    own: bool


@dataclass(frozen=True, slots=True)
class Shop:
    """The store now (unix ms). `closing_ms` is today's closing, or midnight where that is over;
    `latest_ms` is until when a hold may last today; `screens` are the store's, by id.
    """

    store: StoreView
    screens: tuple[str, ...]
    now: int
    closing_ms: int
    latest_ms: int
    shown: tuple[Hold, ...]
    paused: tuple[Hold, ...]
    outs: tuple[Out, ...]
    alarms: tuple[Alarm, ...]

    @property
    def default_ms(self) -> int:
        """When a hold ends unless something else is chosen."""
        return min(self.closing_ms, self.latest_ms)


def stores_of(ctx: Context, actor: Actor, named: str = "") -> tuple[tuple[str, str], ...]:
    """The stores that this actor minds, (id, name) by name, those with `named` in it."""
    actor.require("override")
    query = select(StoreRow.id, StoreRow.name).order_by(StoreRow.name, StoreRow.id)
    if actor.stores is not None:
        query = query.where(StoreRow.id.in_(actor.stores))
    if named:
        query = query.where(StoreRow.name.icontains(named, autoescape=True))
    with ctx.db.read() as session:
        return tuple((row.id, row.name) for row in session.execute(query.limit(MAX_STORES)))


def mind(ctx: Context, actor: Actor, store: str, language: str) -> Shop:
    """A store as it stands, products named in a language. Raises Forbidden, NotFound."""
    actor.require("override", store)
    now = ctx.clock()
    with ctx.db.read() as session:
        row = session.get(StoreRow, store)
        if row is None:
            raise missing("store")
        view = store_view(row).value
        hands = _hands(session, store, now)
        names = _names(session, hands)
        rows = select(ScreenRow.id).where(ScreenRow.store_id == store).order_by(ScreenRow.id)
        screens = tuple(session.scalars(rows))
        shows = [one for one in hands if one.kind == "show"]
        shown = [
            replace(_hold(one, names), behind=_before(one, shows, screens, names)) for one in shows
        ]
        paused = [_hold(one, names) for one in hands if one.kind == "pause"]
        return Shop(
            view,
            screens,
            now,
            closing(view, now),
            latest_end(ctx, session, actor, store, now),
            tuple(shown),
            tuple(one for one in paused if not is_of_out(one.id)),
            outs(session, store, view.channel, now, language),
            _alarms(session, actor, store, now),
        )


def closing(store: StoreView, now: int) -> int:
    """When the store closes today, unix ms; at midnight where it is closed already."""
    zone = zone_of(store.zone)
    today = local_date(zone, now)
    special = dict(store.special_hours).get(today.isoformat())
    hours = special if special is not None else store.hours[today.weekday()]
    midnight = datetime.combine(today, time())
    ends = [instant(zone, midnight + timedelta(minutes=end)) for _, end in hours]
    return max(
        (end for end in ends if end > now), default=local_days(store.zone, now, 1)[0].until_ms
    )


def _hands(session: Session, store: str, now: int) -> list[Override]:
    """The hands on a store now, the one that ends first first."""
    rows = select(OverrideRow).where(
        OverrideRow.store_id == store, OverrideRow.from_ms <= now, OverrideRow.until_ms > now
    )
    found = [override_of(row) for row in session.scalars(rows)]
    return sorted(found, key=lambda one: (one.until_ms, one.id))


def _hold(override: Override, names: Mapping[str, str]) -> Hold:
    of = override.playlist or override.subject
    return Hold(
        override.id,
        names.get(of, of),
        override.by,
        override.from_ms,
        override.until_ms,
        frozenset(override.screens),
    )


def _before(
    hand: Override, shows: Collection[Override], screens: Collection[str], names: Mapping[str, str]
) -> str:
    """What the hand shows that goes before this one wherever it is, in the cascade's order."""

    def rank(one: Override) -> tuple[object, ...]:
        narrow = narrowness(Target(screens=one.screens))
        return tuple(-n for n in narrow), -one.edited_at, one.id

    def where(one: Override) -> set[str]:
        return set(one.screens or screens)

    first = next(
        (
            one
            for one in sorted(shows, key=rank)
            if one.zone == hand.zone and where(hand) <= where(one)
        ),
        hand,
    )
    return "" if first.id == hand.id else names.get(first.playlist or "", first.playlist or "")


def _names(session: Session, hands: Collection[Override]) -> dict[str, str]:
    """What people call the playlists, campaigns and items that hands are about."""
    playlists = {one.playlist for one in hands if one.playlist}
    subjects = {one.subject for one in hands if one.subject and not is_of_out(one.id)}
    found: dict[str, str] = {}
    for table, wanted in ((PlaylistRow, playlists), (CampaignRow, subjects)):
        if wanted:
            rows = select(table.id, table.name).where(table.id.in_(wanted))
            found.update(session.execute(rows).all())
    if subjects - found.keys():
        for playlist in Reach(session).playlists.values():
            for item in playlist.items:
                if item.id in subjects and item.title:
                    found.setdefault(str(item.id), item.title)
    return found


def _alarms(session: Session, actor: Actor, store: str, now: int) -> tuple[Alarm, ...]:
    rows = select(EmergencyRow).where(EmergencyRow.from_ms <= now, EmergencyRow.until_ms > now)
    urgent = [emergency_of(row) for row in session.scalars(rows)]
    places = map_of(session, [one.target for one in urgent])
    here = [one for one in urgent if store in places.concerned(one.target)]
    wanted = [one.playlist for one in here]
    named = select(PlaylistRow.id, PlaylistRow.name).where(PlaylistRow.id.in_(wanted))
    names = dict(session.execute(named).all())
    return tuple(
        Alarm(
            one.id,
            names.get(one.playlist, one.playlist),
            one.until_ms,
            actor.may("emergency") and within(actor, one.target, places),
        )
        for one in here
    )
