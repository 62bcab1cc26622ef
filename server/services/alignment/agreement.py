"""How screens and shops agreed over some days: the sums as reckoned, and what stood in the way."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, literal_column, or_, select
from sqlalchemy.orm import Session

from playlists.localtime import day_start, zone_of
from server.db.models import (
    AlignedDayRow,
    AlignedRow,
    ChannelRow,
    HeldBatchRow,
    OfferRow,
    ProductRow,
    RecalledRow,
    RecallRow,
    RepricedRow,
    SilenceRow,
    StoreRow,
)
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.observed import paradoxes
from server.services.observed.paradoxes import Kind, Share
from server.services.tills import mismatches
from server.services.tills.mismatches import Mismatch

MAX_ROWS = 50
"""Rows of each list; the CSV has all."""
MAX_SLOW = 12
"""Changes that are shown one by one."""
OFTEN_PERCENT = 15
"""A shelf that contradicts the shop online for so much of a day is one that retailers act on."""
MAX_CODED = 20_000
"""Rows whose reasons are summed."""
COLUMNS = ("store", "day", "sku", "shown_s", "equal_s", "late_s", "other_s", "bare", "free")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which days (the stores' own, both included), and which store and SKU ("": all)."""

    since: date
    until: date
    store: str = ""
    sku: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Milliseconds of a price on screens; see AlignedRow. `slowest` (ms): the change that took
    longest, None where none did or is known.
    """

    key: str
    name: str
    shown: int
    equal: int
    late: int
    other: int
    slowest: int | None = None


@dataclass(frozen=True, slots=True)
class Slow:
    """A change that took long, or that `waiting` of `screens` never said they hold."""

    store: str
    sku: str
    at_ms: int
    screens: int
    waiting: int
    delay_ms: int | None


@dataclass(frozen=True, slots=True)
class Lapse:
    """A stretch on which a store's prices had no lease; `until_ms` None: it lasts."""

    store: str
    from_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """All that is known of the days. `median` and `worst` are p50 and p99 (ms) of `changes` that
    reached every screen; `waiting` did not. `shelves` are of one store
    that is asked for; of several, `often` counts products of the last 24 hours. `reckoned_until` is
    None before the first hour was.
    """

    asked: Asked
    zone: str
    total: Tally
    median: int | None
    worst: int | None
    changes: int
    waiting: int
    stores: tuple[Tally, ...]
    skus: tuple[Tally, ...]
    days: tuple[Tally, ...]
    slow: tuple[Slow, ...]
    bare: Mapping[str, int]
    free: Mapping[str, int]
    lapses: tuple[Lapse, ...]
    held: int
    batches: tuple[tuple[str, int, str], ...]
    recalls: tuple[tuple[str, int, int | None], ...]
    tills: tuple[Mismatch, ...]
    shelves: tuple[Share, ...]
    often: Mapping[tuple[str, Kind], int]
    reckoned_until: int | None
    names: Mapping[str, str]


def agreement(ctx: Context, actor: Actor, asked: Asked) -> Agreement:
    """What is known of the actor's stores. Raises Forbidden, NotFound for another's store."""
    actor.require("read", asked.store or None)
    now = ctx.clock()
    with ctx.db.read() as session:
        stores = _stores(session, actor, asked)
        names = {store: name for store, name, _ in stores}
        zones = Counter(zone for *_, zone in stores)
        zone = max(zones, key=zones.__getitem__, default="UTC")
        begin = day_start(zone_of(zone), asked.since)
        end = day_start(zone_of(zone), asked.until + timedelta(days=1))
        mine = _of(AlignedRow, actor, asked)
        delays = _of(RepricedRow, actor, asked)
        median, worst, known = _quantiles(session, delays)
        waiting = session.scalar(
            select(func.count()).select_from(RepricedRow).where(*delays, RepricedRow.waiting > 0)
        )
        goods = _tallies(session, AlignedRow.sku, RepricedRow.sku, mine, delays, {})
        products = _products(session, [one.key for one in goods])
        return Agreement(
            asked=asked,
            zone=zone,
            total=_total(session, mine),
            median=median,
            worst=worst,
            changes=known,
            waiting=waiting or 0,
            stores=_tallies(
                session, AlignedRow.store_id, RepricedRow.store_id, mine, delays, names
            ),
            skus=tuple(
                Tally(
                    *(one.key, products.get(one.key, one.key), one.shown, one.equal),
                    *(one.late, one.other, one.slowest),
                )
                for one in goods
            ),
            days=tuple(
                sorted(
                    _tallies(session, AlignedRow.day, RepricedRow.day, mine, delays, {}),
                    key=lambda one: one.key,
                    reverse=True,
                )
            ),
            slow=_slow(session, delays),
            bare=_codes(session, AlignedRow.bare, mine),
            free=_codes(session, AlignedRow.free, mine),
            lapses=_lapses(session, names, begin, end, now),
            held=_held(session, names),
            batches=_batches(session, begin, end) if actor.stores is None else (),
            recalls=_recalls(session, names, asked, begin, end),
            tills=tuple(
                one
                for one in mismatches.between(session, names, begin, end)
                if asked.sku in ("", one.sku)
            )[:MAX_ROWS],
            shelves=_shelves(session, asked, begin, end, now) if asked.store else (),
            often={} if asked.store else paradoxes.often(session, now, names, OFTEN_PERCENT),
            reckoned_until=_reckoned(session, names, asked),
            names=names,
        )


