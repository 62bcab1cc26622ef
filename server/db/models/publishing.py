"""Tables of publishing: the outbox, profiles and what they read, content-addressed objects, heads,
play runs.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Hash, Key, LongText, Ms, Word


class DirtyRow(Base):
    """A key that changed and is not yet published. Marked again while claimed: `generation` grows,
    so it stays.
    """

    __tablename__ = "dirty"

    key: Mapped[Key] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(default=1)
    marked_at: Mapped[Ms]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[Ms] = mapped_column(default=0)


class ProfileRow(Base):
    """Everything that resolve reads of a screen, and the plan that it last came to. `lead` is its
    lead-in; `refused` is why a later plan is not played, null where the last one is.
    """

    __tablename__ = "profile"
    __table_args__ = (
        Index(
            "ix_profile_refused",
            "key",
            sqlite_where=text("refused IS NOT NULL"),
            postgresql_where=text("refused IS NOT NULL"),
        ),
    )

    key: Mapped[Hash] = mapped_column(primary_key=True)
    store_id: Mapped[Word] = mapped_column(ForeignKey("store.id"), index=True)
    body: Mapped[dict[str, Any]]
    manifest: Mapped[str | None] = mapped_column(String(64))
    inputs: Mapped[str | None] = mapped_column(String(64))
    lead: Mapped[dict[str, Any]]
    resolved_at: Mapped[Ms] = mapped_column(default=0)
    rolls_at: Mapped[Ms] = mapped_column(default=0, index=True)
    refused: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class ProfileReadRow(Base):
    """A set of keys that a profile's resolve read, present or absent: the dependency index."""

    __tablename__ = "profile_read"

    profile: Mapped[Hash] = mapped_column(
        ForeignKey("profile.key", ondelete="CASCADE"), primary_key=True
    )
    reads: Mapped[Hash] = mapped_column(primary_key=True, index=True)


class ReadSetRow(Base):
    """A key of a set, by the set's hash: shared by the many profiles that read the same."""

    __tablename__ = "read_set"
    __table_args__ = (Index("ix_read_set_key", "key"), {"sqlite_with_rowid": False})

    reads: Mapped[Hash] = mapped_column(primary_key=True)
    key: Mapped[Key] = mapped_column(primary_key=True)


class ObjectRow(Base):
    """A manifest, deck, day chunk, resolve input or file of the page, by sha256, kept for
    explanation. `data` is zlib-compressed.
    """

    __tablename__ = "object"

    sha: Mapped[Hash] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Ms]


class PageRow(Base):
    """The version of the screens' page (an object: its tree) that this server serves since then."""

    __tablename__ = "page"

    since: Mapped[Ms] = mapped_column(primary_key=True)
    version: Mapped[Hash]


class ScreenPageRow(Base):
    """The version of the page that a screen reports since then; it may be none of this server's."""

    __tablename__ = "screen_page"

    screen_id: Mapped[Word] = mapped_column(ForeignKey("screen.id"), primary_key=True)
    since: Mapped[Ms] = mapped_column(primary_key=True)
    version: Mapped[Hash]


class HeadRow(Base):
    """A signed head, with what its plan was resolved from. The highest revision is in force."""

    __tablename__ = "head"

    screen_id: Mapped[Word] = mapped_column(ForeignKey("screen.id"), primary_key=True)
    revision: Mapped[Ms] = mapped_column(primary_key=True)
    manifest: Mapped[Hash] = mapped_column(index=True)
    profile: Mapped[Hash]
    inputs: Mapped[str | None] = mapped_column(String(64))
    issued_at: Mapped[Ms]
    expires_at: Mapped[Ms]
    jws: Mapped[LongText]


class ScreenHeadRow(Base):
    """The revision in force for each screen, and the profile that it plays: one short row to read
    and update.
    """

    __tablename__ = "screen_head"

    screen_id: Mapped[Word] = mapped_column(ForeignKey("screen.id"), primary_key=True)
    revision: Mapped[Ms]
    profile: Mapped[Hash] = mapped_column(index=True)
    manifest: Mapped[Hash]
    expires_at: Mapped[Ms] = mapped_column(index=True)
    jws: Mapped[LongText]


class RunChainRow(Base):
    """A chain of play runs that one device wrote for a screen; `seq` and `hash` are its last run's.

    `gaps` counts where numbers were missing and `lost` how many; a chain that does not begin where
    another of the screen's ended is a fork of it or a new device's. `day` (days since 1970, UTC)
    and `day_rows` bound what a device may write.
    """

    __tablename__ = "run_chain"

    screen_id: Mapped[Word] = mapped_column(ForeignKey("screen.id"), primary_key=True)
    chain: Mapped[int] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(String(16))
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[Hash]
    gaps: Mapped[int] = mapped_column(default=0)
    lost: Mapped[int] = mapped_column(BigInteger, default=0)
    day: Mapped[int]
    day_rows: Mapped[int]


class RunRow(Base):
    """A play run as a screen proved it; `hash` chains to the run before."""

    __tablename__ = "run"
    __table_args__ = (
        ForeignKeyConstraint(["screen_id", "chain"], ["run_chain.screen_id", "run_chain.chain"]),
    )

    screen_id: Mapped[Word] = mapped_column(primary_key=True)
    chain: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hash: Mapped[Hash]
    prev: Mapped[Hash]
    zone: Mapped[Word]
    from_ms: Mapped[Ms] = mapped_column(index=True)
    until_ms: Mapped[Ms]
    body: Mapped[dict[str, Any]]
    received_at: Mapped[Ms]
