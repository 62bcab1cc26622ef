"""A person's word on a batch that was held whole, carried out on every price that it holds.

The prices lie with their offers as the person saw them, and it is those that are released, in the
person's name; whatever the source says when it is asked again is judged anew. So a release is of
what was looked at, however old, and never of what came since: a price that is released runs on the
lease of when the shop said it, and shows for longer only once the shop says it again.

1. The word is written down with the batch, which is then being accepted, rejected or reopened.
2. Its prices follow, some in each transaction: at once as many as a request may take, the others by
   the worker, and before anything more of that source is taken.
3. When none is left the batch is settled, or open again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, literal_column, or_, select
from sqlalchemy.orm import Session

from playlists.ids import Sku
from server.db.models import HeldBatchRow, OfferRow
from server.errors import BadInput, NotFound
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.prices import batches, digests, offers, quarantine, settling

AT_ONCE = 100
"""Prices in one transaction, so that it stays within its budget."""
IN_REQUEST = 500
"""Prices that follow at once, while the person waits."""
ACCEPTING, REJECTING, REOPENING = "accepting", "rejecting", "reopening"
DONE = {ACCEPTING: "accepted", REJECTING: "rejected", REOPENING: ""}
"""What a batch is while its prices follow, and afterwards."""
# In the words of the partial indexes.
_SUSPECT = literal_column("offer.suspect") != literal_column("''")
_KEPT = literal_column("offer.kept_until") > literal_column("0")


@dataclass(frozen=True, slots=True)
class Settled:
    """Whose batch was settled, and whether it was held because goods are missing from it."""

    connector: str
    gone: bool


def settle_batch(ctx: Context, actor: Actor, held_id: str, accept: bool) -> Settled:
    """A person decides on a held batch. Accepted: its prices are believed as they were shown, and
    the caller has the source asked anew. Rejected: the last good ones show until their lease ends,
    and for as long as the shop says just the same it asks nobody again. Raises Forbidden, NotFound.
    """
    actor.require_chain("prices")
    with ctx.db.write() as session:
        row = session.get(HeldBatchRow, held_id, with_for_update=True)
        if row is None or row.settled_at is not None:
            raise NotFound("This batch is not held (any more).")
        if row.reason in batches.UNREAD and accept:
            message = "Nothing in this answer could be read. It is asked for again by itself."
            raise BadInput(message, field="accept", code=f"held_for_{row.reason}")
        if accept and not batches.may_release(row.reason, row.counts):
            message = (
                "None of these prices can ever show. Reject them, and correct them in the shop."
            )
            raise BadInput(message, field="accept", code="never_shows")
        row.settled_at, row.settled_by = ctx.clock(), actor.id
        row.settled_as = ACCEPTING if accept else REJECTING
        _told(ctx, session, actor, row, DONE[row.settled_as])
        settled = Settled(row.connector_id, row.reason in quarantine.GONE)
    go_on(ctx, IN_REQUEST, settled.connector)
    return settled


def reopen_batch(ctx: Context, actor: Actor, held_id: str) -> None:
    """A person takes the rejection of a batch back: it is held as before. Raises Forbidden,
    NotFound.
    """
    actor.require_chain("prices")
    with ctx.db.write() as session:
        row = session.get(HeldBatchRow, held_id, with_for_update=True)
        if row is None or row.settled_as != DONE[REJECTING] or not is_last(session, row):
            raise NotFound("This batch is not held (any more).")
        row.settled_as = REOPENING
        _told(ctx, session, actor, row, "reopened")
        connector = row.connector_id
    go_on(ctx, IN_REQUEST, connector)


def is_last(session: Session, row: HeldBatchRow) -> bool:
    """Whether nothing of its source was held since."""
    later = select(HeldBatchRow.id).where(
        HeldBatchRow.connector_id == row.connector_id,
        HeldBatchRow.id != row.id,
        or_(
            HeldBatchRow.settled_at.is_(None),
            HeldBatchRow.settled_at > (row.settled_at or 0),
        ),
    )
    return session.scalar(later.limit(1)) is None


def go_on(ctx: Context, most: int | None = None, connector: str = "") -> int:
    """Carry out what was decided on batches, of one connector where given, for at most so many
    prices; returns for how many.
    """
    query = select(HeldBatchRow).where(HeldBatchRow.settled_as.in_(DONE))
    if connector:
        query = query.where(HeldBatchRow.connector_id == connector)
    with ctx.db.read() as session:
        decided = list(session.scalars(query.order_by(HeldBatchRow.settled_at)))
    done = 0
    for batch in decided:
        after: tuple[str, str] | None = ("", "")
        while after is not None and (most is None or done < most):
            after, many = _step(ctx, batch, after)
            done += many
        if after is None:
            _finish(ctx, batch)
    if done:
        ctx.wake()
    return done


def _step(
    ctx: Context, batch: HeldBatchRow, after: tuple[str, str]
) -> tuple[tuple[str, str] | None, int]:
    """Some prices that come after an SKU and channel; where to go on, None at the end."""
    sku, channel = after
    later = or_(OfferRow.sku > sku, (OfferRow.sku == sku) & (OfferRow.channel > channel))
    with ctx.db.read() as session:
        query = select(OfferRow.sku, OfferRow.channel, OfferRow.pending).where(_held(batch), later)
        rows = session.execute(query.order_by(OfferRow.sku, OfferRow.channel).limit(AT_ONCE)).all()
    mine = [(sku, channel) for sku, channel, pending in rows if _is_of(pending, batch)]
    done = _carry_out(ctx, batch, mine) if mine else 0
    more = (rows[-1].sku, rows[-1].channel) if len(rows) == AT_ONCE else None
    return more, done


def _held(batch: HeldBatchRow) -> ColumnElement[bool]:
    return _KEPT if batch.settled_as == REOPENING else _SUSPECT


def _is_of(pending: object, batch: HeldBatchRow) -> bool:
    return isinstance(pending, dict) and pending.get("batch") == batch.id


def _carry_out(ctx: Context, batch: HeldBatchRow, pairs: Sequence[tuple[str, str]]) -> int:
    """For how many anything was to be done."""
    with ctx.db.write() as session:
        now = ctx.clock()
        by_channel: dict[str, list[Sku]] = {}
        for sku, channel in pairs:
            row = session.get(OfferRow, (channel, sku))
            if row is not None and _is_of(row.pending, batch) and _settle(session, row, batch, now):
                by_channel.setdefault(channel, []).append(Sku(sku))
        session.flush()
        for found in offers.channels_by_id(session, by_channel):
            digests.forget(session, found.shop, by_channel[found.id])
            offers.recompile(ctx, session, [found], by_channel[found.id], now)
    return sum(map(len, by_channel.values()))


def _settle(session: Session, row: OfferRow, batch: HeldBatchRow, now: int) -> bool:
    """Whether anything was done: what nobody may believe stays held."""
    if batch.settled_as == REOPENING:
        settling.doubt_again(row)
    elif batch.settled_as == REJECTING:
        settling.reject(session, row)
    elif quarantine.may_be_believed(row.suspect):
        settling.believe(session, batch.settled_by, row, now)
    else:
        return False
    return True


def _finish(ctx: Context, batch: HeldBatchRow) -> None:
    with ctx.db.write() as session:
        row = session.get(HeldBatchRow, batch.id, with_for_update=True)
        if row is None or row.settled_as != batch.settled_as:
            return
        row.settled_as = DONE[batch.settled_as]
        if not row.settled_as:
            row.settled_at, row.settled_by = None, ""


def _told(ctx: Context, session: Session, actor: Actor, row: HeldBatchRow, what: str) -> None:
    subject, why = f"held:{row.id}", {"why": row.reason}
    audit.record(session, actor, ctx.clock(), f"batch.{what}", subject, why)
