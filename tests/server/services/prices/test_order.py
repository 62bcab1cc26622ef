"""Answers out of order, told twice or by two sources end in the same state."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from server.db.models import OfferRow
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices.batches import Source
from server.services.prices.intake import take
from tests.support.record import TestClock

SHOP = "pluvier@lille"
FEED, CALLS = Source("feed", shop="pluvier"), Source("calls", shop="pluvier")
BAG = ProductReport("BAG", "EUR", 10_000, names={"fr": {"name": "Estran"}})
CALLED = [replace(BAG, price=price, version=str(v)) for v, price in enumerate((9_000, 9_100), 8)]
DROPPED = replace(BAG, price=4_000, version="10")
"""Versions 8, 9 and 10: the last is suspect, and 10 comes after 9 though not in a dictionary."""


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    """One store, and the shop's feed, which names no versions, read once."""
    wish = StoreWish("Lille", "Europe/Paris", 0, 0, channel=SHOP)
    create_store(any_ctx, SYSTEM, wish, "lille")
    take(any_ctx, FEED, Batch(any_ctx.clock(), whole=True, products=(BAG,)))
    return any_ctx


def said(ctx: Context) -> tuple[list[int], str, str]:
    """The prices on offer now and to come, what is held against them, and the shop's version."""
    with ctx.db.read() as session:
        row = session.get_one(OfferRow, (SHOP, "BAG"))
        return [step[2] for step in row.body["st"]], row.suspect, row.seen_version


def test_calls_in_any_order_and_told_twice_end_alike(chain: Context, clock: TestClock) -> None:
    for number, order in enumerate(itertools.permutations([*CALLED, CALLED[0], CALLED[1]])):
        for call in order:
            later = replace(call, version=str(int(call.version) + 100 * number))
            take(chain, CALLS, Batch(clock.advance(1000), products=(later,)))
        assert said(chain) == ([9_100], "", str(9 + 100 * number))


def test_a_suspect_call_is_not_undone_by_an_older_one(chain: Context, clock: TestClock) -> None:
    for call in (DROPPED, *CALLED, DROPPED):
        take(chain, CALLS, Batch(clock.advance(1000), products=(call,)))
        assert said(chain) == ([], "jump", "10")


def test_a_feed_without_versions_forgets_none(chain: Context, clock: TestClock) -> None:
    take(chain, CALLS, Batch(clock.advance(1000), products=(CALLED[1],)))
    feed = replace(BAG, price=CALLED[1].price)
    for _ in range(2):
        take(chain, FEED, Batch(clock.advance(1000), whole=True, products=(feed,)))
        taken = take(chain, CALLS, Batch(clock.advance(1000), products=(CALLED[0],)))
        assert taken.refused == {"out_of_order": 1}
        assert said(chain) == ([9_100], "", "9")


@pytest.mark.parametrize("version", ["²", "٣", "ten", ""])
def test_a_version_that_is_no_number_is_never_late_and_takes_no_numbers_place(
    chain: Context, clock: TestClock, version: str
) -> None:
    for call in (CALLED[0], replace(BAG, price=9_200, version=version)):
        take(chain, CALLS, Batch(clock.advance(1000), products=(call,)))
    assert said(chain) == ([9_200], "", "8")
