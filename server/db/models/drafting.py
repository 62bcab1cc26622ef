"""Tables of what is being written and not yet on air: drafts and each edit of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Ms, Word


class DraftRow(Base):
    """A playlist or campaign (`kind`) as it is being written. `base_version` is the version on air
    that it began from, 0 for what is not on air yet. `seq` counts its edits.
    """

    __tablename__ = "draft"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[Word] = mapped_column(primary_key=True)
    body: Mapped[dict[str, Any]]
    base_version: Mapped[int] = mapped_column(default=0)
    seq: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Ms]
    created_by: Mapped[Word]
    edited_at: Mapped[Ms] = mapped_column(index=True)
    edited_by: Mapped[Word]


class EditRow(Base):
    """One edit of a draft and what takes it back. `state` is done, undone, over (undone, and not to
    be redone since its writer went on another way), or step (an undo or redo itself).
    """

    __tablename__ = "edit"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[Word] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    ops: Mapped[list[Any]]
    back: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(8), default="done")
    at: Mapped[Ms]
    by: Mapped[Word]


class PlaylistTagRow(Base):
    """A word that a playlist is filed under, whatever its draft says."""

    __tablename__ = "playlist_tag"

    playlist: Mapped[Word] = mapped_column(primary_key=True)
    tag: Mapped[Word] = mapped_column(primary_key=True, index=True)
