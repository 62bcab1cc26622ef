"""Shows what is held: answers held whole, prices held by themselves, what was rejected or decided
of late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, or_, select
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from server.db.models import (
    ActorRow,
    ChannelRow,
    ConnectorRow,
    HeldBatchRow,
    OfferRow,
    StoreRow,
)
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.naming import Names, names_of
from server.services.prices import batches, ledger, quarantine
from server.services.prices.held import held_batch
from server.services.prices.ledger import NOTHING, Pair, Past

MAX_OFFERS = 600
"""Offers with a held price that are shown; the others are counted."""
MAX_BATCHES = 20
DECIDED = 10
"""Batches that were decided of late."""
# In the words of the partial indexes.
SUSPECT = literal_column("offer.suspect") != literal_column("''")
KEPT = literal_column("offer.kept_until") > literal_column("0")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was held whole. `lease_until` (unix ms) is when the last of the shop's leases
    ends, 0 where none runs; `counts` and `examples` are as batches.Held says; `settled` empty while
    it waits.
    """

    id: str
    name: str
    reason: str
    detail: str
    counts: Mapping[str, int]
    examples: tuple[Mapping[str, Any], ...]
    received_at: int
    lease_until: int
    settled: str = ""
    settled_at: int = 0
    settled_by: str = ""
    may_reopen: bool = False

    @property
    def readable(self) -> bool:
        """Whether it could be read, and a person decides on it."""
        return self.reason not in batches.UNREAD

    @property
    def may_release(self) -> bool:
        """Whether there is anything in it to believe."""
        return batches.may_release(self.reason, self.counts)


@dataclass(frozen=True, slots=True)
class Price:
    """A price that is held by itself, alike in `channels` (id, store): minor units in force and as
    the shop says it, None for none. `kept_until` (unix ms, 0: it waits): it was rejected, and the
    one in force shows until then.
    """

    sku: str
    why: str
    old: int | None
    new: int | None
    currency: str
    since: int
    kept_until: int
    channels: tuple[tuple[str, str], ...]

    @property
    def may_release(self) -> bool:
        """Whether a person may say that it is right."""
        return self.new is not None and quarantine.may_be_believed(self.why)


_Offer = tuple[OfferRow, str]
"""With its channel's store."""
_Key = tuple[str, str, int | None, int | None, str, int, int]


@dataclass(frozen=True, slots=True)
class Quarantine:
    """All of it that an actor may know. `more` offers are held beside those shown; `settles` says
    whether the actor decides on prices, `settles_whole` on whole answers too.
    """

    now: int
    answers: tuple[Answer, ...]
    prices: tuple[Price, ...]
    kept: tuple[Price, ...]
    decided: tuple[Answer, ...]
    more: int
    names: Mapping[str, Names]
    stores: Mapping[str, str]
    zones: tuple[str, ...]
    settles: bool
    settles_whole: bool


def quarantined(ctx: Context, actor: Actor) -> Quarantine:
    """What is held now. Raises Forbidden."""
    actor.require("read")
    now, whole = ctx.clock(), actor.stores is None
    with ctx.db.read() as session:
        waiting, decided = _answers(session, now) if whole else ((), ())
        (suspect, more), (rejected, _) = (_offers(session, actor, it) for it in (SUSPECT, KEPT))
        pasts = _pasts(session, [*suspect, *rejected])
        held, kept = (_alike(rows, pasts, now) for rows in (suspect, rejected))
        skus = {one.sku for one in (*held, *kept)}
        skus.update(str(row["sku"]) for one in waiting for row in one.examples)
        stores = {row.id: row for row in session.execute(_STORES) if actor.sees(row.id)}
        return Quarantine(
            now=now,
            answers=waiting,
            prices=held,
            kept=kept,
            decided=decided,
            more=more,
            names=names_of(session, skus),
            stores={store: row.name for store, row in stores.items()},
            zones=tuple(row.zone for row in stores.values()),
            settles=actor.may("prices"),
            settles_whole=whole and actor.may("prices"),
        )


_STORES = select(StoreRow.id, StoreRow.name, StoreRow.zone)


