"""Share read sets between profiles; keep what each head was resolved from.

The index is derived: the worker fills it anew for profiles that have none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "6256e8e4f328"
down_revision = "36c7f0924486"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("profile_read")
    op.create_table(
        "profile_read",
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("reads", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["profile"],
            ["profile.key"],
            name=op.f("fk_profile_read_profile"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("profile", "reads", name=op.f("pk_profile_read")),
    )
    op.create_index(op.f("ix_profile_read_reads"), "profile_read", ["reads"])
    op.create_table(
        "read_set",
        sa.Column("reads", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("reads", "key", name=op.f("pk_read_set")),
    )
    op.create_index("ix_read_set_key", "read_set", ["key"])
    op.add_column("head", sa.Column("inputs", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("head", "inputs")
    op.drop_table("read_set")
    op.drop_table("profile_read")
    op.create_table(
        "profile_read",
        sa.Column("profile", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["profile"],
            ["profile.key"],
            name=op.f("fk_profile_read_profile"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("profile", "key", name=op.f("pk_profile_read")),
    )
    op.create_index("ix_profile_read_key", "profile_read", ["key"])
