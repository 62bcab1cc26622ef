"""Other programs' calendars, as they come: what is read of them, and on which days it falls."""

from __future__ import annotations

from datetime import date

import pytest
import responses

from server.errors import BadInput, TooLarge
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.calendar import events
from server.services.calendar.reading import events_in
from server.services.situation.looking import look
from server.services.situation.spoken import Places, following, sentence
from tests.support.record import TestClock

ALL_DAY = "DTSTART;VALUE=DATE:20261010\r\nSUMMARY:Fair\r\n"
SOUND = "DTSTART;VALUE=DATE:20261012\r\nSUMMARY:Sound\r\n"


def calendar(*entries: str, head: str = "") -> bytes:
    """A file with these events."""
    body = "".join(
        f"BEGIN:VEVENT\r\nUID:{at}\r\n{entry}END:VEVENT\r\n" for at, entry in enumerate(entries)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{head}{body}END:VCALENDAR\r\n".encode()


def read(data: bytes) -> list[str]:
    """Its events of that autumn and winter, short."""
    found = events_in(data, date(2026, 9, 1), date(2027, 3, 1), "Europe/Paris")
    return [f"{title} {first:%m%d}-{last:%m%d}" for title, first, last in found]


def timed(zone: str, begin: str, end: str, more: str = "") -> str:
    """An event with times of day."""
    return f"DTSTART{zone}:{begin}\r\nDTEND{zone}:{end}\r\n{more}SUMMARY:Fair\r\n"


PARIS = ";TZID=Europe/Paris"
QUIRKS = {
    "a mark of the byte order": (b"\xef\xbb\xbf" + calendar(ALL_DAY), ["Fair 1010-1010"]),
    "bare line feeds": (calendar(ALL_DAY).replace(b"\r\n", b"\n"), ["Fair 1010-1010"]),
    "a length": (calendar(f"DURATION:P3D\r\n{ALL_DAY}"), ["Fair 1010-1012"]),
    "until midnight": (
        calendar(timed(PARIS, "20261010T000000", "20261012T000000")),
        ["Fair 1010-1011"],
    ),
    "weekly, until a date": (
        calendar(
            timed(PARIS, "20261010T1000", "20261010T1100", "RRULE:FREQ=WEEKLY;UNTIL=20261018\r\n")
            .replace("1000\r", "100000\r")
            .replace("1100\r", "110000\r")
        ),
        ["Fair 1010-1010", "Fair 1017-1017"],
    ),
    "days left out": (
        calendar(f"RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE;VALUE=DATE:20261011\r\n{ALL_DAY}"),
        ["Fair 1010-1010", "Fair 1012-1012"],
    ),
    "each year, from long ago": (
        calendar("DTSTART;VALUE=DATE:20011111\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Fair\r\n"),
        ["Fair 1111-1111"],
    ),
    "over the night when the clocks change": (
        calendar(timed(PARIS, "20261024T220000", "20261025T040000")),
        ["Fair 1024-1025"],
    ),
    "in UTC, late in the evening": (
        calendar(timed("", "20261010T230000Z", "20261011T010000Z")),
        ["Fair 1011-1011"],
    ),
    "in UTC, in a file of another zone": (
        calendar(
            timed("", "20261011T010000Z", "20261011T020000Z"),
            head="X-WR-TIMEZONE:America/Martinique\r\n",
        ),
        ["Fair 1010-1010"],
    ),
    "a zone that nobody explains": (
        calendar(timed(";TZID=Custom/Here", "20261010T100000", "20261010T110000")),
        ["Fair 1010-1010"],
    ),
    "a zone of Outlook's": (
        calendar(timed(";TZID=Romance Standard Time", "20261010T100000", "20261010T110000")),
        ["Fair 1010-1010"],
    ),
    "two calendars in a file": (
        calendar(ALL_DAY) + calendar(SOUND),
        ["Fair 1010-1010", "Sound 1012-1012"],
    ),
    "of Windows' letters": (
        calendar("DTSTART;VALUE=DATE:20261010\r\nSUMMARY:Férié\r\n").decode().encode("cp1252"),
        ["Férié 1010-1010"],
    ),
    "one that was called off": (
        calendar(f"STATUS:CANCELLED\r\n{ALL_DAY}", SOUND),
        ["Sound 1012-1012"],
    ),
    "one without a beginning": (calendar("SUMMARY:Lost\r\n", SOUND), ["Sound 1012-1012"]),
    "one whose date is none": (
        calendar("DTSTART:some day\r\nSUMMARY:Lost\r\n", SOUND),
        ["Sound 1012-1012"],
    ),
    "one whose rule is none": (
        calendar(f"RRULE:FREQ=SOMETIMES\r\n{ALL_DAY}", SOUND),
        ["Sound 1012-1012"],
    ),
    "one of every second": (
        calendar(f"RRULE:FREQ=SECONDLY\r\n{ALL_DAY}", SOUND),
        ["Sound 1012-1012"],
    ),
}


@pytest.mark.parametrize("name", QUIRKS)
def test_what_is_in_the_wild_is_read(name: str) -> None:
    data, found = QUIRKS[name]
    assert read(data) == found


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", calendar(ALL_DAY)[:-25], b"BEGIN:VCARD\r\n"])
def test_what_is_no_calendar_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"no iCalendar file"):
        read(data)


