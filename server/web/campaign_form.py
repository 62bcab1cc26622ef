"""A campaign's form: a draft as fields, and fields as changes of the draft. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from playlists.condition_json import condition_to_json
from playlists.errors import Invalid
from playlists.facts import FactKey
from playlists.model import Campaign
from playlists.model_json import campaign_to_json
from playlists.schedule import ALWAYS, Anchor, Daypart, Edge, Schedule
from playlists.schedule_json import schedule_from_json, schedule_to_json
from server.errors import BadInput
from server.services.base.editing import check_name
from server.services.calendar.floor import Floor
from server.services.calendar.moving import days_written
from server.services.calendar.repeating import Repeat, recurrence_of, repeat_of
from server.web.sentences import (
    DAY_MINUTES,
    EVERY_DAY,
    HERE,
    Clause,
    Crowd,
    Rain,
    Sky,
    Temperature,
    clauses_of,
    condition_of,
)
from server.web.tongue import gettext as _

NEW = "+"
"""The choice of a playlist that is still to be begun."""
MAX_PARTS = 4
MAX_EXCEPTIONS = 200
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)")
_DAY_FIRST = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_ANCHORS: tuple[Anchor, ...] = ("clock", "open", "close", "sunrise", "sunset")
Form = MultiDict[str, str]


@dataclass
class Read:
    """What a form says: the draft's keys as they are to be, and what is wrong, by field."""

    body: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)


def form_of(campaign: Campaign, playlist: str, floor: Floor) -> Form:
    """A draft as the fields of its form."""
    schedule, target = campaign.schedule, campaign.target
    form: Form = MultiDict()
    form["name"], form["playlist"] = campaign.name, playlist
    form["first"], form["last"] = days_written(schedule)
    _hours_into(form, schedule)
    _repeat_into(form, schedule)
    form["holidays"] = schedule.holidays
    if schedule.open_hours_only:
        form["open"] = "1"
    form.setlist("clause", [str(at) for at in range(len(clauses_of(campaign.condition)))])
    form["layer"], form["zone"] = campaign.layer, campaign.zone
    form["share"], form["priority"] = f"{campaign.share / 100:g}", str(campaign.priority)
    form.setlist("store", sorted(target.stores))
    form.setlist("region", sorted(target.regions))
    form.setlist("screen", sorted(target.screens))
    form.setlist("tag", sorted(target.tags_any))
    form.setlist("all", sorted(target.tags_all))
    form.setlist("not", sorted(target.tags_none))
    if target.radius:
        lat, lon, metres = target.radius
        near = [s.id for s in floor.shops if (s.lat_e6, s.lon_e6) == (lat, lon)]
        form["around"] = near[0] if near else f"{lat},{lon}"
        form["km"] = f"{metres / 1000:g}"
    return form


def read_form(form: Form, was: Campaign, floor: Floor, today: date) -> Read:
    """What a form says of a draft that said `was` when the form was made."""
    read = Read()
    name = form.get("name", "")
    try:
        read.body["name"] = check_name(name)
    except BadInput:
        read.wrong["name"] = _("Give it a name of 1 to 200 characters, on one line.")
    if not form.get("playlist"):
        read.wrong["playlist"] = _("Choose what it plays, or begin a new playlist.")
    else:
        read.body["playlist"] = form["playlist"]
    _schedule(form, was.schedule, today, read)
    _condition(form, was, read)
    read.body["layer"] = "takeover" if form.get("layer") == "takeover" else None
    _share(form, read)
    try:
        priority = int(form.get("priority") or 0)
        read.body["priority"] = priority or None
        if not -1000 <= priority <= 1000:
            raise ValueError
    except ValueError:
        read.wrong["priority"] = _("A whole number from −1000 to 1000; 0 is usual.")
    zone = form.get("zone", "main")
    read.body["zone"] = None if zone == "main" else zone
    _target(form, floor, read)
    for key in read.wrong:
        read.body.pop({"first": "schedule", "last": "schedule"}.get(key, key), None)
    return read


def plain_body(campaign: Campaign) -> dict[str, Any]:
    """A campaign's keys as a draft's body holds them."""
    return dict(campaign_to_json(campaign))


def _share(form: Form, read: Read) -> None:
    try:
        share = round(float((form.get("share") or "").replace(",", ".")) * 100)
    except (ValueError, OverflowError):
        share = 0
    if not 1 <= share <= 10_000:
        read.wrong["share"] = _("A share is more than 0 and at most 100 % of every round.")
    read.body["share"] = share


