"""The OpenAPI 3.1 document: what SpecTree found, with headers, problems and sign-in added."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Response, current_app, json

from server.api.headers import LATER
from server.api.kit import IDEMPOTENCY_HEADER, OPERATIONS, Operation, resource, spec
from server.api.problems import MIME
from server.services.entry.sessions import COOKIE, CSRF_HEADER

blueprint = resource("document")

DESCRIPTION = """Every request but `/api/v1/health/…` is signed in: with `Authorization: Bearer` and
an API token, or with the studio's cookie (then what changes something also sends X-CSRF-Token).

Edits name the version that they change: `If-Match` with the ETag that was read. Creations may send
an `Idempotency-Key`: the same key with the same request gets the same answer, for a day. Lists come
in pages: pass `next` on as `after`. Errors are problem documents (RFC 9457). Instants are unix
milliseconds, UTC; money is minor units.

Zones have no address of their own: they are a screen's `layout`, and campaigns, overrides and bases
name them by id.

Not of this API, and so not in this document: `/player/v1`, which players and the server speak among
themselves (signed messages, written down in `playlists/wire`); `/media/<sha256>`, the files of the
studio's pages, and `/page-at/<version>`, the code of the screens' pages before, for who is signed
in; `/uploads`, files sent in pieces (tus 1.0.0), which end as
assets; `/hooks/<connector>` and `/counts/<connector>`, where shops and counters call with a secret
of the connector (the guide “Connect a shop” has both)."""
_HEADERS: dict[str, dict[str, Any]] = {
    "If-Match": {
        "description": "The ETag of the version that you change, or * for whichever it is.",
        "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,18}")$'},
        "required": True,
    },
    IDEMPOTENCY_HEADER: {
        "description": "Your own name for this creation: asked again, it is done once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        "required": False,
    },
}
_RETRY_AFTER = {
    "description": "Seconds after which to ask again.",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}
_FILE = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """This API's document."""
    return Response(json.dumps(document()), content_type="application/json")


@cache
def document() -> dict[str, Any]:
    """The whole document; needs an application whose routes are registered."""
    found: dict[str, Any] = json.loads(current_app.json.dumps(spec.spec))
    found["info"]["description"] = DESCRIPTION
    found["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": f"Unsafe methods also need {CSRF_HEADER}.",
        },
    }
    found["security"] = [{"token": []}, {"session": []}]
    for path in found["paths"].values():
        for described in path.values():
            _complete(described, OPERATIONS[described["operationId"]])
    return found


def _complete(described: dict[str, Any], operation: Operation) -> None:
    if operation.public:
        described["security"] = []
    else:
        described.pop("security", None)
    if operation.edits:
        described["parameters"].append({"name": "If-Match", "in": "header", **_HEADERS["If-Match"]})
    if operation.creates:
        header = {"name": IDEMPOTENCY_HEADER, "in": "header", **_HEADERS[IDEMPOTENCY_HEADER]}
        described["parameters"].append(header)
    if operation.raw_body:
        described["requestBody"] = _FILE
    if operation.gives:
        described["responses"]["200"]["content"] = {name: _raw(name) for name in operation.gives}
    for status, answer in described["responses"].items():
        if status >= "400" and not (operation.public and status == "503"):
            content = answer.get("content", {})
            answer["content"] = {MIME: content.pop("application/json", {})}
        elif operation.versioned and status in ("200", "201"):
            answer["headers"] = {
                "ETag": {"description": "The version.", "schema": {"type": "string"}}
            }
        if int(status) in LATER:
            answer["headers"] = {"Retry-After": _RETRY_AFTER}


def _raw(mime: str) -> dict[str, Any]:
    """What is no JSON."""
    text = {"type": "string"}
    return {"schema": text if mime.startswith("text/") else {**text, "format": "binary"}}
