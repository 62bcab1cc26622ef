"""The parts of a playlist's editor: a turn's fields, its phrases' menus, what may be added."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response as AnyResponse

from playlists.errors import Invalid
from playlists.localtime import parse_moment
from playlists.model import Item
from playlists.schedule import Schedule
from server.errors import BadInput, Conflict, NotFound, ServerError
from server.services.base.editing import check_name
from server.services.base.paging import Cut
from server.services.drafting import additions, drafts
from server.services.drafting.listing import Look, listing
from server.services.library.assets import list_assets
from server.services.showing.shelf import shelf
from server.services.showing.truths import MAX_COLUMNS, counting_zones, scene
from server.web.access import Visit, studio
from server.web.editor_words import names_for
from server.web.entering import enter
from server.web.panel_words import panel_words
from server.web.phrase_menus import (
    clause_menu,
    condition_ops,
    index_of,
    offered,
    schedule_menu,
    schedule_ops,
    with_number,
)
from server.web.playlist_sheet import KIND, Sheet, answer, refused, sheet_of
from server.web.sentence_words import last_day, minutes_words
from server.web.sentences import (
    DAY_MINUTES,
    EVERY_DAY,
    Times,
    clauses_of,
    condition_of,
    times_of,
    with_times,
)

blueprint = studio("playlist-parts")

MAX_ASKED = 200
"""Characters of what is looked for."""
MAX_FILES = 60
"""Pictures or films that are offered."""
MAX_SHOPS = 40
"""Stores that are offered for the columns."""
MAX_NUMBER = 100_000


@blueprint.get("/playlists/<subject>/items/<item>")
def panel(subject: str, item: str) -> AnyResponse:
    """A turn's fields."""

    def make(looker: Visit) -> str:
        sheet, found = find(looker, subject, item)
        words = panel_words(found, sheet.raw(item), sheet.names, looker.language)
        return render_template("playlist_panel.html", words=words, subject=subject, item=found)

    return part(make)


@blueprint.get("/playlists/<subject>/items/<item>/phrase/<phrase>")
def menu(subject: str, item: str, phrase: str) -> AnyResponse:
    """A phrase's menu."""

    def make(looker: Visit) -> str:
        sheet, found = find(looker, subject, item)
        raw = sheet.raw(item)
        if phrase in ("times", "dates", "more"):
            made = schedule_menu(found, raw, phrase, looker.language)
        else:
            stores = [store.id for store in sheet.scene.stores]
            zones = counting_zones(looker.ctx, looker.actor, stores) if phrase == "add" else ()
            choices = offered(found, phrase, zones)
            asked = [condition_of([one.clause]) for one in choices]
            place = scene(looker.ctx, looker.actor, stores, [one for one in asked if one])
            names = names_for(found, sheet.names)
            made = clause_menu(found, raw, phrase, choices, place, names, looker.language)
        return render_template(
            "playlist_menu.html",
            menu=made,
            subject=subject,
            item=item,
            phrase=phrase,
            was=json.dumps(raw.get("schedule" if phrase in ("times", "dates") else "condition")),
            when=_fields(found.schedule),
        )

    return part(make)


@blueprint.post("/playlists/<subject>/items/<item>/phrase/<phrase>")
def say(subject: str, item: str, phrase: str) -> AnyResponse:
    """Have a phrase say what was typed: a number, hours, dates."""
    try:
        looker = enter("content", form=True)
        found = find(looker, subject, item)[1]
        form = request.form
        raw = {"schedule": _was(), "condition": _was()}
        if phrase == "times":
            ops = schedule_ops(item, raw, with_times(found.schedule, _times()))
        elif phrase == "dates":
            ops = schedule_ops(item, raw, _dated(found.schedule))
        else:
            held = clauses_of(found.condition)
            at = index_of(phrase, held)
            if at is None:
                raise Conflict("Someone took this away.", code="gone_meanwhile")
            changed = with_number(held[at], _number(form.get("n", "")))
            whole = condition_of((*held[:at], changed, *held[at + 1 :]))
            ops = condition_ops(item, raw, whole)
        draft = drafts.edit(looker.ctx, looker.actor, KIND, subject, json.loads(ops))
        return answer(looker, draft)
    except ServerError as error:
        return refused(error)


@blueprint.get("/playlists/<subject>/add")
def adding(subject: str) -> AnyResponse:
    """What may be added: the kinds, or the things of one kind."""

    def make(looker: Visit) -> str:
        kind = request.args.get("kind", "")
        asked = request.args.get("q", "")[:MAX_ASKED]
        draft = drafts.read(looker.ctx, looker.actor, KIND, subject)
        sheet = sheet_of(looker, draft)
        values: dict[str, Any] = {"kind": kind, "asked": asked, "subject": subject}
        if kind in ("price", "trio") and sheet.scene.stores:
            store = sheet.scene.stores[0]
            found = shelf(looker.ctx, looker.actor, store.id, asked, looker.language)
            values |= {"goods": found, "store": store.name}
        elif kind in ("image", "video"):
            files = list_assets(looker.ctx, looker.actor, Cut(limit=MAX_FILES)).items
            films = kind == "video"
            values["files"] = [file for file in files if (file.kind == "video") == films]
        elif kind == "playlist":
            rows = listing(looker.ctx, looker.actor, Look(named=asked)).rows
            fit = (row for row in rows if row.state != "draft" and row.id != subject)
            values["playlists"] = list(fit)
        return render_template("playlist_add.html", **values)

    return part(make)


