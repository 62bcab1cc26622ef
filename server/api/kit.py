"""One decorator for every operation: documented, signed in, checked, with ETags and
Idempotency-Keys.

SpecTree reads what is declared here into the OpenAPI document and holds requests and answers to it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel
from spectree import Response as Answers
from spectree import SpecTree

from server.api import requests
from server.api.problems import UnfitAnswer
from server.api.shapes import Problem
from server.errors import BadInput, MissingPrecondition
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.once import Given, once

spec = SpecTree(
    "flask",
    title="Enseigne",
    version="1",
    path="never-served",
    annotations=False,
    mode="strict",
    page_templates={},
    validation_error_model=Problem,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
)
IDEMPOTENCY_HEADER = "Idempotency-Key"
IF_MATCH = re.compile(r'\*|"(?P<version>[0-9]{1,18})"')
"""One ETag of ours, or * for whichever version there is (RFC 9110 §13.1.1)."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks what of which installation."""

    ctx: Context
    actor: Actor


@dataclass(frozen=True, slots=True)
class Done:
    """What a view answers: a JSON body, and the version that its ETag is made of; or `raw`, of the
    media type `raw_type`, to be kept as `raw_name` where it has one.
    """

    body: Mapping[str, Any]
    version: int | None = None
    location: str = ""
    status: int | None = None
    raw: str | bytes = ""
    raw_type: str = ""
    raw_name: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """What is declared of a view, for the document and the tests."""

    name: str
    edits: bool
    creates: bool
    public: bool
    raw_body: bool
    bare: bool
    versioned: bool
    gives: tuple[str, ...]


OPERATIONS: dict[str, Operation] = {}
"""By operation id."""


def operation(
    tag: str,
    answer: type[BaseModel] | None = None,
    *,
    status: int = 200,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    edits: bool = False,
    creates: bool = False,
    public: bool = False,
    raw_body: bool = False,
    versioned: bool = False,
    gives: tuple[str, ...] = (),
    also: Mapping[int, type[BaseModel] | None] | None = None,
    errors: tuple[int, ...] = (),
) -> Callable[[Callable[..., Done]], Callable[..., Any]]:
    """Declare a view. It gets a Call, its path parameters, `body`, `query` and, where it `edits`,
    `if_version`.

    `creates`: an Idempotency-Key is honoured. `edits`: If-Match is required. `public`: nobody need
    sign in. `raw_body`: the body is not JSON; `gives`: the answer is not, but of these media types.
    `also` are further answers, `errors` further problems.
    """

    def decorate(view: Callable[..., Done]) -> Callable[..., Any]:
        @wraps(view)
        def run(**path: Any) -> Any:
            ctx = requests.context()
            arguments = dict(path)
            if body is not None:
                arguments["body"] = request.context.json  # type: ignore[attr-defined]
            if query is not None:
                arguments["query"] = request.context.query  # type: ignore[attr-defined]
            if edits:
                arguments["if_version"] = _if_version()
            if public:
                return _answer(view(ctx, **arguments), status)
            call = Call(ctx, requests.actor())
            if creates and (key := request.headers.get(IDEMPOTENCY_HEADER)) is not None:
                given = once(
                    ctx,
                    call.actor,
                    key,
                    _fingerprint(),
                    lambda joined: _given(view(replace(call, ctx=joined), **arguments), status),
                )
                return dict(given.body), given.status, dict(given.headers)
            return _answer(view(call, **arguments), status)

        name = view.__name__
        bare = body is None and not raw_body
        OPERATIONS[name] = Operation(name, edits, creates, public, raw_body, bare, versioned, gives)
        problems = {400, 422, *errors}
        problems |= set() if public else {401, 403, 429}
        problems |= {413, 415} if body is not None or raw_body else set()
        problems |= {409} if creates else set()
        problems |= {404, 409, 412, 428} if edits else set()
        problems |= {503} if creates or edits or body is not None or raw_body else set()
        answers: dict[str, Any] = {f"HTTP_{code}": Problem for code in sorted(problems)}
        answers[f"HTTP_{status}"] = answer
        answers.update({f"HTTP_{code}": shape for code, shape in (also or {}).items()})
        checked: Callable[..., Any] = spec.validate(
            json=body,
            query=query,
            resp=Answers(**answers),
            tags=[tag],
            before=_before,
            after=_after,
            operation_id=name,
            security={} if public else None,
        )(run)
        return checked

    return decorate


def _before(_request: Any, _response: Any, error: Any, _instance: Any, _adapter: Any) -> None:
    """Have our own handler say what is wrong with a request."""
    if error is not None:
        raise error


def _after(_request: Any, _response: Any, error: Any, _instance: Any, _adapter: Any) -> None:
    """Have our own handler say that an answer is not what the document promises."""
    if error is not None:
        raise UnfitAnswer(error)


def _given(done: Done, status: int) -> Given:
    headers: dict[str, str] = {}
    if done.version is not None:
        headers["ETag"] = f'"{done.version}"'
    if done.location:
        headers["Location"] = done.location
    return Given(done.status or status, done.body, headers)


def _answer(done: Done, status: int) -> Any:
    if done.raw_type:
        sent = {"Content-Type": done.raw_type, "X-Content-Type-Options": "nosniff"}
        if done.raw_name:
            sent["Content-Disposition"] = f'attachment; filename="{done.raw_name}"'
        return done.raw, status, sent
    given = _given(done, status)
    if given.status == 204:
        return "", 204, {}
    return dict(given.body), given.status, dict(given.headers)


def _if_version() -> int | None:
    """The version that If-Match names; None for `*`. Raises MissingPrecondition, BadInput."""
    if "If-Match" not in request.headers:
        raise MissingPrecondition(
            "Say which version you change: read it first, then send its ETag as If-Match."
        )
    named = IF_MATCH.fullmatch(request.headers["If-Match"].strip())
    if named is None:
        raise BadInput("If-Match holds one ETag as it was given.", field="If-Match")
    return int(named["version"]) if named["version"] else None


def _fingerprint() -> str:
    """What was asked, in one hash."""
    asked = f"{request.method} {request.full_path}\n".encode() + request.get_data()
    return hashlib.sha256(asked).hexdigest()


def located(*parts: str) -> str:
    """The address of a thing under /api/v1."""
    return "/".join(("/api/v1", *parts))


NOTHING = Done({}, status=204)
"""The answer to a deletion."""


def resource(name: str) -> Blueprint:
    """The blueprint of one resource under /api/v1."""
    blueprint = Blueprint(name, __name__, url_prefix="/api/v1")
    blueprint.before_request(_open)
    blueprint.after_request(_close)
    return blueprint


def _open() -> None:
    declared = OPERATIONS.get((request.endpoint or "").rpartition(".")[2])
    if declared is None:
        return
    requests.check_address()
    if not declared.public:
        requests.authenticate()
        requests.actor()
    if not (declared.raw_body or (declared.bare and requests.is_bare())):
        requests.read_json()


def _close(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response
