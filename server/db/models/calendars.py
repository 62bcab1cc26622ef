"""Tables of calendars that people took in: holidays, fairs, whatever a campaign minds."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from server.db.models.base import Base, LongText, Ms, Word


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


class CalendarAddressRow(Base):
    """Where a calendar is read again and again. `read_at` is when it last was; `failed_at` and
    `error`: since when it cannot be, null and empty where it can.
    """

    __tablename__ = "calendar_address"

    calendar: Mapped[str] = mapped_column(String(200), primary_key=True)
    url: Mapped[LongText]
    read_at: Mapped[Ms]
    due_at: Mapped[Ms] = mapped_column(index=True)
    failed_at: Mapped[Ms | None]
    error: Mapped[str] = mapped_column(String(500), default="")
    added_by: Mapped[Word]
