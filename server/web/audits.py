"""The audit log: who changed what, from what, to what; searched, paged, exported."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from flask import Response, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from playlists.localtime import zone_of
from server.errors import BadInput
from server.services.base.paging import Cut
from server.services.calendar.gathering import zone_now
from server.services.entry import audit_log
from server.services.entry.audit_log import Entry, Search
from server.web.access import Visit, page, studio
from server.web.clock import local
from server.web.entering import looker

blueprint = studio("audits")

FIELDS = ("person", "action", "subject", "since", "until")
COLUMNS = ("id", "at", "person", "name", "action", "subject", "before", "after")
MAX_VALUE = 300
"""Characters of a value that the page shows; the export has it whole."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed within a line."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line for the template; `at` on the chain's clock."""

    at: str
    person: str
    name: str
    action: str
    subject: str
    changes: list[Change]


@blueprint.get("/audit")
def log() -> AnyResponse:
    """The page."""
    me = looker()
    zone = _zone(me)
    found = audit_log.search(me.ctx, me.actor, _search(zone), Cut(request.args.get("after", "")))
    asked = {key: request.args[key] for key in FIELDS if request.args.get(key)}
    return page(
        "audit.html",
        me,
        room="people",
        lines=[_line(entry, zone) for entry in found.items],
        asked={key: asked.get(key, "") for key in FIELDS},
        query=urlencode(asked),
        next=urlencode({**asked, "after": found.next}) if found.next else "",
        zone=zone,
    )


@blueprint.get("/audit.csv")
def as_csv() -> AnyResponse:
    """All lines that fit, one a row; instants in UTC."""
    me = looker()
    entries = audit_log.export(me.ctx, me.actor, _search(_zone(me)))
    return _file(_csv(entries), "text/csv; charset=utf-8", "audit.csv")


@blueprint.get("/audit.json")
def as_json() -> AnyResponse:
    """All lines that fit, as one array."""
    me = looker()
    entries = audit_log.export(me.ctx, me.actor, _search(_zone(me)))
    return _file(_json(entries), "application/json", "audit.json")


def _zone(me: Visit) -> str:
    """The clock that days are meant on: that of most stores."""
    return zone_now(me.ctx, me.actor)


def _search(zone: str) -> Search:
    asked = request.args
    return Search(
        person=asked.get("person", "").strip(),
        action=asked.get("action", "").strip(),
        subject=asked.get("subject", "").strip(),
        since=_midnight(asked.get("since", ""), zone, 0),
        until=_midnight(asked.get("until", ""), zone, 1),
    )


def _midnight(text: str, zone: str, days: int) -> int | None:
    """The beginning of a day, or of the one `days` later; None for no text. Raises BadInput."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise BadInput(_("Write a day as 2026-10-15.")) from None
    if not 1970 < day.year < 2100:
        raise BadInput(_("Write a day as 2026-10-15."))
    return int(datetime(day.year, day.month, day.day, tzinfo=zone_of(zone)).timestamp()) * 1000


def _line(entry: Entry, zone: str) -> Line:
    before, after = entry.before or {}, entry.after or {}
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return Line(
        local(entry.at, zone).strftime("%Y-%m-%d %H:%M:%S"),
        entry.person,
        entry.name,
        entry.action,
        entry.subject,
        [Change(key, _shown(before, key), _shown(after, key)) for key in changed],
    )


def _shown(values: dict[str, object], key: str) -> str:
    if key not in values or values[key] is None:
        return ""
    value = values[key]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…"


def _file(pieces: Iterator[str], mimetype: str, name: str) -> Response:
    answer = Response(pieces, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _csv(entries: Iterator[Entry]) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    for entry in entries:
        out = io.StringIO()
        row = _row(entry)
        csv.writer(out).writerow([_cell(row[column]) for column in COLUMNS])
        yield out.getvalue()


def _cell(value: object) -> str:
    """A value that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _json(entries: Iterator[Entry]) -> Iterator[str]:
    yield "["
    for at, entry in enumerate(entries):
        yield ("," if at else "") + "\n" + json.dumps(_row(entry), ensure_ascii=False)
    yield "\n]\n"


def _row(entry: Entry) -> dict[str, object]:
    at = datetime.fromtimestamp(entry.at / 1000, UTC).isoformat(timespec="milliseconds")
    return {**asdict(entry), "at": at}
