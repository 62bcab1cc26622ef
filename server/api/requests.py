"""What happens around every request: an id, a log line, who asks, and a body that can be read."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any, cast

import structlog
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from server.api.problems import Unreadable, WrongMedia
from server.errors import Forbidden, TooLarge, Unauthenticated
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.entry import people, sessions
from server.services.entry.limits import Limits, origin

log = structlog.get_logger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
MAX_DEPTH = 64
"""Levels of a JSON body."""


def monotonic() -> float:
    """Seconds on a clock that only goes forward."""
    return time.monotonic()


def context() -> Context:
    """The installation that this request is for."""
    return cast(Context, current_app.extensions["enseigne"])


def actor() -> Actor:
    """Who asks. Raises Unauthenticated where nobody signed in."""
    found: Actor | None = g.get("actor")
    if found is None:
        raise Unauthenticated("Sign in, or send a token: Authorization: Bearer ens_…")
    return found


def limits() -> Limits:
    """How often who may ask, in this application."""
    return cast(Limits, current_app.extensions["enseigne.limits"])


def asks_from() -> str:
    """The address that asks, as it is counted."""
    return origin(request.remote_addr)


def authenticate() -> None:
    """Find out who asks, from a Bearer token or else the session cookie. Raises Unauthenticated,
    Forbidden, TooMany where many in a row were not good.
    """
    most = context().settings.failures_per_minute
    with limits().failures("sign-in", asks_from(), most):
        _authenticate()


def _authenticate() -> None:
    ctx = context()
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind:
        if kind.lower() != "bearer" or not secret.strip():
            raise Unauthenticated("Send a token as Authorization: Bearer ens_…")
        g.actor = people.actor_of_token(ctx, secret.strip())
        return
    session = sessions.unseal(ctx, request.cookies.get(sessions.COOKIE, ""))
    if session is None:
        return
    g.actor = people.actor_of_session(ctx, session)
    g.session = session
    word = request.headers.get(sessions.CSRF_HEADER, "")
    if request.method not in SAFE_METHODS and not sessions.is_csrf(ctx, session, word):
        raise Forbidden(
            f"Send {sessions.CSRF_HEADER} along; reload the page if you were signed in anew.",
            code="csrf",
        )


def read_json() -> None:
    """Check that the body is a JSON object that a database can keep. Raises Unreadable, WrongMedia,
    TooLarge.
    """
    if request.method not in BODY_METHODS:
        return
    if request.mimetype != "application/json":
        raise WrongMedia("Send the body as application/json.")
    try:
        body = request.get_json()
    except RequestEntityTooLarge:
        most = context().settings.max_request_bytes
        raise TooLarge(f"A request has {most} bytes at most.") from None
    except (UnicodeDecodeError, RecursionError):
        raise Unreadable("The body is not JSON in UTF-8.") from None
    if not isinstance(body, Mapping):
        raise Unreadable("The body must be a JSON object.")
    _refuse_unstorable(body, 0)


def is_bare() -> bool:
    """Whether a program sends no body at all. Browsers say JSON even so: with their session's word
    it keeps the forms of other sites out.
    """
    signed_in = g.get("actor") is not None and g.get("session") is None
    return signed_in and not request.content_length and "Transfer-Encoding" not in request.headers


def check_address() -> None:
    """Refuse an address with characters that no name of ours has. Raises Unreadable."""
    values = [*(request.view_args or {}).values(), *request.args.keys(), *request.args.values()]
    for value in values:
        if isinstance(value, str) and not _storable(value):
            raise Unreadable("The address holds characters that no name has.")


def begin() -> None:
    """Give the request its id."""
    g.request_id = secrets.token_hex(8)
    g.started = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def finish(response: Response) -> Response:
    """Note the request's end, and say its id."""
    spent_ms = round((time.monotonic() - g.get("started", time.monotonic())) * 1000)
    who = g.get("actor")
    worth_telling = request.method not in SAFE_METHODS or response.status_code >= 400
    (log.info if worth_telling else log.debug)(
        "request",
        method=request.method,
        path=_path_to_tell(),
        status=response.status_code,
        ms=spent_ms,
        actor=who.id if who is not None else None,
    )
    response.headers.setdefault("X-Request-Id", g.get("request_id", ""))
    return response


def _path_to_tell() -> str:
    """The path for the log: a secret in it stays one."""
    rule = request.url_rule
    return rule.rule if rule is not None and "secret" in rule.arguments else request.path


def register(app: Flask) -> None:
    """Put this around every request of the application."""
    app.before_request(begin)
    app.after_request(finish)


def _refuse_unstorable(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Unreadable(f"The body is nested over {MAX_DEPTH} levels deep.")
    if isinstance(value, str) and not _storable(value):
        raise Unreadable("A text holds a NUL or half a character; leave it out.")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _refuse_unstorable(key, depth)
            _refuse_unstorable(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner, depth + 1)


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
