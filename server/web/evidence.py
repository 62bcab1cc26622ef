"""The evidence of a second, on one page to be printed, and as a file to be checked: /evidence."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from flask import make_response, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import NotFound
from server.services.alignment.bundle import bundle
from server.services.alignment.evidence import Evidence, evidence
from server.services.chain import places
from server.services.showing.known import known_of, page_port
from server.web import clock
from server.web.access import Visit, page, studio
from server.web.entering import looker
from server.web.evidence_words import evidence_words
from server.web.own_pages import own_page
from server.web.stills import still
from server.web.tongue import gettext as _

blueprint = studio("evidence")

HERE = "/evidence"
MAX_ASKED = 200
"""Characters of a screen's id or an instant."""


@blueprint.get(HERE)
def show() -> AnyResponse:
    """The page."""
    me = looker()
    found = _asked(me)
    place, drawn = found.why.place, found.why.explained.page
    kept = drawn is not None and drawn.kept and not drawn.newest
    return page(
        "evidence.html",
        me,
        room="wall",
        found=found,
        place=place,
        words=evidence_words(found, me.ctx.settings.play_records_every_s * 1_000, me.language),
        own=own_page(page_port(known_of(me.ctx, me.actor, place.id))),
        still=still(found.why.explained.playing, found.at_ms, found.why.texts),
        code=f"/page-at/{drawn.version}" if drawn is not None and kept else "",
        back=f"/screens/{place.id}/why?{urlencode({'at': found.at_ms})}",
        file=f"{HERE}.json?{urlencode({'screen': place.id, 'at': found.at_ms})}",
        fingerprint=me.ctx.keys.fingerprint,
    )


@blueprint.get(f"{HERE}.json")
def download() -> AnyResponse:
    """The file."""
    found = _asked(looker())
    body = json.dumps(bundle(found), ensure_ascii=False, indent=1)
    answer = make_response(body)
    answer.mimetype = "application/json"
    name = f"evidence-{found.why.place.id}-{found.at_ms}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _asked(me: Visit) -> Evidence:
    """The second that is asked for; without `at`, this one."""
    me.actor.require("read")
    screen_id = request.args.get("screen", "")[:MAX_ASKED]
    if not screen_id.isprintable() or not screen_id:
        raise NotFound(_("Choose the screen on the wall, then the second in “Why?”."))
    screen = places.get_screen(me.ctx, me.actor, screen_id).value
    store = places.get_store(me.ctx, me.actor, screen.store).value
    asked = request.args.get("at", "")[:MAX_ASKED]
    at_ms = clock.read_instant(asked, store.zone, me.language) if asked else me.ctx.clock()
    return evidence(me.ctx, me.actor, screen_id, at_ms)
