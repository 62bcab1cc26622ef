"""Joins what several calls of one source say to one batch, as far as it comes to the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from server.ports import Batch
from server.services.prices import quarantine
from server.services.prices.batches import Source, product_name, stock_name


def turns(batches: Sequence[Batch], source: Source) -> list[list[int]]:
    """Which of the batches, by number, may be taken together, in which order.

    What speaks of one thing is taken in the order in which it came, and a batch that is to be
    judged as a whole after all that came before it and before all that came after.
    """
    found: list[list[int]] = []
    spoken: dict[str, int] = {}
    first = 0
    for number, batch in enumerate(batches):
        named = names(batch, source)
        if _joins(batch):
            turn = max([first, *(spoken[name] + 1 for name in named if name in spoken)])
        else:
            turn = len(found)
            first = turn + 1
        if turn == len(found):
            found.append([])
        found[turn].append(number)
        spoken.update(dict.fromkeys(named, turn))
    return found


def names(batch: Batch, source: Source) -> set[str]:
    """What a batch speaks of, as `Taken.shares` names it."""
    return {
        *(product_name(report.sku) for report in batch.products),
        *(stock_name(report, source) for report in batch.stock),
        *(fact.key for fact in batch.facts),
    }


def joined(batches: Sequence[Batch], at_ms: int) -> Batch:
    """What they say together, at an instant (unix ms); what was refused stays with each."""
    return Batch(
        at_ms,
        products=tuple(one for batch in batches for one in batch.products),
        stock=tuple(one for batch in batches for one in batch.stock),
        facts=tuple(one for batch in batches for one in batch.facts),
    )


def row_by_row(source: Source) -> Source:
    """The source, where its batch is many calls that are each judged by themselves."""
    return replace(source, batch_percent=quarantine.HUNDRED)


def _joins(batch: Batch) -> bool:
    """Whether it is never held whole, and says no more than what it names."""
    apart = batch.whole or batch.unchanged or batch.complete or batch.tills or batch.aliases
    return not apart and len(batch.products) <= quarantine.ROW_BY_ROW
