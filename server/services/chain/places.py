"""Stores and screens as wished for: made, read, changed and taken away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from playlists.ids import check_id
from server.db.mappers import layout_rows
from server.db.models import (
    BaseRow,
    ChannelRow,
    CommandRow,
    DeviceRow,
    DisplayRow,
    HeadRow,
    OverrideRow,
    PairingRow,
    PowerRunRow,
    ProfileRow,
    RunChainRow,
    RunRow,
    ScreenHeadRow,
    ScreenPageRow,
    ScreenRow,
    ScreenStateRow,
    StoreRow,
    UpdateRow,
)
from server.errors import Conflict
from server.services.base import audit, outbox
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import (
    Versioned,
    as_bad_input,
    check_version,
    chosen_id,
    insert,
    locked,
    missing,
)
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.chain.chain_brand import chain_brand
from server.services.chain.place_checks import check_screen, check_store
from server.services.chain.place_views import ScreenView, StoreView, screen_view, store_view
from server.services.chain.place_wishes import ScreenWish, StoreWish

_OF_SCREEN = (
    *(DeviceRow, PairingRow, ScreenStateRow, ScreenPageRow),
    *(ScreenHeadRow, HeadRow, RunChainRow, CommandRow, PowerRunRow, UpdateRow),
)
"""What goes with a screen that is taken away."""


def create_store(
    ctx: Context, actor: Actor, wish: StoreWish, store_id: str = ""
) -> Versioned[StoreView]:
    """Open a store. Only for the whole chain. Raises BadInput, Conflict where the id is taken."""
    actor.require_chain("places")
    store_id = chosen_id(store_id, wish.name)
    columns = _store_columns(wish, store_id)
    now = ctx.clock()
    with ctx.db.write() as session:
        columns["brand"] = {**chain_brand(session), **columns["brand"]}
        row = StoreRow(id=store_id, version=1, edited_at=now, **columns)
        insert(session, row, "store", store_id)
        audit.record(session, actor, now, "store.create", f"store:{store_id}", None, columns)
        outbox.mark(session, _store_keys(store_id), now)
    ctx.wake()
    return store_view(row)


def update_store(
    ctx: Context, actor: Actor, store_id: str, wish: StoreWish, if_version: int | None = None
) -> Versioned[StoreView]:
    """Replace what is known of a store. Raises BadInput, NotFound, Stale."""
    actor.require("places", store_id)
    now = ctx.clock()
    with ctx.db.write() as session:
        row = locked(session, StoreRow, store_id, "store")
        check_version(row.version, if_version)
        columns = _store_columns(wish, store_id)
        columns["brand"] = {**chain_brand(session), **columns["brand"]}
        before = {name: getattr(row, name) for name in columns}
        _apply(row, columns, now)
        audit.record(session, actor, now, "store.update", f"store:{store_id}", before, columns)
        outbox.mark(session, _store_keys(store_id), now)
    ctx.wake()
    return store_view(row)


def delete_store(ctx: Context, actor: Actor, store_id: str, if_version: int | None = None) -> None:
    """Close a store that has no screens and no prices left. Raises Conflict where it has."""
    actor.require("places", store_id)
    actor.require_chain("places")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = locked(session, StoreRow, store_id, "store")
        check_version(row.version, if_version)
        for table, what in ((ScreenRow, "screens"), (ChannelRow, "prices")):
            count = session.scalar(
                select(func.count()).select_from(table).where(table.store_id == store_id)
            )
            if count:
                raise Conflict(f"This store still has {what} ({count}). Take those away first.")
        session.execute(delete(OverrideRow).where(OverrideRow.store_id == store_id))
        session.execute(delete(ProfileRow).where(ProfileRow.store_id == store_id))
        _forget_base(session, "store", store_id)
        session.delete(row)
        audit.record(session, actor, now, "store.delete", f"store:{store_id}", {"name": row.name})
        outbox.mark(session, [*_store_keys(store_id), f"base:store:{store_id}"], now)
    ctx.wake()


def get_store(ctx: Context, actor: Actor, store_id: str) -> Versioned[StoreView]:
    """One store. Raises NotFound, also where it is not this actor's."""
    actor.require("read", store_id)
    with ctx.db.read() as session:
        row = session.get(StoreRow, store_id)
        if row is None:
            raise missing("store")
        return store_view(row)


