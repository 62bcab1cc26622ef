"""What a service call left for the worker and the audit log."""

from __future__ import annotations

from sqlalchemy import delete, select

from server.db.models import AuditRow, DirtyRow
from server.services.base.context import Context


def marked(ctx: Context) -> set[str]:
    """The keys marked since this was last asked."""
    with ctx.db.write() as session:
        keys = set(session.scalars(select(DirtyRow.key)))
        session.execute(delete(DirtyRow))
    return keys


def last_audit(ctx: Context) -> AuditRow:
    """The newest row of the audit log."""
    with ctx.db.read() as session:
        row = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).one()
        session.expunge(row)
        return row


def audits(ctx: Context) -> int:
    """How many rows the audit log has."""
    with ctx.db.read() as session:
        return len(session.scalars(select(AuditRow.id)).all())
