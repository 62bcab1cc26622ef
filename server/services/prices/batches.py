"""Whose batch it is, what came of it, and how one that is held whole is written down."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.models import HeldBatchRow
from server.ports import ProductReport
from server.services.base.context import Context
from server.services.prices.compiling import Change

MONEY = ("price", "currency", "sale_price", "sale_from", "sale_until")
SAMPLE_ROWS = 20
"""Prices kept with a held batch, for a person to look at."""


@dataclass(frozen=True, slots=True)
class Source:
    """Whose answer it is: the connector's id, the shop whose channels it prices, its currency, its
    store codes where they are not ours, its thresholds where they are its own, and whether a person
    said to believe that the next listing may leave out most of what is known.
    """

    id: str
    shop: str = ""
    currency: str = "EUR"
    stores: Mapping[str, str] = field(default_factory=dict)
    trust_next: bool = False
    jump_percent: int | None = None
    batch_percent: int | None = None

    def store(self, code: str) -> str:
        """Our store for the source's own code."""
        return self.stores.get(code, code)


@dataclass(slots=True)
class Taken:
    """What came of it. `changes` are the channels' last signed deltas, already in the record."""

    changes: list[Change] = field(default_factory=list)
    facts: int = 0
    prices: int = 0
    suspects: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    held: str = ""

    def tell(self, changes: Sequence[Change]) -> None:
        """Channels have new versions: of each the last is kept, as a long batch makes very many."""
        new = {change.channel: change for change in changes}
        self.changes = [one for one in self.changes if one.channel not in new] + list(new.values())

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


@dataclass(slots=True)
class Held:
    """A batch to hold: `why`, and of how much: rows that it `reported`, SKUs that were `known`
    (of those it names; of a whole listing: at all), rows that are `suspect`, `gone` ones: known,
    that a whole listing no longer names, and in how many prices it would differ (`changed`).
    """

    why: str
    reported: int = 0
    known: int = 0
    suspect: int = 0
    gone: int = 0
    changed: int = 0
    detail: str = ""
    _doubted: list[Difference] = field(default_factory=list)
    _others: list[Difference] = field(default_factory=list)

    def differs(self, one: Difference) -> None:
        """One more price that it would change; some are kept, for a person to look at."""
        self.changed += 1
        some = self._doubted if one.why else self._others
        if len(some) < SAMPLE_ROWS:
            some.append(one)

    @property
    def counts(self) -> dict[str, int]:
        """The numbers."""
        names = ("reported", "known", "suspect", "gone", "changed")
        return {name: getattr(self, name) for name in names}

    @property
    def sample(self) -> list[dict[str, Any]]:
        """Some differences, suspect ones first."""
        return [asdict(one) for one in (*self._doubted, *self._others)[:SAMPLE_ROWS]]


def held_id(ctx: Context, source: str) -> str:
    """What the batch of a source is called that is about to be held: as the one that is."""
    with ctx.db.read() as session:
        row = _open(session, source)
    return row.id if row is not None else f"held-{secrets.token_hex(6)}"


def hold(ctx: Context, source: str, held: Held, name: str, at_ms: int) -> None:
    """Write down that a batch is held, once for as long as it is not settled; one that a person
    rejected and that is told again in the same words stays rejected.
    """
    with ctx.db.write() as session:
        row = _open(session, source)
        if row is None:
            last = session.scalar(
                select(HeldBatchRow)
                .where(HeldBatchRow.connector_id == source)
                .order_by(HeldBatchRow.settled_at.desc())
                .limit(1)
            )
            if last is not None and last.settled_as == "rejected" and _same(last, held):
                return
            row = HeldBatchRow(id=name, connector_id=source)
            session.add(row)
        row.reason, row.detail = held.why, held.detail
        row.counts, row.sample = held.counts, held.sample
        row.received_at = at_ms


def passed(ctx: Context, source: str) -> None:
    """The source said all it knows, and it was believed: nothing of it is held any more."""
    with ctx.db.read() as session:
        if _open(session, source) is None:
            return
    with ctx.db.write() as session:
        row = _open(session, source)
        if row is not None:
            row.settled_at, row.settled_as = ctx.clock(), "passed"


def _open(session: Session, source: str) -> HeldBatchRow | None:
    return session.scalar(
        select(HeldBatchRow)
        .where(HeldBatchRow.connector_id == source, HeldBatchRow.settled_at.is_(None))
        .limit(1)
    )


def _same(row: HeldBatchRow, held: Held) -> bool:
    return (row.reason, row.counts, row.sample) == (held.why, held.counts, held.sample)


def pending_of(report: ProductReport, at_ms: int, why: str, batch: str = "") -> dict[str, Any]:
    """A suspect report as it is kept until it is settled: what is held against it, and in which
    held batch it came.
    """
    return {
        "price": report.price,
        "currency": report.currency,
        "sale_price": report.sale_price,
        "sale_from": report.sale_from,
        "sale_until": report.sale_until,
        "at": at_ms,
        "why": why,
        "batch": batch,
    }


def report_from(sku: str, pending: Mapping[str, Any]) -> ProductReport:
    """The report that was kept."""
    money: dict[str, Any] = {name: pending.get(name) for name in MONEY}
    return replace(ProductReport(sku), **money)


def same_money(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two kept reports name the same prices."""
    return all(one.get(name) == other.get(name) for name in MONEY)
