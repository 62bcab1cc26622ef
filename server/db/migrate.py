"""Brings a database to the newest schema, and checks that migrations and models agree."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from server.db.engine import Database
from server.db.models import Base

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(db: Database) -> None:
    """Apply every migration that is missing. Idempotent."""
    with db.engine.begin() as connection:
        command.upgrade(_config(connection), "head")


def differences(db: Database) -> list[str]:
    """What the models have that the migrated database has not, or the reverse; empty when they
    agree.
    """
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, Base.metadata)]


def write_revision(db: Database, message: str) -> None:
    """Write a new migration from the models' difference to `db`; for developers."""
    with db.engine.begin() as connection:
        command.revision(_config(connection), message, autogenerate=True)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
