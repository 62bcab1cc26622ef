"""Withdraws a SKU's price: everywhere or in some stores, at once, until a person gives it back.

The row is written first: from then on no feed brings the price back, whatever it says. Then the
offers are told, a few channels at a time; what a crash leaves over, and stores that open later,
`complete` finishes.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.ids import Sku, check_sku
from playlists.wire.offers import offer_from_json
from server.db.models import (
    ActorRow,
    ChannelRow,
    OfferRow,
    ProductRow,
    RecalledRow,
    RecallRow,
    StoreRow,
)
from server.errors import BadInput, Forbidden, NotFound
from server.services.base import audit
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.base.naming import Names, name_in, names_of
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.prices import offers
from server.services.prices.seeing import ChannelOf

CHANNELS_AT_ONCE = 20
"""In one write transaction, so that none lasts over its budget."""
MAX_NOTE_CHARACTERS = 500
MAX_GOODS = 200
"""Products that are offered to choose from; others are named by their number."""
MAX_STORES = 5_000
"""Stores that one recall may name."""


@dataclass(frozen=True, slots=True)
class Recall:
    """A price that was withdrawn. `stores` None: everywhere. Unix ms; `lifted_at` None: in force.

    `names` by language, of the product; `called` are the names of `stores`; `by` and `lifted_by`
    are people's names. `may_lift`: the reader may.
    """

    id: str
    sku: str
    names: Names
    stores: tuple[str, ...] | None
    called: tuple[str, ...]
    note: str
    at_ms: int
    by: str
    lifted_at: int | None
    lifted_by: str
    may_lift: bool


def may_recall(actor: Actor) -> bool:
    """Whether this actor may take a price off: who edits content, minds stores, settles prices."""
    return any(actor.may(scope) for scope in ("prices", "content", "override"))


def recall(
    ctx: Context, actor: Actor, sku: str, stores: Collection[str] | None = None, note: str = ""
) -> Recall:
    """Withdraw a price in `stores`, None for all that are the actor's. Repeated, it is the same.

    Who edits content or minds stores may, within their stores. Raises Forbidden, NotFound (a SKU
    that no shop of these stores sells, another's store), BadInput.
    """
    if not may_recall(actor):
        actor.require("prices")
    note = _note(note)
    wanted = _stores(actor, stores)
    now = ctx.clock()
    with ctx.db.write() as session:
        _check(session, sku, wanted)
        same = select(RecallRow).where(RecallRow.sku == sku, RecallRow.lifted_at.is_(None))
        row = next((one for one in session.scalars(same) if one.stores == wanted), None)
        if row is None:
            row = RecallRow(
                id=f"recall-{secrets.token_hex(6)}",
                sku=sku,
                stores=wanted,
                note=note,
                at_ms=now,
                by=actor.id,
                lifted_by="",
            )
            session.add(row)
            after = {"sku": sku, "stores": wanted, "note": note}
            audit.record(session, actor, now, "price.recall", f"recall:{row.id}", None, after)
        recall_id = row.id
    _withdraw(ctx, recall_id)
    return get_recall(ctx, actor, recall_id)


def lift(ctx: Context, actor: Actor, recall_id: str) -> Recall:
    """Give the price back as the shop says it by now: whoever may settle prices in all of its
    stores, and who recalled it. Raises Forbidden, NotFound (also where it is lifted already).
    """
    with ctx.db.write() as session:
        row = session.get(RecallRow, recall_id, with_for_update=True)
        if not may_recall(actor):
            actor.require("prices")
        if row is None or not _sees(actor, row) or row.lifted_at is not None:
            raise NotFound("This price is not recalled (any more).")
        if not _may_lift(actor, row):
            raise Forbidden("Whoever recalled this price gives it back, or who settles prices.")
        row.lifted_at, row.lifted_by = ctx.clock(), actor.id
        before = {"sku": row.sku, "stores": row.stores, "note": row.note}
        audit.record(session, actor, ctx.clock(), "price.lift", f"recall:{row.id}", before)
        sku = Sku(row.sku)
        channels = _covered(session, row)
    for some in batched(channels, CHANNELS_AT_ONCE):
        with ctx.db.write() as session:
            offers.recompile(ctx, session, some, [sku], ctx.clock())
        ctx.wake()
    return get_recall(ctx, actor, recall_id)


def complete(ctx: Context) -> None:
    """Withdraw what recalls in force have not reached yet: after a crash, and in stores that opened
    since.
    """
    with ctx.db.read() as session:
        found = list(session.scalars(select(RecallRow.id).where(RecallRow.lifted_at.is_(None))))
    for recall_id in found:
        _withdraw(ctx, recall_id)


def get_recall(ctx: Context, actor: Actor, recall_id: str) -> Recall:
    """One recall. Raises Forbidden, NotFound."""
    actor.require("read")
    with ctx.db.read() as session:
        row = session.get(RecallRow, recall_id)
        if row is None or not _sees(actor, row):
            raise NotFound("There is no such recall among your stores.")
        return _views(session, actor, [row])[0]


def list_recalls(
    ctx: Context, actor: Actor, *, lifted: bool = False, sku: str = "", cut: Cut = FIRST
) -> Page[Recall]:
    """Recalls in force, or those that were lifted; newest first. Raises Forbidden."""
    actor.require("read")
    statement = select(RecallRow).where(
        RecallRow.lifted_at.is_not(None) if lifted else RecallRow.lifted_at.is_(None)
    )
    if sku:
        statement = statement.where(RecallRow.sku == sku)
    keys = [RecallRow.at_ms, RecallRow.id]
    with ctx.db.read() as session:
        page = paged(
            *(session, ctx.settings, statement, keys, cut),
            lambda row: row if _sees(actor, row) else None,
            newest_first=True,
        )
        return Page(_views(session, actor, page.items), page.next)


def in_force(ctx: Context, actor: Actor) -> int:
    """How many recalls of the actor's stores are in force."""
    with ctx.db.read() as session:
        rows = session.scalars(select(RecallRow).where(RecallRow.lifted_at.is_(None)))
        return sum(_sees(actor, row) for row in rows)


def _withdraw(ctx: Context, recall_id: str) -> None:
    with ctx.db.read() as session:
        row = session.get(RecallRow, recall_id)
        if row is None or row.lifted_at is not None:
            return
        done = set(
            session.scalars(select(RecalledRow.channel).where(RecalledRow.recall_id == recall_id))
        )
        left = [one for one in _covered(session, row) if one.id not in done]
    for some in batched(left, CHANNELS_AT_ONCE):
        with ctx.db.write() as session:
            _withdraw_in(ctx, session, recall_id, Sku(row.sku), some)
        ctx.wake()


def _withdraw_in(
    ctx: Context, session: Session, recall_id: str, sku: Sku, channels: Sequence[ChannelOf]
) -> None:
    """In one transaction: what each channel said, as it may still show, and that it says it no
    more.
    """
    now, ids = ctx.clock(), [one.id for one in channels]
    states = select(
        *(ChannelRow.id, ChannelRow.version, ChannelRow.as_of),
        *(ChannelRow.lease_ms, ChannelRow.longer_until),
    ).where(ChannelRow.id.in_(ids))
    before = {row.id: row for row in session.execute(states)}
    bodies = select(OfferRow.channel, OfferRow.body).where(
        OfferRow.channel.in_(ids), OfferRow.sku == sku
    )
    said = {channel: offer_from_json(body) for channel, body in session.execute(bodies)}
    offers.recompile(ctx, session, channels, [sku], now)
    after = dict(
        session.execute(
            select(ChannelRow.id, ChannelRow.version).where(ChannelRow.id.in_(ids))
        ).all()
    )
    for channel in channels:
        was, offer = before[channel.id], said.get(channel.id)
        confirmed = max(was.as_of, offer.confirmed_at if offer else 0)
        ends = [step.until_ms for step in offer.steps] if offer else []
        session.add(
            RecalledRow(
                recall_id=recall_id,
                channel=channel.id,
                store_id=channel.store,
                version=after[channel.id],
                was=was.version,
                lease_end=max(confirmed + was.lease_ms if confirmed else 0, was.longer_until),
                step_end=None if None in ends else max((one or 0 for one in ends), default=0),
            )
        )


def _covered(session: Session, row: RecallRow) -> tuple[ChannelOf, ...]:
    """The channels of a recall's stores."""
    stores = session.scalars(select(StoreRow.id)).all() if row.stores is None else row.stores
    return offers.channels_of(session, stores)


def _stores(actor: Actor, stores: Collection[str] | None) -> list[str] | None:
    if stores is None:
        return None if actor.stores is None else sorted(actor.stores)
    if not 1 <= len(stores) <= MAX_STORES:
        raise BadInput(f"Name 1 to {MAX_STORES} stores, or none for all.", field="stores")
    for store in stores:
        if not actor.sees(store):
            raise NotFound("There is no such thing among your stores.")
    return sorted(set(stores))


def _check(session: Session, sku: str, stores: Sequence[str] | None) -> None:
    try:
        check_sku(sku)
    except Invalid:
        raise NotFound("No shop of these stores sells this product.") from None
    sold = (
        select(func.count())
        .select_from(ProductRow)
        .join(ChannelRow, ChannelRow.shop == ProductRow.shop)
        .where(ProductRow.sku == sku)
    )
    for some in [None] if stores is None else batched(list(stores), MAX_IN):
        there = sold if some is None else sold.where(ChannelRow.store_id.in_(some))
        if session.scalar(there):
            return
    raise NotFound("No shop of these stores sells this product.")


def _note(note: str) -> str:
    text = " ".join(note.split())
    if len(text) > MAX_NOTE_CHARACTERS or not text.isprintable():
        message = f"A note has at most {MAX_NOTE_CHARACTERS} characters."
        raise BadInput(message, field="note")
    return text


def _sees(actor: Actor, row: RecallRow) -> bool:
    """Whose stores it is about, at least one of them; everywhere is about everyone's."""
    return actor.stores is None or row.stores is None or not actor.stores.isdisjoint(row.stores)


def _may_lift(actor: Actor, row: RecallRow) -> bool:
    if row.by == actor.id:
        return True
    everywhere = actor.stores is None
    inside = everywhere or (row.stores is not None and set(row.stores) <= (actor.stores or set()))
    return actor.may("prices") and inside


def _views(session: Session, actor: Actor, rows: Sequence[RecallRow]) -> tuple[Recall, ...]:
    names, people = names_of(session, [row.sku for row in rows]), _people(session, rows)
    ids = {store for row in rows for store in row.stores or ()}
    called = dict(
        row
        for some in batched(sorted(ids), MAX_IN)
        for row in session.execute(select(StoreRow.id, StoreRow.name).where(StoreRow.id.in_(some)))
    )

    def view(row: RecallRow) -> Recall:
        stores = None if row.stores is None else [one for one in row.stores if actor.sees(one)]
        return Recall(
            row.id,
            row.sku,
            names.get(row.sku, {}),
            None if stores is None else tuple(stores),
            tuple(called.get(one, one) for one in stores or ()),
            row.note,
            row.at_ms,
            people.get(row.by, row.by),
            row.lifted_at,
            people.get(row.lifted_by, row.lifted_by),
            row.lifted_at is None and _may_lift(actor, row),
        )

    return tuple(view(row) for row in rows)


def _people(session: Session, rows: Collection[RecallRow]) -> dict[str, str]:
    ids = {one for row in rows for one in (row.by, row.lifted_by) if one}
    found = session.execute(select(ActorRow.id, ActorRow.name).where(ActorRow.id.in_(ids)))
    return {SYSTEM.id: SYSTEM.name, **dict(found.all())}


def goods(ctx: Context, actor: Actor, language: str) -> list[tuple[str, str]]:
    """SKU and name of the first products that the actor's stores sell, to choose from."""
    shops = select(ChannelRow.shop)
    if actor.stores is not None:
        shops = shops.where(ChannelRow.store_id.in_(actor.stores))
    query = select(ProductRow.sku, ProductRow.names).where(ProductRow.shop.in_(shops))
    with ctx.db.read() as session:
        rows = session.execute(query.order_by(ProductRow.sku).limit(MAX_GOODS)).all()
    return [(sku, name_in(names, language, sku)) for sku, names in rows]


def name_of(ctx: Context, sku: str, language: str) -> str:
    """What a product is called, empty where there is none."""
    with ctx.db.read() as session:
        names = names_of(session, [sku]).get(sku)
    return "" if names is None else name_in(names, language, sku)


def store_names(ctx: Context, actor: Actor, sku: str = "") -> list[tuple[str, str]]:
    """Id and name of the actor's stores that show prices, of those that sell `sku` where given."""
    query = select(StoreRow.id, StoreRow.name).where(StoreRow.channel.is_not(None))
    if sku:
        shops = select(ProductRow.shop).where(ProductRow.sku == sku)
        query = query.join(ChannelRow, ChannelRow.store_id == StoreRow.id).where(
            ChannelRow.shop.in_(shops)
        )
    with ctx.db.read() as session:
        rows = session.execute(query.order_by(StoreRow.name, StoreRow.id))
        return [(store, name) for store, name in rows if actor.sees(store)]
