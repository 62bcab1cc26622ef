"""Tables of the situation: what is not as it should be, and who was told of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Ms, Word


class ConcernRow(Base):
    """Something that is not as it should be, by `kind:subject`. `stores` are those that it is
    about, none for the whole chain; `said` is what its sentence is filled with.

    `seen_at` is when it was last found to be so: it is over once nobody has found it for a while.
    """

    __tablename__ = "concern"

    id: Mapped[str] = mapped_column(String(300), primary_key=True)
    kind: Mapped[Word]
    stores: Mapped[list[Any]]
    said: Mapped[dict[str, Any]]
    since: Mapped[Ms]
    opened_at: Mapped[Ms]
    seen_at: Mapped[Ms]
    over_at: Mapped[int | None] = mapped_column(BigInteger)


class WatcherRow(Base):
    """Someone who is told: a person, or the webhook. `next_at` is when the next message may go,
    which is later after one that failed; `recent` are when the last hour's messages went.
    """

    __tablename__ = "watcher"

    id: Mapped[Word] = mapped_column(primary_key=True)
    muted: Mapped[bool] = mapped_column(default=False)
    next_at: Mapped[Ms] = mapped_column(default=0)
    recent: Mapped[list[Any]] = mapped_column(default=list)
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(500), default="")
    told_at: Mapped[int | None] = mapped_column(BigInteger)


class ToldRow(Base):
    """That a watcher was told of a concern, last at `told_at`."""

    __tablename__ = "told"

    watcher: Mapped[Word] = mapped_column(ForeignKey("watcher.id"), primary_key=True)
    concern: Mapped[str] = mapped_column(ForeignKey("concern.id"), primary_key=True, index=True)
    told_at: Mapped[Ms]
