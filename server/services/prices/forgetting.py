"""Forgets prices of long ago, and none that is in force or that the law may still ask for.

A row goes once it is older than the setting `ledger_days`, and what the ledger says from then on
(and, of a reduction that runs or is announced, from well before its 30 days) is the same without
it. The rows of a product are looked at together, a few products in each short transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from playlists.ids import Sku
from playlists.law.reductions import reduction_at
from playlists.ledger import Stretch, effective
from playlists.pricing import LedgerRow
from server.db.models import LedgerEntry
from server.services.base.context import Context
from server.services.prices import ledger

DAY_MS = 86_400_000
WINDOW_MS = 32 * DAY_MS
"""The 30 days before a reduction, in any time zone, and a day to spare."""
ROWS = 500
"""Old rows looked at in one step; about as many are deleted in one transaction, at most."""

_LEDGER = cast(Table, LedgerEntry.__table__).c
_ROW = (
    _LEDGER.price,
    _LEDGER.currency,
    _LEDGER.valid_from,
    _LEDGER.valid_until,
    _LEDGER.reduced,
    _LEDGER.recorded_at,
)


def sweep(ctx: Context) -> int:
    """Forget what may be forgotten now; returns how many rows."""
    before = ctx.clock() - ctx.settings.ledger_days * DAY_MS
    after: int | None = 0
    gone = 0
    while after is not None:
        after, many = _step(ctx, before, after)
        gone += many
    return gone


def _step(ctx: Context, before: int, after: int) -> tuple[int | None, int]:
    """Some old rows after one of them; the last of these, None at the end, and how many went."""
    query = (
        select(_LEDGER.id, _LEDGER.channel, _LEDGER.sku)
        .where(_LEDGER.id > after, _LEDGER.written_at < before)
        .order_by(_LEDGER.id)
        .limit(ROWS)
    )
    with ctx.db.read() as session:
        rows = session.execute(query).all()
        pairs = sorted({(row.channel, row.sku) for row in rows})
        candidates = {row.id for row in rows}
        old = [
            number
            for channel, sku in pairs
            for number in _useless(session, channel, sku, before, ctx.clock())
            if number in candidates
        ]
    if old:
        with ctx.db.write() as session:
            session.execute(delete(LedgerEntry).where(LedgerEntry.id.in_(old)))
    return (rows[-1].id if len(rows) == ROWS else None), len(old)


def _useless(session: Session, channel: str, sku: str, before: int, now: int) -> Sequence[int]:
    """The rows of a product that nothing after `before` hangs on."""
    query = select(_LEDGER.id, _LEDGER.written_at, *_ROW).where(
        _LEDGER.channel == channel, _LEDGER.sku == sku
    )
    known: dict[int, LedgerRow] = {}
    old: set[int] = set()
    for number, written_at, *said in session.execute(query):
        known[number] = LedgerRow(Sku(sku), ledger.ANY, *said)
        if written_at < before:
            old.add(number)
    stretches = effective(known.values())
    since = min(before, _asked_from(stretches, now))
    covers = max((row.recorded_at for row in known.values() if row.recorded_at <= since), default=0)
    gone = {number for number in old if known[number].recorded_at < covers}
    rest = effective(row for number, row in known.items() if number not in gone)
    return sorted(gone) if ledger.ahead(rest, since) == ledger.ahead(stretches, since) else []


def _asked_from(stretches: Sequence[Stretch], now: int) -> int:
    """From when on the law may ask for prices because of reductions that run or are to come."""
    begins = [
        reduction.first_ms
        for stretch in stretches
        if stretch.until_ms is None or stretch.until_ms > now
        if (reduction := reduction_at(stretches, max(stretch.from_ms, now))) is not None
    ]
    return min(begins, default=now) - WINDOW_MS
