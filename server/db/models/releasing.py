"""Tables of bringing drafts on air: what plays in some stores only, releases and rehearsals."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Key, LongText, Ms, Word


class PilotRow(Base):
    """A playlist or campaign (`kind`) as it plays in `stores` only; elsewhere plays what is on air
    under the same `subject`, or nothing. `base_version` is the version that it began from, 0 where
    there was none. `id` is `kind:subject`.
    """

    __tablename__ = "pilot"

    id: Mapped[Key] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[Word]
    release: Mapped[Word] = mapped_column(ForeignKey("release.id"), index=True)
    body: Mapped[dict[str, Any]]
    stores: Mapped[list[Any]]
    base_version: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[Ms]
    edited_by: Mapped[Word]


class ReleaseRow(Base):
    """Drafts brought on air together. `parts`: for each what it says, what was there before and
    under which version; `stores` null is all of them. `local` is a wall-clock time of each store
    (ISO 8601), `at_ms` an instant; neither: at once. `next_at` is when the worker looks at it next.
    """

    __tablename__ = "release"

    id: Mapped[Word] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    parts: Mapped[list[Any]]
    stores: Mapped[list[Any] | None]
    at_ms: Mapped[int | None] = mapped_column(BigInteger)
    local: Mapped[str | None] = mapped_column(String(20))
    next_at: Mapped[int | None] = mapped_column(BigInteger, index=True)
    rehearsal: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[LongText] = mapped_column(default="")
    created_at: Mapped[Ms] = mapped_column(index=True)
    created_by: Mapped[Word]
    done_at: Mapped[int | None] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    ended_by: Mapped[Word] = mapped_column(default="")


class RehearsalRow(Base):
    """What some drafts would change, reckoned in the background: `done` of `total` stores so far.
    `beat_at` is when it last went on; `found` is what it came to, `foreseen` its predictions by
    profile.
    """

    __tablename__ = "rehearsal"

    id: Mapped[Word] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    asked: Mapped[dict[str, Any]]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    found: Mapped[dict[str, Any] | None]
    foreseen: Mapped[list[Any] | None]
    note: Mapped[LongText] = mapped_column(default="")
    created_at: Mapped[Ms] = mapped_column(index=True)
    created_by: Mapped[Word]
    beat_at: Mapped[Ms]
