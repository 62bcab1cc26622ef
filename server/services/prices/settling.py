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
from server.db.models import ChannelRow, OfferRow
from server.errors import BadInput, NotFound
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.prices import batches, digests, ledger, offers, quarantine
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
            digests.forget(session, channel.partition("@")[0], skus)
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


def settle_suspect(ctx: Context, actor: Actor, channel: str, sku: str, accept: bool) -> None:
    """A person decides on a suspect price: believe it, or go back to the last good one, which then
    shows until its lease ends and no longer. One that was rejected may still be accepted. Raises
    Forbidden, NotFound (also for other stores' prices, in the same words), BadInput for a price
    that nobody may believe (zero, another currency).
    """
    actor.require("prices")
    with ctx.db.write() as session:
        found, row = _held_price(session, actor, channel, sku)
        if not row.suspect and not accept:
            raise NotFound("No price of this product is held.")
        why = why_of(row)
        if accept and not quarantine.may_be_believed(why):
            message = "This price cannot be accepted as it is. Correct it in the shop."
            raise BadInput(message, field="accept", code=f"held_for_{why}")
        before = {"suspect": why, "pending": row.pending}
        if accept:
            believe(session, actor.id, row, ctx.clock())
        else:
            reject(session, row)
        _settled(ctx, session, actor, found, row, "accept" if accept else "reject", before)
    ctx.wake()


def hold_again(ctx: Context, actor: Actor, channel: str, sku: str) -> None:
    """A person takes a rejection back: the price is off, and waits for a decision. Raises
    Forbidden, NotFound.
    """
    actor.require("prices")
    with ctx.db.write() as session:
        found, row = _held_price(session, actor, channel, sku)
        if row.suspect:
            raise NotFound("No price of this product was rejected.")
        before = {"kept_until": row.kept_until}
        doubt_again(row)
        _settled(ctx, session, actor, found, row, "reopen", before)
    ctx.wake()


def _held_price(
    session: Session, actor: Actor, channel: str, sku: str
) -> tuple[ChannelOf, OfferRow]:
    (found,) = offers.channels_by_id(session, [channel]) or (None,)
    row = session.get(OfferRow, (channel, sku)) if found is not None else None
    held = row is not None and (row.suspect or row.kept_until)
    if found is None or row is None or not held or not actor.sees(found.store):
        raise NotFound("No price of this product is held.")
    return found, row


def _settled(
    ctx: Context,
    session: Session,
    actor: Actor,
    channel: ChannelOf,
    row: OfferRow,
    what: str,
    before: Mapping[str, Any],
) -> None:
    now = ctx.clock()
    session.flush()
    digests.forget(session, channel.shop, [row.sku])
    offers.recompile(ctx, session, [channel], [Sku(row.sku)], now)
    subject = f"offer:{channel.id}/{row.sku}"
    audit.record(session, actor, now, f"price.{what}", subject, before)


def why_of(row: OfferRow) -> str:
    """What is held against the shop's last word on a price."""
    return row.suspect or str((row.pending or {}).get("why", ""))


def believe(session: Session, person: str, row: OfferRow, now: int) -> None:
    """What is held becomes a row of the ledger in the person's name, from `now` on (unix ms); the
    shop itself confirmed it when it said it, and no later.
    """
    if row.pending is not None:
        rows = ledger.rows_of(batches.report_from(row.sku, row.pending), now)
        entry = ledger.Entry(ChannelId(row.channel), rows, ledger.Origin(person))
        ledger.append(session, [entry], now)
        row.body = {**row.body, "at": row.pending["at"]}
    row.suspect, row.pending, row.kept_until = "", None, 0


def reject(session: Session, row: OfferRow) -> None:
    """The last good price shows until the lease ends that the shop last gave it."""
    channel = session.get_one(ChannelRow, row.channel)
    good = (row.pending or {}).get("good", channel.as_of)
    row.suspect, row.kept_until = "", good + channel.lease_ms


def doubt_again(row: OfferRow) -> None:
    """What was rejected is held as before."""
    row.suspect, row.kept_until = why_of(row) or "jump", 0
