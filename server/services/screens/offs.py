"""When displays were off, as their devices recorded it: taken, listed, and as a table that
proves the nights of the law.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from io import StringIO
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from playlists.ids import Sha256
from playlists.localtime import instant, zone_of
from playlists.runs import GENESIS
from playlists.wire.commands import PowerRun
from server.db.models import PowerRunRow, ScreenRow, StoreRow
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.screens.devices import Viewer
from server.services.screens.power_plans import NIGHT

MAX_DAYS = 400
"""Days of one table."""
DAY_MS = 86_400_000
AHEAD_MS = 3_600_000
LONGEST_MS = 400 * DAY_MS
"""Records that end later than this from now, or last longer, are not taken."""
AT_ONCE = 500
"""Records read at a time."""
MAX_A_DAY = 1_000
"""Records that are taken of one device in a day; an honest one has a few. The rest wait there."""
COLUMNS = (
    "store",
    "screen",
    "device",
    "record",
    "from",
    "until",
    "local_from",
    "local_until",
    "why",
    "how",
    "answered",
    "night_s",
    "follows",
    "hash",
    "previous_hash",
    "received",
)
"""`night_s`: seconds of it between 01:00 and 06:00 of the store's clock; a whole night is 18000, or
14400 or 21600 where the clocks change. `follows`: bound to the record before it.
"""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What begins so, a spreadsheet would reckon."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Days of the stores' clocks, both ends included; of one screen, of one store, or of all."""

    since: date
    until: date
    store: str = ""
    screen: str = ""


@dataclass(frozen=True, slots=True)
class PowerRunView:
    """A stretch that a display was off; `follows`: bound to the record before it."""

    seq: int
    hash: str
    prev: str
    from_ms: int
    until_ms: int
    why: str
    how: str
    said: str
    follows: bool
    received_at: int


def list_power(ctx: Context, actor: Actor, screen: str, cut: Cut = FIRST) -> Page[PowerRunView]:
    """When a screen's display was off, newest first. Raises NotFound."""
    actor.require("read")
    with ctx.db.read() as session:
        place = session.get(ScreenRow, screen)
        if place is None or not actor.sees(place.store_id):
            raise missing("screen")
        rows = select(PowerRunRow).where(PowerRunRow.screen_id == screen)
        keys = [PowerRunRow.from_ms, PowerRunRow.device, PowerRunRow.seq]
        return paged(session, ctx.settings, rows, keys, cut, _view, newest_first=True)


def take_power(session: Session, viewer: Viewer, runs: tuple[PowerRun, ...], now: int) -> int:
    """Keep what a device says of its display; the number up to which it may forget its own."""
    screen = viewer.screens[0]
    mine = PowerRunRow.screen_id == screen, PowerRunRow.device == viewer.device
    last = session.scalar(
        select(PowerRunRow).where(*mine).order_by(PowerRunRow.seq.desc()).limit(1)
    )
    seq, hashed = (last.seq, Sha256(last.hash)) if last else (0, GENESIS)
    fresh = [run for run in runs if run.seq > seq]
    for run in fresh[: _room(session, mine, now) if fresh else 0]:
        if run.seq <= seq:
            continue
        if run.until_ms > now + AHEAD_MS or run.until_ms - run.from_ms > LONGEST_MS:
            break  # no honest record is of the future, or of years
        session.add(
            PowerRunRow(
                screen_id=screen,
                device=viewer.device,
                seq=run.seq,
                hash=run.hash,
                prev=run.prev,
                from_ms=run.from_ms,
                until_ms=run.until_ms,
                why=run.why,
                how=run.how,
                said=run.said,
                follows=run.follows(seq, hashed),
                received_at=now,
            )
        )
        seq, hashed = run.seq, run.hash
    return seq


def _room(session: Session, mine: Sequence[ColumnElement[bool]], now: int) -> int:
    """How many records may still be taken of a device in this day."""
    newest = select(PowerRunRow.received_at).where(*mine).order_by(PowerRunRow.seq.desc())
    some = newest.limit(MAX_A_DAY).subquery().c
    lately = select(func.count()).where(some.received_at > now - DAY_MS)
    return MAX_A_DAY - (session.scalar(lately) or 0)


def offs_at(session: Session, screen: str, at_ms: int) -> tuple[PowerRunView, ...]:
    """The records that say that a screen's display was off at an instant (unix ms)."""
    rows = select(PowerRunRow).where(
        PowerRunRow.screen_id == screen,
        PowerRunRow.from_ms <= at_ms,
        PowerRunRow.until_ms > at_ms,
    )
    newest = rows.order_by(PowerRunRow.received_at.desc(), PowerRunRow.seq.desc())
    return tuple(_view(row) for row in session.scalars(newest))


