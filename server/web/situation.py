"""The situation: what speaks and what is silent, what waits for a person, who is told."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, NotFound
from server.services import connectors
from server.services.prices import settling
from server.services.recalls import recalls
from server.services.situation.faults import fault_said
from server.services.situation.overview import situation
from server.services.situation.rails import Asked
from server.services.situation.recipients import choice, choose
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.situation_words import situation_words
from server.web.tongue import gettext as _

blueprint = studio("situation")

MAX_ASKED = 200
"""Characters of what is looked for."""
MAX_CHANNELS = 1_000
"""Channels whose price is settled by one press."""
HERE = "/situation"


@blueprint.get(HERE)
def show() -> AnyResponse:
    """How it stands now."""
    looker = enter()
    return _page(looker)


@blueprint.post(f"{HERE}/batches/<batch>")
def settle_batch(batch: str) -> AnyResponse:
    """Accept or refuse a held batch."""
    looker = enter(form=True)
    try:
        connectors.settle_batch(looker.ctx, looker.actor, batch, _accepts())
    except NotFound as gone:
        return _page(looker, status=gone.status, wrong=_("It was decided already."))
    return redirect(HERE, 303)


@blueprint.post(f"{HERE}/prices/<sku>")
def settle_price(sku: str) -> AnyResponse:
    """Accept or refuse a price in each of the channels that the form names."""
    looker, accepts, wrong = enter(form=True), _accepts(), ""
    for channel in request.form.getlist("channel")[:MAX_CHANNELS]:
        try:
            settling.settle_suspect(looker.ctx, looker.actor, channel, sku, accepts)
        except NotFound:
            wrong = _("It was decided already.")
        except BadInput:
            wrong = _("Nobody may accept this price. Correct it in the shop.")
    return _page(looker, status=422, wrong=wrong) if wrong else redirect(HERE, 303)


@blueprint.post(f"{HERE}/mail")
def mail() -> AnyResponse:
    """Be told by mail, or no more."""
    looker = enter(form=True)
    choose(looker.ctx, looker.actor, muted=request.form.get("muted") == "1")
    return redirect(f"{HERE}#told", 303)


def _accepts() -> bool:
    return request.form.get("word") == "accept"


def _page(looker: Visit, *, status: int = 200, wrong: str = "") -> AnyResponse:
    given = {name: request.args.get(name, "")[:MAX_ASKED] for name in ("store", "after")}
    asked = Asked(**given)
    found = situation(looker.ctx, looker.actor, asked)

    def link(**other: str) -> str:
        query = urlencode({name: value for name, value in other.items() if value})
        return f"{HERE}?{query}" if query else HERE

    told = choice(looker.ctx, looker.actor) if looker.session else None
    return page(
        "situation.html",
        looker,
        status=status,
        room="situation",
        words=situation_words(found, looker.language),
        found=found,
        asked=asked,
        link=link,
        told=told,
        fault=fault_said(told.fault, looker.language) if told is not None else "",
        wrong=wrong,
        recalled=recalls.in_force(looker.ctx, looker.actor),
        may_recall=recalls.may_recall(looker.actor) and bool(looker.session),
    )
