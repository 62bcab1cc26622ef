"""What is known of the world, as people are shown it: facts with their age, offers with their
ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from playlists.facts import HAND, Fact, FactKey, FactKind, FactValue, fact_key, kind_of
from playlists.ids import SourceId, check_id, check_sku
from server.connectors.plausible import AHEAD_MS, COUNTED, RANGES, names_a_device
from server.db.mappers import fact_from, ledger_from
from server.db.models import ChannelRow, FactRow, LedgerEntry, OfferRow, StoreRow
from server.errors import BadInput
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import as_bad_input, missing
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.observed import facts

MAX_AHEAD_MS = 35 * 86_400_000
"""How far ahead a forecast entered by hand may reach: no plan reaches further."""
MAX_LIFE_MS = 31 * 86_400_000
"""How long a fact entered by hand may be believed after it was said, or after its end."""
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
    pending: Mapping[str, Any] | None
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

    What a counter may not say, a person may not either: nothing refused is stored or logged.
    """
    with as_bad_input():
        kind = kind_of(fact_key(key, "key"))
    assert kind is not None
    store = store_of(key)
    actor.require("connectors", store)
    now = ctx.clock()
    begin = now if valid_from is None else valid_from
    life = kind.max_age_ms if life_ms is None else life_ms
    _check_subject(kind, key)
    _check_value(kind, value)
    _check_times(begin, valid_until, life, now)
    fact = Fact(
        FactKey(key),
        value,
        begin,
        valid_until,
        observed_at=now,
        expires_at=max(now, valid_until or 0) + life,
        source=SourceId(f"{HAND}@{store}"),
    )
    with ctx.db.write() as session:
        if session.get(StoreRow, store) is None:
            raise missing("store")
        facts.record(session, [fact], now)
        after = {"value": value, "valid_from": begin, "valid_until": valid_until}
        audit.record(session, actor, now, "fact.put", f"fact:{key}", None, after)
    ctx.wake()
    return _fact_view(fact, now)


def _check_subject(kind: FactKind, key: str) -> None:
    """Raises BadInput where a fact is about nothing, or about somebody, or follows from others."""
    if kind.name not in RANGES:
        raise BadInput("Nobody says this fact: it follows from what stores count.", field="key")
    of = key.partition(":")[2].rpartition("@")[0]
    with as_bad_input():
        if kind.name == "stock":
            check_sku(of, "key")
        elif kind.name in COUNTED:
            check_id(of, "key")
        elif of:
            raise BadInput("The weather is a store’s: weather.rain:lille.", field="key")
    if kind.name in COUNTED and names_a_device(of):
        message = "This place is a device’s address. A count is of a zone, such as “entrance”."
        raise BadInput(message, field="key", code="personal")


def _check_value(kind: FactKind, value: FactValue) -> None:
    """Raises BadInput for anything but a number that the kind can have."""
    least, most = RANGES[kind.name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        message = f"Give a whole number of {least} to {most}: {kind.unit}, and nothing else."
        raise BadInput(message, field="value")


def _check_times(begin: int, until: int | None, life: int, now: int) -> None:
    """Raises BadInput for a time that no plan asks about."""
    last = now + MAX_AHEAD_MS if until is not None else now + AHEAD_MS
    if not now - facts.KEEP_PAST_MS <= begin <= last:
        message = (
            "A fact begins in the last three days; a forecast, which has an end, at most 35 days "
            "from now."
        )
        raise BadInput(message, field="valid_from")
    if until is not None and not begin < until <= now + MAX_AHEAD_MS:
        message = "The end lies after the beginning, at most 35 days from now."
        raise BadInput(message, field="valid_until")
    if not 0 < life <= MAX_LIFE_MS:
        raise BadInput("A fact is believed for 31 days at most.", field="life_ms")


def list_offers(
    ctx: Context,
    actor: Actor,
    cut: Cut = FIRST,
    *,
    channel: str = "",
    sku: str = "",
    suspect: bool = False,
) -> Page[OfferView]:
    """The offers of the actor's stores by channel and SKU; only those that wait for a person where
    `suspect`.
    """
    actor.require("read")
    statement = select(OfferRow)
    if channel:
        statement = statement.where(OfferRow.channel == channel)
    if sku:
        statement = statement.where(OfferRow.sku == sku)
    if suspect:
        statement = statement.where(OfferRow.suspect != "")
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
        pending=row.pending,
        version=row.version,
        as_of=max(of.as_of, row.body.get("at", 0)),
        lease_ms=of.lease_ms,
    )


def _price_view(entry: LedgerEntry) -> PriceView:
    row = ledger_from(entry)
    return PriceView(
        row.price, row.currency, row.valid_from, row.valid_until, row.reduced, row.recorded_at
    )
