"""The calendar: /calendar, with a campaign or a clash picked beside it."""

from __future__ import annotations

from datetime import date

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import NotFound, ServerError
from server.services.calendar import events, settling
from server.services.calendar.holidays import public
from server.services.calendar.looking import Seen, drawn, look
from server.services.calendar.window import VIEWS, View
from server.services.showing.shelf import names_of_goods
from server.web.access import Visit, page, studio
from server.web.calendar_panel import panel_words, proven
from server.web.calendar_told import Told
from server.web.calendar_words import calendar_words
from server.web.entering import enter
from server.web.reference_words import proofs
from server.web.sentence_words import Names
from server.web.sentences import Stock, StockBetween, clauses_of
from server.web.tongue import gettext as _
from server.web.tongue import said

blueprint = studio("calendar-room")

FIRST_YEAR, LAST_YEAR = 2000, 2100


@blueprint.get("/calendar")
def show() -> AnyResponse:
    """Campaigns over weeks."""
    return _page(enter("content"))


@blueprint.post("/calendar/settle")
def settle() -> AnyResponse:
    """Write a way out of a clash into the drafts of its campaigns."""
    looker = enter("content", form=True)
    seen = _seen(looker)
    told = _told(looker, seen)
    clash = seen.clash(request.form.get("clash", ""))
    if clash is None:
        raise NotFound(_("This clash is settled already."))
    way = next((one for one in seen.ways(clash) if one.name == request.form.get("way")), None)
    if way is None:
        return _page(looker, status=422, wrong=_("Choose a way out."))
    try:
        settling.settle(looker.ctx, looker.actor, seen, way)
    except ServerError as refused:
        return _page(looker, status=refused.status, wrong=said(refused.message))
    return redirect(told.link(pick=f"settled~{'~'.join(p.id for p in clash.parts)}"), 303)


def told_of(looker: Visit, seen: Seen, pick: str = "") -> Told:
    """What the calendar's words are made with."""
    conditions = [one.campaign.condition for one in seen.gathered.planned.values()]
    skus = {
        clause.sku
        for condition in conditions
        for clause in clauses_of(condition)
        if isinstance(clause, Stock | StockBetween)
    }
    names = Names(
        names_of_goods(looker.ctx, skus, looker.language),
        {shop.id: shop.name for shop in seen.gathered.floor.shops},
    )
    return Told(seen, pick, names, looker.language)


def _told(looker: Visit, seen: Seen) -> Told:
    return told_of(looker, seen, request.values.get("pick", ""))


def _page(looker: Visit, *, status: int = 200, wrong: str = "") -> AnyResponse:
    seen = _seen(looker)
    told = _told(looker, seen)
    countries = [shop.country for shop in seen.gathered.floor.shops]
    shown = seen.window
    free = public(shown, countries, looker.language) + events.within(
        looker.ctx, looker.actor, shown
    )
    return page(
        "calendar.html",
        looker,
        status=status,
        room="calendar",
        words=calendar_words(told, drawn(looker.ctx, seen), free),
        panel=panel_words(told),
        proofs=proofs(looker.ctx, told, proven(told)),
        shown=shown,
        pick=told.pick,
        wrong=wrong,
    )


def _seen(looker: Visit) -> Seen:
    asked = request.values
    view: View = next((one for one in VIEWS if one == asked.get("view")), "weeks")
    try:
        day = date.fromisoformat(asked.get("at", ""))
    except ValueError:
        day = None
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        day = None
    return look(looker.ctx, looker.actor, view, day)
