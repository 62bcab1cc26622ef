"""Planning a campaign: /calendar/new, /calendar/campaigns/…, the bin. Every change is a draft's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from playlists.model import Campaign
from server.errors import BadInput, ServerError
from server.services.base.editing import MAX_NAME_CHARACTERS
from server.services.calendar import events, moving
from server.services.calendar.planning import (
    UNSAVED,
    empty_campaign,
    playlists_to_choose,
    rehearse,
)
from server.services.calendar.rows import campaign_from_draft
from server.services.drafting import drafts, history
from server.services.drafting.drafts import Draft
from server.web.access import Visit, page, studio
from server.web.calendars import told_of
from server.web.campaign_form import MAX_PARTS, NEW, Form, Read, form_of, plain_body, read_form
from server.web.campaign_words import campaign_words
from server.web.entering import enter
from server.web.playlists_words import binned_words
from server.web.problem_words import refusal_said
from server.web.tongue import gettext as _
from server.web.tongue import kept

blueprint = studio("campaigns-room")

KIND: drafts.Kind = "campaign"
MAX_WAS_CHARS = 200_000
"""Of what a form remembers the draft to have said when it was made."""


@blueprint.get("/calendar/new")
def fresh() -> ResponseReturnValue:
    """The form of a new campaign, of a playlist where the address names one; nothing is kept
    yet.
    """
    looker = enter("content")
    first, last = (_iso(request.args.get(name, "")) for name in ("first", "last"))
    end = (last + timedelta(days=1)).isoformat() if last else ""
    empty = empty_campaign(first.isoformat() if first else "", end, looker.actor)
    asked = request.args.get("playlist", "")
    known = {one.id: one.name for one in playlists_to_choose(looker.ctx, looker.actor)}
    if asked not in known:
        return _page(looker, empty, None)
    return _page(looker, replace(empty, name=known[asked]), None, playlist=asked)


@blueprint.post("/calendar/new")
def begin() -> ResponseReturnValue:
    """Keep a new campaign as a draft; with `check` only say what it would come to."""
    looker = enter("content", form=True)
    was = empty_campaign()
    read = _read(looker, was)
    if "name" in read.wrong and not request.form.get("check"):
        return _page(looker, was, None, read=read, status=422)
    if request.form.get("check"):
        return _page(looker, _as_written(was, read), None, read=read)
    if "playlist" not in read.wrong:
        _new_playlist(looker, read)
    body = {key: value for key, value in read.body.items() if value is not None}
    draft = drafts.begin(looker.ctx, looker.actor, KIND, body)
    if read.wrong:
        return _page(looker, _campaign(draft), draft, read=read, status=422)
    return redirect(f"/calendar/campaigns/{draft.id}", 303)


@blueprint.get("/calendar/campaigns/<name>")
def show(name: str) -> ResponseReturnValue:
    """The form of a campaign, as its draft says."""
    looker = enter("content")
    draft = drafts.read(looker.ctx, looker.actor, KIND, name)
    return _page(looker, _campaign(draft), draft)


@blueprint.post("/calendar/campaigns/<name>")
def keep(name: str) -> ResponseReturnValue:
    """Keep in the draft what the form says anew; what is wrong stays in its field."""
    looker = enter("content", form=True)
    draft = drafts.read(looker.ctx, looker.actor, KIND, name)
    was = _was(draft)
    read = _read(looker, _campaign_of(was, name) or _campaign(draft))
    if "playlist" not in read.wrong:
        _new_playlist(looker, read)

    for key, value in read.body.items():
        if value in (was.get(key), draft.body.get(key)):
            continue
        op = {"op": "set", "path": key, "value": value, "was": was.get(key)}
        try:
            draft = drafts.edit(looker.ctx, looker.actor, KIND, name, [op])
        except ServerError as refused:
            read.wrong[key] = refusal_said(refused)
    bad = bool(read.wrong)
    live = request.headers.get("HX-Request") == "true"
    if not bad and not live:
        return redirect(f"/calendar/campaigns/{name}", 303)
    status = 422 if bad and not live else 200
    return _page(looker, _campaign(draft), draft, read=read if bad else None, status=status)


@blueprint.post("/calendar/campaigns/<name>/days")
def move(name: str) -> ResponseReturnValue:
    """Move it to other days, as it was dragged on the calendar."""
    looker = enter("content", form=True)
    first, last = (_iso(request.form.get(end, "")) for end in ("first", "last"))
    try:
        moving.move(looker.ctx, looker.actor, name, first, last)
    except ServerError as refused:
        return _again(looker, name, refused)
    shown = {key: request.form.get(key, "") for key in ("view", "at")}
    return redirect(f"/calendar?{urlencode({**shown, 'pick': name})}", 303)


@blueprint.post("/calendar/campaigns/<name>/<any(undo, redo):way>")
def step(name: str, way: str) -> ResponseReturnValue:
    """Take back one's own last change, or do it again."""
    looker = enter("content", form=True)
    act = drafts.undo if way == "undo" else drafts.redo
    try:
        act(looker.ctx, looker.actor, KIND, name)
    except ServerError as refused:
        return _again(looker, name, refused)
    return redirect(f"/calendar/campaigns/{name}", 303)


@blueprint.post("/calendar/campaigns/<name>/drop")
def drop(name: str) -> ResponseReturnValue:
    """Back to what is on air."""
    looker = enter("content", form=True)
    drafts.drop(looker.ctx, looker.actor, KIND, name)
    return redirect(f"/calendar/campaigns/{name}", 303)


