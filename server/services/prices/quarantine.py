"""The first line of defence against wrong prices: which reports are suspect, and which batches are
held whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.ports import ProductReport
from server.services.prices.ledger import History, Past

HUNDRED = 100
ROW_BY_ROW = 2
"""So many rows are each judged by themselves: no share of them is ever suspect."""
GONE = ("empty", "shrunk")
"""Why a listing is held that leaves out most of what is known, and that a person may believe."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Thresholds of a shop. `currency` is the one its prices are in."""

    currency: str
    jump_percent: int
    batch_percent: int


def may_be_believed(why: str) -> bool:
    """Whether a person may say that a price is right although it was held for `why`: a jump may be
    meant, a price of zero or in another currency never is.
    """
    return why == "jump" or why.startswith("held_")


def suspicion(report: ProductReport, rows: History, past: Past, at_ms: int, rules: Rules) -> str:
    """Why a report may not be believed as it stands, as a code; empty where it may.

    blank: no price. zero: zero or less. currency: not the shop's. sale: a sale price above the
    price. jump: the list price moves by more than the rule's percentage from the last list price,
    or a sale price without a dated end from the price in force. Anything that the connector itself
    could not believe is its own word. `past` is what the ledger says.
    """
    if report.problem:
        return report.problem
    if report.price is None or not rows:
        return "blank"
    if any(row.price <= 0 for row in rows):
        return "zero"
    if any(row.currency != rules.currency for row in rows):
        return "currency"
    if report.sale_price is not None and report.sale_price > report.price:
        return "sale"
    last = past.listed  # not what is in force: a sale without an end hides it
    if last is not None and _jumps(last.price, report.price, rules.jump_percent):
        return "jump"
    now = past.price_at(at_ms) or (last.price if last is not None else None)
    undated = [row.price for row in rows if row.reduced and row.valid_until is None]
    if now is not None and any(_jumps(now, price, rules.jump_percent) for price in undated):
        return "jump"
    return ""


def at_odds(pending: Mapping[str, Any], past: Past, at_ms: int) -> tuple[int | None, int | None]:
    """The price before and the price that the shop says now, for a person to compare: those that
    customers pay, or the list prices where it is those that moved more.
    """
    listed, sale = pending.get("price"), pending.get("sale_price")
    paid, last = past.price_at(at_ms), past.listed
    before = last.price if last is not None else None
    if not (sale and listed and paid and before):
        return paid, sale or listed
    if abs(listed - before) * paid > abs(sale - paid) * before:
        return before, listed
    return paid, sale


def _jumps(before: int, after: int, percent: int) -> bool:
    return abs(after - before) * HUNDRED > before * percent


@dataclass(frozen=True, slots=True)
class Told:
    """How much a batch says: `suspect` among `reported` rows, of `listed` products; `known` ones
    there are.
    """

    suspect: int
    reported: int
    listed: int
    known: int
    whole: bool


def held_whole(told: Told, rules: Rules) -> str:
    """Why a batch is to be held whole, as a code; empty where it may pass.

    empty: a listing of everything that lists nothing. suspects: more than
    the rule's percentage of its rows are suspect (a batch of one or two rows is judged row by
    row). shrunk: a listing of everything that lists less than half of what is known.
    """
    if told.whole and not told.listed:
        return "empty"
    if told.whole and told.listed * 2 < told.known:
        return "shrunk"
    if told.reported > ROW_BY_ROW and told.suspect * HUNDRED > told.reported * rules.batch_percent:
        return "suspects"
    return ""
