"""The list of playlists: /playlists, its bin, and what makes, copies or throws away one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlencode

from flask import jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from playlists.model_json import playlist_from_json
from server.errors import BadInput, ServerError
from server.services.base.editing import MAX_NAME_CHARACTERS, checked_tags
from server.services.calendar.planning import playlists_to_choose
from server.services.drafting import drafts, history, succession
from server.services.drafting.listing import STATES, Look, State, listing, used_by
from server.services.drafting.tagging import tag
from server.services.showing.picturing import MAX_PICTURES, pictures
from server.services.showing.truths import scene, shops
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.playlists_words import (
    DONE,
    binned_words,
    done_words,
    leaving_words,
    playlists_words,
    replace_refused,
    replaced_words,
    several_refused,
)
from server.web.stills import picture
from server.web.tongue import gettext as _
from server.web.tongue import kept

blueprint = studio("playlists-room")

MAX_ASKED = 200
"""Characters of what is looked for."""
MAX_DIGITS = 16
MAX_CHOSEN = 100
"""Playlists that are changed at once."""
COUNTS = frozenset(str(n) for n in range(1, MAX_CHOSEN + 1))


@blueprint.get("/playlists")
def show() -> AnyResponse:
    """Every playlist, drafts too."""
    return _list(enter("content"))


@blueprint.post("/playlists")
def make() -> AnyResponse:
    """Begin a new one, as a draft."""
    looker = enter("content", form=True)
    name = request.form.get("name", "")
    try:
        draft = drafts.begin(looker.ctx, looker.actor, "playlist", {"name": name})
    except BadInput as wrong:
        return _list(looker, status=wrong.status, name=name, wrongs={"name": _name_wrong()})
    return redirect(f"/playlists/{draft.id}", 303)


@blueprint.post("/playlists/<playlist>/copy")
def copy(playlist: str) -> AnyResponse:
    """Begin a copy, and open it."""
    return redirect(f"/playlists/{_copy(enter('content', form=True), playlist).id}", 303)


@blueprint.get("/playlists/<playlist>/throw")
def leaving(playlist: str) -> AnyResponse:
    """What plays it, and what would play then."""
    return _leaving(enter("content"), playlist)


@blueprint.post("/playlists/<playlist>/throw")
def throw(playlist: str) -> AnyResponse:
    """Put one into the bin; what something still plays stays, and the page says so."""
    looker = enter("content", form=True)
    try:
        history.remove(looker.ctx, looker.actor, "playlist", playlist)
    except ServerError as refused:
        if refused.code != "in_use":
            raise
        return _leaving(looker, playlist, status=refused.status)
    return redirect("/playlists?done=bin&n=1", 303)


@blueprint.post("/playlists/<playlist>/replace")
def put_instead(playlist: str) -> AnyResponse:
    """Have another one play wherever this one plays on air."""
    looker = enter("content", form=True)
    try:
        done = succession.replace_everywhere(
            looker.ctx, looker.actor, playlist, request.form.get("by", "")
        )
    except ServerError as refused:
        return _leaving(looker, playlist, status=refused.status, wrong=replace_refused(refused))
    return redirect(f"/playlists/{playlist}/throw?done={done.number}&n={done.places}", 303)


@blueprint.post("/playlists/<playlist>/replace/<int:number>/undo")
def take_back(playlist: str, number: int) -> AnyResponse:
    """Have this one play again where another took its place."""
    looker = enter("content", form=True)
    try:
        done = succession.undo(looker.ctx, looker.actor, number)
    except ServerError as refused:
        return _leaving(looker, playlist, status=refused.status, wrong=replace_refused(refused))
    return redirect(f"/playlists/{playlist}/throw?left={done.left}&back={done.places}", 303)


@blueprint.post("/playlists/several")
def several() -> AnyResponse:
    """Tag, copy or throw away all that were chosen; what stays is said beside it."""
    looker = enter("content", form=True)
    chosen = list(dict.fromkeys(request.form.getlist("chosen")))
    act = request.form.get("act", "")
    if not 0 < len(chosen) <= MAX_CHOSEN or act not in DONE:
        said = _("Choose 1 to %(n)s playlists first.", n=MAX_CHOSEN)
        return _list(looker, status=422, wrongs={"": said}, chosen=chosen)
    words = [word for word in request.form.get("tag", "").split(",") if word.strip()]
    try:
        tags = checked_tags(words, "tag")
    except BadInput as wrong:
        return _list(looker, status=422, wrongs={"tag": several_refused(wrong)}, chosen=chosen)
    if act in ("tag", "untag") and not tags:
        wrongs = {"tag": _("Write the tag.")}
        return _list(looker, status=422, wrongs=wrongs, chosen=chosen)
    wrongs = {}
    for playlist in chosen:
        try:
            _do(looker, act, playlist, tags)
        except ServerError as refused:
            wrongs[playlist] = several_refused(refused)
    n = len(chosen) - len(wrongs)
    if wrongs:
        return _list(looker, status=409, wrongs=wrongs, chosen=list(wrongs), done=(act, n))
    return redirect(_link(_look(), done=act, n=str(n)), 303)


def _do(looker: Visit, act: str, playlist: str, tags: list[str]) -> None:
    if act == "bin":
        history.remove(looker.ctx, looker.actor, "playlist", playlist)
    elif act == "copy":
        _copy(looker, playlist)
    elif act == "tag":
        tag(looker.ctx, looker.actor, playlist, add=tags)
    else:
        tag(looker.ctx, looker.actor, playlist, drop=tags)


def _copy(looker: Visit, playlist: str) -> drafts.Draft:
    name = drafts.read(looker.ctx, looker.actor, "playlist", playlist).body["name"]
    title = kept(_("%(name)s, copy", name=name))[:MAX_NAME_CHARACTERS]
    return history.duplicate(looker.ctx, looker.actor, "playlist", playlist, title)


@blueprint.get("/playlists/bin")
def bin_of() -> AnyResponse:
    """What was thrown away in the last thirty days."""
    looker = enter("content")
    now = looker.ctx.clock()
    found = history.binned(looker.ctx, looker.actor, "playlist")
    rows = [binned_words(past, now) for past in found]
    return page("bin.html", looker, room="playlists", rows=rows)


@blueprint.post("/playlists/bin/<playlist>/take-out")
def take_out(playlist: str) -> AnyResponse:
    """Take one out of the bin, as a draft."""
    looker = enter("content", form=True)
    history.take_out(looker.ctx, looker.actor, "playlist", playlist)
    return redirect(f"/playlists/{playlist}", 303)


@blueprint.get("/playlists/<playlist>/pictures")
def drawn(playlist: str) -> AnyResponse:
    """Its items as a store's screens would paint them now, by id: those named in `items`."""
    looker = enter("content")
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


