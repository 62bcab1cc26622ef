"""Who looks at a page, in which language, and what every page carries: headers and words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from server.errors import Forbidden, NotFound, ServerError, TooMany, Unauthenticated
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.entry import people, provider, sessions
from server.services.entry.limits import Limits, origin
from server.services.screens import watching
from server.web.phrases import LANGUAGES, Language, counted, say, sentence
from server.web.rooms import rooms_of
from server.web.tongue import gettext as _
from server.web.tongue import said
from server.web.written import Written, written

LANGUAGE_COOKIE = "enseigne_language"
LANGUAGE_LIFE_S = 365 * 24 * 3600
_UNSAFE_SOURCE = re.compile(r"[^\w:/.*'\[\]-]")


class KeyOver(Unauthenticated):
    """A signed watch link that is over or was never good."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at the studio. `session` is the cookie's secret; `key` a signed watch, which ends
    at `screens` and may only read.
    """

    ctx: Context
    actor: Actor
    language: Language
    session: str = ""
    key: str = ""
    screens: frozenset[str] | None = None

    @property
    def csrf(self) -> str:
        """The word that forms of this session carry; empty for a key, which has no forms."""
        return sessions.csrf_of(self.ctx, self.session) if self.session else ""

    def sees(self, screen: str) -> bool:
        """Whether the key, where there is one, is for this screen."""
        return self.screens is None or screen in self.screens


def context() -> Context:
    """The installation that this request is for."""
    return cast(Context, current_app.extensions["enseigne"])


def language() -> Language:
    """The reader's: chosen before, else the browser's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    found = chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "fr")
    return "en" if found == "en" else "fr"


def limits() -> Limits:
    """How often who may ask, in this application."""
    return cast(Limits, current_app.extensions["enseigne.limits"])


def asks_from() -> str:
    """The address that asks, as it is counted."""
    return origin(request.remote_addr)


def visit() -> Visit:
    """Who looks. Raises Unauthenticated (KeyOver for a watch link), TooMany where many in a row
    were nobody.
    """
    with limits().failures("sign-in", asks_from(), context().settings.failures_per_minute):
        return _visit(context())


def _visit(ctx: Context) -> Visit:
    key = request.args.get("key", "")
    if key:
        try:
            actor, screens = watching.watcher(ctx, key)
        except ServerError as wrong:
            raise KeyOver(wrong.message) from wrong
        return Visit(ctx, actor, language(), key=key, screens=screens)
    secret = sessions.unseal(ctx, request.cookies.get(sessions.COOKIE, ""))
    if secret is None:
        raise Unauthenticated("Nobody is signed in here.")
    return Visit(ctx, people.actor_of_session(ctx, secret), language(), session=secret)


def check_form(visit: Visit) -> None:
    """Refuse a request that no page of this session sent: the word stands in the form, or in the
    header that its scripts add. Raises Forbidden.
    """
    word = request.headers.get(sessions.CSRF_HEADER) or request.form.get("csrf", "")
    if not visit.session or not sessions.is_csrf(visit.ctx, visit.session, word):
        raise Forbidden(say("forged", visit.language), code="csrf")


def page(
    template: str,
    looker: Visit | None = None,
    *,
    status: int = 200,
    embed: bool = False,
    **values: Any,
) -> Response:
    """A page with everything that pages share."""
    lang = looker.language if looker is not None else language()
    shared: Mapping[str, Any] = {
        "lang": lang,
        "say": partial(_say, lang),
        "counted": lambda key, n: counted(key, n, lang),
        "sentence": sentence,
        "visit": looker,
        "rooms": rooms_of(looker.actor) if looker is not None else [],
        "embed": embed,
        "here": request.full_path.rstrip("?"),
    }
    body = render_template(template, **shared, **values)
    answer = make_response(body, status)
    _secure(answer, embed=embed)
    return answer


def studio(name: str) -> Blueprint:
    """A blueprint of pages: its faults are pages too."""
    blueprint = Blueprint(name, __name__, template_folder="templates")
    blueprint.register_error_handler(ServerError, _fault)
    blueprint.register_error_handler(HTTPException, _http_fault)
    return blueprint