@blueprint.post("/calendar/campaigns/<name>/throw")
def throw(name: str) -> ResponseReturnValue:
    """Into the bin, off the air at once."""
    looker = enter("content", form=True)
    history.remove(looker.ctx, looker.actor, KIND, name)
    return redirect("/calendar/bin", 303)


@blueprint.post("/calendar/campaigns/<name>/copy")
def copy(name: str) -> ResponseReturnValue:
    """Begin a copy, and open it."""
    looker = enter("content", form=True)
    title = drafts.read(looker.ctx, looker.actor, KIND, name).body["name"]
    made = history.duplicate(
        looker.ctx,
        looker.actor,
        KIND,
        name,
        kept(_("%(name)s, copy", name=title))[:MAX_NAME_CHARACTERS],
    )
    return redirect(f"/calendar/campaigns/{made.id}", 303)


@blueprint.get("/calendar/bin")
def bin_of() -> ResponseReturnValue:
    """Campaigns thrown away in the last thirty days."""
    looker = enter("content")
    now = looker.ctx.clock()
    rows = [binned_words(past, now) for past in history.binned(looker.ctx, looker.actor, KIND)]
    return page("bin.html", looker, room="calendar", rows=rows)


@blueprint.post("/calendar/bin/<name>/take-out")
def take_out(name: str) -> ResponseReturnValue:
    """Take one out of the bin, as a draft."""
    looker = enter("content", form=True)
    history.take_out(looker.ctx, looker.actor, KIND, name)
    return redirect(f"/calendar/campaigns/{name}", 303)


def _again(looker: Visit, name: str, refused: ServerError) -> ResponseReturnValue:
    """The form, with a refusal beside what it is about."""
    draft = drafts.read(looker.ctx, looker.actor, KIND, name)
    said = refusal_said(refused)
    if refused.code == "no_such_playlist":
        said = _("Its playlist is no more on air, or still a draft: put that on the wall first.")
    field = "playlist" if refused.field.split("/")[0] == "playlist" else ""
    read = Read(wrong={field: said})
    return _page(looker, _campaign(draft), draft, read=read, own=True, status=refused.status)


def _read(looker: Visit, was: Campaign) -> Read:
    seen = rehearse(looker.ctx, looker.actor, was)
    return read_form(_sent(looker, seen.today), was, seen.gathered.floor, seen.today)


def _sent(looker: Visit, today: date) -> Form:
    """The form as it was sent; the days of a calendar that it names are exceptions too."""
    form = MultiDict(request.form)
    if name := form.pop("except_of", ""):
        first = _iso(form.get("first", "")) or today
        last = _iso(form.get("last", "")) or first + timedelta(days=366)
        days = events.days_of_calendar(looker.ctx, looker.actor, name, first, last)
        form["exceptions"] = ", ".join([*filter(None, [form.get("exceptions", "")]), *days])
    return form


def _new_playlist(looker: Visit, read: Read) -> None:
    """Begin the playlist that the form asks for, called as the campaign is."""
    if read.body.get("playlist") == NEW:
        name = str(read.body.get("name", "")) or _("A new playlist")
        made = drafts.begin(looker.ctx, looker.actor, "playlist", {"name": name})
        read.body["playlist"] = made.id


def _as_written(was: Campaign, read: Read) -> Campaign:
    body = {**plain_body(was), **read.body, "id": was.id, "name": read.body.get("name") or "?"}
    return _campaign_of({k: v for k, v in body.items() if v is not None}, was.id) or was


def _was(draft: Draft) -> dict[str, Any]:
    """The draft as it was when the form was made. Raises BadInput where that is not ours."""
    text = request.form.get("was", "")
    if not text:
        return dict(draft.body)
    try:
        found = json.loads(text[:MAX_WAS_CHARS])
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput("Send the form as the page made it.", field="was")
    return found


def _campaign(draft: Draft) -> Campaign:
    found = _campaign_of(draft.body, draft.id)
    return found if found is not None else replace(empty_campaign(), name=draft.body["name"])


def _campaign_of(body: Any, name: str) -> Campaign | None:
    return campaign_from_draft({**body, "id": name})


def _page(
    looker: Visit,
    campaign: Campaign,
    draft: Draft | None,
    *,
    read: Read | None = None,
    own: bool = False,
    playlist: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    """The form. `read` is what was wrong with the one sent, whose fields then stay as they were
    sent; `own`: they are the draft's all the same. Without a draft it is of `playlist`.
    """
    seen = rehearse(looker.ctx, looker.actor, campaign)
    told = told_of(looker, seen)
    playlist = str(draft.body.get("playlist") or "") if draft else playlist
    sent: Form | None = request.form if read is not None and not own else None
    form = sent if sent is not None else form_of(campaign, playlist, seen.gathered.floor)
    state = UNSAVED if draft is None else _state(draft)
    values: dict[str, Any] = {
        "words": campaign_words(
            told, campaign, playlists_to_choose(looker.ctx, looker.actor), state
        ),
        "form": MultiDict(form),
        "wrong": read.wrong if read else {},
        "draft": draft,
        "state": state,
        "calendars": [one.name for one in events.held(looker.ctx, looker.actor)],
        "was": json.dumps(dict(draft.body), sort_keys=True) if draft else "",
        "parts": MAX_PARTS,
        "new_playlist": NEW,
        "action": f"/calendar/campaigns/{draft.id}" if draft else "/calendar/new",
    }
    if request.headers.get("HX-Request") == "true":
        return render_template("campaign_sheet.html", visit=looker, lang=looker.language, **values)
    return page("campaign.html", looker, room="calendar", lively=True, status=status, **values)


def _state(draft: Draft) -> str:
    if not draft.base_version:
        return "draft"
    return "changed" if draft.changed else "air"


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
