"""Proof of play as people are shown it: the runs that a screen reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from server.db.models import RunRow, ScreenRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.base.paging import FIRST, Cut, Page, paged


@dataclass(frozen=True, slots=True)
class RunView:
    """A run `[from_ms, until_ms)` in a zone; `body` is all that the screen said of it. `chain`
    counts the chains that the screen's devices wrote: each has its own numbers.
    """

    chain: int
    seq: int
    hash: str
    prev: str
    zone: str
    from_ms: int
    until_ms: int
    received_at: int
    body: Mapping[str, Any]


def list_runs(
    ctx: Context,
    actor: Actor,
    screen_id: str,
    cut: Cut = FIRST,
    *,
    from_ms: int = 0,
    until_ms: int | None = None,
) -> Page[RunView]:
    """The runs of a screen that touch `[from_ms, until_ms)`, newest first. Raises NotFound."""
    actor.require("read")
    statement = select(RunRow).where(RunRow.screen_id == screen_id, RunRow.until_ms > from_ms)
    if until_ms is not None:
        statement = statement.where(RunRow.from_ms < until_ms)
    with ctx.db.read() as session:
        screen = session.get(ScreenRow, screen_id)
        if screen is None or not actor.sees(screen.store_id):
            raise missing("screen")
        keys = [RunRow.chain, RunRow.seq]
        return paged(session, ctx.settings, statement, keys, cut, _view, newest_first=True)


def _view(row: RunRow) -> RunView:
    return RunView(
        chain=row.chain,
        seq=row.seq,
        hash=row.hash,
        prev=row.prev,
        zone=row.zone,
        from_ms=row.from_ms,
        until_ms=row.until_ms,
        received_at=row.received_at,
        body=dict(row.body),
    )
