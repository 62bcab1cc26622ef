"""API tokens, and who is signed in: /api/v1/tokens, /api/v1/session."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from flask import g
from pydantic import Field

from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, Name, PageQuery, Shape
from server.services.base.actors import Scope
from server.services.base.paging import Cut
from server.services.entry import people, sessions
from server.services.entry.people import TokenView

blueprint = resource("people")

Scopes = Annotated[list[Scope], Field(min_length=1, max_length=16)]
Stores = Annotated[list[Id], Field(min_length=1, max_length=5_000)]


class TokenNew(Shape):
    """A token for a program: its rights, and the stores where they end (null: the whole chain)."""

    name: Name
    scopes: Scopes
    stores: Stores | None = None
    expires_at: Ms | None = None


class TokenShape(Shape):
    """A token, never its secret."""

    id: Id
    name: str
    scopes: list[str]
    stores: list[str] | None
    created_at: Ms
    expires_at: Ms | None


class TokenIssued(TokenShape):
    """A new token with its secret, shown this once."""

    secret: str


class TokenPage(Shape):
    """Some tokens."""

    items: list[TokenShape]
    next: str


class SessionShape(Shape):
    """Who you are. `csrf` is to be sent as X-CSRF-Token with what changes something, where a cookie
    signs you in.
    """

    actor: str
    name: str
    scopes: list[str]
    stores: list[str] | None
    csrf: str | None


@blueprint.get("/tokens")
@operation("tokens", TokenPage, query=PageQuery)
def list_tokens(call: Call, query: PageQuery) -> Done:
    """List the tokens whose rights end within your stores."""
    page = people.list_tokens(call.ctx, call.actor, Cut(query.after, query.limit))
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/tokens")
@operation("tokens", TokenIssued, status=201, body=TokenNew, errors=(404,))
def create_token(call: Call, body: TokenNew) -> Done:
    """Make a token with at most your own rights.

    No Idempotency-Key is honoured here: the secret is kept nowhere, so no answer can be given
    again.
    """
    issued = people.create_token(
        call.ctx, call.actor, body.name, body.scopes, body.stores, body.expires_at
    )
    shown = {**_body(issued.token), "secret": issued.secret}
    return Done(shown, location=located("tokens", issued.token.id))


@blueprint.get("/tokens/<token_id>")
@operation("tokens", TokenShape, errors=(404,))
def get_token(call: Call, token_id: str) -> Done:
    """One token."""
    return Done(_body(people.get_token(call.ctx, call.actor, token_id)))


@blueprint.delete("/tokens/<token_id>")
@operation("tokens", status=204, errors=(404,))
def revoke_token(call: Call, token_id: str) -> Done:
    """Stop a token at once."""
    people.revoke_token(call.ctx, call.actor, token_id)
    return NOTHING


@blueprint.get("/session")
@operation("session", SessionShape)
def get_session(call: Call) -> Done:
    """Who you are and what you may do."""
    actor = call.actor
    session = g.get("session")
    return Done(
        {
            "actor": actor.id,
            "name": actor.name,
            "scopes": sorted(actor.scopes),
            "stores": None if actor.stores is None else sorted(actor.stores),
            "csrf": sessions.csrf_of(call.ctx, session) if session is not None else None,
        }
    )


@blueprint.delete("/session")
@operation("session", status=204)
def sign_out(call: Call) -> Done:
    """End the session that the cookie stands for."""
    session = g.get("session")
    if session is not None:
        people.sign_out(call.ctx, session)
    return NOTHING


def _body(token: TokenView) -> dict[str, Any]:
    body = asdict(token)
    stores = None if token.stores is None else list(token.stores)
    return {**body, "scopes": list(token.scopes), "stores": stores}
