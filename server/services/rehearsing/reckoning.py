"""Goes through the stores that drafts concern: each profile that they may change, as it is and as
it would be. What is published is read, all else resolved with the code that publishing uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from playlists.codec import decode_manifest, decode_own_chunk
from playlists.ids import ScreenId, Sha256
from playlists.localtime import LocalDay
from playlists.manifest import Chunk, Manifest, Plan
from playlists.model import Screen, Store
from playlists.resolve import (
    Gathered,
    Lead,
    Memo,
    Profile,
    Resolved,
    gather,
    lead_from_json,
    profile_of,
    wishes_of,
)
from server.db.mappers import screen_from
from server.db.models import ProfileRow, ScreenHeadRow, ScreenRow
from server.services.base.objects import Plans, load_objects
from server.services.publishing.planning import NO_EXPIRY_MS, nobody
from server.services.publishing.reading import Snapshot
from server.services.publishing.viewing import View
from server.services.rehearsing.concerning import Concern

LOOKED_MS = 8 * 86_400_000
"""How far ahead plans are decoded to be looked at turn by turn."""
EXAMPLES = 4
"""Profiles that are reckoned whether they are concerned or not: to be asked why something never
plays."""

_PROFILE = ProfileRow.__table__.c
_PUBLISHED = select(_PROFILE.key, _PROFILE.manifest, _PROFILE.lead)


@dataclass(frozen=True, slots=True)
class Former:
    """A plan as it is, its days decoded when asked for."""

    manifest: Manifest
    chunk: Callable[[Sha256], Chunk]


@dataclass(frozen=True, slots=True)
class _Published:
    """A profile's plan as stored, and what its lead-in is made of."""

    sha: str
    manifest: Manifest
    lead: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Screens of a store that have one profile as it is and one as it would be, both for all days
    and beginning alike: with the lead-in of what is published, or without what already played.
    """

    store: Store
    screens: tuple[Screen, ...]
    profile: Profile
    view: View
    gathered: Gathered
    before: Former
    after: Resolved


class Reckoner:
    """For one rehearsal, in one thread. At `now` (unix ms) the drafts go on air. `screens` counts
    those that were looked at.
    """

    def __init__(self, now: int, margin_ms: int, concern: Concern) -> None:
        self.screens = 0
        self._now = now
        self._concern = concern
        self._examples = 0
        self._margin_ms = margin_ms
        self._memo = Memo()
        self._plans = Plans()
        self._chunks: dict[Sha256, Chunk] = {}

    def pairs(self, session: Session, is_: Snapshot, would: Snapshot, store: str) -> Iterator[Pair]:
        """The profiles of a store that the drafts may change, before and after."""
        made = would.store(store)
        if made is None:
            return
        rows = session.execute(select(ScreenRow.__table__).where(ScreenRow.store_id == store))
        screens = [screen_from(row) for row in rows]
        self.screens += len(screens)
        former, coming = (self._profiles(one, made, screens) for one in (is_, would))
        days = would.days(made)
        lasting = self._lasting(session, store, days)
        alike: dict[tuple[str, str], list[Screen]] = {}
        for screen in screens:
            alike.setdefault((former[screen.id].key, coming[screen.id].key), []).append(screen)
        wanted = [
            (key, some)
            for (key, _coming), some in alike.items()
            if self._wanted(made, some[0], key, key in lasting)
        ]
        if not wanted:
            return
        published = self._read(session, [lasting[key] for key, _some in wanted if key in lasting])
        keys = would.library.on_air(made, {some[0].place for _key, some in wanted})
        would.prefetch(keys)
        if any(key not in published for key, _some in wanted):
            is_.prefetch(keys)
        for key, some in wanted:
            stored = published.get(key)
            becomes = coming[some[0].id]
            view = View(would, becomes)
            gathered = gather(becomes, view, days, self._memo)
            if stored is not None:
                after = gathered.resolved(self._lead(session, stored, days[0].date))
                before = Former(stored.manifest, partial(self._plans.chunk, session))
            else:
                was = former[some[0].id]
                found = gather(was, View(is_, was), days, self._memo).resolved(None)
                after = gathered.resolved(None)
                before = Former(found.manifest, partial(self.chunk, found))
            yield Pair(made, tuple(some), becomes, view, gathered, before, after)

    def _wanted(self, store: Store, screen: Screen, profile: str, is_known: bool) -> bool:
        """Whether the profile of a screen is to be reckoned."""
        concerned = not is_known or self._concern.changes(store, screen, profile)
        if not concerned and self._examples >= EXAMPLES:
            return False
        self._examples += 1
        return True

    def _lasting(
        self, session: Session, store: str, days: Sequence[LocalDay]
    ) -> dict[str, Row[Any, Any, Any]]:
        """The rows of a store's profiles whose stored plan is the one for these days, by key."""
        mine = _PUBLISHED.where(_PROFILE.store_id == store, _PROFILE.manifest.is_not(None))
        # A plan of today rolls once today is over, unless it is to be looked at again before.
        lasting = mine.where(_PROFILE.rolls_at >= days[0].until_ms, _PROFILE.refused.is_(None))
        rows = session.execute(lasting)
        return {row.key: row for row in rows if self._concern.is_published(store, row.key)}

    def _read(self, session: Session, rows: Sequence[Row[Any, Any, Any]]) -> dict[str, _Published]:
        """The stored plans of profiles, as far as they are kept."""
        kept = load_objects(session, [row.manifest for row in rows])
        return {
            row.key: _Published(row.manifest, decode_manifest(kept[row.manifest]), row.lead)
            for row in rows
            if row.manifest in kept
        }

    def _lead(self, session: Session, stored: _Published, today: str) -> Lead | None:
        """What a published plan began today with."""
        if not stored.lead:
            return None
        plan = self._plans.plan(session, stored.sha, NO_EXPIRY_MS, {today})
        return lead_from_json(stored.lead, plan) if plan is not None else None

    def chunk(self, resolved: Resolved, name: Sha256) -> Chunk:
        """A day of a plan, decoded once."""
        if name not in self._chunks:
            self._chunks[name] = decode_own_chunk(resolved.chunks[name])
        return self._chunks[name]

    def published(self, session: Session, pair: Pair) -> Resolved:
        """What publishing would store for a pair: it begins with what its screens play now."""
        manifest, kept = self._known(session, pair)
        today = pair.gathered.situation.days[0].date
        old = self._plans.plan(session, manifest, NO_EXPIRY_MS, {today}) if manifest else None
        lead = lead_from_json(kept, old) if old is not None and kept else None
        return pair.gathered.replanned(old, lead, self._now, pair.view, self._margin_ms)

    def plan(self, resolved: Resolved, from_ms: int) -> Plan:
        """Its days from an instant (unix ms) on, as far as predictions go."""
        until = from_ms + LOOKED_MS
        days = [d for d in resolved.manifest.days if d.until_ms > from_ms and d.from_ms < until]
        chunks = {day.chunk: self.chunk(resolved, day.chunk) for day in days}
        return Plan(resolved.manifest, resolved.cards, chunks, NO_EXPIRY_MS)

    def _known(self, session: Session, pair: Pair) -> tuple[str | None, Mapping[str, Any]]:
        row = session.get(ProfileRow, pair.profile.key)
        if row is not None:
            return row.manifest, row.lead
        names = [screen.id for screen in pair.screens]
        heads = select(ScreenHeadRow.manifest).where(ScreenHeadRow.screen_id.in_(names))
        return session.scalar(heads.order_by(ScreenHeadRow.screen_id).limit(1)), {}

    def _profiles(
        self, snapshot: Snapshot, store: Store, screens: Sequence[Screen]
    ) -> dict[ScreenId, Profile]:
        asking = View(snapshot, nobody(store))
        wishes = wishes_of(asking, store.id, [screen.id for screen in screens])
        return {screen.id: profile_of(screen, wishes) for screen in screens}
