"""My page: how I come in, where I am signed in, my language."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import Response, jsonify, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from server.errors import Forbidden, ServerError, TooMany
from server.services.entry import accounts, browsers, passkeys, second, signing_in
from server.web.access import Visit, check_form, limits, page, studio
from server.web.entering import View, looker
from server.web.entry_words import ago, complaint
from server.web.people_words import browser_lines, person_card
from server.web.signing_in import read_object, told

blueprint = studio("me")

ME = "/me"
QR_SCALE = 5
"""Pixels of a module."""


def _changes(*, ways_in: bool) -> Callable[[View], View]:
    """A form of this page, whose fault is shown on it; ways in are changed soon after signing in
    only.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def run() -> AnyResponse:
            me = looker()
            check_form(me)
            try:
                if ways_in and not browsers.is_fresh(me.ctx, me.actor):
                    raise Forbidden("Sign in again to change how you come in.", code="not_fresh")
                return view(me)
            except TooMany:
                raise
            except ServerError as wrong:
                if request.is_json:
                    return told(wrong)
                return _page(me, wrong)

        return run

    return decorate


@blueprint.get("/me")
def show() -> AnyResponse:
    """The page."""
    return _page(looker())


@blueprint.post("/me/name")
@_changes(ways_in=True)
def introduce(me: Visit) -> AnyResponse:
    """Change name and address."""
    accounts.introduce(
        me.ctx, me.actor, request.form.get("name", ""), request.form.get("email", "")
    )
    return _back("name")


@blueprint.post("/me/password")
@_changes(ways_in=True)
def set_password(me: Visit) -> AnyResponse:
    """Change the password; other sessions end."""
    given = request.form
    with limits().failures(
        "password", me.actor.id, me.ctx.settings.passwords_per_minute, guessable=True
    ):
        signing_in.set_password(
            me.ctx,
            me.actor.id,
            me.actor.under,
            given.get("current", ""),
            given.get("password", ""),
        )
    return _back("password")


@blueprint.post("/me/app")
@_changes(ways_in=True)
def begin_app(me: Visit) -> AnyResponse:
    """Show an authenticator app its key."""
    return _page(me, setup=second.begin(me.ctx, me.actor))


@blueprint.post("/me/app/confirm")
@_changes(ways_in=True)
def confirm_app(me: Visit) -> AnyResponse:
    """Have the app count by its first code; show the recovery codes, this once."""
    try:
        codes = second.confirm(me.ctx, me.actor, request.form.get("code", ""))
    except ServerError as wrong:
        return _page(me, wrong, setup=second.begin(me.ctx, me.actor))
    return _page(me, codes=codes)


@blueprint.post("/me/app/codes")
@_changes(ways_in=True)
def renew_codes(me: Visit) -> AnyResponse:
    """New recovery codes, shown this once."""
    return _page(me, codes=second.renew_codes(me.ctx, me.actor))


@blueprint.post("/me/app/remove")
@_changes(ways_in=True)
def remove_app(me: Visit) -> AnyResponse:
    """Do without an authenticator app."""
    second.remove(me.ctx, me.actor)
    return _back("second")


@blueprint.post("/me/passkeys/ask")
@_changes(ways_in=True)
def ask_passkey(me: Visit) -> AnyResponse:
    """What the browser is to ask the device."""
    return jsonify(passkeys.ask_to_add(me.ctx, me.actor))


@blueprint.post("/me/passkeys/add")
@_changes(ways_in=True)
def add_passkey(me: Visit) -> AnyResponse:
    """Keep the passkey that the device made."""
    answer = read_object()
    name = str(answer.pop("name", "")).strip() or _("Passkey")
    passkeys.add(me.ctx, me.actor, name, answer)
    return jsonify({"onward": f"{ME}?done=passkey#passkeys"})


@blueprint.post("/me/passkeys/remove")
@_changes(ways_in=True)
def remove_passkey(me: Visit) -> AnyResponse:
    """Forget a passkey."""
    passkeys.remove(me.ctx, me.actor, request.form.get("passkey", ""))
    return _back("passkey")


@blueprint.post("/me/sessions/end")
@_changes(ways_in=False)
def end_session(me: Visit) -> AnyResponse:
    """End one session."""
    browsers.end_own(me.ctx, me.actor, request.form.get("session", ""))
    return _back("session")


@blueprint.post("/me/sessions/end-others")
@_changes(ways_in=False)
def end_others(me: Visit) -> AnyResponse:
    """End all sessions but this."""
    browsers.end_others(me.ctx, me.actor)
    return _back("session")


def _back(done: str) -> AnyResponse:
    return redirect(f"{ME}?done={done}", 303)


def _page(
    me: Visit,
    wrong: ServerError | None = None,
    *,
    setup: second.Setup | None = None,
    codes: list[str] | None = None,
) -> Response:
    ctx, now = me.ctx, me.ctx.clock()
    own = accounts.get_own(ctx, me.actor)
    keys = passkeys.list_own(ctx, me.actor)
    done = {
        "name": _("Your name and address are kept."),
        "password": _("Your new password counts. Your other sessions are over."),
        "second": _("Your authenticator app is no longer asked for."),
        "passkey": _("Your passkeys are up to date."),
        "session": _("That session is over."),
    }
    return page(
        "me.html",
        me,
        status=200 if wrong is None else wrong.status,
        room="me",
        me=own,
        card=person_card(ctx, me.actor, own),
        wrong=complaint(wrong) if wrong else "",
        field=wrong.field if wrong else "",
        done=done.get(request.args.get("done", ""), ""),
        given={key: request.form.get(key, "") for key in ("name", "email")},
        fresh=browsers.is_fresh(ctx, me.actor),
        again=wrong is not None and wrong.code == "not_fresh",
        setup=setup,
        picture=_picture(setup.uri) if setup else "",
        codes=codes,
        codes_left=accounts.recovery_left(ctx, me.actor),
        passkeys=[(key.id, key.name, ago(key.used_at, now)) for key in keys],
        place=passkeys.place(ctx.settings),
        browsers=browser_lines(browsers.list_own(ctx, me.actor), now),
    )


def _picture(uri: str) -> str:
    """A QR code as the source of a picture; always dark on light, for cameras."""
    import segno

    code = segno.make(uri, micro=False)
    return str(code.svg_data_uri(scale=QR_SCALE, border=4, dark="#000", light="#fff"))
