"""The device behind a screen: what it really shows, knows, was told: /screens/<id>/device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Response, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, NotFound, ServerError
from server.services.base.paging import Cut
from server.services.base.snapshot import snapshot
from server.services.chain import places
from server.services.screens import commands, devices, displays, fetch_rules, offs, rollout_views
from server.services.screens.displays import Display
from server.services.screens.offs import Asked
from server.services.screens.power_plans import Rule
from server.services.showing.known import known_of, page_port
from server.services.showing.shots import small
from server.services.showing.whys import drawn_at
from server.web import screen_device_words as words
from server.web.access import Visit, check_form, page, studio
from server.web.clock import local
from server.web.entering import looker
from server.web.own_pages import own_page
from server.web.phrases import say
from server.web.place_words import complaint
from server.web.stills import still
from server.web.tongue import gettext as _
from server.web.update_words import screen_words

blueprint = studio("screen_device")

HERE = "/screens/<screen_id>/device"
LINES = 12
"""Commands on the page."""
DAY_S = 86_400
NIGHTS = 7
MONTH = 31
"""Days of a table where none are asked for."""
MAX_ASKED = 200
"""Characters of what is asked for."""


@blueprint.get(HERE)
def show(screen_id: str) -> AnyResponse:
    """The page."""
    return show_device(looker(), screen_id)


@blueprint.post(HERE)
def tell(screen_id: str) -> AnyResponse:
    """Have the device do something."""
    me = looker()
    check_form(me)
    kind = request.form.get("kind", "")
    name = {"rotate": "degrees", "volume": "percent"}.get(kind, "")
    try:
        arguments = {name: whole_of(name)} if name else {}
        commands.send(me.ctx, me.actor, screen_id, kind, arguments)
    except NotFound:
        raise
    except ServerError as wrong:
        return show_device(me, screen_id, wrong)
    return redirect(f"/screens/{screen_id}/device#orders", 303)


@blueprint.post("/screens/<screen_id>/display")
def switch(screen_id: str) -> AnyResponse:
    """Say when the display is on, and how often a picture of it is taken."""
    me = looker()
    check_form(me)
    me.actor.require("devices")
    subject = f"screen:{screen_id}"
    if request.form.get("for") == "store":
        subject = f"store:{places.get_screen(me.ctx, me.actor, screen_id).value.store}"
    try:
        wish = None if "none" in request.form else _wish()
        displays.set_display(me.ctx, me.actor, subject, wish)
    except NotFound:
        raise
    except ServerError as wrong:
        return show_device(me, screen_id, wrong)
    return redirect(f"/screens/{screen_id}/device#power", 303)


@blueprint.get("/screens/<screen_id>/pictures/<command>")
def picture(screen_id: str, command: str) -> AnyResponse:
    """A real picture of the screen, whole or in small."""
    me = looker()
    mime, data = commands.get_file(me.ctx, me.actor, screen_id, command)
    if not mime.startswith("image/"):
        raise NotFound(say("not_found", me.language))
    if "small" not in request.args:
        return _file(data, mime)
    answer = _file(small(data), "image/jpeg")
    # A command brings one picture, for ever.
    answer.headers["Cache-Control"] = f"private, max-age={DAY_S}, immutable"
    return answer


@blueprint.get("/screens/<screen_id>/logs/<command>")
def logs(screen_id: str, command: str) -> AnyResponse:
    """A bundle of logs, to be kept as a file."""
    me = looker()
    mime, data = commands.get_file(me.ctx, me.actor, screen_id, command)
    if mime != "application/gzip":
        raise NotFound(say("not_found", me.language))
    answer = _file(data, mime)
    name = f"enseigne-{screen_id}-{command}.tar.gz"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@blueprint.get("/displays-off.csv")
def off_table() -> AnyResponse:
    """When displays were off, as a file: of a screen, of a store, or of all."""
    me = looker()
    me.actor.require("read")
    given = {name: request.args.get(name, "").strip()[:MAX_ASKED] for name in ("store", "screen")}
    today = datetime.fromtimestamp(me.ctx.clock() / 1000, UTC).date()
    until = _day("until") or today
    since = _day("since") or until - timedelta(days=MONTH - 1)
    answer = Response(
        offs.table(me.ctx, me.actor, Asked(since, until, **given)), mimetype="text/csv"
    )
    name = f"displays-off-{since}-{until}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def show_device(me: Visit, screen_id: str, wrong: ServerError | None = None) -> AnyResponse:
    """The page, with what was wrong with what was sent."""
    with snapshot(me.ctx) as ctx:
        shown = _read(replace(me, ctx=ctx), screen_id)
    status = wrong.status if wrong else 200
    return page(
        "screen_device.html",
        me,
        status=status,
        room="wall",
        degrees=commands.DEGREES,
        wrong=complaint(wrong) if wrong else "",
        **shown,
    )


def _read(me: Visit, screen_id: str) -> dict[str, Any]:
    """All that the page says of a screen's device."""
    now = me.ctx.clock()
    screen = places.get_screen(me.ctx, me.actor, screen_id).value
    store = places.get_store(me.ctx, me.actor, screen.store).value
    told = commands.list_commands(me.ctx, me.actor, screen_id, Cut("", 50)).items
    asked = commands.list_commands(
        *(me.ctx, me.actor, screen_id, Cut("", LINES)), scheduled=False
    ).items
    shots = [one for one in told if one.kind == "screenshot"]
    seen = words.seen(shots, now, store.zone, me.language)
    display = displays.of_screen(me.ctx, me.actor, screen_id).value
    runs = offs.list_power(me.ctx, me.actor, screen_id, Cut("", NIGHTS)).items
    known = known_of(me.ctx, me.actor, screen_id)
    today = local(now, store.zone).date()
    obeys = screen.device is not None and bool(
        devices.get_device(me.ctx, me.actor, screen_id).caps.get("agent")
    )
    may = [kind for kind in commands.KINDS if commands.may_send(me.actor, kind, screen.store)]
    return {
        "screen": screen,
        "store": store,
        "seen": seen,
        "still": _drawn(me, screen_id, seen.at if seen else now),
        "facts": words.facts(known, me.language),
        "own": own_page(page_port(known)),
        "update": screen_words(rollout_views.of_screen(me.ctx, me.actor, screen_id)),
        "orders": [words.order(one, now, store.zone, me.language) for one in asked],
        "obeys": obeys,
        "waits": any(not one.state for one in told),
        "kinds": [(kind, words.kind_words(kind, {})) for kind in may if obeys],
        "rule": display.display.rule,
        "shots_min": display.display.shots_min,
        "said": words.rule_words(display, store, now, me.language),
        "of_store": display.of_store,
        "nights": words.nights(runs, store.zone, me.language),
        "days": (today - timedelta(days=MONTH - 1), today),
        "fetching": words.fetching(fetch_rules.of_store(me.ctx, me.actor, screen.store)),
        "may_set_chain": me.actor.may("devices") and me.actor.stores is None,
        "may_switch": me.actor.may("devices", screen.store),
    }


