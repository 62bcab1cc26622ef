"""Shows the batches that were held whole, and what they would have changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from server.db.models import HeldBatchRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.prices import releasing

State = Literal["held", "settled", "all"]


@dataclass(frozen=True, slots=True)
class HeldBatch:
    """A held batch. `counts` and `examples` are as `batches.Held` and `batches.Difference` say,
    instants unix ms; `settled` is accepted, rejected or passed (the source said something better),
    empty while it waits for a person. `detail`: what was wrong with an answer that was not read.
    """

    id: str
    connector: str
    reason: str
    counts: Mapping[str, int]
    examples: tuple[Mapping[str, Any], ...]
    received_at: int
    settled_at: int | None
    settled: str
    detail: str = ""


def list_batches(
    ctx: Context, actor: Actor, state: State = "held", connector: str = "", cut: Cut = FIRST
) -> Page[HeldBatch]:
    """Batches that wait for a person, were settled, or both; newest first; of one connector where
    given. Raises Forbidden.
    """
    actor.require_chain("prices")
    statement = select(HeldBatchRow)
    if state != "all":
        settled = HeldBatchRow.settled_at.is_not(None)
        statement = statement.where(settled if state == "settled" else ~settled)
    if connector:
        statement = statement.where(HeldBatchRow.connector_id == connector)
    keys = [HeldBatchRow.received_at, HeldBatchRow.id]
    with ctx.db.read() as session:
        return paged(session, ctx.settings, statement, keys, cut, held_batch, newest_first=True)


def held_batch(row: HeldBatchRow) -> HeldBatch:
    """A held batch from its row."""
    return HeldBatch(
        row.id,
        row.connector_id,
        row.reason,
        dict(row.counts),
        tuple(row.sample),
        row.received_at,
        row.settled_at,
        releasing.DONE.get(row.settled_as, row.settled_as),
        row.detail,
    )
