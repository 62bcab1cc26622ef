"""Calendars that people take in from iCalendar files (RFC 5545): their events, day by day."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from playlists.localtime import local_date, zone_of
from server.connectors import http
from server.connectors.source import Limits
from server.db.models import CalendarAddressRow, EventRow
from server.errors import BadInput, ServerError, TooLarge
from server.ports import PermanentError, TemporaryError
from server.services.base import audit
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.editing import check_name
from server.services.calendar.gathering import zone_now
from server.services.calendar.holidays import Free
from server.services.calendar.reading import Event, events_in
from server.services.calendar.window import DAY, Window

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_EVENTS = 2_000
"""Of one calendar, its repetitions counted each."""
PAST_DAYS, FUTURE_DAYS = 120, 800
"""What is taken in of a calendar around today; a newer file replaces it."""
EVERY_MS = 24 * 3_600_000
"""How often a calendar at an address is read again."""
RETRY_MS = 3_600_000
"""After how long one is tried again that could not be read."""
MAX_ERROR = 500
FETCH_S = 20.0
"""A calendar at an address is read within this time."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A calendar as it is held: its name, its number of events, its first and last day; of one that
    is read again and again its address, when it last was read, and since when (unix ms) and why it
    cannot be.
    """

    name: str
    events: int
    first: str
    last: str
    url: str = ""
    read_at: int | None = None
    failed_at: int | None = None
    error: str = ""


def take_in(ctx: Context, actor: Actor, name: str, data: bytes) -> int:
    """Hold a calendar's events, in place of those of the same name; how many. Raises Forbidden,
    BadInput, TooLarge.
    """
    actor.require_chain("content")
    title = check_name(name)
    found = _read(ctx, actor, data)
    with ctx.db.write() as session:
        _hold(session, actor, ctx.clock(), title, found)
        session.execute(delete(CalendarAddressRow).where(CalendarAddressRow.calendar == title))
    return len(found)


def take_from(ctx: Context, actor: Actor, name: str, url: str) -> int:
    """Hold the events of the calendar at an address, and read it again each day. Raises Forbidden,
    BadInput, TooLarge.
    """
    actor.require_chain("content")
    title, now = check_name(name), ctx.clock()
    found = _read(ctx, actor, _fetched(ctx, url))
    with ctx.db.write() as session:
        _hold(session, actor, now, title, found)
        session.execute(delete(CalendarAddressRow).where(CalendarAddressRow.calendar == title))
        session.add(
            CalendarAddressRow(
                calendar=title,
                url=url.strip(),
                read_at=now,
                due_at=now + EVERY_MS,
                error="",
                added_by=actor.id,
            )
        )
    return len(found)


def read_again(ctx: Context) -> None:
    """Read the calendars whose time it is. One that cannot be read stays as it is held, says why,
    and is tried again before long.
    """
    due = select(CalendarAddressRow.calendar, CalendarAddressRow.url)
    with ctx.db.read() as session:
        rows = session.execute(due.where(CalendarAddressRow.due_at <= ctx.clock())).all()
    for name, url in rows:
        found: list[Event] | None = None
        error = ""
        try:
            found = _read(ctx, SYSTEM, _fetched(ctx, url))
        except ServerError as wrong:
            error = wrong.message[:MAX_ERROR]
        now = ctx.clock()
        with ctx.db.write() as session:
            row = session.get(CalendarAddressRow, name, with_for_update=True)
            if row is None or row.url != url:
                continue  # somebody let go of it meanwhile
            row.error, row.due_at = error, now + (RETRY_MS if error else EVERY_MS)
            if found is None:
                row.failed_at = row.failed_at or now
            else:
                row.read_at, row.failed_at = now, None
                _hold(session, SYSTEM, now, name, found)


def _fetched(ctx: Context, url: str) -> bytes:
    limits = replace(Limits.of(ctx.settings), total_s=FETCH_S, max_bytes=MAX_FILE_BYTES)
    try:
        # Addresses that are copied from Apple and Outlook begin so.
        known = http.check_url(re.sub(r"^webcals?:", "https:", url.strip(), flags=re.IGNORECASE))
        with http.get(known, limits, accept="text/calendar, */*;q=0.5") as answer:
            return answer.body.whole()
    except ValueError as wrong:
        raise BadInput(str(wrong), field="url") from wrong
    except (PermanentError, TemporaryError) as failed:
        raise BadInput(str(failed), field="url", code="not_fetched") from failed


def _read(ctx: Context, actor: Actor, data: bytes) -> list[Event]:
    """The events of a calendar around today, in order."""
    if len(data) > MAX_FILE_BYTES:
        raise TooLarge("A calendar has at most 2 MB. Export a shorter time of it.", field="file")
    zone = zone_now(ctx, actor)
    today = local_date(zone_of(zone), ctx.clock())
    found = list(events_in(data, today - PAST_DAYS * DAY, today + FUTURE_DAYS * DAY, zone))
    if not found:
        message = "There is no event in it of the last months or the next two years."
        raise BadInput(message, field="file", code="no_event")
    if len(found) > MAX_EVENTS:
        message = f"It has more than {MAX_EVENTS} events. Export a shorter time of it."
        raise TooLarge(message, field="file")
    return found


def _hold(session: Session, actor: Actor, now: int, title: str, found: list[Event]) -> None:
    """Hold events in place of those of the same calendar; write nothing where they are those."""
    rows = session.execute(
        select(EventRow.title, EventRow.first, EventRow.last).where(EventRow.calendar == title)
    )
    wanted = [(said, first.isoformat(), last.isoformat()) for said, first, last in found]
    if sorted(tuple(row) for row in rows) == sorted(wanted):
        return
    session.execute(delete(EventRow).where(EventRow.calendar == title))
    session.add_all(
        EventRow(
            id=secrets.token_hex(8),
            calendar=title,
            title=said,
            first=first,
            last=last,
            added_at=now,
            added_by=actor.id,
        )
        for said, first, last in wanted
    )
    after = {"events": len(found)}
    audit.record(session, actor, now, "calendar.take_in", f"calendar:{title}", None, after)


def forget(ctx: Context, actor: Actor, name: str) -> None:
    """Let go of a calendar. Raises Forbidden."""
    actor.require_chain("content")
    with ctx.db.write() as session:
        session.execute(delete(EventRow).where(EventRow.calendar == name))
        session.execute(delete(CalendarAddressRow).where(CalendarAddressRow.calendar == name))
        audit.record(session, actor, ctx.clock(), "calendar.forget", f"calendar:{name}")


def held(ctx: Context, actor: Actor) -> list[Taken]:
    """The calendars that were taken in, by name."""
    actor.require("content")
    rows = select(
        EventRow.calendar, func.count(), func.min(EventRow.first), func.max(EventRow.last)
    )
    with ctx.db.read() as session:
        found = session.execute(rows.group_by(EventRow.calendar).order_by(EventRow.calendar)).all()
        read = {row.calendar: row for row in session.scalars(select(CalendarAddressRow))}
        return [
            Taken(*row, at.url, at.read_at, at.failed_at, at.error)
            if (at := read.get(row[0])) is not None
            else Taken(*row)
            for row in found
        ]


def within(ctx: Context, actor: Actor, shown: Window) -> tuple[Free, ...]:
    """The events of a window."""
    actor.require("content")
    rows = select(EventRow.title, EventRow.first, EventRow.last).where(
        EventRow.last >= shown.first.isoformat(), EventRow.first <= shown.last.isoformat()
    )
    with ctx.db.read() as session:
        found = session.execute(rows.order_by(EventRow.first, EventRow.title)).all()
    runs = (
        (title, shown.clipped(date.fromisoformat(first), date.fromisoformat(last)))
        for title, first, last in found
    )
    return tuple(Free(title, run, ()) for title, run in runs if run is not None)


def days_of_calendar(ctx: Context, actor: Actor, name: str, first: date, last: date) -> list[str]:
    """The days of a calendar's events between two days, as a campaign leaves them out."""
    actor.require("content")
    rows = select(EventRow.first, EventRow.last).where(EventRow.calendar == name)
    days: set[str] = set()
    with ctx.db.read() as session:
        for begin, end in session.execute(rows):
            day = max(first, date.fromisoformat(begin))
            while day <= min(last, date.fromisoformat(end)):
                days.add(day.isoformat())
                day += DAY
    return sorted(days)
