"""Whose batch it is, what came of it, and how one that is held whole is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, delete, select, true, update
from sqlalchemy.orm import Session

from server.db.models import HeldBatchRow
from server.ports import ProductReport, StockReport
from server.services.base.context import Context
from server.services.observed.sellable import StockRules
from server.services.prices import quarantine
from server.services.prices.compiling import Change

MONEY = ("price", "currency", "sale_price", "sale_from", "sale_until")
UNREAD = ("html", "truncated", "unread")
"""Why an answer is held that could not be read at all: nothing in it can be released."""
REJECTED = ("rejecting", "rejected")
USUAL_STOCK = StockRules()
SAMPLE_ROWS = 20
"""Prices kept with a held batch, for a person to look at."""


Shares = dict[str, dict[str, int]]
"""What came of a batch by what it spoke of: the key of a fact, or `product_name`: how many `facts`
and `prices`, and rows ignored by reason.
"""


def product_name(sku: str) -> str:
    """What `Shares` call a product."""
    return f"product:{sku}"


def stock_name(report: StockReport, source: Source) -> str:
    """What `Shares` call a stock: as its fact is called."""
    return f"stock:{report.sku}@{source.store(report.store)}"


@dataclass(frozen=True, slots=True)
class Source:
    """Whose answer it is: the connector's id, the shop whose channels it prices, its currency, its
    store codes where they are not ours, its thresholds where they are its own, and whether a person
    said to believe that the next listing may leave out most of what is known. `stock` is how its
    counts are read.
    """

    id: str
    shop: str = ""
    currency: str = "EUR"
    stores: Mapping[str, str] = field(default_factory=dict)
    trust_next: bool = False
    jump_percent: int | None = None
    batch_percent: int | None = None
    stock: StockRules = USUAL_STOCK

    def store(self, code: str) -> str:
        """Our store for the source's own code."""
        return self.stores.get(code, code)


@dataclass(slots=True)
class Taken:
    """What came of it. `changes` are the channels' last signed deltas, already in the record.
    `shares` is filled in where it is there.
    """

    changes: list[Change] = field(default_factory=list)
    facts: int = 0
    prices: int = 0
    suspects: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    held: str = ""
    shares: Shares | None = None

    def tell(self, changes: Sequence[Change]) -> None:
        """Channels have new versions: of each the last is kept, as a long batch makes very many."""
        new = {change.channel: change for change in changes}
        self.changes = [one for one in self.changes if one.channel not in new] + list(new.values())

    def count(self, reason: str, many: int = 1, of: str = "") -> None:
        """One more row ignored for `reason`, which spoke of something."""
        self.refused[reason] = self.refused.get(reason, 0) + many
        self.share(of, reason, many)

    def share(self, of: str, what: str, many: int = 1) -> None:
        """So much of what came of it is because of what was said of one thing."""
        if self.shares is not None:
            mine = self.shares.setdefault(of, {})
            mine[what] = mine.get(what, 0) + many


@dataclass(frozen=True, slots=True)
class Difference:
    """A price that a held batch would have changed: minor units in force `old` (of `old_currency`)
    and `new` (of `currency`), None for none; `why` it is suspect, empty where it is not. `store` is
    ours where the price is its own.
    """

    sku: str
    store: str
    currency: str
    old: int | None
    new: int | None
    why: str
    old_currency: str = ""


@dataclass(slots=True)
class Held:
    """A batch to hold: `why`, and of how much: rows that it `reported`, SKUs that were `known`
    (of those it names; of a whole listing: at all), rows that are `suspect`, `gone` ones: known,
    that a whole listing no longer names, in how many prices it would differ (`changed`), and how
    many of those a person may believe.
    """

    why: str
    reported: int = 0
    known: int = 0
    suspect: int = 0
    gone: int = 0
    changed: int = 0
    believable: int = 0
    detail: str = ""
    _doubted: list[Difference] = field(default_factory=list)
    _others: list[Difference] = field(default_factory=list)

    def differs(self, one: Difference) -> None:
        """One more price that it would change; some are kept, for a person to look at."""
        self.changed += 1
        self.believable += not one.why or quarantine.may_be_believed(one.why)
        some = self._doubted if one.why else self._others
        if len(some) < SAMPLE_ROWS:
            some.append(one)

    @property
    def counts(self) -> dict[str, int]:
        """The numbers."""
        names = ("reported", "known", "suspect", "gone", "changed", "believable")
        return {name: getattr(self, name) for name in names}

    @property
    def sample(self) -> list[dict[str, Any]]:
        """Some differences, suspect ones first."""
        return [asdict(one) for one in (*self._doubted, *self._others)[:SAMPLE_ROWS]]


def may_release(reason: str, counts: Mapping[str, int]) -> bool:
    """Whether there is anything in a held answer that a person may believe, as far as is known of
    it: a price, or that goods are gone.
    """
    if reason in UNREAD:
        return False
    return reason in quarantine.GONE or counts.get("believable", 1) > 0


def held_id(source: str, told: int | str) -> str:
    """What a held batch is called: after what it says, so that the same told again is the same."""
    return f"held-{blake2b(repr((source, told)).encode(), digest_size=8).hexdigest()}"


def hold(
    ctx: Context, source: str, held: Held, name: str, at_ms: int, *, whole: bool = True
) -> None:
    """Write down that a batch is held. A listing takes the place of the one that was held before;
    one that a person rejected and that is told again stays rejected.
    """
    with ctx.db.write() as session:
        row = session.get(HeldBatchRow, name)
        if row is not None and row.settled_as in REJECTED:
            return
        if whole:
            _open(session, source, HeldBatchRow.id != name, delete(HeldBatchRow))
        if row is None:
            row = HeldBatchRow(id=name, connector_id=source)
            session.add(row)
        row.settled_at, row.settled_as, row.settled_by = None, "", ""
        row.reason, row.detail = held.why, held.detail
        row.counts, row.sample = held.counts, held.sample
        row.received_at = at_ms


def hold_unread(ctx: Context, source: str, why: str, message: str) -> None:
    """Write down an answer that could not be read: a web page, a feed that was cut short. What is
    held already, for a person to decide on, stays.
    """
    readable = HeldBatchRow.reason.not_in(UNREAD)
    with ctx.db.read() as session:
        if session.scalar(_those(source, readable, select(HeldBatchRow.id)).limit(1)):
            return
    held = Held(why, detail=message)
    hold(ctx, source, held, held_id(source, f"{why} {ctx.clock()}"), ctx.clock())


def passed(ctx: Context, source: str) -> None:
    """The source said all it knows, and it was believed: nothing of it is held any more."""
    with ctx.db.read() as session:
        if session.scalar(_those(source, true(), select(HeldBatchRow.id)).limit(1)) is None:
            return
    settled = update(HeldBatchRow).values(settled_at=ctx.clock(), settled_as="passed")
    with ctx.db.write() as session:
        _open(session, source, true(), settled)


def _open(session: Session, source: str, which: ColumnElement[bool], what: Any) -> None:
    session.execute(_those(source, which, what))


def _those(source: str, which: ColumnElement[bool], what: Any) -> Any:
    """Of a source, those that wait for a person."""
    return what.where(HeldBatchRow.connector_id == source, HeldBatchRow.settled_at.is_(None), which)


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
