"""Calendars taken in from elsewhere: /calendar/events."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import redirect, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from server.errors import ServerError
from server.services.calendar import events
from server.services.situation.faults import fault_said
from server.web.access import Visit, page, studio
from server.web.clock import MINUTE_MS, length
from server.web.edit_words import ago
from server.web.entering import enter
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext, said

blueprint = studio("calendar-events")
FORM_BYTES = 256 * 1024
"""What a form may have beside its file."""


@blueprint.get("/calendar/events")
def show() -> AnyResponse:
    """What was taken in, and a form for more."""
    return _page(enter("content"))


@blueprint.post("/calendar/events")
def take_in() -> AnyResponse:
    """Take a file in; a calendar of the same name is replaced."""
    request.max_content_length = events.MAX_FILE_BYTES + FORM_BYTES
    try:
        looker = enter("content", form=True)
    except RequestEntityTooLarge:
        return _page(
            enter("content"), status=413, wrong=_("It is too large: export a shorter time of it.")
        )
    file = request.files.get("file")
    name = request.form.get("name", "").strip()
    url = request.form.get("url", "").strip()
    try:
        if url:
            called = name or url.rstrip("/").rsplit("/", 1)[-1].removesuffix(".ics")
            events.take_from(looker.ctx, looker.actor, called, url)
        elif file is not None and file.filename:
            called = name or file.filename.rsplit("/", 1)[-1].removesuffix(".ics")
            data = file.stream.read(events.MAX_FILE_BYTES + 1)
            events.take_in(looker.ctx, looker.actor, called, data)
        else:
            wrong = _("Choose a file that ends in .ics, or give its address.")
            return _page(looker, status=422, name=name, wrong=wrong)
    except ServerError as refused:
        at = refused.field if refused.field == "name" and name else "url" if url else "file"
        told = _said(refused)
        return _page(looker, status=refused.status, name=name, url=url, wrong=told, at=at)
    return redirect("/calendar/events", 303)


@blueprint.post("/calendar/events/forget")
def forget() -> AnyResponse:
    """Let go of one."""
    looker = enter("content", form=True)
    events.forget(looker.ctx, looker.actor, request.form.get("name", ""))
    return redirect("/calendar/events", 303)


def _said(refused: ServerError) -> str:
    return {
        "no_calendar": _("This is no iCalendar file that can be read. Export it as .ics again."),
        "web_page": _("This is a web page, not a calendar. Take the address that ends in .ics."),
        "no_event": _("It has no event of the last months or the next two years."),
        "too_large": _("It is too large: export a shorter time of it."),
    }.get(refused.code, said(refused.message))


def _row(one: events.Taken, now: int, language: Language) -> dict[str, Any]:
    """A calendar in words: how much it has, whence, when it was read, why it cannot be."""
    host = urlsplit(one.url).hostname or ""
    return {
        "name": one.name,
        "size": ngettext("%(num)s event", "%(num)s events", one.events),
        "days": f"{one.first} – {one.last}",
        "read": _("read from %(host)s %(ago)s", host=host, ago=ago(one.read_at, now))
        if one.read_at is not None
        else "",
        "wrong": _(
            "It cannot be read for %(length)s: %(error)s It is tried each hour, its days stay.",
            length=length(max(MINUTE_MS, now - one.failed_at)),
            error=fault_said(one.error, language),
        )
        if one.failed_at is not None
        else "",
    }


def _page(
    looker: Visit,
    *,
    status: int = 200,
    name: str = "",
    url: str = "",
    wrong: str = "",
    at: str = "file",
) -> AnyResponse:
    now = looker.ctx.clock()
    return page(
        "calendar_events.html",
        looker,
        status=status,
        room="calendar",
        held=[_row(one, now, looker.language) for one in events.held(looker.ctx, looker.actor)],
        may=looker.actor.stores is None,
        name=name,
        url=url,
        wrong=wrong,
        at=at,
    )
