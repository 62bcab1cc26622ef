"""What is held: old and new side by side, and a person's word on it."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, NotFound
from server.services import connectors
from server.services.prices import releasing, settling
from server.services.prices.quarantined import quarantined
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.quarantine_words import quarantine_words
from server.web.tongue import gettext as _

blueprint = studio("quarantine")

HERE = "/quarantine"
MAX_CHANNELS = 1_000
"""Channels whose price is settled by one press."""
GOES = ("accept", "reject", "hold")
"""The words that may be pressed: release, reject, take a rejection back."""


@blueprint.get(HERE)
def show() -> AnyResponse:
    """What is held now."""
    return _page(enter("read"))


@blueprint.post(f"{HERE}/answers/<batch>")
def settle_answer(batch: str) -> AnyResponse:
    """Release or reject an answer that was held whole, or take a rejection back."""
    looker, word = enter("prices", form=True), _word()

    def act() -> None:
        if word == "hold":
            releasing.reopen_batch(looker.ctx, looker.actor, batch)
        else:
            connectors.settle_batch(looker.ctx, looker.actor, batch, word == "accept")

    wrong = _tried(act)
    return _page(looker, wrong) if wrong else redirect(HERE, 303)


@blueprint.post(f"{HERE}/prices/<sku>")
def settle_price(sku: str) -> AnyResponse:
    """The same for a price, in each of the channels that the form names."""
    looker, word = enter("prices", form=True), _word()
    ctx, actor = looker.ctx, looker.actor
    wrong = ""
    for channel in request.form.getlist("channel")[:MAX_CHANNELS]:

        def act(channel: str = channel) -> None:
            if word == "hold":
                settling.hold_again(ctx, actor, channel, sku)
            else:
                settling.settle_suspect(ctx, actor, channel, sku, word == "accept")

        wrong = _tried(act) or wrong
    return _page(looker, wrong) if wrong else redirect(HERE, 303)


def _tried(act: Callable[[], None]) -> str:
    """Do it; what is wrong with that, in words."""
    try:
        act()
    except NotFound:
        return _("It was decided already, or the shop says something else by now. Look again.")
    except BadInput:
        return _("Nobody may release this price. Correct it in the shop.")
    return ""


def _word() -> str:
    word = request.form.get("word", "")
    if word not in GOES:
        raise BadInput("Say accept, reject or hold.", field="word")
    return word


def _page(looker: Visit, wrong: str = "") -> AnyResponse:
    found = quarantined(looker.ctx, looker.actor)
    return page(
        "quarantine.html",
        looker,
        status=422 if wrong else 200,
        room="situation",
        words=quarantine_words(found, looker.language),
        found=found,
        wrong=wrong,
    )
