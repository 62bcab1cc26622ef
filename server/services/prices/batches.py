"""Whose batch it is, what came of it, and how one that is held whole is written down."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select

from server.db.models import HeldBatchRow
from server.ports import Batch, ProductReport
from server.services.base.context import Context
from server.services.prices.compiling import Change

SAMPLE_ROWS = 20
"""Prices kept with a held batch, for a person to look at."""


@dataclass(frozen=True, slots=True)
class Source:
    """Whose answer it is: the connector's id, the shop whose channels it prices, its currency, its
    store codes where they are not ours, and whether a person said to believe the next batch.
    """

    id: str
    shop: str = ""
    currency: str = "EUR"
    stores: Mapping[str, str] = field(default_factory=dict)
    trust_next: bool = False

    def store(self, code: str) -> str:
        """Our store for the source's own code."""
        return self.stores.get(code, code)


@dataclass(slots=True)
class Taken:
    """What came of it. `changes` are the channels' signed deltas, already in the record."""

    changes: list[Change] = field(default_factory=list)
    facts: int = 0
    prices: int = 0
    suspects: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    held: str = ""

    def count(self, reason: str, many: int = 1) -> None:
        """One more row ignored for `reason`."""
        self.refused[reason] = self.refused.get(reason, 0) + many


@dataclass(frozen=True, slots=True)
class Difference:
    """A price that a held batch would have changed: minor units in force `old` and `new`, None for
    none; `why` it is suspect, empty where it is not. `store` is ours where the price is its own.
    """

    sku: str
    store: str
    currency: str
    old: int | None
    new: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Held:
    """A batch to hold: `why`, what of it would differ, and of how many: SKUs that it `reported`,
    that were `known` among them (of a whole listing: at all), that are `suspect`, and `gone`: known
    ones that a whole listing no longer names.
    """

    why: str
    differences: Sequence[Difference] = ()
    reported: int = 0
    known: int = 0
    suspect: int = 0
    gone: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The numbers; `changed` is in how many prices it would differ."""
        numbers = {name: getattr(self, name) for name in ("reported", "known", "suspect", "gone")}
        return {**numbers, "changed": len(self.differences)}

    @property
    def sample(self) -> list[dict[str, Any]]:
        """Some differences, suspect ones first."""
        ordered = sorted(self.differences, key=lambda one: not one.why)
        return [asdict(one) for one in ordered[:SAMPLE_ROWS]]


def hold(ctx: Context, source: Source, batch: Batch, held: Held, taken: Taken) -> None:
    """Write down that a batch is held, once for as long as it is not settled."""
    taken.held = held.why
    with ctx.db.write() as session:
        open_one = session.scalar(
            select(HeldBatchRow).where(
                HeldBatchRow.connector_id == source.id, HeldBatchRow.settled_at.is_(None)
            )
        )
        if open_one is None:
            session.add(
                HeldBatchRow(
                    id=f"held-{secrets.token_hex(6)}",
                    connector_id=source.id,
                    reason=held.why,
                    counts=held.counts,
                    sample=held.sample,
                    received_at=batch.observed_at,
                )
            )
        else:
            open_one.reason = held.why
            open_one.counts, open_one.sample = held.counts, held.sample
            open_one.received_at = batch.observed_at


def pending_of(report: ProductReport, at_ms: int) -> dict[str, Any]:
    """A report as it is kept until it is settled."""
    return {
        "price": report.price,
        "currency": report.currency,
        "sale_price": report.sale_price,
        "sale_from": report.sale_from,
        "sale_until": report.sale_until,
        "at": at_ms,
    }
