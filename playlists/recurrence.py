"""RFC 5545 recurrences, expanded by python-dateutil in local time and placed as instants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain, takewhile
from typing import cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from playlists.errors import Invalid
from playlists.intervals import Intervals, clip, normalize
from playlists.localtime import local_date, parse_date_time, parse_either, rfc_instant
from playlists.rrule import Rule, parse_rule

MAX_DATES = 500
"""EXDATEs, and RDATEs, of one recurrence."""
MAX_DURATION_MS = 31 * 86_400_000

_FAR_YEARS = 19 * 400
"""The Gregorian calendar, weekdays included, repeats every 400 years."""
_PERIOD = {"DAILY": timedelta(days=1), "WEEKLY": timedelta(days=7)}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """RFC 5545: `rule` is an RRULE value, `start` a local `YYYY-MM-DDTHH:MM:SS`.

    `duration_ms` is the length of each. UNTIL without a zone is local; `exdates` and `rdates` are
    local. A bare date excludes that whole day, or adds that day at the start's time. `start` only
    counts as an occurrence where it matches the rule.
    """

    start: str
    duration_ms: int
    rule: str
    exdates: tuple[str, ...] = ()
    rdates: tuple[str, ...] = ()


def validate_recurrence(recurrence: Recurrence, field: str) -> None:
    """Check all parts, and that the rule ever happens. Raises Invalid with the field's path."""
    start = parse_date_time(recurrence.start, f"{field}/start")
    if not 0 < recurrence.duration_ms <= MAX_DURATION_MS:
        message = f"Each time lasts from 1 to {MAX_DURATION_MS} milliseconds (31 days)."
        raise Invalid(message, f"{field}/duration_ms")
    for name, texts in (("exdates", recurrence.exdates), ("rdates", recurrence.rdates)):
        if len(texts) > MAX_DATES:
            raise Invalid(f"At most {MAX_DATES} dates. Use a rule instead.", f"{field}/{name}")
        for index, text in enumerate(texts):
            parse_either(text, f"{field}/{name}/{index}")
    rule = parse_rule(recurrence.rule, f"{field}/rule")
    if not _ever_happens(rule, start):
        raise Invalid("This rule never happens. Check UNTIL and the BY parts.", f"{field}/rule")


def compile_recurrence(
    recurrence: Recurrence, zone: ZoneInfo, from_ms: int, until_ms: int
) -> Intervals:
    """Its occurrences as intervals, clipped to `[from_ms, until_ms)`; overlapping ones unite.

    A beginning at a doubled or missing local time follows RFC 5545 §3.3.5 (`rfc_instant`); the end
    is `duration_ms` of real time later. EXDATEs win over RDATEs. Raises Invalid where malformed.
    """
    length = recurrence.duration_ms
    first = local_date(zone, from_ms - length) - _DAY
    last = local_date(zone, until_ms) + _DAY
    begins = (rfc_instant(zone, wall) for wall in _ruled(recurrence, first, last))
    until = parse_rule(recurrence.rule, "rule").until
    if until is not None and until.tzinfo is not None:
        stop = int(until.timestamp()) * 1000
        begins = (begin for begin in begins if begin <= stop)
    added = (rfc_instant(zone, wall) for wall in _added(recurrence))
    stretches = normalize((begin, begin + length) for begin in chain(begins, added))
    return clip(stretches, from_ms, until_ms)


@lru_cache(maxsize=2048)
def _ruled(recurrence: Recurrence, first: date, last: date) -> tuple[datetime, ...]:
    """The rule's local times on dates in `[first, last]` up to a local UNTIL, without EXDATEs."""
    start = parse_date_time(recurrence.start, "start")
    rule = parse_rule(recurrence.rule, "rule")
    begin, end = datetime.combine(first, time()), datetime.combine(last, time.max)
    if rule.until is not None and rule.until.tzinfo is None:
        end = min(end, rule.until)
    walls = takewhile(lambda wall: wall <= end, _expand(rule, _near(rule, start, begin)))
    return _without_exdates(recurrence, (wall for wall in walls if wall >= begin))


def _added(recurrence: Recurrence) -> tuple[datetime, ...]:
    """The RDATEs as local times, without EXDATEs."""
    at = parse_date_time(recurrence.start, "start").time()
    dates = (parse_either(text, "rdates") for text in recurrence.rdates)
    walls = (day if isinstance(day, datetime) else datetime.combine(day, at) for day in dates)
    return _without_exdates(recurrence, walls)


def _without_exdates(recurrence: Recurrence, walls: Iterable[datetime]) -> tuple[datetime, ...]:
    excluded = {parse_either(text, "exdates") for text in recurrence.exdates}
    return tuple(wall for wall in walls if wall not in excluded and wall.date() not in excluded)


def _near(rule: Rule, start: datetime, begin: datetime) -> datetime:
    """A start of the same phase just before `begin`, not to walk through all of an old rule."""
    period = _PERIOD.get(rule.frequency)
    if period is None or rule.count is not None or begin <= start:
        return start
    step = period * rule.interval
    return start + (begin - start) // step * step


def _ever_happens(rule: Rule, start: datetime) -> bool:
    """Whether the rule matches at all, and by UNTIL (by a UTC one give or take a day of zones).

    dateutil looks for a match as far as the year 9999. From the same place in a far cycle of the
    calendar that is 200 to 429 years: enough for any rule, and quickly done.
    """
    far = start.replace(year=start.year + _FAR_YEARS)
    found = next(_expand(rule, far), None)
    if found is None or rule.until is None:
        return found is not None
    slack = _DAY if rule.until.tzinfo is not None else timedelta()
    return found.replace(year=found.year - _FAR_YEARS) <= rule.until.replace(tzinfo=None) + slack


def _expand(rule: Rule, start: datetime) -> Iterator[datetime]:
    return iter(cast("Iterable[datetime]", rrulestr(rule.text, dtstart=start)))
