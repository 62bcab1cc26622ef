"""Reads other programs' iCalendar files (RFC 5545) as they are in the wild: more than one calendar
in a file, zones that nobody explains, events that cannot be read. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from playlists.errors import Invalid
from playlists.localtime import zone_of
from server.errors import BadInput
from server.services.calendar.window import DAY

MAX_TITLE = 200
_TOO_OFTEN = {"HOURLY", "MINUTELY", "SECONDLY"}
_UNREADABLE = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError)

Event = tuple[str, date, date]
"""A title, the first and the last day."""


def events_in(data: bytes, first: date, last: date, zone: str) -> Iterator[Event]:
    """The events of some days. An instant in UTC falls on the day that it has in `zone`, or in the
    zone that the file names as its own. Raises BadInput.
    """
    text = _text(data)
    try:
        calendars = Calendar.from_ical(text, multiple=True)
    except _UNREADABLE as wrong:
        raise _refusal(text) from wrong
    if not calendars:
        raise _refusal(text)
    for calendar in calendars:
        calendar.subcomponents = [one for one in calendar.subcomponents if _is_good(one)]
        yield from _events(calendar, first, last, _zone(calendar, zone))


def _events(calendar: Calendar, first: date, last: date, zone: ZoneInfo) -> Iterator[Event]:
    try:
        query = recurring_ical_events.of(calendar, skip_bad_series=True)
        for event in query.between(first, last):
            begin = _day(event["dtstart"].dt, zone)
            title = " ".join(str(event.get("summary", "")).split())[:MAX_TITLE]
            yield title or "·", begin, max(begin, _last(event, zone))
    except _UNREADABLE as wrong:
        raise _refusal("") from wrong


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").lstrip()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").lstrip()


def _refusal(text: str) -> BadInput:
    if text[:1] == "<":
        message = "This is a web page, not a calendar. Take the address that ends in .ics."
        return BadInput(message, field="file", code="web_page")
    message = "This is no iCalendar file that can be read. Export the calendar as .ics again."
    return BadInput(message, field="file", code="no_calendar")


def _zone(calendar: Calendar, usual: str) -> ZoneInfo:
    try:
        return zone_of(str(calendar.get("x-wr-timezone", usual)))
    except Invalid:
        return zone_of(usual)


def _is_good(component: Any) -> bool:
    """Whether it is worth asking: not called off, not every hour, with a beginning."""
    if component.name != "VEVENT":
        return True
    try:
        began = isinstance(component["dtstart"].dt, date)
    except _UNREADABLE:
        return False
    off = str(component.get("status", "")).upper() == "CANCELLED"
    return began and not off and not component.errors and not _too_often(component)


def _too_often(component: Any) -> bool:
    rule = component.get("rrule")
    rules = rule if isinstance(rule, list) else [rule]
    return any(str(f).upper() in _TOO_OFTEN for one in rules if one for f in one.get("freq", ()))


def _day(moment: date | datetime, zone: ZoneInfo) -> date:
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is not None and moment.utcoffset() == UTC.utcoffset(None):
        moment = moment.astimezone(zone)
    return moment.date()


def _last(event: Any, zone: ZoneInfo) -> date:
    """The last day of an event: its end is the first moment after it."""
    end = event.get("dtend")
    if end is None:
        return _day(event["dtstart"].dt, zone)
    moment: date | datetime = end.dt
    if isinstance(moment, datetime):
        return _day(moment - timedelta(seconds=1), zone)
    return moment - DAY