def list_stores(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[Versioned[StoreView]]:
    """The actor's stores by id."""
    actor.require("read")
    statement = select(StoreRow)
    if actor.stores is not None:
        statement = statement.where(StoreRow.id.in_(actor.stores))
    with ctx.db.read() as session:
        return paged(session, ctx.settings, statement, [StoreRow.id], cut, store_view)


def create_screen(
    ctx: Context, actor: Actor, wish: ScreenWish, screen_id: str = ""
) -> Versioned[ScreenView]:
    """Wish for a screen in a store; a device is paired to it later. Raises BadInput, NotFound,
    Conflict.
    """
    with as_bad_input():
        check_id(wish.store, "store")
    actor.require("places", wish.store)
    screen_id = chosen_id(screen_id, wish.name)
    columns = _screen_columns(wish)
    now = ctx.clock()
    with ctx.db.write() as session:
        locked(session, StoreRow, wish.store, "store")
        row = ScreenRow(id=screen_id, version=1, edited_at=now, **columns)
        insert(session, row, "screen", screen_id)
        audit.record(session, actor, now, "screen.create", f"screen:{screen_id}", None, columns)
        outbox.mark(session, _screen_keys(screen_id, {wish.store}), now)
    ctx.wake()
    return screen_view(row, None, None)


def update_screen(
    ctx: Context, actor: Actor, screen_id: str, wish: ScreenWish, if_version: int | None = None
) -> Versioned[ScreenView]:
    """Replace what is known of a screen, its store too. Raises BadInput, NotFound, Stale."""
    now = ctx.clock()
    actor.require("places")
    with ctx.db.write() as session:
        row = locked(session, ScreenRow, screen_id, "screen")
        actor.require("places", row.store_id)
        check_version(row.version, if_version)
        columns = _screen_columns(wish)
        if wish.store != row.store_id:
            actor.require("places", wish.store)
            locked(session, StoreRow, wish.store, "store")
        before = {name: getattr(row, name) for name in columns}
        _apply(row, columns, now)
        audit.record(session, actor, now, "screen.update", f"screen:{screen_id}", before, columns)
        outbox.mark(session, _screen_keys(screen_id, {before["store_id"], wish.store}), now)
        view = _screen_with_state(session, row)
    ctx.wake()
    return view


def delete_screen(
    ctx: Context, actor: Actor, screen_id: str, if_version: int | None = None
) -> None:
    """Take a screen away, its device and its plan with it. Raises Conflict where it holds proof of
    play.
    """
    now = ctx.clock()
    actor.require("places")
    with ctx.db.write() as session:
        row = locked(session, ScreenRow, screen_id, "screen")
        actor.require("places", row.store_id)
        check_version(row.version, if_version)
        if session.scalar(select(RunRow.seq).where(RunRow.screen_id == screen_id).limit(1)):
            raise Conflict("This screen's proof of play is kept, so it cannot be taken away.")
        for table in _OF_SCREEN:
            session.execute(delete(table).where(table.screen_id == screen_id))
        _forget_base(session, "screen", screen_id)
        session.execute(delete(DisplayRow).where(DisplayRow.subject == f"screen:{screen_id}"))
        session.delete(row)
        before = {"name": row.name, "store_id": row.store_id}
        audit.record(session, actor, now, "screen.delete", f"screen:{screen_id}", before)
        keys = [*_screen_keys(screen_id, {row.store_id}), f"base:screen:{screen_id}"]
        outbox.mark(session, keys, now)
    ctx.wake()


def get_screen(ctx: Context, actor: Actor, screen_id: str) -> Versioned[ScreenView]:
    """One screen, with what its device last said. Raises NotFound, also where it is not this
    actor's.
    """
    actor.require("read")
    with ctx.db.read() as session:
        row = session.get(ScreenRow, screen_id)
        if row is None or not actor.sees(row.store_id):
            raise missing("screen")
        return _screen_with_state(session, row)


def list_screens(
    ctx: Context, actor: Actor, cut: Cut = FIRST, *, store: str = "", tag: str = ""
) -> Page[Versioned[ScreenView]]:
    """The actor's screens by id, of one store or with one tag where those are given."""
    actor.require("read", store or None)
    statement = select(ScreenRow)
    if store:
        statement = statement.where(ScreenRow.store_id == store)
    elif actor.stores is not None:
        statement = statement.where(ScreenRow.store_id.in_(actor.stores))
    with ctx.db.read() as session:

        def make(row: ScreenRow) -> ScreenRow | None:
            return row if not tag or tag in row.tags else None

        page = paged(session, ctx.settings, statement, [ScreenRow.id], cut, make)
        return Page(tuple(_screens_with_state(session, page.items)), page.next)


def list_tags(ctx: Context, actor: Actor) -> Mapping[str, int]:
    """Every tag of the actor's screens, with how many bear it, by name."""
    actor.require("read")
    statement = select(ScreenRow.tags)
    if actor.stores is not None:
        statement = statement.where(ScreenRow.store_id.in_(actor.stores))
    counts: dict[str, int] = {}
    with ctx.db.read() as session:
        for tags in session.scalars(statement):
            for tag in tags:
                counts[tag] = counts.get(tag, 0) + 1
    return dict(sorted(counts.items()))


def _screen_with_state(session: Session, row: ScreenRow) -> Versioned[ScreenView]:
    return _screens_with_state(session, [row])[0]


def _screens_with_state(session: Session, rows: Sequence[ScreenRow]) -> list[Versioned[ScreenView]]:
    """Screens with their devices and what they last said, read together."""
    names = [row.id for row in rows]
    devices = session.scalars(select(DeviceRow).where(DeviceRow.screen_id.in_(names)))
    states = session.scalars(select(ScreenStateRow).where(ScreenStateRow.screen_id.in_(names)))
    device_of = {one.screen_id: one for one in devices}
    state_of = {one.screen_id: one for one in states}
    return [screen_view(row, device_of.get(row.id), state_of.get(row.id)) for row in rows]


def _store_columns(wish: StoreWish, store_id: str) -> dict[str, Any]:
    check_store(wish, store_id)
    return {
        "name": wish.name.strip(),
        "zone": wish.zone,
        "lat_e6": wish.lat_e6,
        "lon_e6": wish.lon_e6,
        "regions": sorted(wish.regions),
        "country": wish.country,
        "hours": [[list(stretch) for stretch in day] for day in wish.hours],
        "special_hours": [[day, [list(s) for s in hours]] for day, hours in wish.special_hours],
        "channel": wish.channel,
        "brand": dict(wish.brand),
        "details": dict(wish.details),
    }


def _screen_columns(wish: ScreenWish) -> dict[str, Any]:
    check_screen(wish)
    return {
        "name": wish.name.strip(),
        "store_id": wish.store,
        "width": wish.width,
        "height": wish.height,
        "tags": sorted(wish.tags),
        "place": wish.place,
        "language": wish.language,
        "layout": layout_rows(wish.layout),
    }


def _apply(row: StoreRow | ScreenRow, columns: Mapping[str, Any], now: int) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
    row.version += 1
    row.edited_at = now


def _forget_base(session: Session, scope: str, subject: str) -> None:
    session.execute(delete(BaseRow).where(BaseRow.scope == scope, BaseRow.subject == subject))


def _store_keys(store: str) -> list[str]:
    return [f"store:{store}", f"calendar:{store}", f"campaigns@{store}"]


def _screen_keys(screen: str, stores: Iterable[str]) -> list[str]:
    return [f"screen:{screen}", *(f"store:{store}" for store in stores)]
