"""“We are out of this”: a stock of nothing that a person says, with an end, over the shop’s own.

A stock rule then takes the product off the screens. An item that shows the product and asks for no
stock would stay: it is paused here for as long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from playlists.conditions import facts_of
from playlists.facts import HAND, KINDS, Fact, FactKey, by_hand, fact_key
from playlists.ids import ItemId, OverrideId, Sku, SourceId, StoreId, sha256
from playlists.model import Item, Override
from server.db.mappers import fact_from
from server.db.models import FactRow, OfferRow, OverrideRow, StoreRow
from server.errors import BadInput
from server.services.base import audit, outbox
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import OUT_ID, as_bad_input, locked, missing
from server.services.base.naming import name_in
from server.services.observed import facts
from server.services.prices import offers
from server.services.wishes.overrides import keep_override
from server.services.wishes.reach import Reach
from server.services.wishes.wish_rows import override_columns, override_of
from server.services.wishes.writing import Pen

MAX_OUT_MS = 31 * 86_400_000
"""How long a product may be said to be out at once."""
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Out:
    """A product that a person said is out, until `until_ms` (unix ms)."""

    sku: str
    name: str
    until_ms: int


def is_of_out(override: str) -> bool:
    """Whether a pause belongs to a product that is out."""
    return override.startswith(OUT_ID)


def outs(
    session: Session, store: str, channel: str | None, now: int, language: str
) -> tuple[Out, ...]:
    """The products that are said to be out in a store, by name."""
    rows = select(FactRow).where(
        FactRow.source == f"{HAND}@{store}",
        FactRow.key.startswith("stock:"),
        FactRow.valid_from <= now,
        FactRow.valid_until > now,
    )
    said = [fact_from(row) for row in session.scalars(rows)]
    until = {_sku_of(fact.key): fact.valid_until or 0 for fact in said if fact.value == 0}
    names = product_names(session, channel, list(until), language)
    found = [Out(sku, names.get(sku, sku), at) for sku, at in until.items()]
    return tuple(sorted(found, key=lambda one: (one.name, one.sku)))


def product_names(
    session: Session, channel: str | None, skus: list[str], language: str
) -> dict[str, str]:
    """What customers call these products; those that the shop no longer has are left out."""
    rows = select(OfferRow.sku, OfferRow.body).where(
        OfferRow.channel == (channel or ""), OfferRow.sku.in_(skus)
    )
    return {sku: name_in(body["nm"], language, sku) for sku, body in session.execute(rows)}


def shop_says(session: Session, store: str, skus: list[str], now: int) -> dict[str, int]:
    """How many the shop last said there are, where that is still believed."""
    keys = [FactKey(f"stock:{sku}@{store}") for sku in skus]
    found: dict[str, int] = {}
    for key, rows in facts.facts_for(session, keys).items():
        told = [row for row in rows if not by_hand(row) and row.expires_at > now]
        last = max(told, key=lambda row: row.observed_at, default=None)
        if last is not None and isinstance(last.value, int):
            found[_sku_of(key)] = last.value
    return found


def say_out(ctx: Context, actor: Actor, store: str, sku: str, until_ms: int) -> None:
    """There is none left in this store, until then; said twice, the later end counts. Raises
    BadInput, NotFound.
    """
    actor.require("override", store)
    now = ctx.clock()
    with as_bad_input():
        key = fact_key(f"stock:{sku}@{store}", "sku")
    if not now < until_ms <= now + MAX_OUT_MS:
        raise BadInput("The end lies in the next 31 days.", field="until")
    with ctx.db.write() as session:
        row = locked(session, StoreRow, store, "store")
        if session.get(OfferRow, (row.channel or "", sku)) is None:
            raise missing("product")
        _withdraw(session, actor, store, key, now)
        life = KINDS["stock"].max_age_ms
        source = SourceId(f"{HAND}@{store}")
        begin = _free(session, key, now)
        fact = Fact(key, 0, begin, until_ms, now, until_ms + life, source)
        facts.record(session, [fact], now)
        after = {"value": 0, "valid_from": begin, "valid_until": until_ms}
        audit.record(session, actor, now, "fact.put", f"fact:{key}", None, after)
        session.flush()
        for n, item in enumerate(_unasking(session, actor, store, sku)):
            pause = Override(
                OverrideId(f"{_mark(key)}{now}-{n}"),
                StoreId(store),
                "pause",
                now,
                until_ms,
                subject=item,
                edited_at=now,
                by=actor.name,
            )
            keep_override(ctx, session, actor, pause, now)
        _recompile(ctx, session, store, sku, now)
    ctx.wake()


def say_back(ctx: Context, actor: Actor, store: str, sku: str) -> None:
    """Take back that a product is out: what the shop says counts again. Not an error where it is
    not out. Raises BadInput, NotFound.
    """
    actor.require("override", store)
    now = ctx.clock()
    with as_bad_input():
        key = fact_key(f"stock:{sku}@{store}", "sku")
    with ctx.db.write() as session:
        locked(session, StoreRow, store, "store")
        if _withdraw(session, actor, store, key, now):
            session.flush()
            _recompile(ctx, session, store, sku, now)
    ctx.wake()


def _free(session: Session, key: FactKey, now: int) -> int:
    """The last instant up to now at which nothing else begins that is said of a key."""
    taken = {row.valid_from for row in facts.facts_for(session, [key]).get(key, ())}
    while now in taken:
        now -= 1
    return now


def _withdraw(session: Session, actor: Actor, store: str, key: FactKey, now: int) -> bool:
    """End what a hand says of a stock, and the pauses that go with it; whether there was such."""
    current = select(FactRow).where(
        FactRow.key == key, FactRow.source == f"{HAND}@{store}", FactRow.valid_until > now
    )
    held = [fact_from(row) for row in session.scalars(current)]
    for fact in held:
        before = {"value": fact.value, "valid_until": fact.valid_until}
        audit.record(session, actor, now, "fact.end", f"fact:{key}", before)
        if fact.valid_from >= now:
            session.execute(
                delete(FactRow).where(FactRow.key == key, FactRow.valid_from == fact.valid_from)
            )
            outbox.mark(session, [key], now)
        else:
            facts.record(session, [replace(fact, valid_until=now, observed_at=now)], now)
    pauses = select(OverrideRow).where(
        OverrideRow.store_id == store,
        OverrideRow.id.startswith(_mark(key), autoescape=True),
        OverrideRow.until_ms > now,
    )
    for row in session.scalars(pauses):
        Pen(session, actor, now).end(row, partial(_ended, row, now), [f"overrides@{store}"])
    session.flush()
    return bool(held)


def _ended(row: OverrideRow, now: int) -> Mapping[str, Any]:
    return override_columns(replace(override_of(row), until_ms=now, edited_at=now))


def _unasking(session: Session, actor: Actor, store: str, sku: str) -> list[ItemId]:
    """The items that show a product without asking for its stock, but for those whose id is also
    that of an item without it.
    """
    reach = Reach(session)
    seen = [one for one in reach.playlists.values() if reach.sees(actor, one.id)]
    items = [item for playlist in seen for item in playlist.items]
    key = f"stock:{sku}@{store}"
    wanted = {one.id for one in items if _shows(one, sku) and not _asks(one, key, store)}
    others = {one.id for one in items if not _shows(one, sku)}
    return sorted(wanted - others)


def _shows(item: Item, sku: str) -> bool:
    return not isinstance(item.content, str) and any(one.sku == sku for one in item.content.goods)


def _asks(item: Item, key: str, store: str) -> bool:
    asked = facts_of(item.condition) if item.condition is not None else frozenset()
    return any(one.replace("{store}", store) == key for one in asked)


def _recompile(ctx: Context, session: Session, store: str, sku: str, now: int) -> None:
    """Offers say how many are left."""
    channels = offers.channels_of(session, [store])
    offers.recompile(ctx, session, channels, [Sku(sku)], now)


def _mark(key: str) -> str:
    return f"{OUT_ID}{sha256(key.encode())[:_DIGITS]}-"


def _sku_of(key: str) -> str:
    return key.removeprefix("stock:").rpartition("@")[0]
