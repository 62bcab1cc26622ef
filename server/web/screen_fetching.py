"""How the screens of a store fetch their files, on the page of a device: /screens/<id>/fetching."""

from __future__ import annotations

import re

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, NotFound, ServerError
from server.services.chain import places
from server.services.screens import fetch_rules
from server.services.screens.fetch_rules import CHAIN, Pace
from server.web.access import check_form, studio
from server.web.entering import looker
from server.web.screen_device import show_device, whole_of
from server.web.tongue import gettext as _

blueprint = studio("screen_fetching")

MAX_ASKED = 200
"""Characters of the windows."""
_WINDOW = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)[-\u2013]([01]?\d|2[0-4]):([0-5]\d)")


@blueprint.post("/screens/<screen_id>/fetching")
def switch(screen_id: str) -> AnyResponse:
    """Say how fast files are fetched, and in which hours."""
    me = looker()
    check_form(me)
    me.actor.require("devices")
    store = places.get_screen(me.ctx, me.actor, screen_id).value.store
    try:
        wish = None if "none" in request.form else _wish()
        whom = CHAIN if request.form.get("for") == "chain" else store
        fetch_rules.set_pace(me.ctx, me.actor, whom, wish)
    except NotFound:
        raise
    except ServerError as wrong:
        return show_device(me, screen_id, wrong)
    return redirect(f"/screens/{screen_id}/device#fetching", 303)


def _wish() -> Pace:
    return Pace(whole_of("kib_s"), _windows(request.form.get("windows", "")[:MAX_ASKED]))


def _windows(text: str) -> tuple[tuple[int, int], ...]:
    """Raises BadInput."""
    found = []
    for part in filter(None, re.split(r"[\s,;]+", text)):
        window = _WINDOW.fullmatch(part)
        if window is None:
            raise BadInput(_("Write hours as 22:00-06:00, 12:00-13:30."), field="windows")
        hours = [int(one) for one in window.groups()]
        found.append((hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]))
    return tuple(found)
