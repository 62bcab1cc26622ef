"""Where a condition or a schedule is true now: facts of some stores gathered once, then judged.

Judging is pure: `Scene.judge` asks nothing of the record, so a page judges every item and every
choice of a menu in every store that it shows from one reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from playlists.conditions import (
    Condition,
    Reason,
    Truth,
    Verdict,
    bind_condition,
    evaluate,
    facts_at,
    facts_of,
)
from playlists.facts import FactKey, FactLine, fact_line
from playlists.intervals import contains, next_edge
from playlists.model import Store
from playlists.schedule import Schedule, compile_schedule
from server.db.mappers import store_from
from server.db.models import FactRow, ScreenRow, StoreRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.chain.calendars import calendar_of
from server.services.observed.facts import facts_for
from server.services.observed.live_texts import HORIZON_MS

MAX_COLUMNS = 4
"""Stores that an editor shows beside one another."""
BACK_MS = 2 * 86_400_000
AHEAD_MS = 8 * 86_400_000
"""How far a schedule is looked at around the present: its next beginning within the week."""
DAYS = 8
_FIRST = {Truth.TRUE: 0, Truth.UNKNOWN: 1, Truth.FALSE: 2}


@dataclass(frozen=True, slots=True)
class Shop:
    """A store for a choice among them."""

    id: str
    name: str
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoreNow:
    """A store as it stands: its calendar, the counting zones of its screens, one of these by id
    (empty: it has none).
    """

    id: str
    name: str
    store: Store
    places: tuple[str, ...]
    language: str
    screen: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What an item comes to in a store. `planned`: its schedule holds now; `changes_at` (unix ms)
    is when that ends or begins next within the week; `reasons` decided its condition.
    """

    truth: Truth
    planned: bool
    changes_at: int | None
    reasons: tuple[Reason, ...]

    @property
    def plays(self) -> bool:
        """Whether it can play now."""
        return self.planned and self.truth is Truth.TRUE


@dataclass(frozen=True, slots=True)
class Scene:
    """Some stores at an instant (unix ms), with every fact that was asked for."""

    now: int
    stores: tuple[StoreNow, ...]
    lines: Mapping[FactKey, FactLine | None]

    def judge(self, store: StoreNow, condition: Condition | None, schedule: Schedule) -> Judged:
        """One item in one store. With `{place}`, in the zone of its screens where it is truest."""
        when = compile_schedule(
            schedule, store.store.calendar, self.now - BACK_MS, self.now + AHEAD_MS
        )
        edge = next_edge(when, self.now)
        within = edge is not None and edge < self.now + AHEAD_MS
        verdict = self._verdict(store, condition)
        return Judged(
            verdict.truth, contains(when, self.now), edge if within else None, verdict.reasons
        )

    def _verdict(self, store: StoreNow, condition: Condition | None) -> Verdict:
        if condition is None:
            return Verdict(Truth.TRUE, ())
        lookup = facts_at(self.lines.get, self.now)
        found = [
            evaluate(bind_condition(condition, store.id, place), lookup) for place in store.places
        ]
        return min(found, key=lambda verdict: _FIRST[verdict.truth])


def shops(ctx: Context, actor: Actor) -> list[Shop]:
    """The actor's stores by name."""
    actor.require("read")
    columns = select(StoreRow.id, StoreRow.name, StoreRow.regions).order_by(StoreRow.name)
    if actor.stores is not None:
        columns = columns.where(StoreRow.id.in_(actor.stores))
    with ctx.db.read() as session:
        return [Shop(row.id, row.name, tuple(row.regions)) for row in session.execute(columns)]


def scene(
    ctx: Context,
    actor: Actor,
    stores: Sequence[str],
    conditions: Iterable[Condition],
    schedules: Iterable[Schedule] = (),
) -> Scene:
    """The named stores, at most MAX_COLUMNS, with the facts that these conditions name, now."""
    actor.require("read")
    now = ctx.clock()
    mine = [name for name in stores if actor.sees(name)][:MAX_COLUMNS]
    sun = any(_asks_sun(schedule) for schedule in schedules)
    with ctx.db.read() as session:
        rows = {
            row.id: row for row in session.scalars(select(StoreRow).where(StoreRow.id.in_(mine)))
        }
        screens = select(
            ScreenRow.store_id, ScreenRow.place, ScreenRow.language, ScreenRow.id
        ).where(ScreenRow.store_id.in_(mine))
        places: dict[str, set[str]] = {}
        languages: dict[str, str] = {}
        first: dict[str, str] = {}
        for store, place, language, screen in session.execute(screens.order_by(ScreenRow.id)):
            first.setdefault(store, screen)
            places.setdefault(store, set()).add(place)
            languages[store] = min(language, languages.get(store, language))
        found = tuple(
            StoreNow(
                name,
                rows[name].name,
                store_from(rows[name], calendar_of(rows[name], now, DAYS, sun=sun)),
                tuple(sorted(places.get(name, {""}))),
                languages.get(name, "fr"),
                first.get(name, ""),
            )
            for name in mine
            if name in rows
        )
        keys = {
            key
            for condition in conditions
            for store in found
            for place in store.places
            for key in facts_of(bind_condition(condition, store.id, place))
        }
        facts = facts_for(session, keys)
    lines = {key: fact_line(facts.get(key, ()), key, now, now + HORIZON_MS) for key in keys}
    return Scene(now, found, lines)


def _asks_sun(schedule: Schedule) -> bool:
    edges = (edge for part in schedule.dayparts for edge in (part.start, part.end))
    return any(edge.anchor in ("sunrise", "sunset") for edge in edges)


def counting_zones(ctx: Context, actor: Actor, stores: Sequence[str]) -> tuple[str, ...]:
    """The zones in which people are counted in some stores, by name."""
    actor.require("read")
    found: set[str] = set()
    counted = select(FactRow.key).where(FactRow.key.startswith("occupancy:"))
    with ctx.db.read() as session:
        for store in stores:
            if actor.sees(store):
                own = counted.where(FactRow.key.endswith(f"@{store}", autoescape=True))
                for key in session.scalars(own.distinct()):
                    found.add(key.partition(":")[2].partition("@")[0])
    return tuple(sorted(found))
