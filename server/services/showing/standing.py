"""How every screen stands: playing to plan, held by hand, offline, not paired, its key copied; and
how many stand alike, counted by the database.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from server.db.models import (
    DeviceRow,
    ScreenHeadRow,
    ScreenRow,
    ScreenStateRow,
)
from server.services.base.actors import Actor
from server.services.base.kept import MAX_IN, batched
from server.services.showing.hands import Hand, Hands

State = Literal["plan", "hand", "paused", "offline", "held", "unpaired"]
SILENT_REPORTS = 2
"""A screen without a connection is offline once it missed so many reports."""
LATE_MS = 15_000
"""A report that is later than this has gone missing: reports come with some jitter."""
CATCHING_UP_MS = 120_000
"""A screen may take so long to fetch a new plan with its files before that counts as a trouble."""
STALE, BEHIND, LACKING, GLASS = "stale", "plan_behind", "files_missing", "glass_wrong"
"""Troubles that the server sees by itself."""


@dataclass(frozen=True, slots=True)
class Holds:
    """What a screen last said that it holds: the plan's `revision` (0: none) beside the one in
    force, how many files are `missing`, and what its clock may be off by (ms; None: it does not
    know the time, or has said nothing yet).
    """

    revision: int = 0
    in_force: int = 0
    missing: int = 0
    clock_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How one screen stands; `seen_at` is its last word in unix ms, None before the first.

    `troubles` are what is wrong with it, by code, and since when (unix ms): what it said itself,
    and, of one that is not offline, what shows from here (STALE, BEHIND, LACKING, GLASS).
    `is_dark`: its display is off as it is to be, so nobody sees what it plays.
    """

    screen: str
    store: str
    state: State
    seen_at: int | None
    held: str
    hand: Hand | None
    tags: frozenset[str] = frozenset()
    troubles: Mapping[str, int] = field(default_factory=dict)
    holds: Holds = field(default=Holds())
    is_dark: bool = False


@dataclass(frozen=True, slots=True)
class Alike:
    """How many screens of a store stand alike; `tagged`: they carry the tag that was asked for."""

    store: str
    state: State
    troubled: bool
    tagged: bool
    count: int


class Roll:
    """How the actor's screens stand at an instant (unix ms)."""

    def __init__(self, session: Session, actor: Actor, now: int, report_every_s: int) -> None:
        self._session = session
        self._actor = actor
        self._hands = Hands(session, actor, now)
        self._seen = _Seen(now, report_every_s)

    def standings(
        self, *, screens: Collection[str] | None = None, stores: Collection[str] | None = None
    ) -> dict[str, Standing]:
        """The standing of every screen, or of those of `screens`, or of `stores`, by id."""
        found: dict[str, Standing] = {}
        for chosen in _chosen(self._actor, screens, stores):
            rows = _details(chosen).order_by(ScreenRow.store_id, ScreenRow.id)
            for row in self._session.execute(rows):
                found[row.id] = self._seen.standing(row, self._hands)
        return found

    def tally(self, *, tag: str = "", screens: Collection[str] | None = None) -> list[Alike]:
        """How many screens, or of `screens`, stand alike, store by store. Only stores with a hand
        on them are looked at screen by screen.
        """
        touched = self._hands.stores
        found: list[Alike] = []
        for chosen in _chosen(self._actor, screens, None):
            counted = self._seen.counted(tag, [*chosen, ScreenRow.store_id.not_in(touched)])
            found += [
                Alike(store, state, bool(troubled), bool(tagged), count)
                for store, state, troubled, tagged, count in self._session.execute(counted)
            ]
        by_hand = self.standings(screens=screens, stores=touched) if touched else {}
        alike = Counter(
            (one.store, one.state, bool(one.troubles), not tag or tag in one.tags)
            for one in by_hand.values()
        )
        return found + [Alike(*key, count) for key, count in alike.items()]


def silent_since(now: int, report_every_s: int) -> int:
    """A screen without a connection that was last heard before this instant is offline."""
    return now - SILENT_REPORTS * report_every_s * 1000


def tag_filter(tag: str) -> ColumnElement[bool]:
    """The screens that carry a tag."""
    return cast(ScreenRow.tags, String).contains(json.dumps(tag), autoescape=True)


_REPORT = ScreenStateRow.report
_TOLD = _REPORT["troubles"].as_string()
# Unix ms, which PostgreSQL's 32-bit integers cannot hold.
_REVISION = func.coalesce(cast(_REPORT["revision"].as_string(), BigInteger), 0)
_MISSING = func.coalesce(_REPORT["missing"].as_integer(), 0)
# false is 0 in SQLite's text; anything else that a device may say there is not.
_DARK = func.coalesce(
    cast(_REPORT["device"]["display_on"].as_string(), String).in_(("false", "0")), false()
)
_CONNECTED = func.coalesce(ScreenStateRow.connected, false())


def _joined(statement: Select[Any]) -> Select[Any]:
    for table in (DeviceRow, ScreenStateRow, ScreenHeadRow):
        statement = statement.join(table, table.screen_id == ScreenRow.id, isouter=True)
    return statement


