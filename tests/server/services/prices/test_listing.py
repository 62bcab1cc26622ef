"""A listing that says the same again is not looked at again, and hides no change by that."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select

from playlists.ids import ChannelId, Sku
from playlists.pricing import LedgerRow
from server.db.models import ConnectorRow, ListedRow, OfferRow, ProductRow
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import compiling, digests, listing, pricing, settling
from server.services.prices.batches import Source
from server.services.prices.intake import take
from tests.server.services.prices.test_intake import feed
from tests.support.record import START_MS, TestClock, make_context

FEED, CALLS = Source("feed", shop="pluvier"), Source("calls", shop="pluvier")
LILLE = "pluvier@lille"
CONNECTOR = partial(
    ConnectorRow, id="feed", kind="merchant", name="Shop", config={}, state={}, counters={}
)
DAY = 86_400_000


def sold(number: int, price: int = 10_000) -> ProductReport:
    return ProductReport(f"P{number}", "EUR", price, names={"fr": {"name": f"N° {number}"}})


MANY = 24
GOODS = tuple(sold(number) for number in range(MANY))
BAG = GOODS[0]


@pytest.fixture
def chain(ctx: Context) -> Context:
    """Two stores that sell some products, listed once."""
    return selling(ctx)


def selling(ctx: Context) -> Context:
    for store in ("lille", "prado"):
        wish = StoreWish(store, "Europe/Paris", 0, 0, channel=f"pluvier@{store}")
        create_store(ctx, SYSTEM, wish, store)
    with ctx.db.write() as session:
        session.add(CONNECTOR())
    take(ctx, FEED, feed(*GOODS))
    return ctx


def price(ctx: Context, sku: str = "P0", channel: str = LILLE) -> int | None:
    with ctx.db.read() as session:
        steps = session.get_one(OfferRow, (channel, sku)).body["st"]
        return steps[-1][2] if steps else None


def remembered(ctx: Context) -> int:
    with ctx.db.read() as session:
        return session.scalar(select(func.count()).select_from(ListedRow)) or 0


def looked_at(ctx: Context, work: Callable[[], object]) -> int:
    """How often the ledger was asked for meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        if "FROM ledger" in sql:
            asked.append(sql)

    event.listen(ctx.db.engine, "before_cursor_execute", note)
    work()
    event.remove(ctx.db.engine, "before_cursor_execute", note)
    return len(asked)


def again(ctx: Context, clock: TestClock, *goods: ProductReport, source: Source = FEED) -> None:
    take(ctx, source, feed(*(goods or GOODS), at=clock.advance(60_000)))


def test_what_is_said_again_is_not_looked_at(any_ctx: Context, clock: TestClock) -> None:
    chain = selling(any_ctx)
    assert remembered(chain) == len(GOODS)
    assert looked_at(chain, lambda: again(chain, clock)) == 0
    changed = (sold(0, 10_100), *GOODS[1:])
    assert looked_at(chain, lambda: again(chain, clock, *changed)) > 0
    assert price(chain) == 10_100


def test_a_call_in_between_makes_the_listing_count_again(chain: Context, clock: TestClock) -> None:
    called = replace(BAG, price=9_000, names={})
    take(chain, CALLS, Batch(clock.advance(1000), products=(called,)))
    assert (price(chain), remembered(chain)) == (9_000, len(GOODS) - 1)
    again(chain, clock)
    assert (price(chain), remembered(chain)) == (10_000, len(GOODS))


def test_a_doubt_of_a_call_ends_with_the_listing(chain: Context, clock: TestClock) -> None:
    take(chain, CALLS, Batch(clock.advance(1000), products=(replace(BAG, price=0),)))
    assert price(chain) is None
    again(chain, clock)
    assert price(chain) == 10_000


def test_what_a_person_writes_makes_the_listing_count_again(
    chain: Context, clock: TestClock
) -> None:
    old = LedgerRow(
        Sku("P0"), ChannelId(LILLE), 9_990, "EUR", START_MS - DAY, None, False, START_MS - DAY
    )
    settling.import_history(chain, SYSTEM, LILLE, [old], "archive")
    assert remembered(chain) == len(GOODS) - 1
    again(chain, clock, sold(0, 100), *GOODS[1:])
    assert remembered(chain) == len(GOODS) - 1, "a suspect row is looked at each time"
    settling.settle_suspect(chain, SYSTEM, LILLE, "P0", accept=True)
    assert price(chain) == 100
    again(chain, clock)
    assert price(chain) is None, "back to 100.00 is a jump from what a person believed"


@pytest.mark.parametrize(
    "other", [{"jump_percent": 10}, {"batch_percent": 20}, {"stores": {"0041": "lille"}}]
)
def test_other_rules_have_everything_looked_at_anew(
    chain: Context, clock: TestClock, other: dict[str, Any]
) -> None:
    changed = replace(FEED, **other)
    assert looked_at(chain, lambda: again(chain, clock, source=changed)) > 0
    assert looked_at(chain, lambda: again(chain, clock, source=changed)) == 0


