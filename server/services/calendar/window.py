"""Which local days the calendar shows: a month, five weeks, a quarter. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

View = Literal["month", "weeks", "quarter"]
VIEWS: tuple[View, ...] = get_args(View)
WEEKS_DAYS = 35
DAY = timedelta(days=1)
WEEK = timedelta(days=7)

Run = tuple[int, int]
"""Days `[first, last]` of a window, counted from 0."""


@dataclass(frozen=True, slots=True)
class Window:
    """`days` local days from `first` on."""

    view: View
    first: date
    days: int

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first + (self.days - 1) * DAY

    def day(self, at: int) -> date:
        """The day at a place."""
        return self.first + at * DAY

    def at(self, day: date) -> int | None:
        """A day's place, None outside."""
        place = (day - self.first).days
        return place if 0 <= place < self.days else None

    def clipped(self, first: date, last: date) -> Run | None:
        """A stretch of days as far as it lies inside."""
        run = (max(0, (first - self.first).days), min(self.days - 1, (last - self.first).days))
        return run if run[0] <= run[1] else None


def window(view: View, day: date) -> Window:
    """The window around a day; five weeks begin on the Monday before the day's week."""
    if view == "weeks":
        return Window(view, day - day.weekday() * DAY - WEEK, WEEKS_DAYS)
    if view == "month":
        first = day.replace(day=1)
        return Window(view, first, (_later(first, 1) - first).days)
    first = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return Window(view, first, (_later(first, 3) - first).days)


def beside(shown: Window, way: Literal[-1, 1]) -> date:
    """A day whose window lies right before or after this one."""
    if shown.view == "weeks":
        return shown.first + WEEK + way * WEEKS_DAYS * DAY
    return shown.first - DAY if way < 0 else shown.last + DAY


def runs(days: Iterable[int], gap: int = 0) -> tuple[Run, ...]:
    """Days as stretches; up to `gap` days between two are bridged."""
    found: list[Run] = []
    for day in sorted(days):
        if found and day - found[-1][1] <= gap + 1:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return tuple(found)


def _later(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
