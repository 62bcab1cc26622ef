"""What screens said of themselves, and which are connected; written in batches by the worker."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.db.models import ScreenRow, ScreenStateRow
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.screens import pages

ROWS_AT_ONCE = 500
"""Rows written in one transaction."""
HEARD_MS = 10 * 60_000
"""Who was heard so lately is there to be told."""


def record_reports(ctx: Context, reports: Mapping[str, tuple[int, Mapping[str, Any]]]) -> None:
    """Keep the newest report of each screen, with when it was received (unix milliseconds)."""
    for some in batched(sorted(reports), ROWS_AT_ONCE):
        with ctx.db.write() as session:
            there = _existing(session, some)
            rows = [
                {
                    "screen_id": screen,
                    "seen_at": reports[screen][0],
                    "connected": True,
                    "report": dict(reports[screen][1]),
                }
                for screen in there
            ]
            _upsert(session, rows, ("seen_at", "connected", "report"))
            pages.record_reported(session, {screen: reports[screen] for screen in there})


def record_links(
    ctx: Context, up: Collection[str], down: Collection[str], *, everything: bool = False
) -> None:
    """Screens came or went; with `everything`, those not in `up` are away."""
    now = ctx.clock()
    with ctx.db.write() as session:
        away = update(ScreenStateRow).values(connected=False)
        if everything:
            session.execute(away.where(ScreenStateRow.connected))
        for some in batched(sorted(down), MAX_IN):
            session.execute(away.where(ScreenStateRow.screen_id.in_(some)))
    for some in batched(sorted(up), ROWS_AT_ONCE):
        with ctx.db.write() as session:
            rows = [
                {"screen_id": screen, "seen_at": now, "connected": True, "report": {}}
                for screen in _existing(session, some)
            ]
            _upsert(session, rows, ("connected", "seen_at"))


def _existing(session: Session, screens: Collection[str]) -> list[str]:
    return list(session.scalars(select(ScreenRow.id).where(ScreenRow.id.in_(screens))))


def _upsert(session: Session, rows: list[dict[str, Any]], moved: Collection[str]) -> None:
    """Write them; `seen_at` never goes back."""
    if not rows:
        return
    lite = session.get_bind().dialect.name == "sqlite"
    insert = (sqlite if lite else postgresql).insert(ScreenStateRow)
    later = func.max if lite else func.greatest
    columns = {name: insert.excluded[name] for name in moved}
    columns["seen_at"] = later(ScreenStateRow.seen_at, insert.excluded.seen_at)
    session.execute(
        insert.on_conflict_do_update(index_elements=[ScreenStateRow.screen_id], set_=columns), rows
    )
