"""Ways in and out: the owner link, signing out, the language, the studio's own files."""

from __future__ import annotations

from pathlib import Path

from flask import Response, redirect, request, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from server.errors import Unauthenticated
from server.services.entry import people, sessions, single
from server.web.access import (
    LANGUAGE_COOKIE,
    LANGUAGE_LIFE_S,
    asks_from,
    context,
    language,
    limits,
    page,
    signed_out_page,
    studio,
)
from server.web.carried import browser, carry, inside, keep_language
from server.web.entering import enter
from server.web.phrases import LANGUAGES, say
from server.web.rooms import home_of

blueprint = studio("doors")

STATIC = Path(__file__).parent / "static"
CACHE_S = 10
"""The studio's files are asked for again after this long: soon after an update."""
WALL = "/wall"


@blueprint.get("/")
def home() -> AnyResponse:
    """The studio begins at the wall, for store managers at their store."""
    secret = sessions.unseal(context(), request.cookies.get(sessions.COOKIE, ""))
    try:
        return redirect(home_of(people.actor_of_session(context(), secret)) if secret else WALL)
    except Unauthenticated:
        return redirect(WALL)


@blueprint.get("/start/<secret>")
def at_the_door(secret: str) -> AnyResponse:
    """Ask for a press of the button: programs that preview links must not use this one up."""
    if not people.is_owner_link(context(), secret):
        return signed_out_page(say("link_over", language()), status=410)
    return page("enter.html")


@blueprint.post("/start/<secret>")
def start(secret: str) -> AnyResponse:
    """Come in through an owner link."""
    ctx = context()
    try:
        with limits().failures("sign-in", asks_from(), ctx.settings.failures_per_minute):
            signed_in = people.redeem_owner_link(ctx, secret, browser())
    except Unauthenticated:
        return signed_out_page(say("link_over", language()), status=410)
    answer = redirect(WALL, 303)
    carry(answer, signed_in)
    return answer


@blueprint.get("/signed-out")
def signed_out() -> Response:
    """For people without a session."""
    return signed_out_page(say("signed_out", language()))


@blueprint.post("/sign-out")
def sign_out() -> AnyResponse:
    """End the session."""
    looker = enter(form=True)
    there = single.leave_address(looker.ctx, looker.actor.id)
    people.sign_out(looker.ctx, looker.session)
    answer = signed_out_page(say("left", looker.language), provider_out=there)
    answer.delete_cookie(sessions.COOKIE)
    return answer


@blueprint.post("/language")
def choose_language() -> AnyResponse:
    """Keep a language, on the account of who is signed in too, and go back to where it was chosen.
    It changes nothing but words, so nobody need be.
    """
    chosen = request.form.get("language", "")
    answer = redirect(inside(request.form.get("back", "")) or WALL, 303)
    if chosen in LANGUAGES:
        keep_language(chosen)
        answer.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=LANGUAGE_LIFE_S, httponly=True, samesite="Lax"
        )
    return answer


@blueprint.get("/studio/<path:name>")
def static_file(name: str) -> AnyResponse:
    """A file of the studio."""
    return send_from_directory(STATIC, name, max_age=CACHE_S)
