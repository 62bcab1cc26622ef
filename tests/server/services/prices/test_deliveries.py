"""Deliveries of one SKU, in any order and told again, end in one state: the price in force, what is
held against it, and the shop's version that counts.

What a later delivery must step over is not judged here: a price that comes in steps, each of them
plausible after the one before, is a jump where the steps between them come late; it is then off
the screens until the next word, never a wrong price.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.ids import ChannelId, Sku
from server.ports import ProductReport
from server.services.prices import judging, ledger
from server.services.prices.batches import Source
from server.services.prices.judging import Chunk
from server.services.prices.ledger import ANY, Past
from server.services.prices.quarantine import Rules
from server.services.prices.seeing import ChannelOf, ChannelState, Seen, Standing
from tests.support.record import START_MS

CHANNEL = ChannelOf(ChannelId("pluvier@lille"), "pluvier", "lille", "Europe/Paris", "FR")
BAG = Sku("BAG")
SOURCE, RULES = Source("calls", shop="pluvier"), Rules("EUR", 50, 5)
END = START_MS + 1_000_000
FIRST = ledger.rows_of(ProductReport("BAG", "EUR", 10_000), START_MS)


@dataclass(frozen=True)
class Delivery:
    """What the shop said, and when it was heard of."""

    report: ProductReport
    at: int


@dataclass(frozen=True)
class State:
    """An offer with its history, as the record holds them."""

    standing: Standing
    past: Past

    @property
    def ends_as(self) -> tuple[Any, ...]:
        """What nobody may make depend on an order."""
        one = self.standing
        held = {name: one.pending[name] for name in ("price", "why")} if one.pending else None
        last = self.past.stretches[-1]
        return (self.past.price_at(END), last.reduced, one.suspect, held, one.seen_version)


def after(state: State, delivery: Delivery) -> State:
    """The state once a delivery was taken, as intake takes it."""
    report, pair = delivery.report, (CHANNEL.id, BAG)
    pasts = {pair: state.past}
    doubts = judging.suspicions(SOURCE, [report], [CHANNEL], pasts, delivery.at, RULES)
    seen = Seen(
        (BAG,),
        {CHANNEL.id: ChannelState(1, START_MS, 1)},
        {pair: state.standing},
        {},
        {},
        pasts,
        {},
    )
    chunk = Chunk({BAG: [report]}, doubts, delivery.at, alone=True)
    verdicts, _ = judging.verdicts(SOURCE, chunk, [CHANNEL], seen)
    if pair not in verdicts:
        return state
    one = verdicts[pair]
    standing = Standing(
        {}, 1, one.suspect, one.seen_version, one.seen_at, one.kept_until, one.pending
    )
    return State(standing, one.past)


def known() -> State:
    """A bag that the shop listed for 100.00."""
    return State(Standing({}, 1, "", ""), Past.of(FIRST))


def told(deliveries: Iterable[Delivery]) -> tuple[Any, ...]:
    state = known()
    for delivery in deliveries:
        state = after(state, delivery)
    return state.ends_as


PLAUSIBLE = st.builds(ProductReport, st.just("BAG"), st.just("EUR"), st.integers(8_000, 11_500))
ON_SALE = st.builds(
    ProductReport, st.just("BAG"), st.just("EUR"), st.integers(10_000, 11_500), st.just(8_500)
)
WRONG = st.sampled_from(
    [
        ProductReport("BAG", "EUR", 0),
        ProductReport("BAG", "EUR", None),
        ProductReport("BAG", "USD", 10_000),
        ProductReport("BAG", "EUR", 1_000_000),
        ProductReport("BAG", "EUR", 100),
    ]
)
REPORTS = st.lists(PLAUSIBLE | ON_SALE | WRONG, min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(REPORTS, st.data())
def test_versions_count_and_not_when_they_were_heard(
    reports: Sequence[ProductReport], data: st.DataObject
) -> None:
    at = st.integers(START_MS + 1, START_MS + 30)
    once = [
        Delivery(replace(report, version=str(number)), data.draw(at))
        for number, report in enumerate(reports, 1)
    ]
    again = data.draw(st.lists(st.sampled_from(once), max_size=3))
    order = data.draw(st.permutations([*once, *again]))
    assert told(order) == told(once)


@settings(max_examples=300, deadline=None)
@given(REPORTS, st.data())
def test_without_versions_their_instants_count(
    reports: Sequence[ProductReport], data: st.DataObject
) -> None:
    once = [Delivery(report, START_MS + 10 * number) for number, report in enumerate(reports, 1)]
    again = data.draw(st.lists(st.sampled_from(once), max_size=3))
    order = data.draw(st.permutations([*once, *again]))
    assert told(order) == told(once)


SAID = [
    Delivery(ProductReport("BAG", "EUR", 9_000), START_MS + 10),
    Delivery(ProductReport("BAG", "EUR", 10_000), START_MS + 20),
    Delivery(ProductReport("BAG", "EUR", 0), START_MS + 30),
    Delivery(ProductReport("BAG", "EUR", 9_500), START_MS + 40),
]


@pytest.mark.parametrize("many", [2, 3, 4])
def test_every_order_of_a_price_that_went_and_came_back(many: int) -> None:
    """The second says what the ledger said before, so that it leaves no row: the first, when it
    comes late, must not outlive it.
    """
    for order in permutations(SAID[:many]):
        assert told(order) == told(SAID[:many])


def test_a_late_word_is_in_the_history_and_in_no_price_to_come() -> None:
    state = known()
    for delivery in (SAID[1], SAID[0]):
        state = after(state, delivery)
    assert [(row.price, row.valid_until) for row in state.past.rows[len(FIRST) :]] == [
        (9_000, START_MS + 20)
    ]
    assert state.past.rows[0].channel == ANY
