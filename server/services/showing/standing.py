"""How every screen stands: playing to plan, held by hand, offline, not paired, its key copied."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import ScreenId
from playlists.model import Override, Store
from playlists.resolving.targets import mismatch
from server.db.models import (
    DeviceRow,
    EmergencyRow,
    OverrideRow,
    ScreenRow,
    ScreenStateRow,
)
from server.services.base.actors import Actor
from server.services.base.kept import MAX_IN, batched
from server.services.wishes.targeting import map_of
from server.services.wishes.wish_rows import emergency_of, override_of

State = Literal["plan", "hand", "paused", "offline", "held", "unpaired"]
SILENT_REPORTS = 2
"""A screen without a connection is offline once it missed so many reports."""


@dataclass(frozen=True, slots=True)
class Hand:
    """A person's hand on a screen until `until_ms` (unix ms); `by` is empty for an emergency."""

    kind: Literal["show", "pause", "emergency"]
    by: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How one screen stands; `seen_at` is its last word in unix ms, None before the first.

    `troubles` are what it last said is wrong with it, by code, and since when (unix ms).
    """

    screen: str
    store: str
    state: State
    seen_at: int | None
    held: str
    hand: Hand | None
    tags: frozenset[str] = frozenset()
    troubles: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    """What the record has of a screen."""

    screen: str
    store: str
    tags: frozenset[str]
    held: str | None
    connected: bool
    seen_at: int | None
    troubles: Mapping[str, int]


def standings(
    session: Session,
    actor: Actor,
    now: int,
    report_every_s: int,
    *,
    screens: Collection[str] | None = None,
) -> dict[str, Standing]:
    """The standing of every screen of the actor's stores, or of those of `screens`, by id."""
    rows = [row for some in _parts(screens) for row in _rows(session, actor, some)]
    hands = _Hands(session, actor, now)
    silent = silent_since(now, report_every_s)
    return {row.screen: _standing(row, hands.on(row), silent) for row in rows}


def silent_since(now: int, report_every_s: int) -> int:
    """A screen without a connection that was last heard before this instant is offline."""
    return now - SILENT_REPORTS * report_every_s * 1000


def _standing(row: _Row, hand: Hand | None, silent: int) -> Standing:
    state: State = "plan"
    if row.held is None:
        state = "unpaired"
    elif row.held:
        state = "held"
    elif not row.connected and (row.seen_at is None or row.seen_at < silent):
        state = "offline"
    elif hand is not None:
        state = "paused" if hand.kind == "pause" else "hand"
    return Standing(
        *(row.screen, row.store, state, row.seen_at, row.held or "", hand, row.tags, row.troubles)
    )


def _parts(screens: Collection[str] | None) -> list[list[str] | None]:
    return [None] if screens is None else [list(some) for some in batched(sorted(screens), MAX_IN)]


def _rows(session: Session, actor: Actor, screens: list[str] | None) -> list[_Row]:
    statement = (
        select(
            ScreenRow.id,
            ScreenRow.store_id,
            ScreenRow.tags,
            DeviceRow.held_reason,
            ScreenStateRow.connected,
            ScreenStateRow.seen_at,
            ScreenStateRow.report["troubles"],
        )
        .join(DeviceRow, DeviceRow.screen_id == ScreenRow.id, isouter=True)
        .join(ScreenStateRow, ScreenStateRow.screen_id == ScreenRow.id, isouter=True)
        .order_by(ScreenRow.store_id, ScreenRow.id)
    )
    if actor.stores is not None:
        statement = statement.where(ScreenRow.store_id.in_(actor.stores))
    if screens is not None:
        statement = statement.where(ScreenRow.id.in_(screens))
    return [
        _Row(*(screen, store, frozenset(tags), held), bool(connected), seen_at, troubles or {})
        for screen, store, tags, held, connected, seen_at, troubles in session.execute(statement)
    ]


class _Hands:
    """The hands and emergencies that hold now; an emergency goes before a hand that shows, and
    that before one that pauses.
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
        places = map_of(session, targets).stores if targets else ()
        self._stores: dict[str, Store] = {store.id: store for store in places}

    def on(self, row: _Row) -> Hand | None:
        """The hand on a screen."""
        store = self._stores.get(row.store)
        for emergency in self._urgent:
            if store and not mismatch(emergency.target, store, row.tags, ScreenId(row.screen)):
                return Hand("emergency", "", emergency.until_ms)
        mine = [one for one in self._by_store.get(row.store, ()) if _is_on(one, row.screen)]
        mine.sort(key=lambda one: (one.kind != "show", -one.edited_at))
        return Hand(mine[0].kind, mine[0].by, mine[0].until_ms) if mine else None


def _is_on(override: Override, screen: str) -> bool:
    return not override.screens or screen in override.screens
