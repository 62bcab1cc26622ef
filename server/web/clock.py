"""Store-local times, dates and lengths of time in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from babel.dates import format_date

from playlists.errors import Invalid
from playlists.localtime import instant, local_date, parse_date_time, zone_of
from server.errors import BadInput
from server.web.phrases import Language, say

NBSP = "\u00a0"
SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MAX_INSTANT_MS = 4_102_444_800_000
"""Instants end with the year 2099."""
_SATURDAY = 5
_LOCALES = {"fr": "fr_FR", "en": "en_GB"}


def usual_zone(zones: Iterable[str]) -> str:
    """The time zone that most stores go by, the first of equals; "" without any."""
    counted = Counter(zones)
    return max(counted, key=counted.__getitem__, default="")


def local(at_ms: int, zone: str) -> datetime:
    """An instant on a store's clock; one that no calendar has, as a broken clock says it, is the
    nearest that it has.
    """
    known = min(max(at_ms, 0), MAX_INSTANT_MS)
    return datetime.fromtimestamp(known / 1000, UTC).astimezone(zone_of(zone))


def clock(at_ms: int, zone: str, *, seconds: bool = False) -> str:
    """`14:32`, or `14:32:05`."""
    return local(at_ms, zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def day(at_ms: int, zone: str, language: Language) -> str:
    """`Thursday 15 October`, `jeudi 15 octobre`."""
    return str(format_date(local(at_ms, zone), "EEEE d MMMM", locale=_LOCALES[language]))


def when(at_ms: int, now_ms: int, zone: str, language: Language) -> str:
    """The clock, with its day where that is not today."""
    at = clock(at_ms, zone)
    if local(at_ms, zone).date() == local(now_ms, zone).date():
        return at
    return say("at", language, day=day(at_ms, zone, language), at=at)


def length(ms: int) -> str:
    """`52 s`, `6 min`, `1 h 28`, `26 h`."""
    if ms < MINUTE_MS:
        return f"{max(0, ms) // SECOND_MS}{NBSP}s"
    if ms < HOUR_MS:
        return f"{ms // MINUTE_MS}{NBSP}min"
    hours, minutes = divmod(ms // MINUTE_MS, 60)
    return f"{hours}{NBSP}h{NBSP}{minutes:02d}" if minutes and hours < 10 else f"{hours}{NBSP}h"


def read_instant(text: str, zone: str, language: Language) -> int:
    """An instant as people and links write it: unix ms, ISO 8601 with an offset, or store-local.

    Raises BadInput.
    """
    at: int | None = None
    try:
        if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_INSTANT_MS)):
            at = int(text)
        elif (given := _with_offset(text)) is not None:
            at = int(given.timestamp() * 1000)
        else:
            at = instant(zone_of(zone), parse_date_time(text, "at"))
    except (Invalid, ValueError, OverflowError):
        at = None
    if at is None or not 0 < at < MAX_INSTANT_MS:
        raise BadInput(say("bad_time", language), field="at")
    return at


def saturday(now_ms: int, zone: str, hour: int = 18) -> int:
    """The next Saturday at this hour of the store's."""
    today = local_date(zone_of(zone), now_ms)
    ahead = (_SATURDAY - today.weekday()) % 7
    found = [_at_hour(today + timedelta(days=days), hour, zone) for days in (ahead, ahead + 7)]
    return next(at for at in found if at > now_ms)


def _at_hour(on: date, hour: int, zone: str) -> int:
    return instant(zone_of(zone), datetime.combine(on, time(hour)))


def field(at_ms: int, zone: str) -> str:
    """As a datetime-local field holds it."""
    return local(at_ms, zone).strftime("%Y-%m-%dT%H:%M")


def _with_offset(text: str) -> datetime | None:
    given = datetime.fromisoformat(text)
    return given if given.tzinfo is not None else None
