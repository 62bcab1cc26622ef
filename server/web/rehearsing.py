"""Before drafts go on air: /rehearse. What would change, in pictures; then publish."""

from __future__ import annotations

from typing import Any, cast

from flask import jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from playlists.ids import ZoneId
from server.errors import BadInput, NotFound, ServerError
from server.services.drafting import drafts
from server.services.drafting.drafts import Kind
from server.services.drafting.problems import problems
from server.services.drafting.releases import AT_ONCE, MAX_PARTS, When, with_new_lists
from server.services.rehearsing import rehearsals
from server.services.rehearsing.finding import Found
from server.services.rehearsing.naming import names, stores_of
from server.services.rehearsing.pretending import Pretence, Pretended, pretend
from server.services.rehearsing.rehearsals import Rehearsal
from server.web import clock
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.problem_words import problem_said
from server.web.rehearsal_words import MAX_DRAWN, RehearsalWords, rehearsal_words
from server.web.stills import still
from server.web.tongue import gettext as _
from server.web.tongue import ngettext, said

blueprint = studio("rehearsing-room")

WAIT_S = 0.8
"""A rehearsal that takes longer shows how far it is."""
KINDS = ("playlist", "campaign")


@blueprint.get("/rehearse")
def choose() -> AnyResponse:
    """All drafts that wait, to choose from."""
    looker = enter("content")
    return _choice(looker, request.args.getlist("draft"))


@blueprint.post("/rehearse")
def begin() -> AnyResponse:
    """Rehearse the chosen drafts together."""
    looker = enter("content", form=True)
    chosen = request.form.getlist("draft")
    try:
        subjects = with_new_lists(looker.ctx, looker.actor, _subjects(chosen))
        _check_ready(looker, subjects)
        made = rehearsals.begin(looker.ctx, looker.actor, subjects)
    except ServerError as refused:
        return _choice(looker, chosen, refused)
    rehearsals.background.start(looker.ctx, looker.actor, made.id, WAIT_S)
    return redirect(f"/rehearse/{made.id}", 303)


@blueprint.get("/rehearse/<name>")
def show(name: str) -> AnyResponse:
    """What would change, or how far the rehearsal is."""
    return _shown(enter("content"), name)


@blueprint.post("/rehearse/<name>/publish")
def publish(name: str) -> AnyResponse:
    """Bring on air what was rehearsed."""
    looker = enter("content", form=True)
    form = request.form
    stores = form.getlist("store") if form.get("where") == "some" else None
    try:
        when = _when(looker)
        made = rehearsals.publish(looker.ctx, looker.actor, name, stores=stores, when=when)
    except ServerError as refused:
        return _shown(looker, name, refused)
    return redirect(f"/releases#{made.id}", 303)


@blueprint.get("/rehearse/<name>/pictures/<int:number>")
def pictures(name: str, number: int) -> AnyResponse:
    """What one of the screens of a change shows before and after, to be drawn by the page."""
    looker = enter("content")
    rehearsal = rehearsals.get(looker.ctx, looker.actor, name)
    if rehearsal.found is None or number >= len(rehearsal.found.groups[:MAX_DRAWN]):
        raise NotFound(_("There is no such picture."))
    group = rehearsal.found.groups[number]
    at = max(group.seen_ms, looker.ctx.clock())
    drafts = [(part.kind, part.id) for part in rehearsal.parts]
    before = pretend(looker.ctx, looker.actor, group.example, Pretence(at), 1)
    after = pretend(looker.ctx, looker.actor, group.example, Pretence(at, drafts=drafts), 1)
    screen = after.screen
    return jsonify(
        {
            "before": _still(before, group.zone),
            "after": _still(after, group.zone),
            "width": screen.width,
            "height": screen.height,
        }
    )


def _still(found: Pretended, zone: str) -> dict[str, Any]:
    turns = found.zones.get(ZoneId(zone)) or next(iter(found.zones.values()))
    return still(turns[0].playing, max(found.at_ms, turns[0].playing.shown.since), turns[0].texts)


def _when(looker: Visit) -> When:
    """At once, at an instant (UTC), or at each store's own time. Raises BadInput."""
    form = request.form
    kind, at = form.get("when"), form.get("at", "")
    if kind not in ("store", "utc"):
        return AT_ONCE
    if not at:
        raise BadInput(_("Choose a day and a time."), field="at")
    if kind == "store":
        return When(local=at)
    return When(at_ms=clock.read_instant(at, "UTC", looker.language))


def _check_ready(looker: Visit, subjects: list[tuple[Kind, str]]) -> None:
    """Raises BadInput, naming the first fault, where some turn is still to be put right."""
    for kind, name in subjects:
        if kind != "playlist":
            continue
        wrong = problems(drafts.read(looker.ctx, looker.actor, kind, name).body)
        if wrong:
            sentence = ngettext(
                "One turn is not ready: %(what)s",
                "%(num)s turns are not ready: %(what)s",
                len(wrong),
                what=problem_said(wrong[0]),
            )
            raise BadInput(sentence, field="drafts", code="not_ready")


def _subjects(chosen: list[str]) -> list[tuple[Kind, str]]:
    parts = [one.partition(":") for one in chosen]
    return [(cast(Kind, kind), name) for kind, _colon, name in parts if kind in KINDS and name]


def _choice(looker: Visit, chosen: list[str], refused: ServerError | None = None) -> AnyResponse:
    found = drafts.waiting(looker.ctx, looker.actor, MAX_PARTS)
    rows = [
        {
            "value": f"{one.kind}:{one.id}",
            "name": one.body.get("name", one.id),
            "what": _("Playlist") if one.kind == "playlist" else _("Campaign"),
            "new": not one.base_version,
            "chosen": not chosen or f"{one.kind}:{one.id}" in chosen,
            "href": f"/playlists/{one.id}"
            if one.kind == "playlist"
            else f"/calendar/campaigns/{one.id}",
        }
        for one in found
    ]
    return page(
        "rehearse.html",
        looker,
        status=refused.status if refused is not None else 200,
        room="releases",
        rows=rows,
        wrong=said(refused.message) if refused is not None else "",
    )


def _shown(looker: Visit, name: str, refused: ServerError | None = None) -> AnyResponse:
    rehearsal = rehearsals.get(looker.ctx, looker.actor, name)
    found = rehearsal.found
    values: dict[str, Any] = {
        "rehearsal": rehearsal,
        "words": _words(looker, rehearsal, found) if found is not None else None,
        "wrong": said(refused.message) if refused is not None else "",
        "form": request.form,
    }
    if request.headers.get("HX-Request") == "true":
        sheet = render_template(
            "rehearsal_sheet.html", visit=looker, lang=looker.language, **values
        )
        return make_response(sheet)
    status = refused.status if refused is not None else 200
    return page("rehearsal.html", looker, status=status, room="releases", lively=True, **values)


def _words(looker: Visit, rehearsal: Rehearsal, found: Found) -> RehearsalWords:
    sources = {move.source for group in found.groups for move in group.moves}
    sources |= {one.source for one in found.never}
    screens = {screen for group in found.groups for screen in group.screens}
    skus = {one.sku for one in found.prices}
    named = names(looker.ctx, rehearsal.parts, sources, screens, skus, looker.language)
    where = stores_of(looker.ctx, screens)
    return rehearsal_words(rehearsal, found, named, where, looker.language)