URL = "https://fair.example/zone-b.ics"


@responses.activate
def test_a_calendar_is_read_from_an_address(ctx: Context) -> None:
    responses.get(URL, body=calendar(ALL_DAY), content_type="text/calendar")
    assert events.take_from(ctx, SYSTEM, "Zone B", URL.replace("https", "webcal")) == 1
    assert [one.name for one in events.held(ctx, SYSTEM)] == ["Zone B"]


@responses.activate
def test_what_an_address_answers_wrongly_is_refused_and_nothing_is_lost(ctx: Context) -> None:
    events.take_in(ctx, SYSTEM, "Zone B", calendar(ALL_DAY))
    responses.get(URL, body="<html>Sign in</html>", content_type="text/html")
    with pytest.raises(BadInput, match="web page"):
        events.take_from(ctx, SYSTEM, "Zone B", URL)
    responses.replace(responses.GET, URL, status=404)
    with pytest.raises(BadInput) as refused:
        events.take_from(ctx, SYSTEM, "Zone B", URL)
    assert refused.value.field == "url"
    responses.replace(responses.GET, URL, body=b"x" * (events.MAX_FILE_BYTES + 1))
    with pytest.raises((BadInput, TooLarge)):
        events.take_from(ctx, SYSTEM, "Zone B", URL)
    for local in ("http://127.0.0.1/a.ics", "ftp://fair.example/a", "fair.ics"):
        with pytest.raises(BadInput):
            events.take_from(ctx, SYSTEM, "Zone B", local)
    assert [one.events for one in events.held(ctx, SYSTEM)] == [1]


@responses.activate
def test_it_is_read_again_each_day_and_says_since_when_it_cannot_be(
    ctx: Context, clock: TestClock
) -> None:
    day, hour = 24 * 3_600_000, 3_600_000
    responses.get(URL, body=calendar(ALL_DAY), content_type="text/calendar")
    events.take_from(ctx, SYSTEM, "Zone B", URL)
    began = clock()
    clock.advance(day - 1)
    events.read_again(ctx)
    assert len(responses.calls) == 1, "not before its time"

    clock.advance(1)
    responses.replace(responses.GET, URL, status=503)
    events.read_again(ctx)
    (failing,) = events.held(ctx, SYSTEM)
    assert (failing.read_at, failing.failed_at, failing.events) == (began, clock(), 1)
    assert failing.error.startswith("fair.example was reached, but answered 503:")
    with ctx.db.read() as session:
        (concern,) = [one for one in look(ctx, session, clock()) if one.kind == "calendar"]
    assert sentence(concern, Places({}, {}), clock(), "en").startswith("The calendar “Zone B” was")
    told = following(concern, Places({}, {}), clock(), "fr")
    assert told.startswith("fair.example est joignable, mais a répondu")

    clock.advance(hour)
    responses.replace(responses.GET, URL, body=calendar(ALL_DAY, SOUND))
    events.read_again(ctx)
    (again,) = events.held(ctx, SYSTEM)
    assert (again.events, again.read_at, again.failed_at, again.error) == (2, clock(), None, "")
    events.read_again(ctx)
    assert len(responses.calls) == 3

    events.take_in(ctx, SYSTEM, "Zone B", calendar(ALL_DAY))
    clock.advance(2 * day)
    events.read_again(ctx)
    assert len(responses.calls) == 3, "a file stands for itself"
