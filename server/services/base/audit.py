"""Writes down who changed what, from what, to what, in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from server.db.models import AuditRow
from server.services.base.actors import Actor


def record(
    session: Session,
    actor: Actor,
    at: int,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditRow:
    """Append one row, which has its id once the session is flushed. `subject` is `kind:id`; no
    `before` is a creation, no `after` an end.
    """
    row = AuditRow(
        at=at,
        actor_id=actor.id,
        action=action,
        subject=subject,
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
    )
    session.add(row)
    return row
