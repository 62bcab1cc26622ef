"""The calendar as iCalendar (RFC 5545): one event for each stretch of days of each campaign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.calendar.bands import Chart
from server.services.calendar.looking import Seen, drawn, look
from server.services.calendar.window import DAY, beside

QUARTERS = 2
"""Quarters of a year that a feed tells of, this one first."""
PRODUCT = "-//Enseigne//calendar//EN"
REFRESH = timedelta(hours=1)


def feed(ctx: Context, actor: Actor) -> bytes:
    """What is on air from this quarter of the year on, drafts left out. Raises Forbidden."""
    now = datetime.fromtimestamp(ctx.clock() / 1000, UTC).replace(microsecond=0)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Enseigne")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    day = None
    for _ in range(QUARTERS):
        seen = look(ctx, actor, "quarter", day)
        for event in _events(seen, drawn(ctx, seen), now):
            calendar.add_component(event)
        day = beside(seen.window, 1)
    return bytes(calendar.to_ical())


def _events(seen: Seen, chart: Chart, now: datetime) -> list[Event]:
    found = []
    shown, planned = seen.window, seen.gathered.planned
    for rows in chart.lanes.values():
        for bar in (bar for row in rows for bar in row):
            if bar.id not in planned or bar.state == "draft":
                continue
            first, last = shown.day(bar.run[0]), shown.day(bar.run[1])
            event = Event()
            event.add("uid", f"{bar.id}-{first.isoformat()}@enseigne")
            event.add("dtstamp", now)
            event.add("summary", planned[bar.id].campaign.name)
            event.add("dtstart", first)
            event.add("dtend", last + DAY)
            event.add("transp", "TRANSPARENT")
            found.append(event)
    return found