def store_named(ctx: Context, actor: Actor, said: str) -> str:
    """The id of the actor's store that people call so; what was said where there is none, or it is
    an id already.
    """
    with ctx.db.read() as session:
        rows = session.execute(select(StoreRow.id, StoreRow.name).order_by(StoreRow.id)).all()
    mine = [(store, name) for store, name in rows if actor.sees(store)]
    if any(store == said for store, _ in mine):
        return said
    called = (store for store, name in mine if name.casefold() == said.casefold())
    return next(called, said)


def table(ctx: Context, actor: Actor, asked: Asked) -> Iterator[str]:
    """The sums as CSV (RFC 4180): a row for each store, day and SKU. Raises as `agreement`."""
    actor.require("read", asked.store or None)
    return _table(ctx, _of(AlignedRow, actor, asked))


def _table(ctx: Context, mine: Sequence[ColumnElement[bool]]) -> Iterator[str]:
    yield _csv(COLUMNS)
    order = AlignedRow.store_id, AlignedRow.day, AlignedRow.sku
    with ctx.db.read() as session:
        for row in session.scalars(select(AlignedRow).where(*mine).order_by(*order)):
            spent = (row.shown_ms, row.equal_ms, row.late_ms, row.other_ms)
            codes = (_coded(row.bare), _coded(row.free))
            seconds = (f"{ms // 1000}.{ms % 1000:03d}" for ms in spent)
            yield _csv((row.store_id, row.day, row.sku, *seconds, *codes))


def _csv(cells: Sequence[str]) -> str:
    written = StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _coded(codes: Mapping[str, int]) -> str:
    return " ".join(f"{code}={ms // 1000}" for code, ms in sorted(codes.items()))


def _of(table: Any, actor: Actor, asked: Asked) -> list[ColumnElement[bool]]:
    """The rows that are asked for, of the actor's stores."""
    found = [table.day >= asked.since.isoformat(), table.day <= asked.until.isoformat()]
    if asked.store:
        found.append(table.store_id == asked.store)
    elif actor.stores is not None:
        found.append(table.store_id.in_(sorted(actor.stores)))
    if asked.sku:
        found.append(table.sku == asked.sku)
    return found


def _stores(session: Session, actor: Actor, asked: Asked) -> list[tuple[str, str, str]]:
    rows = session.execute(select(StoreRow.id, StoreRow.name, StoreRow.zone)).all()
    return [
        (store, name, zone)
        for store, name, zone in rows
        if actor.sees(store) and asked.store in ("", store)
    ]


def _sums() -> list[ColumnElement[Any]]:
    columns = (AlignedRow.shown_ms, AlignedRow.equal_ms, AlignedRow.late_ms, AlignedRow.other_ms)
    return [func.coalesce(func.sum(column), 0) for column in columns]


def _total(session: Session, mine: Sequence[ColumnElement[bool]]) -> Tally:
    shown, equal, late, other = session.execute(select(*_sums()).where(*mine)).one()
    return Tally("", "", int(shown), int(equal), int(late), int(other))


def _tallies(
    session: Session,
    by: Any,
    of_change: Any,
    mine: Sequence[ColumnElement[bool]],
    delays: Sequence[ColumnElement[bool]],
    names: Mapping[str, str],
) -> tuple[Tally, ...]:
    """The sums by store, SKU or day, what differed most first."""
    sums = _sums()
    rows = select(by, *sums).where(*mine).group_by(by)
    worst = rows.order_by(sums[3].desc(), sums[2].desc(), sums[0].desc(), by.desc())
    found = session.execute(worst.limit(MAX_ROWS)).all()
    slowest: dict[str, int | None] = dict(
        session.execute(
            select(of_change, func.max(RepricedRow.delay_ms))
            .where(*delays, of_change.in_([row[0] for row in found]))
            .group_by(of_change)
        ).all()
    )
    return tuple(
        Tally(
            *(key, names.get(key, key), int(shown), int(equal), int(late), int(other)),
            slowest.get(key),
        )
        for key, shown, equal, late, other in found
    )


