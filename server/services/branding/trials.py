"""A brand that goes out to some stores first, or when each store's own clock shows a time; brought
to all, or taken back. One at a time: what follows the chain must know what the chain's brand is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.localtime import instant, parse_date_time, zone_of
from server.db.models import BrandTrialRow, StoreRow
from server.errors import BadInput, ServerError
from server.services.base import audit, outbox
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.editing import StaleEdit, as_bad_input, missing
from server.services.branding import brands
from server.services.chain.chain_brand import chain_brand, last_brand
from server.services.entry import tokens

ONE = "chain"
MAX_AHEAD_MS = 366 * 86_400_000
DAY_MS = 86_400_000
State = Literal["waiting", "pilot"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A brand on its way. `stores`: those it goes to first, None for all; `local`: the time of the
    stores that it waits for, empty for none; `worn`: the stores that show it already.
    """

    state: State
    name: str
    stores: tuple[str, ...] | None
    local: str
    worn: tuple[str, ...]


def standing(ctx: Context, actor: Actor) -> Trial | None:
    """The brand that is on its way, if one is. Raises Forbidden."""
    actor.require_chain("content")
    with ctx.db.read() as session:
        row = session.get(BrandTrialRow, ONE)
        return None if row is None else _trial(row)


def begin(
    ctx: Context,
    actor: Actor,
    body: Mapping[str, str],
    voice: Mapping[str, str],
    if_version: int | None = None,
    *,
    stores: Collection[str] | None = None,
    local: str = "",
) -> Trial | None:
    """Send a brand to `stores` first (None: to all), now or when their clocks show `local` (ISO
    8601 without an offset); what is left to come of it. Raises BadInput, Forbidden, Stale, Conflict
    (another one is on its way).
    """
    actor.require_chain("content")
    body, voice = brands.checked(ctx, body, voice)
    now = ctx.clock()
    wall = _checked_time(local, now)
    with ctx.db.write() as session:
        brands.check_alone(session)
        last = last_brand(session)
        version = last.version if last is not None else 0
        if if_version is not None and if_version != version:
            raise StaleEdit(version)
        if last is None:  # what stores agree on is the chain's, also while some look otherwise
            brands.put_on(session, actor, now, dict(chain_brand(session)), {})
        row = BrandTrialRow(
            id=ONE,
            state="waiting",
            body=body,
            voice=voice,
            stores=None if stores is None else _checked_stores(session, stores),
            local=local if wall else "",
            worn={},
            created_at=now,
            created_by=actor.id,
        )
        session.add(row)
        session.flush()
        _note(session, actor, now, "begin", row)
        going = _advance(session, actor, row, now)
        made = _trial(row) if going else None
    ctx.wake()
    return made


def run_due(ctx: Context) -> None:
    """Bring a brand that waits to the stores whose time it is, by whoever sent it with the rights
    that they have now; without them it is taken back.
    """
    now = ctx.clock()
    with ctx.db.read() as session:
        row = session.get(BrandTrialRow, ONE)
        if row is None or row.state != "waiting":
            return
        worn = set(row.worn)
        if not any(at <= now and store not in worn for store, at in _times(session, row).items()):
            return
    with ctx.db.write() as session:
        row = session.get(BrandTrialRow, ONE, with_for_update=True)
        if row is None or row.state != "waiting":
            return
        try:
            actor = SYSTEM if row.created_by == SYSTEM.id else tokens.actor(session, row.created_by)
            actor.require_chain("content")
            _advance(session, actor, row, now)
        except ServerError:
            _undress(session, row, now)
            _note(session, SYSTEM, now, "refuse", row)
            session.delete(row)
    ctx.wake()


def to_all(ctx: Context, actor: Actor) -> None:
    """Bring what is on its way to every store now. Raises NotFound, Forbidden."""
    actor.require_chain("content")
    with ctx.db.write() as session:
        row = _row(session)
        row.stores, row.local = None, ""
        _note(session, actor, ctx.clock(), "to_all", row)
        _advance(session, actor, row, ctx.clock())
    ctx.wake()


