"""A person's hand on prices: settling what is held, and importing a history that was kept
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.pricing import LedgerRow
from server.db.models import HeldBatchRow, OfferRow
from server.errors import BadInput, NotFound
from server.ports import ProductReport
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.prices import ledger, offers, quarantine
from server.services.prices.seeing import ChannelOf

IMPORT_ROWS = 100
"""Ledger rows of a history in one write transaction, so that none lasts over its budget."""


def import_history(
    ctx: Context, actor: Actor, channel: str, rows: Sequence[LedgerRow], origin: str
) -> None:
    """Append a price history that was kept elsewhere, as it was recorded there. Raises NotFound,
    BadInput.

    In short transactions, a product's history always whole: a "was" is never worked out of half of
    it. What an import that broke off brought is left out when it is repeated.
    """
    if any(row.channel != channel for row in rows):
        raise BadInput("All rows of a history are of the channel that it is imported into.")
    actor.require("prices")
    offers.ensure_channels(ctx, channel.partition("@")[0])
    parts = list(_parts(rows))
    with ctx.db.write() as session:
        if not _of_actor(session, actor, channel):
            raise NotFound("There is no such channel.")
        after = {"rows": len(rows), "origin": origin}
        subject = f"channel:{channel}"
        audit.record(session, actor, ctx.clock(), "ledger.import", subject, None, after)
    for part in parts:
        with ctx.db.write() as session:
            found = _of_actor(session, actor, channel)
            now, skus = ctx.clock(), {row.sku for row in part}
            there, _ = ledger.histories(session, [ChannelId(channel)], skus)
            known = {row for past in there.values() for row in past.rows}
            new = tuple(row for row in part if replace(row, channel=ledger.ANY) not in known)
            entry = ledger.Entry(ChannelId(channel), new, ledger.Origin(origin))
            ledger.append(session, [entry], now)
            offers.recompile(ctx, session, found, skus, now)
        ctx.wake()


def _of_actor(session: Session, actor: Actor, channel: str) -> tuple[ChannelOf, ...]:
    """The channel, where it is there and the actor's to know of."""
    return tuple(
        found for found in offers.channels_by_id(session, [channel]) if actor.sees(found.store)
    )


def _parts(rows: Sequence[LedgerRow]) -> Iterator[list[LedgerRow]]:
    """Rows in transactions' worth, product by product; a long history is one by itself."""
    part: list[LedgerRow] = []
    for _, product in groupby(sorted(rows, key=lambda row: row.sku), key=lambda row: row.sku):
        history = list(product)
        if part and len(part) + len(history) > IMPORT_ROWS:
            yield part
            part = []
        part += history
    if part:
        yield part


def settle_batch(ctx: Context, actor: Actor, held_id: str, accept: bool) -> str:
    """A person decides on a held batch. Accepted: the source's next answer is believed as it
    stands; the caller makes it due. Rejected: it stays off until the shop says something
    plausible. Returns the connector's id.

    Raises NotFound.
    """
    actor.require_chain("prices")
    with ctx.db.write() as session:
        row = session.get(HeldBatchRow, held_id)
        if row is None or row.settled_at is not None:
            raise NotFound("This batch is not held (any more).")
        row.settled_at, row.settled_as = ctx.clock(), "accepted" if accept else "rejected"
        audit.record(
            session,
            actor,
            ctx.clock(),
            f"batch.{row.settled_as}",
            f"held:{held_id}",
            {"why": row.reason},
        )
        return row.connector_id


def settle_suspect(ctx: Context, actor: Actor, channel: str, sku: str, accept: bool) -> None:
    """A person decides on a suspect price: believe it, or go back to the last good one. Raises
    Forbidden, NotFound (also for other stores' prices, in the same words), BadInput for a price
    that nobody may believe (zero, another currency).
    """
    actor.require("prices")
    with ctx.db.write() as session:
        (found,) = offers.channels_by_id(session, [channel]) or (None,)
        row = session.get(OfferRow, (channel, sku)) if found is not None else None
        if found is None or row is None or not row.suspect or not actor.sees(found.store):
            raise NotFound("No price of this product is held.")
        if accept and not quarantine.may_be_believed(row.suspect):
            message = "This price cannot be accepted as it is. Correct it in the shop."
            raise BadInput(message, field="accept", code=f"held_for_{row.suspect}")
        now = ctx.clock()
        before = {"suspect": row.suspect, "pending": row.pending}
        if accept and row.pending is not None:
            report = _report_from(sku, row.pending)
            entry = ledger.Entry(
                ChannelId(channel), ledger.rows_of(report, now), ledger.Origin(actor.id)
            )
            ledger.append(session, [entry], now)
            row.body = {**row.body, "at": row.pending["at"]}  # the shop itself confirmed it then
        row.suspect, row.pending = "", None
        session.flush()
        offers.recompile(ctx, session, [found], [Sku(sku)], now)
        audit.record(
            session,
            actor,
            now,
            "price.accept" if accept else "price.reject",
            f"offer:{channel}/{sku}",
            before,
        )
    ctx.wake()


def _report_from(sku: str, pending: Mapping[str, Any]) -> ProductReport:
    fields = {name: pending[name] for name in pending if name != "at"}
    return replace(ProductReport(sku), **fields)
