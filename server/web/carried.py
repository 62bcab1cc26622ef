"""What a browser carries of whoever signs in: the session's cookie, the wait for a second factor,
and, before there is any session, the word against forged forms.
"""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import Forbidden, Unauthenticated
from server.services.entry import accounts, people, sessions, tokens
from server.services.entry.signing_in import Waiting
from server.services.entry.single import Begun
from server.services.entry.tokens import SignedIn
from server.web.access import LANGUAGE_COOKIE, LANGUAGE_LIFE_S, context, language
from server.web.entry_words import browser_name
from server.web.phrases import LANGUAGES, say

WAITING_COOKIE = "enseigne_waiting"
STRANGER_COOKIE = "enseigne_stranger"
WAY_COOKIE = "enseigne_way"


def carry(answer: AnyResponse, signed_in: SignedIn) -> None:
    """Have the browser carry a session that just began, and speak the person's language."""
    ctx = context()
    _set(answer, sessions.COOKIE, signed_in.secret, (signed_in.expires_at - ctx.clock()) // 1000)
    answer.delete_cookie(WAITING_COOKIE)
    if signed_in.language in LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE,
            signed_in.language,
            max_age=LANGUAGE_LIFE_S,
            httponly=True,
            samesite="Lax",
        )


def wait(answer: AnyResponse, waiting: Waiting) -> None:
    """Have the browser carry a sign-in that waits for its second factor."""
    life_s = (waiting.expires_at - context().clock()) // 1000
    _set(answer, WAITING_COOKIE, waiting.secret, life_s)


def waiting() -> str:
    """The secret of such a sign-in. Raises Unauthenticated."""
    secret = sessions.unseal(context(), request.cookies.get(WAITING_COOKIE, ""))
    if secret is None:
        raise Unauthenticated("Sign in first.", code="waited_too_long")
    return secret


def set_out(answer: AnyResponse, begun: Begun | None) -> None:
    """Have the browser carry its way to the identity provider, or forget it."""
    if begun is None:
        answer.delete_cookie(WAY_COOKIE)
    else:
        _set(answer, WAY_COOKIE, begun.secret, (begun.expires_at - context().clock()) // 1000)


def on_the_way() -> str:
    """The secret of such a way; "" where there is none."""
    return sessions.unseal(context(), request.cookies.get(WAY_COOKIE, "")) or ""


def stranger() -> tuple[str, bool]:
    """What a browser without a session carries against forged forms, and whether it is new."""
    kept = sessions.unseal(context(), request.cookies.get(STRANGER_COOKIE, ""))
    return (kept, False) if kept is not None else (tokens.new_secret(), True)


def know(answer: AnyResponse, secret: str) -> None:
    """Have the browser carry that, until it is closed."""
    _set(answer, STRANGER_COOKIE, secret, None)


def check_stranger() -> None:
    """Refuse a form that no page of ours for this browser sent. Raises Forbidden."""
    word = request.headers.get(sessions.CSRF_HEADER) or request.form.get("csrf", "")
    secret, is_new = stranger()
    if is_new or not sessions.is_csrf(context(), secret, word):
        raise Forbidden(say("forged", language()), code="csrf")


def browser() -> str:
    """The browser that asks, in words."""
    return browser_name(request.headers.get("User-Agent", ""))


def keep_language(chosen: str) -> None:
    """Keep a language on the account of who is signed in, if anybody is."""
    ctx = context()
    secret = sessions.unseal(ctx, request.cookies.get(sessions.COOKIE, ""))
    if secret is None:
        return
    try:
        accounts.speak(ctx, people.actor_of_session(ctx, secret), chosen)
    except Unauthenticated:
        return


def inside(path: str) -> str:
    """A path of ours to go on to; "" where it is none."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if good else ""


def _set(answer: AnyResponse, name: str, secret: str, life_s: int | None) -> None:
    ctx = context()
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    answer.set_cookie(
        name,
        sessions.seal(ctx, secret),
        max_age=life_s,
        httponly=True,
        samesite="Lax",
        secure=ctx.settings.url.startswith("https://"),
    )
