"""Goes through the stores that drafts concern: each profile resolved as it is and as it would be,
with the code that publishing uses, and compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.codec import decode_own_chunk
from playlists.ids import ScreenId, Sha256
from playlists.manifest import Chunk, Plan
from playlists.model import Screen, Store
from playlists.resolve import (
    Gathered,
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
from server.services.base.objects import Plans
from server.services.publishing.planning import NO_EXPIRY_MS, nobody
from server.services.publishing.reading import Snapshot
from server.services.publishing.viewing import View

LOOKED_MS = 8 * 86_400_000
"""How far ahead plans are decoded to be looked at turn by turn."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Screens of a store that have one profile as it is and one as it would be, both resolved for
    all days without what already played today.
    """

    store: Store
    screens: tuple[Screen, ...]
    profile: Profile
    view: View
    gathered: Gathered
    before: Resolved
    after: Resolved


class Reckoner:
    """For one rehearsal, in one thread. At `now` (unix ms) the drafts go on air."""

    def __init__(self, now: int, margin_ms: int) -> None:
        self._now = now
        self._margin_ms = margin_ms
        self._memo = Memo()
        self._plans = Plans()
        self._chunks: dict[Sha256, Chunk] = {}

    def pairs(self, session: Session, is_: Snapshot, would: Snapshot, store: str) -> Iterator[Pair]:
        """The profiles of a store, before and after."""
        made = would.store(store)
        if made is None:
            return
        rows = session.execute(select(ScreenRow.__table__).where(ScreenRow.store_id == store))
        screens = [screen_from(row) for row in rows]
        places = {screen.place for screen in screens}
        for snapshot in (is_, would):
            snapshot.prefetch(snapshot.library.on_air(made, places))
        former, coming = (self._profiles(one, made, screens) for one in (is_, would))
        alike: dict[tuple[str, str], list[Screen]] = {}
        for screen in screens:
            alike.setdefault((former[screen.id].key, coming[screen.id].key), []).append(screen)
        days = would.days(made)
        for some in alike.values():
            was, becomes = former[some[0].id], coming[some[0].id]
            before = gather(was, View(is_, was), days, self._memo).resolved(None)
            view = View(would, becomes)
            gathered = gather(becomes, view, days, self._memo)
            after = gathered.resolved(None)
            yield Pair(made, tuple(some), becomes, view, gathered, before, after)

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
