"""A person's own calendar address, for Google, Outlook or Apple: secret, made and revoked at will.
Whoever has it reads what that person may plan, with the rights that the person has at that moment.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, delete, select

from server.db.models import TokenRow
from server.errors import Forbidden, NotFound, Unauthenticated
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.entry import tokens

CALENDAR = "calendar"
"""The kind of token that a calendar's address carries."""


def made_at(ctx: Context, actor: Actor) -> int | None:
    """When the person's address was made (unix ms), None where there is none."""
    actor.require("content")
    with ctx.db.read() as session:
        return session.scalar(select(TokenRow.created_at).where(_own(actor)))


def make(ctx: Context, actor: Actor) -> str:
    """A new address's secret, shown this once; one before counts no more. Raises Forbidden."""
    actor.require("content")
    secret, now = tokens.new_secret(), ctx.clock()
    with ctx.db.write() as session:
        session.execute(delete(TokenRow).where(_own(actor)))
        tokens.add(session, secret, actor.id, CALENDAR, actor.name, now, None)
        audit.record(session, actor, now, "calendar_feed.make", f"person:{actor.id}")
    return secret


def revoke(ctx: Context, actor: Actor) -> None:
    """End the person's address, if there is one."""
    actor.require("content")
    with ctx.db.write() as session:
        gone = session.scalar(delete(TokenRow).where(_own(actor)).returning(TokenRow.hash))
        if gone is not None:
            subject = f"person:{actor.id}"
            audit.record(session, actor, ctx.clock(), "calendar_feed.revoke", subject, {}, None)


def reader(ctx: Context, secret: str) -> Actor:
    """Whose address this is, with the rights of now. Raises Unauthenticated for one that does not
    count, NotFound where its owner may plan no more.
    """
    with ctx.db.read() as session:
        token = tokens.look(session, secret, CALENDAR, ctx.clock())
        if token is None:
            raise Unauthenticated("This calendar’s address is no longer good.")
        actor = tokens.actor(session, token.actor_id)
    try:
        actor.require("content")
    except Forbidden:
        raise NotFound("There is no calendar at this address any more.") from None
    return actor


def _own(actor: Actor) -> ColumnElement[bool]:
    return and_(TokenRow.actor_id == actor.id, TokenRow.kind == CALENDAR)