def _target(form: Form, floor: Floor, read: Read) -> None:
    target: dict[str, Any] = {}
    for name, key in (
        ("store", "stores"),
        ("region", "regions"),
        ("screen", "screens"),
        ("tag", "tags_any"),
        ("all", "tags_all"),
        ("not", "tags_none"),
    ):
        if chosen := sorted(set(form.getlist(name)) - {""}):
            target[key] = chosen
    around = form.get("around", "")
    if around:
        point = next(((s.lat_e6, s.lon_e6) for s in floor.shops if s.id == around), None)
        try:
            if point is None:
                lat, _comma, lon = around.partition(",")
                point = int(lat), int(lon)
            metres = round(float((form.get("km") or "").replace(",", ".")) * 1000)
            if not 0 < metres <= 2_000_000:
                raise ValueError
            target["radius"] = {"lat_e6": point[0], "lon_e6": point[1], "metres": metres}
        except (ValueError, OverflowError):
            read.wrong["target"] = _("Say how far around: more than 0 and at most 2000 km.")
    read.body["target"] = target or None


def _schedule(form: Form, was: Schedule, today: date, read: Read) -> None:
    start, end = _date(form, "first", read), _date(form, "last", read)
    if start and end and end < start:
        read.wrong["last"] = _("The last day comes after the first.")
    schedule = replace(
        ALWAYS,
        start=_kept(start, was.start),
        end=_kept_end(end, was.end),
        dayparts=_dayparts(form, was, read),
        holidays="only"
        if form.get("holidays") == "only"
        else "except"
        if form.get("holidays") == "except"
        else "any",
        open_hours_only=bool(form.get("open")),
    )
    exceptions = _exceptions(form, read)
    if form.get("repeat") == "keep":
        schedule = replace(schedule, recurrences=was.recurrences)
    elif (repeat := _repeat(form, start or today, read)) or exceptions:
        # Its phase stays where it was: every second week goes on as it went.
        since = date.fromisoformat(was.recurrences[0].start[:10]) if was.recurrences else None
        begin = start or since or today
        rule = recurrence_of(repeat or Repeat("daily"), begin, exceptions)
        schedule = replace(schedule, recurrences=(rule,))
    body = schedule_to_json(schedule)
    try:
        schedule_from_json(body, "schedule")
    except Invalid as wrong:
        at = wrong.field.split("/")
        known = {"start": "first", "end": "last", "dayparts": "hours", "recurrences": "repeat"}
        read.wrong.setdefault(known.get(at[1] if len(at) > 1 else "", "last"), str(wrong))
    if not {"first", "last", "hours", "repeat", "exceptions"} & read.wrong.keys():
        read.body["schedule"] = body or None


def _kept(day: date | None, was: str | None) -> str | None:
    """A date; with the time of day that it had, where it is the same."""
    text = day.isoformat() if day else None
    return was if was and text == was[:10] else text


def _kept_end(last: date | None, was: str | None) -> str | None:
    if last is None:
        return None
    if was and was[10:] not in ("", "T00:00", "T00:00:00") and was[:10] == last.isoformat():
        return was
    return (last + timedelta(days=1)).isoformat()


def _date(form: Form, name: str, read: Read) -> date | None:
    text = (form.get(name) or "").strip()
    if not text:
        return None
    found = _day(text)
    if found is None or not 2000 <= found.year <= 2190:
        read.wrong[name] = _("Write the date as 2026-10-31 or 31/10/2026.")
        return None
    return found


def _day(text: str) -> date | None:
    if found := _DAY_FIRST.fullmatch(text):
        text = f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _exceptions(form: Form, read: Read) -> list[str]:
    words = [w for part in form.getlist("exceptions") for w in re.split(r"[,;\s]+", part) if w]
    days = [_day(word) for word in words]
    if None in days or len(days) > MAX_EXCEPTIONS:
        read.wrong["exceptions"] = _(
            "Write dates such as 2026-10-31, with commas between, at most %(n)s.", n=MAX_EXCEPTIONS
        )
        return []
    return sorted({day.isoformat() for day in days if day is not None})


def _dayparts(form: Form, was: Schedule, read: Read) -> tuple[Daypart, ...]:
    if form.get("hours") == "keep":
        return was.dayparts
    days = frozenset(int(d) for d in form.getlist("day") if d in "0123456" and d) or EVERY_DAY
    parts = []
    for at in range(MAX_PARTS):
        if not (form.get(f"from{at}") or form.get(f"to{at}")):
            continue
        begin, end = _edge(form, "from", at), _edge(form, "to", at)
        if begin is None or end is None:
            read.wrong["hours"] = _("Give both ends: a time such as 9:30, or minutes around it.")
            continue
        parts.append(Daypart(begin, end, days))
    if not parts and days != EVERY_DAY and form.get("repeat") != "weeks":
        parts = [Daypart(Edge("clock", 0), Edge("clock", DAY_MINUTES), days)]
    return tuple(parts)