def test_a_new_store_is_told_everything(chain: Context, clock: TestClock) -> None:
    wish = StoreWish("Lyon", "Europe/Paris", 0, 0, channel="pluvier@lyon")
    create_store(chain, SYSTEM, wish, "lyon")
    again(chain, clock)
    assert price(chain, channel="pluvier@lyon") == 10_000


def test_a_product_that_was_lost_comes_back(chain: Context, clock: TestClock) -> None:
    with chain.db.write() as session:
        session.execute(delete(ProductRow).where(ProductRow.sku == "P0"))
    again(chain, clock)
    with chain.db.read() as session:
        assert session.get(ProductRow, ("pluvier", "P0")) is not None


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_listing_that_was_cut_off_is_not_remembered(
    chain: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    monkeypatch.setattr(pricing, "CHANNELS_AT_ONCE", 1)
    store, done = compiling.store, list[None]()

    def store_some(*arguments: Any) -> None:
        if len(done) == written:
            raise OSError("the power is gone")
        done.append(None)
        store(*arguments)

    changed = [sold(number, 11_000) for number in range(MANY)]
    with monkeypatch.context() as cut:
        cut.setattr(compiling, "store", store_some)
        if written < 2:
            with pytest.raises(OSError, match="power"):
                again(chain, clock, *changed)
        else:
            again(chain, clock, *changed)
    again(chain, clock, *changed)
    assert {
        price(chain, f"P{at}", f"pluvier@{store}")
        for at in range(MANY)
        for store in ("lille", "prado")
    } == {11_000}
    assert looked_at(chain, lambda: again(chain, clock, *changed)) == 0


def test_who_writes_between_two_parts_of_a_chunk_is_not_forgotten(
    chain: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first store is written, a call changes it, then the second is: nothing is remembered."""
    monkeypatch.setattr(pricing, "CHANNELS_AT_ONCE", 1)
    others = list[None]()
    keep = pricing._Memory.keep

    def keep_and_call(self: Any, session: Any, *, first: bool, last: bool) -> None:
        keep(self, session, first=first, last=last)
        if first and not others:
            others.append(None)
            digests.forget(session, "pluvier", ["P0"])  # as a call does, in its own transaction

    monkeypatch.setattr(pricing._Memory, "keep", keep_and_call)
    again(chain, clock, *(sold(number, 11_000) for number in range(MANY)))
    assert remembered(chain) == len(GOODS) - 1


def test_rows_of_one_product_may_lie_anywhere(
    chain: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PILE_ROWS", 3)
    rows = [
        replace(sold(at, 9_000), store=store) for store in ("lille", "prado") for at in range(MANY)
    ]
    again(chain, clock, *rows)
    assert {
        price(chain, f"P{at}", f"pluvier@{store}")
        for at in range(MANY)
        for store in ("lille", "prado")
    } == {9_000}
    assert looked_at(chain, lambda: again(chain, clock, *rows)) == 0
    rows[-1] = replace(rows[-1], price=9_100)
    again(chain, clock, *rows)
    assert (price(chain, "P23"), price(chain, "P23", "pluvier@prado")) == (9_000, 9_100)


def test_rows_that_contradict_each_other_are_not_believed(chain: Context, clock: TestClock) -> None:
    taken = take(chain, FEED, feed(*GOODS, sold(0, 9_900), at=clock.advance(1000)))
    assert taken.suspects == {"P0": "duplicate"}
    assert price(chain) is None


def test_remembering_changes_nothing_that_is_said(tmp_path: Path) -> None:
    """Random listings and calls: the same offers as where nothing is ever remembered."""
    clock = TestClock()
    contexts = []
    for name in ("remembers", "forgets"):
        folder = tmp_path / name
        folder.mkdir()
        ctx = make_context(folder, clock=clock)
        for store in ("lille", "prado"):
            wish = StoreWish(store, "Europe/Paris", 0, 0, channel=f"pluvier@{store}")
            create_store(ctx, SYSTEM, wish, store)
        with ctx.db.write() as session:
            session.add(CONNECTOR())
        contexts.append(ctx)
    rng = random.Random(7)
    prices = dict.fromkeys(range(30), 10_000)
    for _ in range(20):
        clock.advance(60_000)
        at = rng.randrange(30)
        prices[at] = rng.choice([9_000, 10_000, 11_000, 0, 100_000])
        if rng.random() < 0.4:
            batch = Batch(clock(), products=(replace(sold(at, prices[at]), names={}),))
            source = CALLS
        else:
            rows = [sold(number, worth) for number, worth in prices.items()]
            batch, source = feed(*rows[: rng.choice([30, 30, 29])], at=clock()), FEED
        for ctx in contexts:
            take(ctx, source, batch)
            if ctx is contexts[1]:
                with ctx.db.write() as session:
                    session.execute(delete(ListedRow))
        assert said(contexts[0]) == said(contexts[1])
    for ctx in contexts:
        ctx.db.close()


def said(ctx: Context) -> dict[tuple[str, str], Any]:
    with ctx.db.read() as session:
        rows = session.execute(
            select(OfferRow.channel, OfferRow.sku, OfferRow.body, OfferRow.suspect)
        )
        return {(channel, sku): (body["st"], doubt) for channel, sku, body, doubt in rows}