def _drawn(me: Visit, screen_id: str, at: int) -> Mapping[str, Any] | None:
    """What the plan says of that instant, to be drawn beside the real picture."""
    drawn = drawn_at(me.ctx, me.actor, screen_id, at)
    return still(drawn[0], at, drawn[1]) if drawn else None


def _wish() -> Display:
    given = request.form
    mode, night = given.get("mode", ""), given.get("night", "")
    if mode not in ("always", "hours") or night not in ("none", "advert", "sign"):
        raise BadInput(_("Choose one of the rules."), field="mode")
    rule = Rule(
        "hours" if mode == "hours" else "always",
        whole_of("before_min"),
        whole_of("after_min"),
        (),
        "advert" if night == "advert" else "sign" if night == "sign" else "none",
    )
    return Display(rule, whole_of("shots_min"))


def _day(name: str) -> date | None:
    """Raises BadInput."""
    text = request.args.get(name, "").strip()
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = date.min
    if day is not None and not 1970 < day.year < 2100:
        raise BadInput(_("Write a day as 2026-10-15."), field=name)
    return day


def whole_of(name: str) -> int:
    """A number of the form; 0 where nothing is written. Raises BadInput."""
    text = request.form.get(name, "").strip()
    if text and not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise BadInput(_("Write a whole number."), field=name)
    return int(text or "0")


def _file(data: bytes, mime: str) -> Response:
    answer = make_response(data)
    answer.mimetype = mime
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
