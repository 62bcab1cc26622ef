"""The hands of people on screens now, and emergencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import ScreenId
from playlists.model import Override, Store
from playlists.resolving.targets import mismatch
from server.db.models import EmergencyRow, OverrideRow
from server.services.base.actors import Actor
from server.services.wishes.targeting import Map, map_of
from server.services.wishes.wish_rows import emergency_of, override_of


@dataclass(frozen=True, slots=True)
class Hand:
    """A person's hand on a screen until `until_ms` (unix ms); `by` is empty for an emergency."""

    kind: Literal["show", "pause", "emergency"]
    by: str
    until_ms: int


class Hands:
    """The hands and emergencies that hold now; an emergency goes before a hand that shows, and
    that before one that pauses. `stores` are those that any of them may concern.
    """

    def __init__(self, session: Session, actor: Actor, now: int) -> None:
        mine = select(OverrideRow).where(OverrideRow.from_ms <= now, OverrideRow.until_ms > now)
        if actor.stores is not None:
            mine = mine.where(OverrideRow.store_id.in_(actor.stores))
        self._by_store: dict[str, list[Override]] = {}
        for row in session.scalars(mine):
            self._by_store.setdefault(row.store_id, []).append(override_of(row))
        urgent = select(EmergencyRow).where(
            EmergencyRow.from_ms <= now, EmergencyRow.until_ms > now
        )
        self._urgent = [emergency_of(row) for row in session.scalars(urgent)]
        targets = [emergency.target for emergency in self._urgent]
        places = map_of(session, targets) if targets else Map((), {})
        self._stores: dict[str, Store] = {store.id: store for store in places.stores}
        urgent_in = {store for target in targets for store in places.concerned(target)}
        self.stores = frozenset(urgent_in | self._by_store.keys())

    def on(self, screen: str, in_store: str, tags: frozenset[str]) -> Hand | None:
        """The hand on a screen."""
        store = self._stores.get(in_store)
        for emergency in self._urgent:
            if store and not mismatch(emergency.target, store, tags, ScreenId(screen)):
                return Hand("emergency", "", emergency.until_ms)
        mine = [one for one in self._by_store.get(in_store, ()) if _is_on(one, screen)]
        mine.sort(key=lambda one: (one.kind != "show", -one.edited_at))
        return Hand(mine[0].kind, mine[0].by, mine[0].until_ms) if mine else None


def _is_on(override: Override, screen: str) -> bool:
    return not override.screens or screen in override.screens