def _view(row: PowerRunRow) -> PowerRunView:
    """A record as people see it."""
    return PowerRunView(
        seq=row.seq,
        hash=row.hash,
        prev=row.prev,
        from_ms=row.from_ms,
        until_ms=row.until_ms,
        why=row.why,
        how=row.how,
        said=row.said,
        follows=row.follows,
        received_at=row.received_at,
    )


def table(ctx: Context, actor: Actor, asked: Asked) -> Iterator[str]:
    """A row for each record, as CSV (RFC 4180). Raises NotFound, BadInput."""
    actor.require("read")
    if not 0 <= (asked.until - asked.since).days < MAX_DAYS:
        raise BadInput(f"Ask for {MAX_DAYS} days at most, the first one first.", field="since")
    with ctx.db.read() as session:
        screen = session.get(ScreenRow, asked.screen) if asked.screen else None
        if asked.screen and (screen is None or not actor.sees(screen.store_id)):
            raise missing("screen")
        store = session.get(StoreRow, asked.store) if asked.store else None
        if asked.store and (store is None or not actor.sees(store.id)):
            raise missing("store")
    return _table(ctx, actor, asked)


def night_seconds(zone: ZoneInfo, from_ms: int, until_ms: int) -> int:
    """How much of a stretch lies between 01:00 and 06:00 of this zone, in seconds."""
    day = datetime.fromtimestamp(from_ms / 1000, zone).date()
    last = datetime.fromtimestamp(until_ms / 1000, zone).date()
    spent = 0
    while day <= last:
        begin, end = (_at(zone, day, minutes) for minutes in NIGHT)
        spent += max(0, min(end, until_ms) - max(begin, from_ms))
        day += timedelta(days=1)
    return spent // 1000


def _table(ctx: Context, actor: Actor, asked: Asked) -> Iterator[str]:
    yield _csv(COLUMNS)
    since, until = asked.since, asked.until + timedelta(days=1)
    # A day of some store's clock lies within these, whatever its zone.
    begin, end = _at(ZoneInfo("UTC"), since) - DAY_MS, _at(ZoneInfo("UTC"), until) + DAY_MS
    rows = (
        select(StoreRow.id, StoreRow.zone, PowerRunRow)
        .join(ScreenRow, ScreenRow.store_id == StoreRow.id)
        .join(PowerRunRow, PowerRunRow.screen_id == ScreenRow.id)
        .where(PowerRunRow.until_ms > begin, PowerRunRow.from_ms < end)
        .order_by(StoreRow.id, PowerRunRow.screen_id, PowerRunRow.from_ms, PowerRunRow.seq)
    )
    if asked.screen:
        rows = rows.where(ScreenRow.id == asked.screen)
    if asked.store:
        rows = rows.where(StoreRow.id == asked.store)
    if actor.stores is not None:
        rows = rows.where(StoreRow.id.in_(actor.stores))
    with ctx.db.read() as session:
        for store, name, row in session.execute(rows.execution_options(yield_per=AT_ONCE)):
            zone = zone_of(name)
            inside = row.until_ms > _at(zone, since) and row.from_ms < _at(zone, until)
            if inside:
                yield _csv(_cells(store, zone, row))


def _cells(store: str, zone: ZoneInfo, row: PowerRunRow) -> tuple[str, ...]:
    return (
        *(store, row.screen_id, row.device, str(row.seq)),
        *(_written(row.from_ms, UTC), _written(row.until_ms, UTC)),
        *(_written(row.from_ms, zone), _written(row.until_ms, zone)),
        *(_text(row.why), _text(row.how), _text(row.said)),
        str(night_seconds(zone, row.from_ms, row.until_ms)),
        *("yes" if row.follows else "no", row.hash, row.prev),
        _written(row.received_at, UTC),
    )


def _csv(cells: Sequence[str]) -> str:
    written = StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _text(said: str) -> str:
    """What a device said, as words."""
    return f"'{said}" if said.startswith(FORMULA) else said


def _written(at_ms: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).isoformat(timespec="milliseconds")


def _at(zone: ZoneInfo, day: date, minutes: int = 0) -> int:
    return instant(zone, datetime.combine(day, time()) + timedelta(minutes=minutes))