def _quantiles(
    session: Session, delays: Sequence[ColumnElement[bool]]
) -> tuple[int | None, int | None, int]:
    """p50 and p99 of the changes that reached all screens, and how many those were."""
    here = (*delays, RepricedRow.delay_ms.is_not(None))
    count = session.scalar(select(func.count()).select_from(RepricedRow).where(*here)) or 0
    if not count:
        return None, None, 0
    ordered = select(RepricedRow.delay_ms).where(*here).order_by(RepricedRow.delay_ms)
    at = [(count - 1) * percent // 100 for percent in (50, 99)]
    median, worst = (session.scalar(ordered.offset(place).limit(1)) for place in at)
    return median, worst, count


def _slow(session: Session, delays: Sequence[ColumnElement[bool]]) -> tuple[Slow, ...]:
    rows = select(RepricedRow).where(*delays)
    worst = rows.order_by(
        RepricedRow.waiting.desc(), RepricedRow.delay_ms.desc(), RepricedRow.at_ms.desc()
    )
    return tuple(
        Slow(row.store_id, row.sku, row.at_ms, row.screens, row.waiting, row.delay_ms)
        for row in session.scalars(worst.limit(MAX_SLOW))
    )


def _codes(session: Session, column: Any, mine: Sequence[ColumnElement[bool]]) -> dict[str, int]:
    """Milliseconds by reason, the longest first."""
    said = select(column).where(*mine, cast(column, String) != "{}").limit(MAX_CODED)
    found: Counter[str] = Counter()
    for codes in session.scalars(said):
        found.update(codes)
    return dict(found.most_common())


def _lapses(
    session: Session, stores: Mapping[str, str], begin: int, end: int, now: int
) -> tuple[Lapse, ...]:
    past = (
        select(ChannelRow.store_id, SilenceRow.from_ms, SilenceRow.until_ms)
        .join(ChannelRow, ChannelRow.id == SilenceRow.channel)
        .where(SilenceRow.from_ms > 0, SilenceRow.from_ms < end, SilenceRow.until_ms > begin)
    )
    over = ChannelRow.as_of + ChannelRow.lease_ms
    lasting = select(ChannelRow.store_id, over).where(
        ChannelRow.version > 0, ChannelRow.as_of > 0, over <= now
    )
    found = [Lapse(*row) for row in session.execute(past)]
    found += [Lapse(store, at, None) for store, at in session.execute(lasting) if at < end]
    mine = [one for one in found if one.store in stores]
    return tuple(sorted(mine, key=lambda one: -one.from_ms)[:MAX_ROWS])


def _held(session: Session, stores: Mapping[str, str]) -> int:
    """Products whose price is held now, in one of the stores or more."""
    suspect = literal_column("offer.suspect") != literal_column("''")
    rows = select(func.count(OfferRow.sku.distinct())).join(
        ChannelRow, OfferRow.channel == ChannelRow.id
    )
    return session.scalar(rows.where(suspect, ChannelRow.store_id.in_(stores))) or 0


def _batches(session: Session, begin: int, end: int) -> tuple[tuple[str, int, str], ...]:
    """Answers that were held whole: why, when they came, what became of them."""
    rows = select(HeldBatchRow.reason, HeldBatchRow.received_at, HeldBatchRow.settled_as).where(
        HeldBatchRow.received_at < end,
        or_(HeldBatchRow.settled_at.is_(None), HeldBatchRow.settled_at > begin),
    )
    newest = rows.order_by(HeldBatchRow.received_at.desc()).limit(MAX_ROWS)
    return tuple((reason, at, settled) for reason, at, settled in session.execute(newest))


def _recalls(
    session: Session, stores: Mapping[str, str], asked: Asked, begin: int, end: int
) -> tuple[tuple[str, int, int | None], ...]:
    """Recalls: SKU, since when, until when (None: it lasts)."""
    here = select(RecalledRow.recall_id).where(RecalledRow.store_id.in_(list(stores)))
    rows = select(RecallRow.sku, RecallRow.at_ms, RecallRow.lifted_at).where(
        RecallRow.at_ms < end,
        or_(RecallRow.lifted_at.is_(None), RecallRow.lifted_at > begin),
        RecallRow.id.in_(here),
    )
    newest = rows.order_by(RecallRow.at_ms.desc()).limit(MAX_ROWS)
    found = session.execute(newest)
    return tuple((sku, at, over) for sku, at, over in found if asked.sku in ("", sku))


def _shelves(session: Session, asked: Asked, begin: int, end: int, now: int) -> tuple[Share, ...]:
    found = paradoxes.shares(session, now, begin, end, [asked.store])
    mine = [one for one in found if asked.sku in ("", one.sku)]
    return tuple(sorted(mine, key=lambda one: -one.permille)[:MAX_ROWS])


def _reckoned(session: Session, stores: Mapping[str, str], asked: Asked) -> int | None:
    """Up to when all of these stores are reckoned."""
    rows = select(AlignedDayRow.store_id, func.max(AlignedDayRow.until_ms)).where(
        AlignedDayRow.until_ms > AlignedDayRow.from_ms,
        AlignedDayRow.day <= asked.until.isoformat(),
    )
    found = session.execute(rows.group_by(AlignedDayRow.store_id))
    return min((until for store, until in found if store in stores), default=None)


def _products(session: Session, skus: Sequence[str]) -> dict[str, str]:
    """What products are called, in any language that names them."""
    rows = session.execute(
        select(ProductRow.sku, ProductRow.names).where(ProductRow.sku.in_(list(skus)))
    )
    found: dict[str, str] = {}
    for sku, names in rows:
        told = next((one.get("name") for one in names.values() if one.get("name")), None)
        found.setdefault(sku, str(told or sku))
    return found