def _edge(form: Form, name: str, at: int) -> Edge | None:
    anchor = next((a for a in _ANCHORS if a == form.get(f"{name}{at}")), None)
    if anchor is None:
        return None
    value = (form.get(f"{name}{at}at") or "").strip().replace("−", "-")
    if anchor == "clock":
        found = _CLOCK.fullmatch(value)
        return Edge("clock", int(found[1]) * 60 + int(found[2])) if found else None
    try:
        return Edge(anchor, int(value or 0))
    except ValueError:
        return None


def _hours_into(form: Form, schedule: Schedule) -> None:
    kinds = {part.weekdays for part in schedule.dayparts}
    if len(kinds) > 1 or len(schedule.dayparts) >= MAX_PARTS:
        form["hours"] = "keep"
        return
    days = next(iter(kinds), EVERY_DAY)
    form.setlist("day", [str(day) for day in sorted(days)])
    whole = Edge("clock", 0), Edge("clock", DAY_MINUTES)
    for at, part in enumerate(schedule.dayparts):
        if (part.start, part.end) == whole:
            continue
        for name, edge in (("from", part.start), ("to", part.end)):
            form[f"{name}{at}"] = edge.anchor
            hour, minute = divmod(edge.minutes, 60)
            clock = f"{hour:02d}:{minute:02d}" if edge.minutes < 1441 else f"{hour}:{minute:02d}"
            form[f"{name}{at}at"] = clock if edge.anchor == "clock" else str(edge.minutes)


def _repeat(form: Form, start: date, read: Read) -> Repeat | None:
    kind = form.get("repeat", "")
    try:
        if kind == "weeks":
            days = tuple(sorted({int(d) for d in form.getlist("day") if d})) or (start.weekday(),)
            return Repeat("weeks", _between(form.get("every"), 1, 52), days)
        if kind == "nth":
            day = _between(form.get("nthday"), 0, 6)
            nth = -1 if form.get("nth") == "-1" else _between(form.get("nth"), 1, 4)
            return Repeat("nth", 1, (day,), nth)
        if kind == "date":
            return Repeat("date", on=_between(form.get("on"), 1, 31))
    except ValueError:
        read.wrong["repeat"] = _("Say how often: 1 to 52 weeks, or day 1 to 31 of the month.")
    return Repeat("year") if kind == "year" else None


def _between(text: str | None, low: int, high: int) -> int:
    number = int(text or low)
    if not low <= number <= high:
        raise ValueError
    return number


def _repeat_into(form: Form, schedule: Schedule) -> None:
    if not schedule.recurrences:
        return
    found = repeat_of(schedule.recurrences[0])
    if found is None or len(schedule.recurrences) > 1:
        form["repeat"] = "keep"
        return
    form["exceptions"] = ", ".join(schedule.recurrences[0].exdates)
    if found.kind == "daily":
        return
    form["repeat"] = found.kind
    form["every"], form["nth"], form["on"] = str(found.every), str(found.nth), str(found.on)
    if found.kind == "nth":
        form["nthday"] = str(found.days[0])
    if found.kind == "weeks" and not schedule.dayparts:
        form.setlist("day", [str(day) for day in found.days])


def _condition(form: Form, was: Campaign, read: Read) -> None:
    kept = {int(at) for at in form.getlist("clause") if at.isdigit()}
    clauses = [one for at, one in enumerate(clauses_of(was.condition)) if at in kept]
    if kind := form.get("add", ""):
        made = _clause(kind, form)
        if made is None:
            read.wrong["condition"] = _("Give the number that this condition needs.")
            return
        clauses.append(made)
    condition = condition_of(clauses)
    read.body["condition"] = condition_to_json(condition) if condition else None


def _clause(kind: str, form: Form) -> Clause | None:
    plain: Mapping[str, Clause] = {
        "rain": Rain(">=", 2),
        "dry": Rain("<", 2),
        "sunny": Sky(0, 1),
        "snow": Sky(71, 77),
        "storm": Sky(95, 99),
    }
    if kind in plain:
        return plain[kind]
    try:
        n = round(float((form.get("add_n") or "").replace(",", ".").replace("−", "-")) * 10)
    except (ValueError, OverflowError):
        return None
    if kind in ("colder", "warmer"):
        return Temperature("<" if kind == "colder" else ">=", n) if abs(n) <= 600 else None
    zone = (form.get("add_zone") or "").strip()
    if kind not in ("more", "fewer") or not zone or not 0 <= n <= 1_000_000:
        return None
    try:
        FactKey(f"occupancy:{zone}@{HERE}")
    except Invalid:
        return None
    return Crowd("occupancy", zone, HERE, ">" if kind == "more" else "<", n // 10)
