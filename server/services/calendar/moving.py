"""Moves a campaign to other days, in its draft: its hours, its rhythm and its exceptions stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from playlists.recurrence import Recurrence
from playlists.schedule import Schedule
from playlists.schedule_json import schedule_from_json, schedule_to_json
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.calendar.repeating import repeat_of
from server.services.calendar.window import DAY
from server.services.drafting import drafts
from server.services.drafting.drafts import Draft

WEEK_DAYS = 7
_MIDNIGHT = ("", "T00:00", "T00:00:00")


def move(ctx: Context, actor: Actor, name: str, first: date | None, last: date | None) -> Draft:
    """Have a campaign's draft run from one day to another, both inside; None is no such end. Raises
    NotFound, Forbidden, Conflict, BadInput.
    """
    if first and last and last < first:
        raise BadInput("The last day comes after the first.", field="schedule/end")
    draft = drafts.read(ctx, actor, "campaign", name)
    was = draft.body.get("schedule")
    schedule = schedule_from_json(was or {}, "schedule")
    body = schedule_to_json(moved(schedule, first, last))
    if body == (was or {}):
        return draft
    op = {"op": "set", "path": "schedule", "value": body or None, "was": was}
    return drafts.edit(ctx, actor, "campaign", name, [op])


def moved(schedule: Schedule, first: date | None, last: date | None) -> Schedule:
    """A schedule between other days. Pure."""
    return replace(
        schedule,
        start=_start(first, schedule.start),
        end=_end(last, schedule.end),
        recurrences=tuple(_reaching(rule, first) for rule in schedule.recurrences),
    )


def days_written(schedule: Schedule) -> tuple[str, str]:
    """The first and the last day of a schedule (ISO 8601), "" where it has no such end. Pure."""
    first = (schedule.start or "")[:10]
    if not schedule.end:
        return first, ""
    end = date.fromisoformat(schedule.end[:10])
    midnight = schedule.end[10:] in _MIDNIGHT
    return first, (end - DAY if midnight else end).isoformat()


def _start(day: date | None, was: str | None) -> str | None:
    return day.isoformat() + (was or "")[10:] if day else None


def _end(last: date | None, was: str | None) -> str | None:
    """The end is not inside: midnight is the next day's, a time of day is the last day's."""
    if last is None:
        return None
    at = (was or "")[10:]
    if at in _MIDNIGHT:
        return (last + DAY).isoformat()
    return last.isoformat() + at


def _reaching(rule: Recurrence, first: date | None) -> Recurrence:
    """A rule that begins early enough, its phase as it was."""
    began = date.fromisoformat(rule.start[:10])
    repeat = repeat_of(rule)
    if first is None or first >= began or repeat is None or repeat.kind == "year":
        return rule
    if repeat.kind == "weeks":
        round_days = WEEK_DAYS * repeat.every
        first = began - timedelta(days=-(-(began - first).days // round_days) * round_days)
    return replace(rule, start=first.isoformat() + rule.start[10:])
