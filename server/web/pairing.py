"""Pair a screen: a form for the code that a device shows, and what became of it."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, ServerError
from server.services.chain import places
from server.services.screens import pairing
from server.services.screens.pairing_choices import choices
from server.web.access import Visit, limits, page, studio
from server.web.entering import enter
from server.web.own_pages import is_loopback
from server.web.place_words import complaint
from server.web.tongue import gettext as _

blueprint = studio("pairing")

NEW = "new:"
"""Begins the choice of a new screen in a store."""


@blueprint.get("/pair")
def form() -> AnyResponse:
    """The form; `screen` or `store` choose ahead, `code` comes from a QR code on a screen."""
    looker = enter()
    store = request.args.get("store", "")
    chosen = request.args.get("screen", "") or (NEW + store if store else "")
    return _form(looker, chosen=chosen, code=request.args.get("code", ""))


@blueprint.post("/pair")
def claim() -> AnyResponse:
    """Give the device that shows the code its screen."""
    looker = enter(form=True)
    code = request.form.get("code", "")
    chosen = request.form.get("screen", "")
    name = request.form.get("name", "")
    is_new = chosen.startswith(NEW)
    try:
        most = looker.ctx.settings.codes_per_minute
        with limits().failures("code", looker.actor.id, most, guessable=True):
            claimed = pairing.claim(
                looker.ctx,
                looker.actor,
                code=code,
                screen_id="" if is_new else chosen,
                store=chosen.removeprefix(NEW) if is_new else "",
                name=name,
            )
    except ServerError as wrong:
        if wrong.status >= 500:
            raise
        return _form(looker, chosen=chosen, code=code, name=name, wrong=wrong)
    screen = places.get_screen(looker.ctx, looker.actor, claimed.screen).value
    return page("paired.html", looker, room="wall", claimed=claimed, screen=screen)


def _form(
    looker: Visit,
    *,
    chosen: str = "",
    code: str = "",
    name: str = "",
    wrong: ServerError | None = None,
) -> AnyResponse:
    url = looker.ctx.settings.url
    return page(
        "pair.html",
        looker,
        status=wrong.status if wrong is not None else 200,
        room="wall",
        stores=choices(looker.ctx, looker.actor),
        fingerprint=looker.ctx.keys.fingerprint,
        command=f"curl -fsSL {url}/player/install | sudo sh -s",
        screen=f"{url}/screen",
        only_here=is_loopback(url),
        chosen=chosen,
        code=code,
        name=name,
        wrong=_refusal(wrong) if wrong is not None else "",
        new=NEW,
    )


def _refusal(wrong: ServerError) -> str:
    """What was wrong, in the reader's language."""
    if isinstance(wrong, BadInput) and wrong.field == "code":
        return _("A code has six letters or digits, as on the screen: ABC-DEF.")
    return complaint(wrong)
