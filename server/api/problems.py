"""Every error as problem+json (RFC 9457): what is wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, g, json, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from playlists.errors import DomainError, Invalid
from server.errors import BadInput, ServerError, TooMany, Unauthenticated
from server.said import said
from server.services.base.editing import StaleEdit

log = structlog.get_logger(__name__)

MIME = "application/problem+json"
MAX_LISTED = 20
"""Faulty fields that one answer lists."""
_SAID = {
    400: ("bad_request", "This request cannot be read. Send JSON as the API's document says."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This cannot be done at this address. See the Allow header."),
    413: ("too_large", "This request is larger than the server takes."),
    415: ("unsupported_media_type", "Send the body as application/json."),
}


class Unreadable(ServerError):
    """The request's body is not what it says it is."""

    status = 400
    code = "bad_request"


class WrongMedia(ServerError):
    """The request's body is of a kind that is not taken here."""

    status = 415
    code = "unsupported_media_type"


class UnfitAnswer(Exception):
    """An answer of ours is not of the shape that the document promises: our fault, not theirs."""

    def __init__(self, error: ValidationError) -> None:
        super().__init__("an answer does not fit its documented shape")
        self.faults = _listed(error)


def problem(
    status: int,
    code: str,
    message: str,
    *,
    field: str = "",
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One problem document. `field` is the path of the offending part of the input."""
    body: dict[str, Any] = {"type": f"urn:enseigne:problem:{code}", "title": message}
    body |= {"status": status, "code": code, "request_id": g.get("request_id", "")}
    if field:
        body["field"] = field
    if errors:
        body["errors"] = errors
    sent = {"Vary": "Accept-Language", **(headers or {})}
    return Response(json.dumps(body), status, sent, content_type=MIME)


def register(app: Flask) -> None:
    """Answer every error of the application this way; blueprints may answer theirs otherwise."""
    app.register_error_handler(ServerError, _server_error)
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(ValidationError, _validation_error)
    app.register_error_handler(UnfitAnswer, _unfit_answer)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def language() -> str:
    """Of what is said: English, unless the caller would rather have French."""
    return request.accept_languages.best_match(("en", "fr"), "en")


def _server_error(error: ServerError) -> Response:
    headers: dict[str, str] = {}
    if isinstance(error, StaleEdit):
        headers["ETag"] = f'"{error.current}"'
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="enseigne"'
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after_s)
    if error.status >= 500:
        log.error("server_error", error=error.message, code=error.code)
    message = said(error.message, language())
    return problem(error.status, error.code, message, field=error.field, headers=headers)


def _domain_error(error: DomainError) -> Response:
    field = error.field if isinstance(error, Invalid) else ""
    return problem(BadInput.status, error.code, said(str(error), language()), field=field)


def _validation_error(error: ValidationError) -> Response:
    listed = _listed(error)
    first = listed[0]
    message = f"{first['field'] or 'The body'}: {first['message']}."
    return problem(BadInput.status, BadInput.code, message, field=first["field"], errors=listed)


def _listed(error: ValidationError) -> list[dict[str, str]]:
    """The faulty fields, without what stood in them."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        {"field": _path(fault["loc"]), "message": str(fault["msg"])}
        for fault in faults[:MAX_LISTED]
    ]


def _path(loc: tuple[int | str, ...]) -> str:
    """Where a fault lies; without the names of our own classes, which pydantic puts among them."""
    return "/".join(str(part) for part in loc if not str(part)[:1].isupper())


def _http_error(error: HTTPException) -> Response:
    given = error.get_response()
    status = error.code or 500
    if status < 400:
        return Response(given.get_data(), status, dict(given.headers))
    code, message = _SAID.get(status, ("http_error", error.description or error.name))
    kept = {name: given.headers[name] for name in ("Allow", "Retry-After") if name in given.headers}
    return problem(status, code, message, headers=kept)


def _unfit_answer(error: UnfitAnswer) -> Response:
    log.error("unfit_answer", method=request.method, path=request.path, faults=error.faults)
    return _ours()


def _unexpected(error: Exception) -> Response:
    log.error("unexpected_error", exc_info=error)
    return _ours()


def _ours() -> Response:
    message = "The server failed at this. It is noted; try again, or tell whoever runs it."
    return problem(500, "server", message)