@blueprint.post("/playlists/<subject>/add")
def add(subject: str) -> AnyResponse:
    """Add a turn."""
    try:
        looker = enter("content", form=True)
        kind = next((one for one in additions.KINDS if one == request.form.get("kind")), None)
        if kind is None:
            raise BadInput("Choose what to add.", field="kind", code="choose_one")
        chosen = request.form.getlist("chosen")
        after = request.form.get("after")
        draft, item = additions.add(looker.ctx, looker.actor, subject, kind, chosen, after)
        return answer(looker, draft, added=item)
    except ServerError as error:
        return refused(error)


def part(make: Any) -> AnyResponse:
    """Some markup for a script, or the refusal in a sentence."""
    try:
        return AnyResponse(make(enter("content")), mimetype="text/html")
    except ServerError as error:
        return refused(error)


def find(looker: Visit, subject: str, item: str) -> tuple[Sheet, Item]:
    draft = drafts.read(looker.ctx, looker.actor, KIND, subject)
    sheet = sheet_of(looker, draft)
    found = sheet.item(item)
    if found is None:
        raise NotFound("Someone took this turn away.", code="gone_meanwhile")
    return sheet, found


def _was() -> Any:
    try:
        return json.loads(request.form.get("was", "null"))
    except ValueError:
        raise BadInput("Load the page again.", field="was", code="csrf") from None


def _number(text: str) -> int:
    bare = text.strip().removeprefix("-")
    if not (bare.isascii() and bare.isdigit() and int(bare[:9]) <= MAX_NUMBER):
        raise BadInput("Write a whole number.", field="n", code="bad_number")
    return int(text)


def _times() -> Times:
    days = {int(day) for day in request.form.getlist("day") if day in "0123456" and len(day) == 1}
    start = _minutes(request.form.get("start", "")) or 0
    end = _minutes(request.form.get("end", "")) or DAY_MINUTES
    if not days or start == end:
        raise BadInput("Choose a day and hours.", field="start", code="bad_times")
    return Times(frozenset(days), start, end)


def _minutes(text: str) -> int | None:
    hours, _colon, minutes = text.partition(":")
    if not text:
        return None
    if not (hours.isdigit() and minutes[:2].isdigit() and text.isascii() and len(text) <= 8):
        raise BadInput("Write hours as 07:30.", field="start", code="bad_times")
    return min(DAY_MINUTES, int(hours) * 60 + int(minutes[:2]))


def _dated(schedule: Schedule) -> Schedule:
    start, last = request.form.get("start", ""), request.form.get("last", "")
    try:
        end = (date.fromisoformat(last) + timedelta(days=1)).isoformat() if last else None
        if start:
            parse_moment(start, "start")
    except (ValueError, OverflowError, Invalid):
        raise BadInput("Write a date.", field="last", code="bad_dates") from None
    if start and end and end <= start:
        raise BadInput("The last day comes after the first.", field="last", code="bad_dates")
    return replace(schedule, start=start or None, end=end)


def _fields(schedule: Schedule) -> dict[str, Any]:
    times = times_of(schedule) or Times(EVERY_DAY, 9 * 60, 19 * 60)
    return {
        "days": times.days,
        "start": _padded(times.start),
        "end": _padded(times.end % DAY_MINUTES),
        "first": (schedule.start or "")[:10],
        "last": last_day(schedule.end).isoformat() if schedule.end else "",
    }


def _padded(minutes: int) -> str:
    return minutes_words(minutes).zfill(5)


@blueprint.get("/playlists/<subject>/stores")
def stores(subject: str) -> AnyResponse:
    """Which stores the columns are of: those shown, and those that fit what is looked for."""

    def make(looker: Visit) -> str:
        draft = drafts.read(looker.ctx, looker.actor, KIND, subject)
        sheet = sheet_of(looker, draft)
        asked = request.args.get("q", "")[:MAX_ASKED]
        wanted = asked.strip().casefold()
        shown = {store.id for store in sheet.scene.stores}
        rest = [shop for shop in sheet.shops if shop.id not in shown]
        fit = [shop for shop in rest if wanted in " ".join((shop.name, *shop.regions)).casefold()]
        return render_template(
            "playlist_stores.html",
            shown=[shop for shop in sheet.shops if shop.id in shown],
            found=fit[:MAX_SHOPS],
            more=max(0, len(fit) - MAX_SHOPS),
            subject=subject,
            asked=asked,
            most=MAX_COLUMNS,
        )

    return part(make)


@blueprint.get("/playlists/<subject>/rename")
def naming(subject: str) -> AnyResponse:
    """The playlist's name, to be changed."""

    def make(looker: Visit) -> str:
        draft = drafts.read(looker.ctx, looker.actor, KIND, subject)
        name = str(draft.body["name"])
        return render_template("playlist_rename.html", name=name, subject=subject)

    return part(make)


@blueprint.post("/playlists/<subject>/rename")
def rename(subject: str) -> AnyResponse:
    """Give the playlist another name."""
    try:
        looker = enter("content", form=True)
        name = check_name(request.form.get("name", ""))
        was = request.form.get("was", "")
        op = {"op": "set", "path": "name", "value": name, "was": was}
        return answer(looker, drafts.edit(looker.ctx, looker.actor, KIND, subject, [op]))
    except ServerError as error:
        return refused(error)
