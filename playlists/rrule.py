"""Read an RFC 5545 RRULE value strictly, part by part, and refuse what a screen's plan cannot use.

python-dateutil expands rules, but it takes many that RFC 5545 §3.3.10 forbids. Every part is
therefore checked here first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from math import prod

from playlists.errors import Invalid

MAX_OCCURRENCES = 2_000
"""The greatest COUNT."""
MAX_TIMES_A_DAY = 48
"""Beginnings on one day, by BYHOUR, BYMINUTE and BYSECOND together."""
MAX_INTERVAL = 366
MAX_RULE_LENGTH = 500
"""Characters of an RRULE value."""

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
_TOO_OFTEN = ("HOURLY", "MINUTELY", "SECONDLY")
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_RANGES = {
    "INTERVAL": (1, MAX_INTERVAL),
    "COUNT": (1, MAX_OCCURRENCES),
    "BYMONTH": (1, 12),
    "BYWEEKNO": (-53, 53),
    "BYYEARDAY": (-366, 366),
    "BYMONTHDAY": (-31, 31),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 59),
    "BYSETPOS": (-366, 366),
}
_NEVER_WITH = {
    "BYWEEKNO": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYYEARDAY": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYMONTHDAY": ("WEEKLY",),
}
_SINGLE = ("INTERVAL", "COUNT")
_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,4}", re.ASCII)
_UNTIL = re.compile(r"(\d{8})(T\d{6}(Z?))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rule:
    """A checked rule. `until` is the last instant that counts: naive is local, aware is UTC.

    `text` is the rule without UNTIL, as dateutil reads it.
    """

    frequency: str
    interval: int
    count: int | None
    until: datetime | None
    text: str


def parse_rule(value: str, field: str) -> Rule:
    """Check an RRULE value (`FREQ=WEEKLY;BYDAY=MO`). Raises Invalid with what to write instead."""
    try:
        parts = _split(value)
        frequency = _frequency(parts)
        for name, text in parts.items():
            _check_part(name, text, frequency)
        _check_together(parts)
    except _Wrong as wrong:
        raise Invalid(str(wrong), field) from None
    return Rule(
        frequency,
        int(parts.get("INTERVAL", "1")),
        int(parts["COUNT"]) if "COUNT" in parts else None,
        _until(parts["UNTIL"]) if "UNTIL" in parts else None,
        ";".join(f"{name}={text}" for name, text in parts.items() if name != "UNTIL"),
    )


class _Wrong(Exception):
    """What is wrong with a rule, before its field is known."""


def _split(value: str) -> dict[str, str]:
    if len(value) > MAX_RULE_LENGTH:
        raise _Wrong(f"A rule has at most {MAX_RULE_LENGTH} characters.")
    parts: dict[str, str] = {}
    for part in value.upper().split(";"):
        name, _, text = part.partition("=")
        if not name or not text:
            raise _Wrong("Write a rule as NAME=VALUE;NAME=VALUE, for example FREQ=WEEKLY;BYDAY=MO.")
        if name in parts:
            raise _Wrong(f"{name} stands twice.")
        parts[name] = text
    return parts


def _frequency(parts: Mapping[str, str]) -> str:
    frequency = parts.get("FREQ", "")
    if frequency in _TOO_OFTEN:
        raise _Wrong(
            f"{frequency} is too often for a plan: a loop already repeats its items. "
            "Use FREQ=DAILY, with BYHOUR and BYMINUTE for several times a day."
        )
    if frequency not in _FREQUENCIES:
        raise _Wrong(f"FREQ is one of {', '.join(_FREQUENCIES)}.")
    return frequency


def _check_part(name: str, text: str, frequency: str) -> None:
    if name in _RANGES:
        _check_numbers(name, text)
    elif name == "BYDAY":
        _check_weekdays(text, frequency)
    elif name == "WKST":
        if not _WEEKDAY.fullmatch(text) or len(text) != 2:
            raise _Wrong("WKST is one of MO, TU, WE, TH, FR, SA, SU.")
    elif name == "UNTIL":
        _until(text)
    elif name != "FREQ":
        raise _Wrong(f"{name} is not a part of a rule (RFC 5545).")
    if frequency in _NEVER_WITH.get(name, ()):
        raise _Wrong(f"{name} cannot stand with FREQ={frequency} (RFC 5545).")


def _check_numbers(name: str, text: str) -> None:
    low, high = _RANGES[name]
    numbers = text.split(",")
    if name in _SINGLE and len(numbers) > 1:
        raise _Wrong(f"{name} takes one number.")
    for number in numbers:
        if not _NUMBER.fullmatch(number) or not low <= int(number) <= high:
            raise _Wrong(f"{name} takes whole numbers from {low} to {high}.")
        if low < 0 and int(number) == 0:
            raise _Wrong(f"{name} cannot be 0.")


def _check_weekdays(text: str, frequency: str) -> None:
    for day in text.split(","):
        found = _WEEKDAY.fullmatch(day)
        if not found:
            raise _Wrong("BYDAY takes MO, TU, WE, TH, FR, SA, SU, or such as 1MO and -1FR.")
        if found[1] is None:
            continue
        if frequency not in ("MONTHLY", "YEARLY"):
            raise _Wrong(f"BYDAY takes no numbers with FREQ={frequency} (RFC 5545).")
        if not 1 <= abs(int(found[1])) <= 53:
            raise _Wrong("A number before a weekday is 1 to 53, or -1 to -53.")


def _check_together(parts: Mapping[str, str]) -> None:
    if "COUNT" in parts and "UNTIL" in parts:
        raise _Wrong("Give COUNT or UNTIL, not both (RFC 5545).")
    if "BYSETPOS" in parts and not any(
        name.startswith("BY") and name != "BYSETPOS" for name in parts
    ):
        raise _Wrong("BYSETPOS needs another BY part to choose from (RFC 5545).")
    if "BYWEEKNO" in parts and re.search(r"\d", parts.get("BYDAY", "")):
        raise _Wrong("With BYWEEKNO, BYDAY takes weekdays without numbers (RFC 5545).")
    if prod(parts.get(name, "").count(",") + 1 for name in _TIMES) > MAX_TIMES_A_DAY:
        raise _Wrong(f"At most {MAX_TIMES_A_DAY} beginnings a day. Use a daypart instead.")


def _until(text: str) -> datetime:
    """UNTIL's instant; a bare date means all of that day, where RFC 5545 wants a time."""
    found = _UNTIL.fullmatch(text)
    if not found:
        raise _Wrong("Write UNTIL as 20261231, 20261231T180000 (local) or 20261231T180000Z (UTC).")
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise _Wrong(f"UNTIL={text} is not in the calendar.") from None
    if found[3]:
        return moment.replace(tzinfo=UTC)
    return moment if found[2] else datetime.combine(moment, time(23, 59, 59))
