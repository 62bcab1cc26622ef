"""Looks through the record for what is not as it should be. A fixed number of queries, each by an
index or over few rows.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, func, literal_column, or_, select
from sqlalchemy.orm import Session

from server.config import Settings
from server.db.models import (
    CalendarAddressRow,
    CampaignRow,
    ChannelRow,
    ConnectorRow,
    DeviceRow,
    FactRow,
    HeldBatchRow,
    OfferRow,
    PlaylistRow,
    ProductRow,
    ProfileRow,
    ScreenRow,
    ScreenStateRow,
)
from server.services.base.context import Context
from server.services.connectors.views import NEVER
from server.services.observed.world import store_of
from server.services.screens.rollout_rows import newest
from server.services.showing.standing import silent_since
from server.services.situation.concerns import Concern
from server.services.tills.mismatches import now_apart

FORGET_MS = 30 * 86_400_000
"""What has been silent for longer is not awaited any more."""
LATE_ROUNDS = 3
"""A source is late once it missed so many rounds."""
EXPECTED = 4
"""A lease is about to end in the last of so many parts of its life."""
MAX_SUSPECTS = 200
"""Suspect products that are looked at; there are few, or a whole batch is held."""
SUSPECT = literal_column("offer.suspect") != literal_column("''")
"""In the words of the partial index."""
SHOWN_OF_VERSION = 13
"""Characters, as the page of updates shows it."""
TOLD_TROUBLES = ("disk_full", "files_full", "plan_refused", "state_damaged", "clock_untrusted")
"""What a screen says of itself that a person must mend."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something may be otherwise before it counts, in ms: a source, a screen offline."""

    source_ms: int = 0
    screen_ms: int = 0


AT_ONCE = Patience()


def patience_of(settings: Settings) -> Patience:
    """How long people who are told are spared."""
    return Patience(settings.watch_grace_s * 1000, settings.watch_offline_s * 1000)


def look(ctx: Context, session: Session, now: int, patience: Patience = AT_ONCE) -> list[Concern]:
    """Everything of the whole chain that is not as it should be."""
    parts: tuple[Callable[[], Iterable[Concern]], ...] = (
        lambda: _plans(session),
        lambda: _connectors(session, now, patience),
        lambda: _calendars(session, now, patience),
        lambda: _silences(session, now),
        lambda: _batches(session),
        lambda: _suspects(session),
        lambda: _leases(session, now),
        lambda: _tills(session),
        lambda: _screens(session, now, ctx.settings.report_every_s, patience),
        lambda: _rollout(session),
        lambda: _disk(ctx.settings, now),
    )
    return [concern for part in parts for concern in part()]


def _connectors(session: Session, now: int, patience: Patience) -> Iterator[Concern]:
    for row in session.scalars(select(ConnectorRow).where(ConnectorRow.enabled)):
        heard = row.last_success_at
        quiet = now - (heard or row.last_error_at or now)
        failing = row.failures > 0 and (heard is None or quiet > patience.source_ms)
        rounds = LATE_ROUNDS * row.every_s * 1000
        late = row.next_run_at < NEVER and quiet > max(rounds, patience.source_ms, 60_000)
        if failing or late:
            said = {"name": row.name, "never": heard is None, "error": row.last_error}
            yield Concern("connector", row.id, heard or row.last_error_at or now, (), said)


def _calendars(session: Session, now: int, patience: Patience) -> Iterator[Concern]:
    """Calendars that can no more be read at their address."""
    failing = select(CalendarAddressRow).where(
        CalendarAddressRow.failed_at <= now - patience.source_ms
    )
    for row in session.scalars(failing.order_by(CalendarAddressRow.calendar)):
        said = {"name": row.calendar, "error": row.error}
        yield Concern("calendar", row.calendar, row.read_at, (), said)


