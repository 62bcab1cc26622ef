"""The calendar for other programs: /calendar/feed, and the secret address that they read."""

from __future__ import annotations

from flask import Response, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.services.calendar import feeds
from server.services.calendar.gathering import zone_now
from server.services.calendar.ical import feed
from server.web.access import asks_from, context, limits, page, studio
from server.web.clock import day
from server.web.entering import enter

blueprint = studio("calendar-feed")
MIME = "text/calendar; charset=utf-8"


@blueprint.get("/calendar/feed")
def show() -> AnyResponse:
    """Whether there is an address, and how to make or end it."""
    return _page()


@blueprint.post("/calendar/feed")
def make() -> AnyResponse:
    """Make an address, and show it this once."""
    looker = enter("content", form=True)
    return _page(feeds.make(looker.ctx, looker.actor))


@blueprint.post("/calendar/feed/revoke")
def revoke() -> AnyResponse:
    """End the address."""
    looker = enter("content", form=True)
    feeds.revoke(looker.ctx, looker.actor)
    return redirect("/calendar/feed", 303)


@blueprint.get("/calendar.ics")
def exported() -> AnyResponse:
    """The calendar as a file."""
    looker = enter("content")
    answer = make_response(feed(looker.ctx, looker.actor))
    answer.headers["Content-Type"] = MIME
    answer.headers["Content-Disposition"] = 'attachment; filename="enseigne.ics"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/calendar/feed/<secret>.ics")
def read(secret: str) -> AnyResponse:
    """What the owner of the address may plan, for a program that asks again and again."""
    ctx = context()
    with limits().failures("calendar", asks_from(), ctx.settings.failures_per_minute):
        reader = feeds.reader(ctx, secret)
    answer: Response = make_response(feed(ctx, reader))
    answer.headers["Content-Type"] = MIME
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.add_etag()
    return answer.make_conditional(request)


def _page(secret: str = "") -> AnyResponse:
    looker = enter("content")
    made = feeds.made_at(looker.ctx, looker.actor)
    return page(
        "calendar_feed.html",
        looker,
        room="calendar",
        made="" if made is None else day(made, zone_now(looker.ctx, looker.actor), looker.language),
        address=f"{looker.ctx.settings.url}/calendar/feed/{secret}.ics" if secret else "",
    )
