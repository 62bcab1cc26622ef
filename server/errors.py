"""What the server tells people when it cannot do what they asked: one exception a kind, RFC 9457
shaped.

Raise with the sentence written out, f"At most {most} files."; its French is `At most %(most)s
files.` in server/web/translations/fr/errors.po, which `tools/words.py` writes for you to fill in.
"""

from __future__ import annotations

KEPT_OUT = {
    "unknown_screen": "No screen of this server has this device's key. Pair it again.",
    "bad_signature": "The signature does not answer this challenge with the screen's key.",
    "cloned_key": "Two devices use this screen's key at once. Both wait; pair one of them again.",
}
"""What a device is told by code, at the door as over HTTP."""


class ServerError(Exception):
    """Base. `status` is the HTTP status, `code` a stable word, `field` the offending part of the
    input.
    """

    status = 500
    code = "server"

    def __init__(self, message: str, *, field: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        if code is not None:
            self.code = code


class BadInput(ServerError):
    """The input is refused; the message says what to write instead."""

    status = 422
    code = "bad_input"


class Unauthenticated(ServerError):
    """Nobody is signed in, or the token is not (or no longer) good."""

    status = 401
    code = "unauthenticated"


class Forbidden(ServerError):
    """The actor is known but this lies outside its role or its stores."""

    status = 403
    code = "forbidden"


class NotFound(ServerError):
    """No such thing, or none that this actor may know of."""

    status = 404
    code = "not_found"


class Conflict(ServerError):
    """The thing changed meanwhile, or the change contradicts something that stands."""

    status = 409
    code = "conflict"


class Stale(ServerError):
    """If-Match names another version than the current one (RFC 9110 §13.1.1)."""

    status = 412
    code = "stale"


class MissingPrecondition(ServerError):
    """An edit came without If-Match (RFC 6585 §3)."""

    status = 428
    code = "precondition_required"


class TooLarge(ServerError):
    """More bytes, rows or pixels than the named limit."""

    status = 413
    code = "too_large"


class Away(ServerError):
    """Another service that this needs does not answer; nothing was changed."""

    status = 503
    code = "away"


class TooMany(ServerError):
    """Asked too often; try again in `retry_after_s` seconds."""

    status = 429
    code = "too_many"

    def __init__(self, message: str, *, retry_after_s: int = 60) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
