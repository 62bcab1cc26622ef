"""Where somebody is signed in: every session, each of which can be ended by itself."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.models import TokenRow
from server.errors import NotFound
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.entry import accounts, ended
from server.services.entry.tokens import SESSION

FRESH_MS = 3_600_000
"""Ways in are changed only so soon after one signed in: a browser left open opens nothing else."""


@dataclass(frozen=True, slots=True)
class Browser:
    """A session. `id` ends it and is no secret; `current` is the one that asks. Instants are unix
    milliseconds.
    """

    id: str
    name: str
    created_at: int
    seen_at: int
    expires_at: int
    current: bool


def list_own(ctx: Context, actor: Actor) -> list[Browser]:
    """One's sessions, the last used first."""
    with ctx.db.read() as session:
        return _browsers(session, actor, actor.id, ctx.clock())


def list_of(ctx: Context, actor: Actor, person: str) -> list[Browser]:
    """Someone's sessions. Raises NotFound."""
    actor.require("people")
    with ctx.db.read() as session:
        accounts.found(session, actor, person)
        return _browsers(session, actor, person, ctx.clock())


def end_own(ctx: Context, actor: Actor, browser: str) -> None:
    """End one of one's sessions, and what was given away under it. Raises NotFound."""
    _end(ctx, actor, actor.id, browser)


def end_of(ctx: Context, actor: Actor, person: str, browser: str) -> None:
    """End someone's session. Raises NotFound, Forbidden."""
    actor.require("people")
    with ctx.db.read() as session:
        accounts.found_below(session, actor, person)
    _end(ctx, actor, person, browser)


def end_all_of(ctx: Context, actor: Actor, person: str) -> None:
    """End all of someone's sessions. Raises NotFound, Forbidden."""
    actor.require("people")
    now = ctx.clock()
    with ctx.db.write() as session:
        accounts.found_below(session, actor, person)
        after = {"ended": accounts.end_sessions(session, person, now)}
        audit.record(session, actor, now, "session.end", f"actor:{person}", None, after)
    ctx.wake()


def end_others(ctx: Context, actor: Actor) -> int:
    """End all of one's sessions but this; how many there were."""
    now = ctx.clock()
    with ctx.db.write() as session:
        count = accounts.end_sessions(session, actor.id, now, but=actor.under)
        after = {"ended": count}
        audit.record(session, actor, now, "session.end", f"actor:{actor.id}", None, after)
    ctx.wake()
    return count


def is_fresh(ctx: Context, actor: Actor) -> bool:
    """Whether the actor signed in here not long ago."""
    with ctx.db.read() as session:
        token = session.get(TokenRow, actor.under)
        return (
            token is not None
            and token.kind == SESSION
            and ctx.clock() - token.created_at < FRESH_MS
        )


def _browsers(session: Session, actor: Actor, person: str, now: int) -> list[Browser]:
    chosen = select(TokenRow).where(TokenRow.actor_id == person, TokenRow.kind == SESSION)
    rows = session.scalars(chosen.where(TokenRow.expires_at > now))
    found = [
        Browser(
            id=row.hash,
            name=row.name,
            created_at=row.created_at,
            seen_at=row.seen_at or row.created_at,
            expires_at=row.expires_at or now,
            current=row.hash == actor.under,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (not one.current, -one.seen_at))


def _end(ctx: Context, actor: Actor, person: str, browser: str) -> None:
    now = ctx.clock()
    with ctx.db.write() as session:
        token = session.get(TokenRow, browser, with_for_update=True)
        if token is None or token.kind != SESSION or token.actor_id != person:
            raise NotFound("This session is over.")
        before = {"browser": token.name}
        ended.end(session, token, now)
        audit.record(session, actor, now, "session.end", f"actor:{person}", before)
    ctx.wake()
