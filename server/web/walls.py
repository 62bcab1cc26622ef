"""The wall: /wall, also for a page that holds it in a frame, and for whoever has a watch link."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from urllib.parse import urlencode

from flask import jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import NotFound
from server.services.screens import watching
from server.services.showing import shots
from server.services.showing.wall import KINDS, MAX_SCREENS, Kind, Look, cut_off, wall
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.place_words import first_steps
from server.web.stills import still
from server.web.wall_words import wall_words

blueprint = studio("walls")

WATCH_LIFE_MS = 12 * 3_600_000
"""A page may follow its screens so long; one that is open gets a new leave before that."""
MAX_ASKED = 200
"""Characters of what is looked for."""


@blueprint.get("/wall")
def show() -> AnyResponse:
    """Every screen, as it is now."""
    looker = enter()
    embed = request.args.get("embed") == "1"
    look = _look()
    found = wall(looker.ctx, looker.actor, look, looker.screens)
    shown = [screen.id for rail in found.stores for screen in rail.screens]
    with looker.ctx.db.read() as session:
        # Whoever has a link alone is let to nothing but the wall.
        taken = {} if looker.key else shots.newest(session, shown, found.now)
    return page(
        "wall.html",
        looker,
        embed=embed,
        room="wall",
        wall=wall_words(found, look, taken, looker.language),
        look=look,
        found=found,
        link=partial(_link, looker, look, embed=embed),
        token=_leave(looker, shown),
        door=looker.ctx.settings.door_url,
        carry=urlencode({"key": looker.key}) if looker.key else "",
        pairs=not looker.key and looker.actor.may("devices"),
        steps=first_steps(looker.ctx, looker.actor) if look == Look() and not shown else [],
    )


def _look() -> Look:
    """What the address asks for."""
    given = {name: request.args.get(name, "")[:MAX_ASKED] for name in ("store", "named", "tag")}
    kind: Kind = next((one for one in KINDS if one == request.args.get("kind")), "")
    after, beyond = request.args.get("after", ""), request.args.get("beyond", "")
    return Look(**given, kind=kind, after=after, beyond=beyond)


def _link(looker: Visit, look: Look, *, embed: bool, **other: str) -> str:
    """The wall from here with something else looked for, from its first page on."""
    asked = {**asdict(look), "after": "", "beyond": "", **other}
    asked = {**asked, "key": looker.key, "embed": "1" if embed else ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/wall?{query}" if query else "/wall"


@blueprint.get("/wall/stills")
def stills() -> AnyResponse:
    """What screens that are cut off play by themselves now, by id; of those asked for in
    `screens`, at most MAX_SCREENS.
    """
    looker = enter()
    asked = [name for name in request.args.get("screens", "").split(",") if looker.sees(name)]
    now = looker.ctx.clock()
    found = cut_off(looker.ctx, looker.actor, asked[:MAX_SCREENS], now)
    return jsonify({screen: still(playing, now, {}) for screen, playing in found.items()})


def _leave(looker: Visit, screens: list[str]) -> str:
    """Leave to follow the screens of the page; the reader's own where that is how it came."""
    if looker.key or not screens:
        return looker.key
    try:
        return watching.watch_token(
            looker.ctx, looker.actor, life_ms=WATCH_LIFE_MS, screens=screens
        )
    except NotFound:  # they went away this very moment
        return ""
