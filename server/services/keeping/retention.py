"""What lapses and what is forgotten: expired facts, old heads, objects that nothing names."""

from __future__ import annotations

import json

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from server.db.models import FactRow, HeadRow, ObjectRow, ProfileRow, ScreenHeadRow
from server.services.base import outbox
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.base.objects import load_objects
from server.services.entry import people
from server.services.observed import facts, paradoxes
from server.services.prices import forgetting, past
from server.services.publishing.readsets import sweep_sets
from server.services.publishing.storing import alone
from server.services.screens import commands, hand_acts, pages, rollout_rows
from server.services.tills import mismatches

HISTORY_MS = 400 * 24 * 3_600_000
"""Heads, what explains them and offers that were replaced are kept this long."""
SWEEP_ROWS = 200
"""Rows deleted in one transaction."""


def mark_expired(ctx: Context, since: int) -> int:
    """Mark the keys of facts that expired in `(since, now]`: they are UNKNOWN now. Returns now."""
    now = ctx.clock()
    with ctx.db.read() as session:
        lapsed = select(FactRow.key).where(FactRow.expires_at > since, FactRow.expires_at <= now)
        keys = set(session.scalars(lapsed))
    if keys:
        with ctx.db.write() as session:
            outbox.mark(session, keys, now)
        ctx.wake()
    return now


def sweep(ctx: Context) -> None:
    """Forget sessions that are over, facts and prices of a long past, heads out of history, objects
    and sets that nobody names.
    """
    now = ctx.clock()
    with ctx.db.write() as session:
        facts.sweep(session, now)
    with ctx.db.write() as session:
        people.sweep(session, now)
    with ctx.db.write() as session:
        past.sweep(session, now - HISTORY_MS)
        mismatches.sweep(session, now - HISTORY_MS)
        paradoxes.sweep(session, now - HISTORY_MS)
    with ctx.db.write() as session:
        pages.sweep_pages(session, now - HISTORY_MS)
        commands.sweep(session, now)
        rollout_rows.sweep(session, now - HISTORY_MS)
        hand_acts.sweep(session, now - HISTORY_MS)
    forgetting.sweep(ctx)
    with ctx.db.write() as session:
        alone(session)
        sweep_sets(session)
    while _sweep_heads(ctx, now):
        pass
    _sweep_objects(ctx, now)


def _sweep_heads(ctx: Context, now: int) -> bool:
    """Delete some heads that are out of history and not in force; whether there may be more."""
    old = select(HeadRow.screen_id, HeadRow.revision).where(
        HeadRow.issued_at < now - HISTORY_MS,
        tuple_(HeadRow.screen_id, HeadRow.revision).not_in(
            select(ScreenHeadRow.screen_id, ScreenHeadRow.revision)
        ),
    )
    with ctx.db.write() as session:
        rows = session.execute(old.limit(SWEEP_ROWS)).all()
        for screen, revision in rows:
            session.execute(
                delete(HeadRow).where(HeadRow.screen_id == screen, HeadRow.revision == revision)
            )
    return len(rows) == SWEEP_ROWS


def _sweep_objects(ctx: Context, now: int) -> None:
    """Delete objects older than history that nothing names. What many share (`shared`) stays."""
    with ctx.db.read() as session:
        old = set(
            session.scalars(
                select(ObjectRow.sha).where(
                    ObjectRow.created_at < now - HISTORY_MS, ObjectRow.kind != "shared"
                )
            )
        )
        if not old:
            return
        old -= _named(session)
    for some in batched(sorted(old), SWEEP_ROWS):
        with ctx.db.write() as session:
            alone(session)
            again = _named(session)
            session.execute(
                delete(ObjectRow).where(
                    ObjectRow.sha.in_([sha for sha in some if sha not in again])
                )
            )


def _named(session: Session) -> set[str]:
    """Everything that a head, a profile or a history of the page names: manifests, their decks and
    chunks, inputs, page trees and their files.
    """
    manifests = set(session.scalars(select(HeadRow.manifest).distinct()))
    manifests.update(m for m in session.scalars(select(ProfileRow.manifest)) if m)
    named = {i for i in session.scalars(select(HeadRow.inputs).distinct()) if i}
    named.update(i for i in session.scalars(select(ProfileRow.inputs)) if i)
    named |= pages.named_pages(session)
    for some in batched(sorted(manifests), MAX_IN):
        for sha, data in load_objects(session, some).items():
            body = json.loads(data)
            named.update((sha, body["deck"], *(day[3] for day in body["days"])))
    return named
