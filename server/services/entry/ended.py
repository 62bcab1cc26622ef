"""What signed somebody in and does so no more: known for as long as leaves given under it may run.

A leave to follow screens is signed and needs no look-up, so the door, which has no record, would
let it in until its own end. The worker tells the door what ended here.
"""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.db.models import EndedRow, TokenRow

LEAVE_LIFE_MS = 31 * 24 * 3_600_000
"""No leave runs longer."""


def end(session: Session, token: TokenRow, now: int) -> None:
    """Delete a session or an API token, and remember that it ended. `now`: unix ms."""
    session.delete(token)
    session.add(EndedRow(hash=token.hash, until=now + LEAVE_LIFE_MS))
    session.flush()


def stamp(session: Session) -> tuple[int, int]:
    """Another one whenever something ended or was forgotten: see `hashes`."""
    latest = func.coalesce(func.max(EndedRow.until), 0)
    count, until = session.execute(select(func.count(), latest).select_from(EndedRow)).one()
    return int(count), int(until)


def hashes(session: Session) -> list[str]:
    """What ended, by the sha256 of its secret."""
    return list(session.scalars(select(EndedRow.hash).order_by(EndedRow.hash)))


def sweep(session: Session, now: int) -> None:
    """Forget what ended so long ago that no leave given under it can still run."""
    session.execute(delete(EndedRow).where(EndedRow.until <= now))