def _silences(session: Session, now: int) -> Iterator[Concern]:
    """Facts that hold now, or would, were they not too old; by store and kind. Where else a product
    waits is as old as the other store's stock, which is told itself.
    """
    lapsed = select(FactRow.key, FactRow.source, FactRow.observed_at).where(
        FactRow.expires_at <= now,
        FactRow.expires_at > now - FORGET_MS,
        or_(FactRow.valid_until.is_(None), FactRow.valid_until > now),
        FactRow.valid_from <= now,
    )
    on = set(session.scalars(select(ConnectorRow.id).where(ConnectorRow.enabled)))
    quiet: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for key, source, observed_at in session.execute(lapsed):
        if connector_of(source, on) and sort_of(key) != "nearest":
            place = key.partition(":")[2].rpartition("@")[0]
            quiet.setdefault((sort_of(key), store_of(key)), []).append((place, observed_at))
    for (sort, store), found in quiet.items():
        places = sorted({place for place, _ in found}) if sort == "counters" else []
        said = {"sort": sort, "store": store, "places": places}
        heard = max(observed_at for _, observed_at in found)
        yield Concern("silence", f"{sort}@{store}", heard, (store,), said)


def sort_of(key: str) -> str:
    """Which kind of source says a fact: weather, counters or stock."""
    name = key.partition(":")[0]
    if name in ("footfall", "occupancy"):
        return "counters"
    return name.partition(".")[0]


def connector_of(source: str, known: Collection[str]) -> str:
    """The connector behind a source, `weather@lille` or `counters.tills@lille`; empty where it is
    none of those that are `known` (a person's hand, say).
    """
    name = source.partition("@")[0]
    return next((one for one in (name, name.rpartition(".")[0]) if one in known), "")


def _plans(session: Session) -> Iterator[Concern]:
    """Plans that were found too large to be sent, by store and wish."""
    query = select(ProfileRow.store_id, ProfileRow.refused).where(ProfileRow.refused.is_not(None))
    found: dict[tuple[str, str, str], int] = {}
    for store, refused in session.execute(query):
        of = (store, refused["layer"], refused["wish"])
        found[of] = min(refused["since"], found.get(of, refused["since"]))
    for (store, layer, wish), since in found.items():
        row = PlaylistRow if layer in ("base", "slate") else CampaignRow
        name = session.scalar(select(row.name).where(row.id == wish))
        said = {"name": name or wish, "store": store}
        yield Concern("plan", f"{store}/{layer}/{wish}", since, (store,), said)


def _batches(session: Session) -> Iterator[Concern]:
    held = select(HeldBatchRow, ConnectorRow.name).join(
        ConnectorRow, ConnectorRow.id == HeldBatchRow.connector_id, isouter=True
    )
    for row, name in session.execute(held.where(HeldBatchRow.settled_at.is_(None))):
        said = {"name": name or row.connector_id, "changed": row.counts.get("changed", 0)}
        yield Concern("batch", row.id, row.received_at, (), said)


def suspect_alone(session: Session) -> ColumnElement[bool]:
    """Chooses the offers, joined with their channels, whose price is kept off the screens by
    itself, not with a whole batch of its shop.
    """
    held = (
        select(ConnectorRow.config)
        .join(HeldBatchRow, HeldBatchRow.connector_id == ConnectorRow.id)
        .where(HeldBatchRow.settled_at.is_(None))
    )
    shops = {str(config.get("shop", "")) for config in session.scalars(held)}
    return and_(
        SUSPECT,
        ~OfferRow.suspect.startswith("held_", autoescape=True),
        ChannelRow.shop.not_in(shops),
    )


