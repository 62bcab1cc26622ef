"""Why a screen shows what it shows, at any instant: /screens/<id>/why."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import NotFound
from server.services.chain import places
from server.services.recalls import recalls
from server.services.showing.explaining import NotPlanned
from server.services.showing.whys import ScreenWhy, screen_why
from server.web import clock
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.phrases import say
from server.web.stills import still
from server.web.why_text import why_text
from server.web.why_words import why_words

blueprint = studio("whys")


@blueprint.get("/screens/<screen_id>/why")
def show(screen_id: str) -> AnyResponse:
    """One instant of a screen; without `at`, now, and the page follows it."""
    looker = enter()
    if not looker.sees(screen_id) or not screen_id.isprintable():
        raise NotFound(say("not_found", looker.language))
    now = looker.ctx.clock()
    screen = places.get_screen(looker.ctx, looker.actor, screen_id).value
    store = places.get_store(looker.ctx, looker.actor, screen.store).value
    asked = request.args.get("at", "")
    at_ms = clock.read_instant(asked, store.zone, looker.language) if asked else now
    embed = request.args.get("embed") == "1"
    given = {"key": looker.key, "embed": "1" if embed else ""}
    carry = {name: value for name, value in given.items() if value}
    try:
        why = screen_why(looker.ctx, looker.actor, screen_id, at_ms)
    except NotPlanned as beyond:
        return _not_planned(looker, beyond, store.zone, carry)
    words = why_words(why, now, looker.language)
    return page(
        "why.html",
        looker,
        embed=embed,
        room="wall",
        why=why,
        words=words,
        text=why_text(words, looker.language),
        code=_code(why, looker),
        still=still(why.explained.playing, at_ms, why.texts),
        follows=not asked,
        at=clock.field(at_ms, store.zone),
        until=why.explained.explanation.until,
        saturday=clock.saturday(now, store.zone),
        now=now,
        carry=carry,
        link=lambda **more: "?" + urlencode({**carry, **more}),
        proves=urlencode({"screen": screen_id, "at": at_ms}) if at_ms <= now else "",
        pictures=not looker.key,
        may_recall=recalls.may_recall(looker.actor) and not embed,
    )


def _code(why: ScreenWhy, looker: Visit) -> str:
    """Where the code lies that drew the instant, empty for today's: a watch link opens no other."""
    drawn = why.explained.page
    if drawn is None or drawn.newest or not drawn.kept or looker.key:
        return ""
    return f"/page-at/{drawn.version}"


def _not_planned(looker: Visit, beyond: NotPlanned, zone: str, carry: dict[str, str]) -> Response:
    """The instant has no plan yet: until when there is one, and the way to its last instant."""
    lang, last = looker.language, beyond.planned_until - 1
    on, at = clock.day(last, zone, lang), clock.clock(last, zone)
    return page(
        "notice.html",
        looker,
        status=beyond.status,
        embed=bool(carry.get("embed")),
        first=say("not_planned", lang),
        second="",
        text=say("planned_until", lang, day=on, at=at),
        instead=("?" + urlencode({**carry, "at": last}), say("planned_last", lang)),
    )
