"""The audit log can only be added to, whoever asks the database."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from server.services.base import audit
from server.services.base.actors import SYSTEM
from server.services.base.context import Context


def test_the_database_refuses_to_change_what_was_noted(any_ctx: Context) -> None:
    with any_ctx.db.write() as session:
        audit.record(session, SYSTEM, 1, "store.create", "store:lille")
    orders = ["UPDATE audit SET action = 'nothing.happened'", "DELETE FROM audit"]
    orders += [] if any_ctx.db.is_sqlite else ["TRUNCATE audit"]
    for order in orders:
        with (
            pytest.raises(DatabaseError, match="only ever appended"),
            any_ctx.db.write() as session,
        ):
            session.execute(text(order))
    with any_ctx.db.read() as session:
        assert session.scalars(text("SELECT action FROM audit")).all() == ["store.create"]
