"""A playlist's editor: /playlists/<id>. Every change is one POST; the answer is the sheet anew."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, ServerError
from server.services.drafting import drafts, history
from server.services.drafting.listing import writers
from server.web.access import Visit, page, studio
from server.web.edit_words import ago
from server.web.editor_words import mark_of
from server.web.entering import enter
from server.web.playlist_sheet import (
    KIND,
    answer,
    context,
    heard_until,
    refused,
    sheet_of,
    wants_json,
)
from server.web.pretending import Asked, panel
from server.web.sending_words import sending_words
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

blueprint = studio("playlist-editor")


@blueprint.get("/playlists/<subject>")
def show(subject: str) -> AnyResponse:
    """The editor."""
    looker = enter("content")
    draft = drafts.read(looker.ctx, looker.actor, KIND, subject)
    sheet = sheet_of(looker, draft)
    here = next(iter(sheet.scene.stores), None)
    asked = Asked(drafts=((KIND, subject),), only=(subject, ""))
    now = sheet.scene.now
    return page(
        "playlist.html",
        looker,
        room="playlists",
        lively=True,
        spoken=sending_words(),
        panel=here and panel(asked, sheet.names.goods, here.store.calendar.zone, now, now),
        **{name: value for name, value in context(looker, sheet).items() if name != "visit"},
    )


@blueprint.get("/playlists/<subject>/sheet")
def sheet(subject: str) -> AnyResponse:
    """The sheet anew, and what others did since `seq`; only its mark where nothing changed."""
    looker = enter("content")
    try:
        since = heard_until()
        draft, edits = drafts.edits_since(looker.ctx, looker.actor, KIND, subject, since)
        if request.args.get("mark") == mark_of(draft):
            return jsonify({"mark": mark_of(draft)})
        return answer(looker, draft, edits=edits)
    except ServerError as error:
        return refused(error)


@blueprint.post("/playlists/<subject>/edit")
def edit(subject: str) -> AnyResponse:
    """Apply operations (JSON: `ops`) as one edit."""
    try:
        looker = enter("content", form=True)
        given: Any = request.get_json(silent=True)
        ops = given.get("ops") if isinstance(given, dict) else None
        if not isinstance(ops, list) or not all(isinstance(op, dict) for op in ops):
            raise BadInput("Give the operations of one edit.", field="ops")
        draft = drafts.edit(looker.ctx, looker.actor, KIND, subject, ops)
        return answer(looker, draft)
    except ServerError as error:
        return refused(error)


@blueprint.post("/playlists/<subject>/undo")
def undo(subject: str) -> AnyResponse:
    """Take back one's own last change."""
    return _step(subject, "undo")


@blueprint.post("/playlists/<subject>/redo")
def redo(subject: str) -> AnyResponse:
    """Do again what one took back."""
    return _step(subject, "redo")


@blueprint.post("/playlists/<subject>/drop")
def drop(subject: str) -> AnyResponse:
    """Forget the draft: back to what is on air."""

    def act(looker: Visit) -> str:
        drafts.drop(looker.ctx, looker.actor, KIND, subject)
        return _("This is what is on air. The changes are gone.")

    return _act(subject, act)


@blueprint.get("/playlists/<subject>/history")
def versions(subject: str) -> AnyResponse:
    """What was on the wall before."""
    looker = enter("content")
    draft = drafts.read(looker.ctx, looker.actor, KIND, subject)
    found = history.versions(looker.ctx, looker.actor, KIND, subject)
    people = writers(looker.ctx, {past.by for past in found})
    now = looker.ctx.clock()
    rows = [
        {
            "number": past.number,
            "name": past.name,
            "size": ngettext("%(num)s turn", "%(num)s turns", len(past.body.get("items", []))),
            "said": _(
                "put on the wall by %(who)s, %(ago)s",
                who=people.get(past.by, past.by),
                ago=ago(past.at, now),
            ),
            "now": at == 0 and not draft.changed,
        }
        for at, past in enumerate(found)
    ]
    return page(
        "playlist_history.html",
        looker,
        room="playlists",
        rows=rows,
        name=draft.body["name"],
        subject=subject,
    )


@blueprint.post("/playlists/<subject>/history/<int:number>")
def restore(subject: str, number: int) -> AnyResponse:
    """Have the draft say what an old version said."""
    looker = enter("content", form=True)
    try:
        history.restore(looker.ctx, looker.actor, KIND, subject, number)
    except ServerError as error:
        if error.code != "nothing_left":
            raise
    return redirect(f"/playlists/{subject}", 303)


def _step(subject: str, which: str) -> AnyResponse:
    def act(looker: Visit) -> str:
        take = drafts.undo if which == "undo" else drafts.redo
        take(looker.ctx, looker.actor, KIND, subject)
        return _("Taken back.") if which == "undo" else _("Done again.")

    return _act(subject, act)


def _act(subject: str, act: Any) -> AnyResponse:
    """Do something for a script, or for a form without one."""
    if not wants_json():
        looker = enter("content", form=True)
        act(looker)
        return redirect(f"/playlists/{subject}", 303)
    try:
        looker = enter("content", form=True)
        said = act(looker)
        return answer(looker, drafts.read(looker.ctx, looker.actor, KIND, subject), said)
    except ServerError as error:
        return refused(error)
