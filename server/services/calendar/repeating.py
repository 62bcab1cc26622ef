"""Repetitions that a person can say in a sentence, as RFC 5545 rules of whole local days. Pure.

A day is two stretches of 20 hours, from 0:00 and from 4:00. Together they are the whole local day,
also where the clocks change at night and it has 23 or 25 hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from playlists.recurrence import Recurrence

Kind = Literal["daily", "weeks", "nth", "date", "year"]
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WHOLE_DAY = ";BYHOUR=0,4;BYMINUTE=0;BYSECOND=0"
_HALF_MS = 20 * 3_600_000
_WEEKS = re.compile(r"FREQ=WEEKLY;INTERVAL=(\d+);BYDAY=([A-Z,]+)")
_NTH = re.compile(r"FREQ=MONTHLY;BYDAY=(-?\d)([A-Z]{2})")
_DATE = re.compile(r"FREQ=MONTHLY;BYMONTHDAY=(\d+)")


@dataclass(frozen=True, slots=True)
class Repeat:
    """`every` so many weeks on `days` (0 Monday); the `nth` of `days` of a month (-1 the last);
    day `on` of each month; each year as the start.
    """

    kind: Kind
    every: int = 1
    days: tuple[int, ...] = ()
    nth: int = 1
    on: int = 1


def recurrence_of(repeat: Repeat, start: date, exceptions: Iterable[str] = ()) -> Recurrence:
    """The rule of whole days; `exceptions` are dates that it leaves out."""
    named = ",".join(WEEKDAYS[day] for day in repeat.days)
    rule = {
        "daily": "FREQ=DAILY",
        "weeks": f"FREQ=WEEKLY;INTERVAL={repeat.every};BYDAY={named}",
        "nth": f"FREQ=MONTHLY;BYDAY={repeat.nth}{named}",
        "date": f"FREQ=MONTHLY;BYMONTHDAY={repeat.on}",
        "year": "FREQ=YEARLY",
    }[repeat.kind]
    return Recurrence(
        f"{start.isoformat()}T00:00:00", _HALF_MS, rule + _WHOLE_DAY, tuple(sorted(exceptions))
    )


def repeat_of(recurrence: Recurrence) -> Repeat | None:
    """What a rule says; None where it is none of ours."""
    rule, whole, rest = recurrence.rule.partition(_WHOLE_DAY)
    if not whole or rest or recurrence.duration_ms != _HALF_MS or recurrence.rdates:
        return None
    if rule == "FREQ=DAILY":
        return Repeat("daily")
    if rule == "FREQ=YEARLY":
        return Repeat("year")
    if found := _WEEKS.fullmatch(rule):
        days = tuple(WEEKDAYS.index(day) for day in found[2].split(","))
        return Repeat("weeks", int(found[1]), days)
    if found := _NTH.fullmatch(rule):
        return Repeat("nth", 1, (WEEKDAYS.index(found[2]),), int(found[1]))
    if found := _DATE.fullmatch(rule):
        return Repeat("date", on=int(found[1]))
    return None
