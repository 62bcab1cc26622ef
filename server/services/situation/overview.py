"""Everything the page of the situation says, gathered in one snapshot and a fixed number of
queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from server.db.models import (
    ChannelRow,
    ConnectorRow,
    HeldBatchRow,
    OfferRow,
    ScreenRow,
)
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.naming import Names, names_of
from server.services.connectors.views import NEVER
from server.services.prices import ledger
from server.services.prices.ledger import NOTHING
from server.services.prices.quarantine import at_odds, may_be_believed
from server.services.situation.concerns import Concern, seen_by
from server.services.situation.looking import look, suspect_alone
from server.services.situation.rails import Asked, Rail, rails
from server.services.situation.recipients import places_of
from server.services.situation.spoken import Places

MAX_HELD = 20
"""Held batches, and products whose price is held, on the page; the rest are counted."""
_Alike = tuple[str, str, int | None, int | None, str]


@dataclass(frozen=True, slots=True)
class Source:
    """A connector as it fares. Instants are unix ms, None for never; `next_at` is None where it is
    called, not asked.
    """

    id: str
    kind: str
    name: str
    enabled: bool
    heard_at: int | None
    next_at: int | None
    error: str
    failing: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was held whole: why, what it would change, some of that (batches.Difference)."""

    id: str
    connector: str
    reason: str
    counts: Mapping[str, int]
    examples: tuple[Mapping[str, Any], ...]
    received_at: int


@dataclass(frozen=True, slots=True)
class Suspect:
    """A price that is held by itself, the same in `channels`: minor units before and now, None
    where there is none. `channels` are (id, store).
    """

    sku: str
    why: str
    before: int | None
    now: int | None
    currency: str
    channels: tuple[tuple[str, str], ...]

    @property
    def may_be_right(self) -> bool:
        """Whether a person may say that it is."""
        return self.now is not None and may_be_believed(self.why)


@dataclass(frozen=True, slots=True)
class Situation:
    """How it stands. `concerns` are the actor's to know of, the most urgent first; `names` what
    shops call products; `sources` is None for whom the chain is not to see; `next` leads to more
    stores.
    """

    now: int
    concerns: tuple[Concern, ...]
    places: Places
    sources: tuple[Source, ...] | None
    batches: tuple[Batch, ...]
    suspects: tuple[Suspect, ...]
    more_held: int
    names: Mapping[str, Names]
    rails: tuple[Rail, ...]
    next: str
    screens: int
    settles: bool


def situation(ctx: Context, actor: Actor, asked: Asked) -> Situation:
    """What the actor may know of it. Raises Forbidden, BadInput for a strange cursor."""
    actor.require("read")
    now, chain = ctx.clock(), actor.stores is None
    with ctx.db.read() as session:
        concerns = seen_by(actor, look(ctx, session, now))
        sources = list(session.scalars(select(ConnectorRow).order_by(ConnectorRow.name)))
        batches, more_batches = _batches(session) if chain else ((), 0)
        suspects, more_suspects = _suspects(session, actor, now)
        skus = {one.sku for one in suspects}
        skus.update(str(row["sku"]) for batch in batches for row in batch.examples)
        page = rails(ctx, session, actor, asked, sources, now)
        hung = select(func.count()).select_from(ScreenRow)
        if actor.stores is not None:
            hung = hung.where(ScreenRow.store_id.in_(actor.stores))
        bad = {one.subject for one in concerns if one.kind == "connector"}
        return Situation(
            now=now,
            concerns=concerns,
            places=places_of(session),
            sources=tuple(_source(row, row.id in bad) for row in sources) if chain else None,
            batches=batches,
            suspects=suspects,
            more_held=more_batches + more_suspects,
            names=names_of(session, skus),
            rails=page.items,
            next=page.next,
            screens=session.scalar(hung) or 0,
            settles=actor.may("prices"),
        )


def _source(row: ConnectorRow, failing: bool) -> Source:
    due = row.enabled and row.next_run_at < NEVER
    return Source(
        *(row.id, row.kind, row.name, row.enabled, row.last_success_at),
        *(row.next_run_at if due else None, row.last_error, failing),
    )


def _batches(session: Session) -> tuple[tuple[Batch, ...], int]:
    held = select(HeldBatchRow).where(HeldBatchRow.settled_at.is_(None))
    rows = list(session.scalars(held.order_by(HeldBatchRow.received_at.desc(), HeldBatchRow.id)))
    found = [
        Batch(
            *(row.id, row.connector_id, row.reason, dict(row.counts)),
            *(tuple(row.sample), row.received_at),
        )
        for row in rows[:MAX_HELD]
    ]
    return tuple(found), max(0, len(rows) - MAX_HELD)


def _suspects(session: Session, actor: Actor, now: int) -> tuple[tuple[Suspect, ...], int]:
    chosen = [suspect_alone(session)]
    if actor.stores is not None:
        chosen.append(ChannelRow.store_id.in_(actor.stores))
    some = (
        select(OfferRow.sku)
        .join(ChannelRow, ChannelRow.id == OfferRow.channel)
        .where(*chosen)
        .distinct()
    )
    skus = list(session.scalars(some.order_by(OfferRow.sku)))
    rows = session.execute(
        select(OfferRow, ChannelRow.store_id)
        .join(ChannelRow, ChannelRow.id == OfferRow.channel)
        .where(*chosen, OfferRow.sku.in_(skus[:MAX_HELD]))
        .order_by(OfferRow.sku, OfferRow.channel)
    ).all()
    channels = sorted({ChannelId(row.channel) for row, _ in rows})
    pasts, _ = ledger.histories(session, channels, {Sku(row.sku) for row, _ in rows})
    found: dict[_Alike, list[tuple[str, str]]] = {}
    for row, store in rows:
        said = row.pending or {}
        past = pasts.get((ChannelId(row.channel), Sku(row.sku)), NOTHING)
        old, price = at_odds(said, past, now)
        currency = str(said.get("currency") or (past.rows[-1].currency if past.rows else ""))
        alike: _Alike = (row.sku, row.suspect, old, price, currency)
        found.setdefault(alike, []).append((row.channel, store))
    suspects = tuple(Suspect(*alike, channels=tuple(where)) for alike, where in found.items())
    return suspects, max(0, len(skus) - MAX_HELD)
