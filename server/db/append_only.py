"""Has the database itself refuse to change or delete rows of tables that are only ever appended.

A table says so by `info={"append_only": True}`; the migration that makes it then carries the order.
SQLite makes a table anew when it is altered in batch: such a migration gives the order again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, ops


def append_only(op: Any, table: str) -> None:
    """Refuse every change of the table but new rows; for migrations, with Alembic's `op`."""
    for order in orders(table, op.get_bind().dialect.name):
        op.execute(order)


def orders(table: str, dialect: str) -> list[str]:
    """The SQL for a database of this dialect."""
    refused = f"rows of {table} are only ever appended"
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{refused}'); END"
            for what in ("update", "delete")
        ]
    function = (
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql "
        f"AS $$ BEGIN RAISE EXCEPTION '{refused}'; END $$"
    )
    triggers = [
        f"CREATE TRIGGER {table}_no_{name} BEFORE {what} ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
        for name, what in (("change", "UPDATE OR DELETE"), ("truncate", "TRUNCATE"))
    ]
    return [function, *triggers]


class AppendOnly(MigrateOperation):
    """The order as it stands in a migration that is being written."""

    def __init__(self, table: str) -> None:
        self.table = table


@renderers.dispatch_for(AppendOnly)
def _render(context: AutogenContext, operation: AppendOnly) -> str:
    context.imports.add("from server.db.append_only import append_only")
    return f'append_only(op, "{operation.table}")'


def add_orders(_context: Any, _revision: Any, directives: Iterable[Any]) -> None:
    """Have a migration that makes such a table carry the order; for Alembic's autogenerate."""
    for script in directives:
        made = script.upgrade_ops.ops
        made += [
            AppendOnly(one.table_name)
            for one in list(made)
            if isinstance(one, ops.CreateTableOp) and one.info.get("append_only")
        ]