def _list(
    looker: Visit,
    *,
    status: int = 200,
    name: str = "",
    wrongs: Mapping[str, str] = MappingProxyType({}),
    chosen: Collection[str] = (),
    done: tuple[str, int] = ("", 0),
) -> AnyResponse:
    """The list; `wrongs` by playlist or field, `done` is what happened to how many."""
    look = _look()
    found = listing(looker.ctx, looker.actor, look)
    n = request.args.get("n", "")
    heard = done if done[0] else (request.args.get("done", ""), int(n) if n in COUNTS else 0)

    def link(**other: str) -> str:
        return _link(look, **{"after": "", **other})

    return page(
        "playlists.html",
        looker,
        status=status,
        room="playlists",
        words=playlists_words(found, look, looker.ctx.clock()),
        look=look,
        found=found,
        link=link,
        query=_link(look).removeprefix("/playlists"),
        name=name,
        wrongs=wrongs,
        chosen=chosen,
        tag=request.form.get("tag", ""),
        done=done_words(*heard) if heard[0] in DONE and heard[1] else "",
    )


def _leaving(looker: Visit, playlist: str, status: int = 200, wrong: str = "") -> AnyResponse:
    draft = drafts.read(looker.ctx, looker.actor, "playlist", playlist)
    uses = used_by(looker.ctx, looker.actor, playlist)
    every = playlists_to_choose(looker.ctx, looker.actor)
    heard = {name: _number(name) for name in ("done", "n", "back", "left")}
    return page(
        "playlist_leaving.html",
        looker,
        status=status,
        room="playlists",
        name=draft.body["name"],
        subject=playlist,
        rows=[leaving_words(use) for use in uses],
        standing=any(use.kind in ("campaign", "base", "playlist") for use in uses),
        others=[one for one in every if one.on_air and one.id != playlist],
        undo=heard["done"],
        said=replaced_words(heard["n"], heard["back"], heard["left"]),
        wrong=wrong,
        chosen=request.form.get("by", ""),
    )


def _number(name: str) -> int:
    said = request.args.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < MAX_DIGITS else 0


def _link(look: Look, **other: str) -> str:
    query = urlencode({key: value for key, value in {**asdict(look), **other}.items() if value})
    return f"/playlists?{query}" if query else "/playlists"


def _look() -> Look:
    """What the address asks for."""
    asked = (one for one in STATES if one == request.args.get("state"))
    state: State | Literal[""] = next(asked, "")
    named = request.args.get("named", "")[:MAX_ASKED]
    after, tagged = (request.args.get(key, "")[:MAX_ASKED] for key in ("after", "tag"))
    return Look(named, state, after, tagged)


def _name_wrong() -> str:
    return _("Give it a name of 1 to %(n)s characters, on one line.", n=MAX_NAME_CHARACTERS)