def take_back(ctx: Context, actor: Actor) -> None:
    """Have every store look as before; what was changed there since stays. Raises NotFound,
    Forbidden.
    """
    actor.require_chain("content")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = _row(session)
        _undress(session, row, now)
        _note(session, actor, now, "take_back", row)
        session.delete(row)
    ctx.wake()


def _advance(session: Session, actor: Actor, row: BrandTrialRow, now: int) -> bool:
    """Bring it to where the clocks are; whether it is still on its way afterwards."""
    times = _times(session, row)
    due = {store for store, at in times.items() if at <= now}
    if len(due) == len(times) and row.stores is None:
        session.delete(row)
        session.flush()
        brands.put_on(session, actor, now, row.body, row.voice)
        return False
    _dress(session, row, due - set(row.worn), now)
    if len(due) == len(times):
        row.state = "pilot"
    return True


def _times(session: Session, row: BrandTrialRow) -> dict[str, int]:
    """When it is the time of each of its stores, unix ms; 0 where it waits for none."""
    wall = datetime.fromisoformat(row.local) if row.local else None
    return {
        store: instant(zone_of(zone), wall) if wall is not None else 0
        for store, zone in session.execute(select(StoreRow.id, StoreRow.zone))
        if row.stores is None or store in row.stores
    }


def _dress(session: Session, row: BrandTrialRow, stores: Collection[str], now: int) -> None:
    chain, worn = dict(chain_brand(session)), dict(row.worn)
    for store in _stores(session, stores):
        before = dict(store.brand)
        after = brands.try_on(before, chain, row.body)
        worn[store.id] = {"before": before, "after": after}
        _wear(session, store, after, now)
    row.worn = worn


def _undress(session: Session, row: BrandTrialRow, now: int) -> None:
    for store in _stores(session, row.worn):
        before, after = (row.worn[store.id][part] for part in ("before", "after"))
        brand = dict(store.brand)
        for key in before.keys() | after.keys():
            if brand.get(key) == after.get(key):
                brand.pop(key, None)
                brand |= {key: before[key]} if key in before else {}
        _wear(session, store, brand, now)


def _stores(session: Session, names: Collection[str]) -> list[StoreRow]:
    rows = select(StoreRow).with_for_update().order_by(StoreRow.id)
    return [row for row in session.scalars(rows) if row.id in names]


def _wear(session: Session, store: StoreRow, brand: Mapping[str, str], now: int) -> None:
    if brand != store.brand:
        store.brand, store.edited_at = dict(brand), now
        store.version += 1
        outbox.mark(session, [f"store:{store.id}"], now)


def _checked_time(local: str, now: int) -> datetime | None:
    if not local:
        return None
    with as_bad_input():
        wall = parse_date_time(local, "at")
    around = instant(zone_of("UTC"), wall)
    if not now - DAY_MS < around < now + MAX_AHEAD_MS:
        raise BadInput("Choose a time within the next year.", field="at", code="too_far")
    return wall


def _checked_stores(session: Session, stores: Collection[str]) -> list[str]:
    known = set(session.scalars(select(StoreRow.id)))
    wanted = sorted(set(stores) & known)
    if not wanted or len(wanted) < len(set(stores)):
        raise BadInput("Choose the stores to begin in.", field="stores", code="choose_stores")
    return wanted


def _row(session: Session) -> BrandTrialRow:
    row = session.get(BrandTrialRow, ONE, with_for_update=True)
    if row is None:
        raise missing("brand on its way")
    return row


def _trial(row: BrandTrialRow) -> Trial:
    stores = None if row.stores is None else tuple(row.stores)
    state: State = "pilot" if row.state == "pilot" else "waiting"
    return Trial(state, row.body.get("name", ""), stores, row.local, tuple(sorted(row.worn)))


def _note(session: Session, actor: Actor, now: int, done: str, row: BrandTrialRow) -> None:
    said: dict[str, Any] = {"stores": row.stores, "local": row.local, "brand": dict(row.body)}
    audit.record(session, actor, now, f"brand.{done}", "brand:chain", None, said)
