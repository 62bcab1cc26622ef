"""Brings a database to the newest schema, and checks that migrations and models agree.

Alembic is loaded only where there is something for it to do: most starts find nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from server.db.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"


def newest() -> str:
    """The revision that a database is brought to: a migration's file begins with its revision."""
    return max(file.name for file in (SCRIPTS / "versions").glob("[0-9]*.py")).partition("_")[0]


def upgrade(db: Database) -> None:
    """Apply every migration that is missing. Idempotent, and quick where none is."""
    if _version(db) == newest():
        return
    from alembic import command

    with db.engine.begin() as connection:
        command.upgrade(_config(connection), "head")


def differences(db: Database) -> list[str]:
    """What the models have that the migrated database has not, or the reverse; empty when they
    agree.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from server.db.models import Base

    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, Base.metadata)]


def write_revision(db: Database, message: str) -> None:
    """Write a new migration from the models' difference to `db`; for developers."""
    from alembic import command

    with db.engine.begin() as connection:
        command.revision(_config(connection), message, autogenerate=True)


def _version(db: Database) -> str | None:
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
