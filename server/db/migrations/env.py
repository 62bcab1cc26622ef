"""Alembic's entry: runs migrations over the connection that `server.db.migrate` hands in."""

from __future__ import annotations

from alembic import context

from server.db.append_only import add_orders
from server.db.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    process_revision_directives=add_orders,
)
with context.begin_transaction():
    context.run_migrations()
