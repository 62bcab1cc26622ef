"""Tables of calendars that people took in: holidays, fairs, whatever a campaign minds."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, Ms, Word


class EventRow(Base):
    """Days `[first, last]` (local dates, ISO 8601) of one of the calendars, by its name."""

    __tablename__ = "calendar_event"

    id: Mapped[Word] = mapped_column(primary_key=True)
    calendar: Mapped[str] = mapped_column(String(200), index=True)
    title: Mapped[str] = mapped_column(String(200))
    first: Mapped[str] = mapped_column(String(10))
    last: Mapped[str] = mapped_column(String(10), index=True)
    added_at: Mapped[Ms]
    added_by: Mapped[Word]