def _suspects(session: Session) -> Iterator[Concern]:
    """Products whose price is kept off the screens by itself."""
    alone = (
        select(OfferRow.sku, ChannelRow.shop, ChannelRow.store_id, OfferRow.version)
        .join(ChannelRow, ChannelRow.id == OfferRow.channel)
        .where(suspect_alone(session))
        .order_by(OfferRow.sku)
        .limit(MAX_SUSPECTS)
    )
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for sku, shop, store, version in session.execute(alone):
        found.setdefault((shop, sku), []).append((store, version))
    rows = select(ProductRow.shop, ProductRow.sku, ProductRow.names).where(
        ProductRow.sku.in_({sku for _, sku in found})
    )
    names = {(shop, sku): said for shop, sku, said in session.execute(rows)} if found else {}
    for (shop, sku), where in found.items():
        said = {"sku": sku, "names": names.get((shop, sku), {})}
        stores = tuple(sorted(store for store, _ in where))
        since = min(version for _, version in where)
        yield Concern("suspect", f"{shop}/{sku}", since, stores, said)


def _leases(session: Session, now: int) -> Iterator[Concern]:
    near = select(ChannelRow).where(
        ChannelRow.as_of > 0,
        ChannelRow.as_of + ChannelRow.lease_ms - ChannelRow.lease_ms // EXPECTED <= now,
        ChannelRow.as_of + ChannelRow.lease_ms > now - FORGET_MS,
    )
    for row in session.scalars(near):
        ends = row.as_of + row.lease_ms
        said = {"store": row.store_id, "ends": ends, "over": ends <= now, "heard": row.as_of}
        since = ends if ends <= now else row.as_of
        yield Concern("lease", row.id, since, (row.store_id,), said)


def _tills(session: Session) -> Iterator[Concern]:
    """Stores whose tills ask for other prices than their screens show, or did not confirm one."""
    for one in now_apart(session):
        skus = one.apart or one.silent
        said = {"store": one.store, "changed": len(skus), "sku": skus[0], "apart": bool(one.apart)}
        yield Concern("till", one.store, one.since, (one.store,), said)


def _screens(
    session: Session, now: int, report_every_s: int, patience: Patience
) -> Iterator[Concern]:
    quiet_since = min(silent_since(now, report_every_s), now - patience.screen_ms)
    heard = func.coalesce(ScreenStateRow.seen_at, DeviceRow.paired_at)
    away = func.coalesce(ScreenStateRow.connected, false()).is_(False)
    told = ScreenStateRow.report["troubles"].as_string()
    statement = (
        select(
            ScreenRow.id,
            ScreenRow.name,
            ScreenRow.store_id,
            DeviceRow.held_reason,
            away & (heard < quiet_since),
            heard,
            ScreenStateRow.report["troubles"],
        )
        .join(DeviceRow, DeviceRow.screen_id == ScreenRow.id)
        .join(ScreenStateRow, ScreenStateRow.screen_id == ScreenRow.id, isouter=True)
        .where(or_(DeviceRow.held_reason != "", away & (heard < quiet_since), told != "{}"))
        .order_by(ScreenRow.id)
    )
    for screen, name, store, held, gone, seen_at, troubles in session.execute(statement):
        said = {"screen": name, "store": store}
        if held:
            yield Concern("cloned", screen, seen_at, (store,), said)
        elif gone:
            yield Concern("offline", screen, seen_at, (store,), said)
        else:
            for code, since in (troubles or {}).items():
                if code in TOLD_TROUBLES:
                    yield Concern(
                        *("trouble", f"{screen}/{code}", min(since, now)),
                        *((store,), {**said, "code": code}),
                    )


def _rollout(session: Session) -> Iterator[Concern]:
    """A version of the player that halted on its way to the screens."""
    row = newest(session)
    if row is not None and row.held == "halted" and row.held_at is not None:
        version = row.version[:SHOWN_OF_VERSION]
        yield Concern("rollout", row.id, row.held_at, (), {"name": version})


def _disk(settings: Settings, now: int) -> Iterator[Concern]:
    """The folder of the record; a disk that cannot be asked says nothing."""
    try:
        free = shutil.disk_usage(settings.data_dir).free
    except OSError:
        return
    if free < settings.disk_low_bytes:
        yield Concern("disk", "server", now, (), {"free": free})
