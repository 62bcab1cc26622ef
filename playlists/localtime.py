"""A store's wall clock: local dates and times into instants, also where the clocks change.

Where a local time does not exist (clocks go forward) it stands for the first instant after the
gap. Where it happens twice (clocks go back) a beginning is the first of the two, and an end is
reached when the clock shows less than it for the last time: on a night whose 02:00 to 03:00 is
doubled, a daypart of 02:00 to 03:00 runs both hours, one to 02:30 until the second 02:30, and one
to 02:00 ends at the first 02:00, since nothing earlier is shown again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from playlists.errors import Invalid

MIN_YEAR, MAX_YEAR = 1970, 2199
"""The years that a schedule may name."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)


class LocalDay(NamedTuple):
    """A store-local date `YYYY-MM-DD` and its `[from_ms, until_ms)`: 24 hours, or less, or more."""

    date: str
    from_ms: int
    until_ms: int


def zone_of(name: str, field: str = "zone") -> ZoneInfo:
    """The IANA time zone of that name. Raises Invalid."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = "No such time zone. Use an IANA name, for example Europe/Paris."
        raise Invalid(message, field) from None


def instant(zone: ZoneInfo, wall: datetime, *, end: bool = False) -> int:
    """The unix milliseconds of the naive local `wall`, by the rule of this module."""
    shown = wall - _MILLISECOND if end else wall
    first = rfc_instant(zone, shown)
    second = _since_epoch(shown.replace(tzinfo=zone, fold=1))
    if first > second:
        return _gap_end(zone, second, first)
    return second + 1 if end else first


def rfc_instant(zone: ZoneInfo, wall: datetime) -> int:
    """The unix milliseconds of `wall` as RFC 5545 §3.3.5 has it.

    A doubled time is its first occurrence; a missing one is read with the offset before the gap
    (02:30 in a gap of 02:00 to 03:00 is 03:30). PEP 495 gives fold=0 that same meaning.
    """
    return _since_epoch(wall.replace(tzinfo=zone))


def local_date(zone: ZoneInfo, ms: int) -> date:
    """The local date at an instant."""
    return (_EPOCH + ms * _MILLISECOND).astimezone(zone).date()


def day_start(zone: ZoneInfo, day: date) -> int:
    """The first instant of a local date: midnight or, where that is skipped, what comes next."""
    return instant(zone, datetime.combine(day, time()))


def local_days(zone: str, from_ms: int, n: int) -> tuple[LocalDay, ...]:
    """The `n` local days from the one that holds `from_ms` on, each whole.

    They tile: each begins where the one before ends. A date that a zone skipped whole is left out.
    Raises Invalid where the zone is unknown.
    """
    tz = zone_of(zone)
    day = local_date(tz, from_ms)
    begin = day_start(tz, day)
    days: list[LocalDay] = []
    while len(days) < n:
        following = day + timedelta(days=1)
        end = day_start(tz, following)
        if end > max(begin, from_ms):
            days.append(LocalDay(day.isoformat(), begin, end))
        day, begin = following, end
    return tuple(days)


def parse_date(text: str, field: str) -> date:
    """Read `YYYY-MM-DD`. Raises Invalid."""
    if not _DATE.fullmatch(text):
        raise Invalid("Write the date as YYYY-MM-DD.", field)
    return _checked(text, field).date()


def parse_date_time(text: str, field: str) -> datetime:
    """Read a local `YYYY-MM-DDTHH:MM[:SS]` without a zone. Raises Invalid."""
    if not _DATE_TIME.fullmatch(text):
        raise Invalid("Write the local time as YYYY-MM-DDTHH:MM:SS, without a zone.", field)
    return _checked(text, field)


def parse_either(text: str, field: str) -> date | datetime:
    """Read a bare date or a local date and time. Raises Invalid."""
    return parse_date(text, field) if _DATE.fullmatch(text) else parse_date_time(text, field)


def parse_moment(text: str, field: str) -> datetime:
    """Read a local date and time; a bare date is its midnight. Raises Invalid."""
    value = parse_either(text, field)
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _checked(text: str, field: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text} is not in the calendar.", field) from None
    if not MIN_YEAR <= value.year <= MAX_YEAR:
        raise Invalid(f"The year must lie between {MIN_YEAR} and {MAX_YEAR}.", field)
    return value


def _since_epoch(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _gap_end(zone: ZoneInfo, before_ms: int, after_ms: int) -> int:
    """The instant in `(before_ms, after_ms]` at which the zone's offset changes, a whole second."""
    seconds = range(before_ms // 1000, after_ms // 1000 + 1)

    def offset(second: int) -> timedelta | None:
        return datetime.fromtimestamp(second, zone).utcoffset()

    target = offset(seconds[-1])
    return 1000 * seconds[bisect_left(seconds, True, key=lambda second: offset(second) == target)]
