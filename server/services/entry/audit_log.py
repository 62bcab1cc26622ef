"""Read the audit log: who changed what, from what, to what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from server.db.models import ActorRow, AuditRow
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.paging import FIRST, Cut, Page, paged

MOST_EXPORTED = 200_000
"""Rows of one export; narrow the search for more."""
EXPORT_ROWS = 1_000
"""Read at a time."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; empty finds everything. `person` is an actor's id, `subject` and `action`
    begin so; `since` and `until` are unix ms, until not included.
    """

    person: str = ""
    subject: str = ""
    action: str = ""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line; `at` in unix ms. No `before`: something new; no `after`: an end."""

    id: int
    at: int
    person: str
    name: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def search(ctx: Context, actor: Actor, wanted: Search, cut: Cut = FIRST) -> Page[Entry]:
    """Lines that fit, the newest first. Raises Forbidden, BadInput."""
    actor.require_chain("people")
    with ctx.db.read() as session:
        page: Page[AuditRow] = paged(
            session,
            ctx.settings,
            _chosen(wanted),
            [AuditRow.id],
            cut,
            lambda row: row,
            newest_first=True,
        )
        who = {row.actor_id for row in page.items}
        named = select(ActorRow.id, ActorRow.name).where(ActorRow.id.in_(who))
        names = dict(session.execute(named).all())
        return Page(tuple(_entry(row, names) for row in page.items), page.next)


def export(ctx: Context, actor: Actor, wanted: Search) -> Iterator[Entry]:
    """All lines that fit, the newest first, MOST_EXPORTED at most. Raises Forbidden at once."""
    actor.require_chain("people")
    return _export(ctx, wanted)


def _export(ctx: Context, wanted: Search) -> Iterator[Entry]:
    """Read in pieces of EXPORT_ROWS: a reader that is slow holds no snapshot open."""
    with ctx.db.read() as session:
        names = dict(session.execute(select(ActorRow.id, ActorRow.name)).all())
    below: int | None = None
    for _ in range(MOST_EXPORTED // EXPORT_ROWS):
        chosen = _chosen(wanted).order_by(AuditRow.id.desc()).limit(EXPORT_ROWS)
        with ctx.db.read() as session:
            some = chosen if below is None else chosen.where(AuditRow.id < below)
            rows = session.scalars(some).all()
        yield from (_entry(row, names) for row in rows)
        if len(rows) < EXPORT_ROWS:
            return
        below = rows[-1].id


def _chosen(wanted: Search) -> Select[AuditRow]:
    chosen = select(AuditRow)
    if wanted.person:
        chosen = chosen.where(AuditRow.actor_id == wanted.person)
    if wanted.subject:
        chosen = chosen.where(AuditRow.subject.startswith(wanted.subject, autoescape=True))
    if wanted.action:
        chosen = chosen.where(AuditRow.action.startswith(wanted.action, autoescape=True))
    if wanted.since is not None:
        chosen = chosen.where(AuditRow.at >= wanted.since)
    if wanted.until is not None:
        chosen = chosen.where(AuditRow.at < wanted.until)
    return chosen


def _entry(row: AuditRow, names: dict[str, str]) -> Entry:
    name = SYSTEM.name if row.actor_id == SYSTEM.id else names.get(row.actor_id, row.actor_id)
    return Entry(row.id, row.at, row.actor_id, name, row.action, row.subject, row.before, row.after)
