"""How the installation fares: whether the record answers, what waits to be published, who is
connected.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from server.db.models import DirtyRow, ScreenRow, ScreenStateRow
from server.services.base.context import Context

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """What operators watch. `oldest_wait_ms`: how long the oldest change waits to be published."""

    screens: int
    screens_connected: int
    keys_waiting: int
    oldest_wait_ms: int


def record_answers(ctx: Context) -> bool:
    """Whether the database can be read."""
    try:
        with ctx.db.read() as session:
            session.execute(select(1))
    except SQLAlchemyError as error:
        log.warning("record_away", error=str(error))
        return False
    return True


def figures(ctx: Context) -> Figures:
    """Count what operators watch."""
    with ctx.db.read() as session:
        waiting = session.scalar(select(func.count()).select_from(DirtyRow)) or 0
        oldest = session.scalar(select(DirtyRow.marked_at).order_by(DirtyRow.marked_at).limit(1))
        connected = select(func.count()).select_from(ScreenStateRow)
        return Figures(
            screens=session.scalar(select(func.count()).select_from(ScreenRow)) or 0,
            screens_connected=session.scalar(connected.where(ScreenStateRow.connected)) or 0,
            keys_waiting=waiting,
            oldest_wait_ms=max(0, ctx.clock() - oldest) if oldest is not None else 0,
        )
