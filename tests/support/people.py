"""People and programs that came in by a token of their own."""

from __future__ import annotations

from collections.abc import Iterable

from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor, Scope
from server.services.base.context import Context
from server.services.entry import people


def holder(
    ctx: Context, stores: Iterable[str] | None = None, scopes: Iterable[Scope] = ALL_SCOPES
) -> Actor:
    """Whoever holds a new API token with these rights."""
    issued = people.create_token(ctx, SYSTEM, "Holder", scopes, stores)
    return people.actor_of_token(ctx, issued.secret)
