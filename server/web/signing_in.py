"""Sign in: by password and, where one is kept, a second factor; by passkey; by a link to join."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, ServerError, Unauthenticated
from server.services.entry import passkeys, provider, sessions, signing_in
from server.services.entry.signing_in import Waiting
from server.services.entry.tokens import SignedIn
from server.web.access import asks_from, context, limits, page, studio
from server.web.carried import (
    browser,
    carry,
    check_stranger,
    inside,
    know,
    stranger,
    wait,
    waiting,
)
from server.web.entry_words import complaint
from server.web.rooms import home_of

blueprint = studio("signing_in")

ADD_PASSKEY = "/me#passkeys"
SIGN_IN = "/sign-in"


@blueprint.get("/sign-in")
def form() -> AnyResponse:
    """Ask for address and password, or a passkey."""
    return ask("sign_in.html", next=inside(request.args.get("next", "")))


@blueprint.post("/sign-in")
def by_password() -> AnyResponse:
    """Come in by password, or go on to the second factor."""
    check_stranger()
    ctx, given = context(), request.form
    email, onward = given.get("email", ""), inside(given.get("next", ""))
    try:
        with (
            limits().failures("sign-in", asks_from(), ctx.settings.failures_per_minute),
            limits().failures(
                "password", _account(email), ctx.settings.passwords_per_minute, guessable=True
            ),
        ):
            came = signing_in.by_password(ctx, email, given.get("password", ""), browser())
    except Unauthenticated as wrong:
        return ask("sign_in.html", wrong, next=onward, email=email)
    return go_on(came, onward)


@blueprint.get("/sign-in/code")
def ask_code() -> AnyResponse:
    """Ask for the second factor."""
    waiting()
    return ask("second.html", next=inside(request.args.get("next", "")))


@blueprint.post("/sign-in/code")
def by_code() -> AnyResponse:
    """Come in by the second factor."""
    check_stranger()
    ctx, onward = context(), inside(request.form.get("next", ""))
    try:
        with limits().failures("sign-in", asks_from(), ctx.settings.failures_per_minute):
            came = signing_in.by_code(ctx, waiting(), request.form.get("code", ""), browser())
    except Unauthenticated as wrong:
        template = "second.html" if wrong.code == "wrong_code" else "sign_in.html"
        return ask(template, wrong, next=onward)
    return go_on(came, onward)


@blueprint.post("/sign-in/passkey")
def ask_passkey() -> AnyResponse:
    """What the browser is to ask its passkeys."""
    check_stranger()
    ctx = context()
    limits().take("passkey", asks_from(), ctx.settings.stranger_per_minute)
    return _json(passkeys.ask_to_sign_in(ctx))


@blueprint.post("/sign-in/passkey/answer")
def by_passkey() -> AnyResponse:
    """Come in by a passkey."""
    check_stranger()
    ctx = context()
    try:
        with limits().failures("sign-in", asks_from(), ctx.settings.failures_per_minute):
            came = passkeys.sign_in(ctx, read_object(), browser())
    except (Unauthenticated, BadInput) as wrong:
        return told(wrong)
    onward = inside(request.args.get("next", "")) or home_of(came.actor)
    answer = _json({"onward": onward})
    carry(answer, came)
    return answer


@blueprint.get("/join/<secret>")
def joining(secret: str) -> AnyResponse:
    """Greet whom a link is for; looking does not use it up."""
    try:
        who = signing_in.who_joins(context(), secret)
    except Unauthenticated:
        return over()
    return ask("join.html", who=who)


@blueprint.post("/join/<secret>")
def join(secret: str) -> AnyResponse:
    """Come in by a link, with a password or on the way to a passkey."""
    check_stranger()
    ctx, given = context(), request.form
    by_passkey = "passkey" in given
    password = "" if by_passkey else given.get("password", "")
    try:
        with limits().failures("sign-in", asks_from(), ctx.settings.failures_per_minute):
            who = signing_in.who_joins(ctx, secret)
    except Unauthenticated:
        return over()
    try:
        if not by_passkey and not password:
            raise BadInput("A password is missing.", field="password", code="password_short")
        came = signing_in.join(ctx, secret, password, browser())
    except BadInput as wrong:
        return ask("join.html", wrong, who=who)
    except Unauthenticated:
        return over()
    return go_on(came, ADD_PASSKEY if by_passkey else "")


def over() -> Response:
    """A link that lets nobody in any more."""
    return page(
        "notice.html",
        status=410,
        first=_("This link was used already, or is too old."),
        second=_("Ask who invited you for a new one."),
    )


def told(wrong: ServerError) -> Response:
    """What went wrong, for a script to say."""
    answer = _json({"message": complaint(wrong)})
    answer.status_code = wrong.status
    return answer


def read_object() -> dict[str, Any]:
    """The JSON object that a script sent. Raises BadInput."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise BadInput("Send a JSON object.", code="bad_passkey")
    return found


def _account(email: str) -> str:
    """An account as its failures are counted."""
    return email.strip().lower()[:254]


def go_on(came: SignedIn | Waiting, onward: str) -> AnyResponse:
    """Have whoever comes in begin at `onward`, or at home; or ask for their second factor."""
    if isinstance(came, SignedIn):
        answer = redirect(onward or home_of(came.actor), 303)
        carry(answer, came)
        return answer
    answer = redirect(f"{SIGN_IN}/code?{urlencode({'next': onward})}", 303)
    wait(answer, came)
    return answer


def ask(template: str, wrong: ServerError | None = None, **values: Any) -> Response:
    """A form for a browser without a session, with what was wrong."""
    secret, is_new = stranger()
    settings = context().settings
    answer = page(
        template,
        status=200 if wrong is None else wrong.status,
        wrong=complaint(wrong) if wrong else "",
        field=wrong.field if wrong else "",
        csrf=sessions.csrf_of(context(), secret),
        passkeys=passkeys.place(settings),
        provider=provider.title(settings) if provider.is_set_up(settings) else "",
        **{"email": "", **values},
    )
    if is_new:
        know(answer, secret)
    return answer


def _json(body: Any) -> Response:
    answer = jsonify(body)
    answer.headers["Cache-Control"] = "no-store"
    return answer
