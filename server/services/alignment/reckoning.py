"""Reckons how screens and shops agreed, a store's hour at a time, into sums by store, day and SKU.

An hour (or less, where players end their records more often) is reckoned once its play records are
in; a day again a day after it ended, with the records that came late. All of it may be forgotten
and reckoned anew from records, offers and ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from playlists.ids import Sku
from playlists.localtime import day_start, local_date, zone_of
from server.db.models import AlignedDayRow, AlignedRow, RepricedRow, RunRow, StoreRow
from server.services.alignment.records import HOUR_MS, darks, records, screens_of, stretches
from server.services.alignment.repricing import WAITS_MS, Good, Repriced, repriced
from server.services.alignment.summing import Sum, summed
from server.services.base.context import Context
from server.services.base.objects import Plans

SENT_MS = 2 * 60_000
"""A player sends its records within a minute of their end: at the least so much later they are in.
"""
LATE_MS = 24 * HOUR_MS
"""How long after a day records that come late are waited for."""
BACK_MS = 35 * 24 * HOUR_MS
"""No day longer ago is begun."""
HOURS_AT_ONCE = 20
"""Hours of stores that are reckoned at one call."""
KEPT_MS = 400 * 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class _Step:
    store: str
    day: str
    from_ms: int
    until_ms: int


def settle_ms(every_ms: int) -> int:
    """How long after an instant its play records are in, where players end them every so often."""
    return every_ms + max(SENT_MS, every_ms // 4)


class Reckoner:
    """Goes on from where the record says that it is."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def __call__(self) -> int:
        """Reckon some hours; how many that were."""
        self._begin()
        plans, done = Plans(), 0
        while done < HOURS_AT_ONCE and (step := self._next()) is not None:
            self._reckon(step, plans)
            done += 1
        return done

    def _begin(self) -> None:
        """Open the days that have come, and those that are due once more."""
        now = self._ctx.clock()
        with self._ctx.db.read() as session:
            latest: dict[str, int] = dict(
                session.execute(
                    select(AlignedDayRow.store_id, func.max(AlignedDayRow.end_ms)).group_by(
                        AlignedDayRow.store_id
                    )
                ).all()
            )
            first = session.scalar(
                select(RunRow.from_ms)
                .where(RunRow.from_ms > now - BACK_MS, RunRow.from_ms <= now)
                .order_by(RunRow.from_ms)
                .limit(1)
            )
            stores = session.execute(select(StoreRow.id, StoreRow.zone)).all()
            again = list(
                session.execute(
                    select(AlignedDayRow.store_id, AlignedDayRow.day)
                    .where(
                        AlignedDayRow.settled.is_(False),
                        AlignedDayRow.end_ms <= now - LATE_MS,
                        AlignedDayRow.until_ms >= AlignedDayRow.end_ms,
                    )
                    .limit(HOURS_AT_ONCE)
                )
            )
        fresh = [
            day
            for store, zone in stores
            if first is not None
            for day in _days(store, zone, max(first, latest.get(store, first)), now)
        ]
        if not fresh and not again:
            return
        with self._ctx.db.write() as session:
            session.add_all(fresh)
            if fresh:
                _sweep(session, now)
            for store, day in again:
                _forget(session, store, day)

    def _next(self) -> _Step | None:
        """The hour that is due for longest, or what of it is in."""
        every_ms = self._ctx.settings.play_records_every_s * 1_000
        limit = self._ctx.clock() - settle_ms(every_ms)
        due = (
            select(AlignedDayRow)
            .where(AlignedDayRow.until_ms < AlignedDayRow.end_ms, AlignedDayRow.until_ms < limit)
            .order_by(AlignedDayRow.until_ms, AlignedDayRow.store_id)
            .limit(1)
        )
        with self._ctx.db.read() as session:
            row = session.scalar(due)
        if row is None:
            return None
        until = min(row.until_ms + HOUR_MS, row.end_ms)
        if until > limit:
            until = row.from_ms + (limit - row.from_ms) // every_ms * every_ms
        found = _Step(row.store_id, row.day, row.until_ms, until)
        return found if found.from_ms < found.until_ms else None

    def _reckon(self, step: _Step, plans: Plans) -> None:
        with self._ctx.db.read() as session:
            screens = screens_of(session, step.store)
            told = records(session, screens, step.from_ms, step.until_ms + WAITS_MS)
            dark = darks(session, screens, step.from_ms, step.until_ms)
            played = stretches(told, dark, step.from_ms, step.until_ms)
            sums = summed(session, plans, played, step.from_ms, step.until_ms)
            goods = _goods(session, plans, {one.manifest for one in played})
            moved = repriced(session, told, goods, step.from_ms, step.until_ms)
        with self._ctx.db.write() as session:
            _store(session, step, sums, moved)