def _details(chosen: Collection[ColumnElement[bool]]) -> Select[Any]:
    columns = (
        *(ScreenRow.id, ScreenRow.store_id, cast(ScreenRow.tags, String).label("tags")),
        *(DeviceRow.held_reason, _CONNECTED.label("connected"), ScreenStateRow.seen_at),
        *(_TOLD.label("told"), _REVISION.label("revision"), _MISSING.label("missing")),
        cast(_REPORT["clock"]["uncertainty"].as_string(), BigInteger).label("clock_ms"),
        func.coalesce(ScreenHeadRow.revision, 0).label("in_force"),
        *(ScreenStateRow.glass_wrong, _DARK.label("dark")),
    )
    return _joined(select(*columns)).where(*chosen)


def _chosen(
    actor: Actor, screens: Collection[str] | None, stores: Collection[str] | None
) -> Iterator[list[ColumnElement[bool]]]:
    """Which screens are meant, in parts that a statement can hold."""
    mine: list[ColumnElement[bool]] = []
    if actor.stores is not None:
        mine.append(ScreenRow.store_id.in_(actor.stores))
    if stores is not None:
        mine.append(ScreenRow.store_id.in_(stores))
    if screens is None:
        yield mine
        return
    for some in batched(sorted(screens), MAX_IN):
        yield [*mine, ScreenRow.id.in_(some)]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What counts as heard and as held, at an instant (unix ms)."""

    now: int
    report_every_s: int

    @property
    def _silent(self) -> int:
        return silent_since(self.now, self.report_every_s)

    @property
    def _stale(self) -> int:
        return self.now - self.report_every_s * 1000 - LATE_MS

    def counted(self, tag: str, chosen: Collection[ColumnElement[bool]]) -> Select[Any]:
        """How many stand alike where there is no hand, in the words of `standing`."""
        seen_at = ScreenStateRow.seen_at
        gone = and_(~_CONNECTED, or_(seen_at.is_(None), seen_at < self._silent))
        state = case(
            (DeviceRow.held_reason.is_(None), "unpaired"),
            (DeviceRow.held_reason != "", "held"),
            (gone, "offline"),
            else_="plan",
        )
        late = self.now - CATCHING_UP_MS
        behind = and_(_REVISION > 0, ScreenHeadRow.revision > _REVISION)
        lacks = or_(
            seen_at < self._stale,
            and_(behind, ScreenHeadRow.revision < late),
            and_(_MISSING > 0, late > _REVISION),
            ScreenStateRow.glass_wrong.is_not(None),
        )
        troubled = or_(
            func.coalesce(_TOLD, "{}") != "{}", and_(state == "plan", func.coalesce(lacks, false()))
        )
        columns = (
            ScreenRow.store_id.label("store"),
            state.label("state"),
            troubled.label("troubled"),
            (tag_filter(tag) if tag else true()).label("tagged"),
        )
        one = _joined(select(*columns).select_from(ScreenRow)).where(*chosen).subquery().c
        alike = (one.store, one.state, one.troubled, one.tagged)
        return select(*alike, func.count()).group_by(*alike)

    def standing(self, row: Any, hands: Hands) -> Standing:
        """One screen, of a row of `_details`."""
        state: State = "plan"
        hand = None
        if row.held_reason is None:
            state = "unpaired"
        elif row.held_reason:
            state = "held"
        elif not row.connected and (row.seen_at is None or row.seen_at < self._silent):
            state = "offline"
        else:
            hand = hands.on(row.id, row.store_id, _tags(row.tags))
            if hand is not None:
                state = "paused" if hand.kind == "pause" else "hand"
        return Standing(
            row.id,
            row.store_id,
            state,
            row.seen_at,
            row.held_reason or "",
            hand,
            _tags(row.tags),
            self._troubles(row, state),
            Holds(row.revision, row.in_force, row.missing, row.clock_ms),
            row.dark and state not in ("offline", "held", "unpaired"),
        )

    def _troubles(self, row: Any, state: State) -> Mapping[str, int]:
        told = _told(row.told) if row.told else {}
        # By the screen's own clock: nothing that is told began after it.
        found = {code: min(since, self.now) for code, since in told.items()}
        if state in ("offline", "held", "unpaired"):
            return found
        late = self.now - CATCHING_UP_MS
        if row.seen_at is not None and row.seen_at < self._stale:
            found[STALE] = row.seen_at
        if 0 < row.revision < row.in_force < late:
            found[BEHIND] = row.in_force
        if row.missing > 0 and row.revision < late:
            found[LACKING] = row.revision
        if row.glass_wrong is not None:
            found[GLASS] = row.glass_wrong
        return found


@lru_cache(maxsize=4096)
def _tags(text: str) -> frozenset[str]:
    """Tags as they are kept; most screens have the same as some others."""
    return frozenset(json.loads(text))


def _told(text: str) -> Mapping[str, int]:
    found: Mapping[str, int] = json.loads(text)
    return found