def _say(lang: Language, key: str, **values: object) -> str:
    return say(key, lang, **values)


def _secure(answer: AnyResponse, *, embed: bool) -> None:
    settings = context().settings
    door = settings.door_url
    ancestors = "'none'"
    if embed:
        given = re.split(r"[\s,]+", settings.frame_ancestors.strip())
        ancestors = " ".join(s for s in given if s and not _UNSAFE_SOURCE.search(s)) or "'none'"
    rules = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        f"connect-src 'self' {door} {re.sub('^http', 'ws', door)}",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        f"frame-ancestors {ancestors}",
    )
    headers = answer.headers
    headers["Content-Security-Policy"] = "; ".join(rules)
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    headers["Cache-Control"] = "no-store"
    headers["Vary"] = "Cookie, Accept-Language"
    if not embed:
        headers["X-Frame-Options"] = "DENY"


def _fault(error: ServerError) -> AnyResponse:
    lang = language()
    embed = request.args.get("embed") == "1"
    if isinstance(error, KeyOver):
        return page(
            "notice.html",
            status=error.status,
            embed=embed,
            first=say("key_over", lang),
            second="",
            text=say("key_over_how", lang),
        )
    looker: Visit | None = g.get("visit")
    kept = written(context())
    if kept is not None:
        return _kept(error, kept, looker)
    if isinstance(error, Unauthenticated):
        return signed_out_page(say("signed_out", lang), status=error.status)
    if isinstance(error, TooMany):
        answer = page(
            "notice.html",
            looker,
            status=error.status,
            embed=embed,
            first=say("too_many", lang),
            second="",
            text=say("too_many_how", lang, n=error.retry_after_s),
        )
        answer.headers["Retry-After"] = str(error.retry_after_s)
        return answer
    first = say("not_found" if isinstance(error, NotFound) else "fault", lang)
    return page(
        "notice.html",
        looker,
        status=error.status,
        embed=embed,
        first=first,
        second="",
        text=said(error.message),
    )


def _kept(error: ServerError, kept: Written, looker: Visit | None) -> AnyResponse:
    """A fault with what was written: to be sent again where that may help, else to be read."""
    first, text = say("fault", language()), said(error.message)
    if isinstance(error, Unauthenticated):
        first = _("You are signed out.")
        text = _("Sign in in another window, come back here, and send it again.")
    elif error.code == "csrf":
        first = _("This page has grown old.")
        text = _(
            "You have signed in anew since it was opened. Look through it, then send it again."
        )
    return page(
        "written.html",
        looker,
        status=error.status,
        first=first,
        text=text,
        kept=kept,
        signed_out=isinstance(error, Unauthenticated),
        resend=error.code == "csrf" or isinstance(error, (Unauthenticated, TooMany)),
    )


def _http_fault(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    lang = language()
    key = "not_found" if error.code == 404 else "fault"
    return page("notice.html", status=error.code, first=say(key, lang), second="", text="")


def nowhere(error: HTTPException, *, programs: Callable[[HTTPException], Any]) -> AnyResponse:
    """What is said at an address that is nobody's: a page to who asks for one, as browsers do, to
    others what `programs` answers.
    """
    asked = request.accept_mimetypes
    if asked["text/html"] > asked["application/json"]:
        return _http_fault(error)
    return cast(AnyResponse, programs(error))


def signed_out_page(first: str, *, status: int = 200, provider_out: str = "") -> Response:
    """What people without a session are told, and how to come in; `provider_out` is where they sign
    out of the identity provider too, "" for nowhere.
    """
    lang, settings = language(), context().settings
    return page(
        "notice.html",
        status=status,
        first=first,
        second=say("signed_out_second", lang),
        text=say("signed_out_how", lang),
        command="python3 start.py run owner-link",
        provider=provider.title(settings),
        provider_out=provider_out,
        sign_in=urlencode({"next": request.path}) if request.method == "GET" else "",
    )