def _goods(session: Session, plans: Plans, manifests: Iterable[str]) -> set[Good]:
    """What plans show."""
    found = [plans.plan(session, sha, 0, ()) for sha in manifests]
    cards = (card for plan in found if plan is not None for card in plan.cards.values())
    return {(str(good.channel), str(good.sku)) for card in cards for good in card.goods}


def _days(store: str, zone: str, from_ms: int, now: int) -> list[AlignedDayRow]:
    """The store's days from that of an instant to today's."""
    place = zone_of(zone)
    day, today = local_date(place, from_ms), local_date(place, now)
    found = []
    while day <= today:
        begin, end = day_start(place, day), day_start(place, day + timedelta(days=1))
        found.append(
            AlignedDayRow(
                store_id=store,
                day=day.isoformat(),
                from_ms=begin,
                end_ms=end,
                until_ms=begin,
                settled=False,
            )
        )
        day += timedelta(days=1)
    return found


def _forget(session: Session, store: str, day: str) -> None:
    """Begin a day anew, for the last time."""
    for table in (AlignedRow, RepricedRow):
        session.execute(delete(table).where(table.store_id == store, table.day == day))
    session.execute(
        update(AlignedDayRow)
        .where(AlignedDayRow.store_id == store, AlignedDayRow.day == day)
        .values(until_ms=AlignedDayRow.from_ms, settled=True)
    )


def _store(session: Session, step: _Step, sums: dict[Sku, Sum], moved: Iterable[Repriced]) -> None:
    day = session.get(AlignedDayRow, (step.store, step.day), with_for_update=True)
    if day is None or day.until_ms != step.from_ms:  # somebody else was here
        return
    day.until_ms = step.until_ms
    for sku, found in sums.items():
        row = session.get(AlignedRow, (step.store, step.day, sku))
        if row is None:
            row = AlignedRow(
                store_id=step.store,
                day=step.day,
                sku=sku,
                shown_ms=0,
                equal_ms=0,
                late_ms=0,
                other_ms=0,
                bare={},
                free={},
            )
            session.add(row)
        row.shown_ms += found.shown
        row.equal_ms += found.equal
        row.late_ms += found.late
        row.other_ms += found.other
        row.bare, row.free = _more(row.bare, found.bare), _more(row.free, found.free)
    for one in moved:
        session.merge(
            RepricedRow(
                store_id=step.store,
                day=step.day,
                sku=one.sku,
                at_ms=one.at_ms,
                screens=one.screens,
                waiting=one.waiting,
                delay_ms=one.delay_ms,
            )
        )


def _more(before: dict[str, int], now: dict[str, int]) -> dict[str, int]:
    return {code: before.get(code, 0) + now.get(code, 0) for code in {**before, **now}}


def _sweep(session: Session, now: int) -> None:
    """Forget days out of history."""
    for day in session.scalars(select(AlignedDayRow).where(AlignedDayRow.end_ms < now - KEPT_MS)):
        for table in (AlignedRow, RepricedRow):
            session.execute(
                delete(table).where(table.store_id == day.store_id, table.day == day.day)
            )
        session.delete(day)
