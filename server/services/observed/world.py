"""What is known of the world, as people are shown it: facts with their age, offers with their
ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from playlists.facts import Fact, FactKey, FactValue, fact_key, kind_of
from playlists.ids import SourceId
from server.db.mappers import fact_from, ledger_from
from server.db.models import ChannelRow, FactRow, LedgerEntry, OfferRow, StoreRow
from server.errors import BadInput
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import as_bad_input, missing
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.observed import facts

MANUAL = "manual"
"""The source of facts that people enter: `manual@store`."""
MAX_TEXT_CHARACTERS = 200
MAX_LEDGER_ROWS = 100


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact as people see it. `age_ms` is since its source said it; `stale`: not believed any
    more.
    """

    fact: Fact
    unit: str
    age_ms: int
    stale: bool


@dataclass(frozen=True, slots=True)
class OfferView:
    """What screens may say of a SKU now: `offer` is the signed unit; `suspect` is held against its
    price.

    `as_of` is when the shop last confirmed this price; it shows for `lease_ms` after it.
    """

    channel: str
    sku: str
    store: str
    offer: Mapping[str, Any]
    suspect: str
    version: int
    as_of: int
    lease_ms: int


@dataclass(frozen=True, slots=True)
class PriceView:
    """A ledger row: money in minor units, `[valid_from, valid_until)` in unix milliseconds."""

    price: int
    currency: str
    valid_from: int
    valid_until: int | None
    reduced: bool
    recorded_at: int


def list_facts(
    ctx: Context, actor: Actor, cut: Cut = FIRST, *, store: str = "", kind: str = ""
) -> Page[FactView]:
    """The facts of the actor's stores by key and beginning, of one store or kind where given."""
    actor.require("read", store or None)
    now = ctx.clock()
    statement = select(FactRow)
    if kind:
        statement = statement.where(FactRow.key.startswith(f"{kind}:", autoescape=True))

    def make(row: FactRow) -> FactView | None:
        where = store_of(row.key)
        seen = actor.sees(where) and (not store or where == store)
        return _fact_view(fact_from(row), now) if seen else None

    with ctx.db.read() as session:
        keys = [FactRow.key, FactRow.valid_from]
        return paged(session, ctx.settings, statement, keys, cut, make)


def put_fact(
    ctx: Context,
    actor: Actor,
    key: str,
    value: FactValue,
    *,
    valid_from: int | None = None,
    valid_until: int | None = None,
    life_ms: int | None = None,
) -> FactView:
    """Enter a fact by hand, believed for `life_ms` (its kind's age where None). Raises BadInput,
    NotFound.
    """
    with as_bad_input():
        checked = fact_key(key, "key")
    store = store_of(checked)
    actor.require("connectors", store)
    now = ctx.clock()
    kind = kind_of(checked)
    assert kind is not None
    begin = now if valid_from is None else valid_from
    if valid_until is not None and valid_until <= begin:
        raise BadInput("The end lies after the beginning.", field="valid_until")
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARACTERS:
        raise BadInput(f"A text has {MAX_TEXT_CHARACTERS} characters at most.", field="value")
    fact = Fact(
        checked,
        value,
        begin,
        valid_until,
        observed_at=now,
        expires_at=max(now, valid_until or 0) + (kind.max_age_ms if life_ms is None else life_ms),
        source=SourceId(f"{MANUAL}@{store}"),
    )
    with ctx.db.write() as session:
        if session.get(StoreRow, store) is None:
            raise missing("store")
        facts.record(session, [fact], now)
        after = {"value": value, "valid_from": begin, "valid_until": valid_until}
        audit.record(session, actor, now, "fact.put", f"fact:{checked}", None, after)
    ctx.wake()
    return _fact_view(fact, now)


def list_offers(
    ctx: Context, actor: Actor, cut: Cut = FIRST, *, channel: str = "", sku: str = ""
) -> Page[OfferView]:
    """The offers of the actor's stores by channel and SKU."""
    actor.require("read")
    statement = select(OfferRow)
    if channel:
        statement = statement.where(OfferRow.channel == channel)
    if sku:
        statement = statement.where(OfferRow.sku == sku)
    with ctx.db.read() as session:
        channels = {row.id: row for row in session.scalars(select(ChannelRow))}

        def make(row: OfferRow) -> OfferView | None:
            of = channels.get(row.channel)
            return _offer_view(row, of) if of is not None and actor.sees(of.store_id) else None

        keys = [OfferRow.channel, OfferRow.sku]
        return paged(session, ctx.settings, statement, keys, cut, make)


def get_offer(
    ctx: Context, actor: Actor, channel: str, sku: str
) -> tuple[OfferView, tuple[PriceView, ...]]:
    """One offer with the newest rows of its ledger, latest first. Raises NotFound."""
    actor.require("read")
    with ctx.db.read() as session:
        of = session.get(ChannelRow, channel)
        row = session.get(OfferRow, (channel, sku))
        if of is None or row is None or not actor.sees(of.store_id):
            raise missing("offer")
        entries = session.scalars(
            select(LedgerEntry)
            .where(LedgerEntry.channel == channel, LedgerEntry.sku == sku)
            .order_by(LedgerEntry.valid_from.desc(), LedgerEntry.id.desc())
            .limit(MAX_LEDGER_ROWS)
        )
        history = tuple(map(_price_view, entries))
        return _offer_view(row, of), history


def store_of(key: str) -> str:
    """The store that a fact is about: what stands after the @, else the whole subject."""
    return key.partition(":")[2].rpartition("@")[2]


def _fact_view(fact: Fact, now: int) -> FactView:
    kind = kind_of(FactKey(fact.key))
    unit = kind.unit if kind is not None else ""
    return FactView(fact, unit, max(0, now - fact.observed_at), fact.expires_at <= now)


def _offer_view(row: OfferRow, of: ChannelRow) -> OfferView:
    return OfferView(
        channel=row.channel,
        sku=row.sku,
        store=of.store_id,
        offer=dict(row.body),
        suspect=row.suspect,
        version=row.version,
        as_of=max(of.as_of, row.body.get("at", 0)),
        lease_ms=of.lease_ms,
    )


def _price_view(entry: LedgerEntry) -> PriceView:
    row = ledger_from(entry)
    return PriceView(
        row.price, row.currency, row.valid_from, row.valid_until, row.reduced, row.recorded_at
    )
