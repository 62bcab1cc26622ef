"""Does a creation once however often it is asked for: the Idempotency-Key of HTTP requests.

The answer is kept in the transaction of the creation itself, so that a crash leaves both or
neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.db.models import IdempotencyRow
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.snapshot import Joined

KEEP_ANSWERS_MS = 24 * 3_600_000
MAX_KEY_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it was given: HTTP status, JSON body and the headers that belong to it."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]


def once(
    ctx: Context, actor: Actor, key: str, request: str, create: Callable[[Context], Given]
) -> Given:
    """The answer to `key`: given anew by `create`, or again where it was given within a day.

    `request` is a hash of what was asked; raises BadInput where the key came with another. `create`
    must do all its writing through the context that it is handed.
    """
    if not 1 <= len(key) <= MAX_KEY_CHARACTERS or not key.isprintable():
        message = f"An Idempotency-Key has 1 to {MAX_KEY_CHARACTERS} characters."
        raise BadInput(message, field="Idempotency-Key")
    try:
        return _once(ctx, actor, key, request, create)
    except IntegrityError:
        # Someone else asked the same at the same moment and was first; their answer is there now.
        with ctx.db.read() as session:
            row = session.get(IdempotencyRow, (actor.id, key))
            if row is None:
                raise
            return _again(row, request)


def _once(
    ctx: Context, actor: Actor, key: str, request: str, create: Callable[[Context], Given]
) -> Given:
    now = ctx.clock()
    with ctx.db.write() as session:
        row = session.get(IdempotencyRow, (actor.id, key), with_for_update=True)
        if row is not None and row.created_at > now - KEEP_ANSWERS_MS:
            return _again(row, request)
        old = IdempotencyRow.created_at <= now - KEEP_ANSWERS_MS
        session.execute(delete(IdempotencyRow).where(IdempotencyRow.actor_id == actor.id, old))
        given = create(replace(ctx, db=_Joined(ctx.db, session), wake=_no_wake))
        answer = {"body": dict(given.body), "headers": dict(given.headers)}
        session.add(
            IdempotencyRow(
                actor_id=actor.id,
                key=key,
                request=request,
                status=given.status,
                answer=answer,
                created_at=now,
            )
        )
        session.flush()
    ctx.wake()
    return given


def _again(row: IdempotencyRow, request: str) -> Given:
    if row.request != request:
        raise BadInput(
            "This Idempotency-Key came with another request before. Use a new key.",
            field="Idempotency-Key",
            code="key_reused",
        )
    return Given(row.status, row.answer["body"], row.answer["headers"])


def _no_wake() -> None:
    """The worker is woken once the whole transaction is in."""


class _Joined(Joined):
    """A record whose reads and writes all join one transaction that is under way."""

    @contextmanager
    def read(self) -> Iterator[Session]:
        """What the transaction sees, its own changes included."""
        self._session.flush()
        yield self._session

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[Session]:
        """Part of the transaction: it commits as a whole or not at all, as lasting as that one."""
        del lasting
        yield self._session
        self._session.flush()