def _answers(session: Session, now: int) -> tuple[tuple[Answer, ...], tuple[Answer, ...]]:
    query = select(HeldBatchRow, ConnectorRow.name, ConnectorRow.config, ActorRow.name).join(
        ConnectorRow, ConnectorRow.id == HeldBatchRow.connector_id
    )
    query = query.join(ActorRow, ActorRow.id == HeldBatchRow.settled_by, isouter=True)
    waiting = query.where(HeldBatchRow.settled_at.is_(None)).order_by(
        HeldBatchRow.received_at.desc(), HeldBatchRow.id
    )
    decided = query.where(HeldBatchRow.settled_at.is_not(None)).order_by(
        HeldBatchRow.settled_at.desc(), HeldBatchRow.id
    )
    leases = _leases(session, now)
    later: set[str] = set()  # connectors of which something was held since
    answers = [
        tuple(_answer(row, leases, later) for row in session.execute(query.limit(most)))
        for query, most in ((waiting, MAX_BATCHES), (decided, DECIDED))
    ]
    return answers[0], answers[1]


def _leases(session: Session, now: int) -> dict[str, int]:
    """When the last lease of each shop ends."""
    ends = func.max(ChannelRow.as_of + ChannelRow.lease_ms)
    rows = session.execute(select(ChannelRow.shop, ends).group_by(ChannelRow.shop))
    return {shop: int(end) for shop, end in rows if end and end > now}


def _answer(found: Any, leases: Mapping[str, int], later: set[str]) -> Answer:
    row, name, config, person = found
    batch, is_last = held_batch(row), row.connector_id not in later
    later.add(row.connector_id)
    return Answer(
        id=batch.id,
        name=name,
        reason=batch.reason,
        detail=batch.detail,
        counts=batch.counts,
        examples=batch.examples,
        received_at=batch.received_at,
        lease_until=leases.get(str(config.get("shop", "")), 0),
        settled=batch.settled,
        settled_at=batch.settled_at or 0,
        settled_by=person or "",
        may_reopen=batch.settled == "rejected" and is_last,
    )


def _offers(
    session: Session, actor: Actor, which: ColumnElement[bool]
) -> tuple[Sequence[_Offer], int]:
    """Offers whose price is held by itself, with their stores, and how many are left out."""
    by_itself = or_(
        OfferRow.pending["batch"].as_string() == "",
        OfferRow.pending["batch"].as_string().is_(None),
    )
    chosen = [which, by_itself]
    if actor.stores is not None:
        chosen.append(ChannelRow.store_id.in_(actor.stores))
    query = (
        select(OfferRow, ChannelRow.store_id)
        .join(ChannelRow, ChannelRow.id == OfferRow.channel)
        .where(*chosen)
        .order_by(OfferRow.sku, OfferRow.channel)
    )
    rows = [(row, store) for row, store in session.execute(query.limit(MAX_OFFERS))]
    more = 0
    if len(rows) == MAX_OFFERS:
        more = (session.scalar(select(func.count()).select_from(query.subquery())) or 0) - len(rows)
    return rows, more


def _pasts(session: Session, rows: Sequence[_Offer]) -> Mapping[Pair, Past]:
    channels = sorted({ChannelId(row.channel) for row, _ in rows})
    return ledger.histories(session, channels, {Sku(row.sku) for row, _ in rows})[0]


def _alike(rows: Sequence[_Offer], pasts: Mapping[Pair, Past], now: int) -> tuple[Price, ...]:
    """Their prices, those alike together."""
    alike: dict[_Key, list[tuple[str, str]]] = {}
    for row, store in rows:
        said = row.pending or {}
        past = pasts.get((ChannelId(row.channel), Sku(row.sku)), NOTHING)
        old, price = quarantine.at_odds(said, past, now)
        why = row.suspect or str(said.get("why", ""))
        currency, since = str(said.get("currency") or ""), int(said.get("at", row.version))
        key = (row.sku, why, old, price, currency, since, row.kept_until)
        alike.setdefault(key, []).append((row.channel, store))
    return tuple(Price(*key, tuple(where)) for key, where in alike.items())
