"""The list of playlists: /playlists, its bin, and what makes, copies or throws away one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal
from urllib.parse import urlencode

from flask import g, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from playlists.model_json import playlist_from_json
from server.errors import BadInput, ServerError
from server.services.base.editing import MAX_NAME_CHARACTERS
from server.services.drafting import drafts, history
from server.services.drafting.listing import STATES, Look, State, listing
from server.services.showing.picturing import MAX_PICTURES, pictures
from server.services.showing.truths import scene, shops
from server.web.access import Visit, check_form, page, studio, visit
from server.web.playlists_words import binned_words, playlists_words
from server.web.stills import picture
from server.web.tongue import gettext as _

blueprint = studio("playlists-room")

MAX_ASKED = 200
"""Characters of what is looked for."""


@blueprint.get("/playlists")
def show() -> AnyResponse:
    """Every playlist, drafts too."""
    return _list(_enter())


@blueprint.post("/playlists")
def make() -> AnyResponse:
    """Begin a new one, as a draft."""
    looker = _enter(form=True)
    name = request.form.get("name", "")
    try:
        draft = drafts.begin(looker.ctx, looker.actor, "playlist", {"name": name})
    except BadInput as wrong:
        return _list(looker, status=wrong.status, name=name, wrong=_name_wrong())
    return redirect(f"/playlists/{draft.id}", 303)


@blueprint.post("/playlists/<playlist>/copy")
def copy(playlist: str) -> AnyResponse:
    """Begin a copy, and open it."""
    looker = _enter(form=True)
    name = drafts.read(looker.ctx, looker.actor, "playlist", playlist).body["name"]
    title = _("%(name)s, copy", name=name)[:MAX_NAME_CHARACTERS]
    made = history.duplicate(looker.ctx, looker.actor, "playlist", playlist, title)
    return redirect(f"/playlists/{made.id}", 303)


@blueprint.post("/playlists/<playlist>/throw")
def throw(playlist: str) -> AnyResponse:
    """Put one into the bin; what something still plays stays, and the page says so."""
    looker = _enter(form=True)
    try:
        history.remove(looker.ctx, looker.actor, "playlist", playlist)
    except ServerError as refused:
        if refused.code != "in_use":
            raise
        said = _("It stays: something still plays it. Take it out there first.")
        return _list(looker, status=refused.status, at=playlist, wrong=said)
    return redirect("/playlists", 303)


@blueprint.get("/playlists/bin")
def bin_of() -> AnyResponse:
    """What was thrown away in the last thirty days."""
    looker = _enter()
    now = looker.ctx.clock()
    found = history.binned(looker.ctx, looker.actor, "playlist")
    rows = [binned_words(past, now) for past in found]
    return page("bin.html", looker, room="playlists", rows=rows)


@blueprint.post("/playlists/bin/<playlist>/take-out")
def take_out(playlist: str) -> AnyResponse:
    """Take one out of the bin, as a draft."""
    looker = _enter(form=True)
    history.take_out(looker.ctx, looker.actor, "playlist", playlist)
    return redirect(f"/playlists/{playlist}", 303)


@blueprint.get("/playlists/<playlist>/pictures")
def drawn(playlist: str) -> AnyResponse:
    """Its items as a store's screens would paint them now, by id: those named in `items`."""
    looker = _enter()
    draft = drafts.read(looker.ctx, looker.actor, "playlist", playlist)
    wanted = set(request.args.get("items", "").split(",")[:MAX_PICTURES])
    items = [item for item in playlist_from_json(draft.body).items if item.id in wanted]
    mine = shops(looker.ctx, looker.actor)
    asked = request.args.get("store", "")
    store = asked if any(one.id == asked for one in mine) else mine[0].id if mine else ""
    if not store:
        return jsonify({})
    place = scene(looker.ctx, looker.actor, [store], ()).stores[0]
    found = pictures(looker.ctx, looker.actor, store, items, place.language)
    now = looker.ctx.clock()
    return jsonify({name: picture(one, now) for name, one in found.items()})


def _enter(*, form: bool = False) -> Visit:
    looker: Visit = visit()
    g.visit = looker
    looker.actor.require("content")
    if form:
        check_form(looker)
    return looker


def _list(
    looker: Visit, *, status: int = 200, name: str = "", at: str = "", wrong: str = ""
) -> AnyResponse:
    look = _look()
    found = listing(looker.ctx, looker.actor, look)

    def link(**other: str) -> str:
        asked = {**asdict(look), "after": "", **other}
        query = urlencode({key: value for key, value in asked.items() if value})
        return f"/playlists?{query}" if query else "/playlists"

    return page(
        "playlists.html",
        looker,
        status=status,
        room="playlists",
        words=playlists_words(found, look, looker.ctx.clock()),
        look=look,
        found=found,
        link=link,
        name=name[:MAX_NAME_CHARACTERS],
        at=at,
        wrong=wrong,
    )


def _look() -> Look:
    """What the address asks for."""
    asked = (one for one in STATES if one == request.args.get("state"))
    state: State | Literal[""] = next(asked, "")
    named = request.args.get("named", "")[:MAX_ASKED]
    return Look(named, state, request.args.get("after", "")[:MAX_ASKED])


def _name_wrong() -> str:
    return _("Give it a name of 1 to %(n)s characters, on one line.", n=MAX_NAME_CHARACTERS)
