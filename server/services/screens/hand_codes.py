"""The codes by which a store's people act on its screens while the server is out of reach.

A code is shown once; the record keeps a slow salted hash of it. One person has one code of a store,
and a new one takes the place of the old.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.wire.hands import (
    CODE_LENGTH,
    CODE_LETTERS,
    MAX_PEOPLE,
    SALT_BYTES,
    TAG_LENGTH,
    code_proof,
)
from server.db.models import (
    ActorRow,
    DeviceRow,
    HandCodeRow,
    ScreenRow,
    ScreenStateRow,
    StoreRow,
)
from server.errors import BadInput, Forbidden
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing

_ADDRESS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}:[0-9]{1,5}")
DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Code:
    """Whose code of a store, since and until when (unix ms); `own`: the asking person's."""

    person: str
    name: str
    issued_at: int
    until_ms: int
    own: bool


def issue(ctx: Context, actor: Actor, store: str) -> str:
    """A new code for this person, said this once; it counts for `hands_code_days`. Raises
    Forbidden, NotFound, BadInput.
    """
    actor.require("override", store)
    now = ctx.clock()
    salt = secrets.token_hex(SALT_BYTES)
    secret = _letters(CODE_LENGTH - TAG_LENGTH)
    with ctx.db.read() as session:
        tag = _free_tag(session, actor, store, now)
    code = tag + secret
    hashed, key = code_proof(code, salt)
    until = now + ctx.settings.hands_code_days * DAY_MS
    with ctx.db.write() as session:
        if session.get(StoreRow, store, with_for_update=True) is None:
            raise missing("store")
        if session.get(ActorRow, actor.id) is None:
            raise Forbidden("A code is for a person. Sign in to get yours.")
        if _free_tag(session, actor, store, now, wanted=tag) != tag:
            raise BadInput("Others got a code at this moment. Try again.")
        session.merge(
            HandCodeRow(
                store_id=store,
                actor_id=actor.id,
                tag=tag,
                salt=salt,
                hash=hashed,
                key=key.x,
                issued_at=now,
                until_ms=until,
            )
        )
        after = {"person": actor.id, "until": until}
        audit.record(session, actor, now, "hands.issue", f"store:{store}", None, after)
    return code


def revoke(ctx: Context, actor: Actor, store: str, person: str) -> None:
    """Have a person's code count no more: one's own, or, who minds people, anybody's of a store.
    Raises Forbidden, NotFound.
    """
    actor.require("override" if person == actor.id else "people", store)
    now = ctx.clock()
    with ctx.db.write() as session:
        row = session.get(HandCodeRow, (store, person))
        if row is None:
            raise missing("code")
        before = {"person": person, "until": row.until_ms}
        session.delete(row)
        audit.record(session, actor, now, "hands.revoke", f"store:{store}", before)


def codes_of(ctx: Context, actor: Actor, store: str) -> tuple[Code, ...]:
    """One's own code of a store, and, for who minds people, everybody's. Raises Forbidden,
    NotFound.
    """
    actor.require("override", store)
    now = ctx.clock()
    rows = (
        select(HandCodeRow, ActorRow.name)
        .join(ActorRow, ActorRow.id == HandCodeRow.actor_id)
        .where(HandCodeRow.store_id == store, HandCodeRow.until_ms > now)
        .order_by(ActorRow.name, ActorRow.id)
    )
    if not actor.may("people", store):
        rows = rows.where(HandCodeRow.actor_id == actor.id)
    with ctx.db.read() as session:
        return tuple(
            Code(row.actor_id, name, row.issued_at, row.until_ms, row.actor_id == actor.id)
            for row, name in session.execute(rows)
        )


def addresses(ctx: Context, actor: Actor, store: str) -> tuple[tuple[str, str], ...]:
    """By name, where each of a store's screens said last that it is reached on the shop's network;
    "" where it did not. Raises Forbidden, NotFound.
    """
    actor.require("override", store)
    at = ScreenStateRow.report["device"]["hands_at"].as_string()
    rows = (
        select(ScreenRow.name, at)
        .join(DeviceRow, DeviceRow.screen_id == ScreenRow.id)
        .outerjoin(ScreenStateRow, ScreenStateRow.screen_id == ScreenRow.id)
        .where(ScreenRow.store_id == store)
        .order_by(ScreenRow.name, ScreenRow.id)
    )
    with ctx.db.read() as session:
        found = session.execute(rows).all()
    return tuple((name, said if said and _ADDRESS.fullmatch(said) else "") for name, said in found)


def _free_tag(session: Session, actor: Actor, store: str, now: int, wanted: str = "") -> str:
    """First letters that no other code of the store begins with, `wanted` where that is free.
    Raises BadInput where there are as many people as a device takes.
    """
    others = select(HandCodeRow.tag).where(
        HandCodeRow.store_id == store,
        HandCodeRow.actor_id != actor.id,
        HandCodeRow.until_ms > now,
    )
    taken = set(session.scalars(others))
    if len(taken) >= MAX_PEOPLE:
        raise BadInput(f"At most {MAX_PEOPLE} people of a store have a code. Revoke one first.")
    while not wanted or wanted in taken:
        wanted = _letters(TAG_LENGTH)
    return wanted


def _letters(count: int) -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(count))
