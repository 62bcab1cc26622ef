"""The ledger: what is written down, what is not, and that no order of deliveries changes prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.ids import ChannelId, Sku
from playlists.ledger import Stretch, effective
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import ledger
from server.services.prices.batches import Source
from server.services.prices.intake import take
from server.services.prices.ledger import ANY, NOTHING, Entry, Origin, Past
from tests.support.record import START_MS, TestClock, make_context

DAY = 86_400_000
LILLE, PRADO = ChannelId("pluvier@lille"), ChannelId("pluvier@prado")
BAG = Sku("BAG")
SHOP = Source("feed", shop="pluvier")

REPORTS = st.builds(
    ProductReport,
    st.just("BAG"),
    st.just("EUR"),
    st.integers(9_000, 11_000),
    st.none() | st.integers(7_000, 12_000),
    st.none() | st.integers(START_MS, START_MS + 20),
    st.integers(START_MS, START_MS + 40),
)


@given(st.lists(REPORTS, max_size=8))
def test_what_is_not_written_down_changes_no_price_past_or_ahead(
    reports: list[ProductReport],
) -> None:
    """Only news is kept: the history is the same as if every report had been."""
    kept, every = NOTHING, NOTHING
    for at, report in enumerate(reports, START_MS):
        rows = ledger.rows_of(report, at)
        every = every.with_rows(rows)
        if kept.learns(rows, at):
            kept = kept.with_rows(rows)
    assert joined(kept) == joined(every)


def joined(past: Past) -> tuple[Stretch, ...]:
    return effective(past.rows)


def test_a_sale_is_the_price_within_its_dates_and_never_above_the_list_price() -> None:
    report = ProductReport("BAG", "EUR", 10_000, 8_000, START_MS + 5, START_MS + 9)
    assert [
        (one.from_ms, one.price) for one in Past.of(ledger.rows_of(report, START_MS)).stretches
    ] == [
        (START_MS, 10_000),
        (START_MS + 5, 8_000),
        (START_MS + 9, 10_000),
    ]
    for none in (
        replace(report, sale_price=10_000),
        replace(report, sale_until=START_MS + 5),
        replace(report, sale_until=START_MS - 1),
    ):
        assert [row.price for row in ledger.rows_of(none, START_MS)] == [10_000]
    assert ledger.rows_of(replace(report, price=None), START_MS) == ()


def test_rows_come_back_as_they_were_written(any_ctx: Context) -> None:
    report = ProductReport("BAG", "EUR", 10_000, 8_000, START_MS + 5, START_MS + 9)
    rows = ledger.rows_of(report, START_MS)
    with any_ctx.db.write() as session:
        ledger.append(session, [Entry(LILLE, rows, Origin("feed", "7"))], START_MS)
    with any_ctx.db.read() as session:
        found, _ = ledger.histories(session, [LILLE, PRADO], [BAG])
    assert found.keys() == {(LILLE, BAG)}
    assert set(found[LILLE, BAG].rows) == {replace(row, channel=ANY) for row in rows}
    assert found[LILLE, BAG].stretches == effective(rows)


def test_channels_with_one_history_share_it_until_they_part(any_ctx: Context) -> None:
    first = ledger.rows_of(ProductReport("BAG", "EUR", 10_000), START_MS)
    with any_ctx.db.write() as session:
        ledger.append(
            session, [Entry(name, first, Origin("feed")) for name in (LILLE, PRADO)], START_MS
        )
        found, before = ledger.histories(session, [LILLE, PRADO], [BAG])
        assert found[LILLE, BAG] is found[PRADO, BAG]
        assert ledger.stamps(session, [LILLE, PRADO], [BAG]) == before
        later = ledger.rows_of(ProductReport("BAG", "EUR", 9_000), START_MS + 5)
        ledger.append(session, [Entry(PRADO, later, Origin("till"))], START_MS)
        found, after = ledger.histories(session, [LILLE, PRADO], [BAG])
    assert [one.price for one in found[LILLE, BAG].stretches] == [10_000]
    assert [one.price for one in found[PRADO, BAG].stretches] == [10_000, 9_000]
    assert {pair for pair in after if after[pair] != before[pair]} == {(PRADO, BAG)}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """Two stores that sell from one shop, for all the orders that are tried."""
    context = make_context(tmp_path_factory.mktemp("ledger"), clock=TestClock())
    for store in ("lille", "prado"):
        wish = StoreWish(store, "Europe/Paris", 0, 0, channel=f"pluvier@{store}")
        create_store(context, SYSTEM, wish, store)
    yield context
    context.db.close()


NUMBERS = count()
STORIES = st.lists(
    st.tuples(st.integers(9_000, 11_000), st.none() | st.integers(8_000, 8_999)),
    min_size=1,
    max_size=5,
).flatmap(
    lambda told: st.tuples(
        st.just(told),
        st.permutations(range(len(told))),
        st.lists(st.integers(0, len(told) - 1), max_size=3),
    )
)


@settings(max_examples=40, deadline=None)
@given(STORIES)
def test_deliveries_in_any_order_and_repeated_end_in_the_newest_price(
    chain: Context, story: tuple[list[tuple[int, int | None]], list[int], list[int]]
) -> None:
    told, order, repeated = story
    clock = chain.clock
    assert isinstance(clock, TestClock)
    sku = Sku(f"BAG-{next(NUMBERS)}")
    reports = [
        ProductReport(
            sku,
            "EUR",
            price,
            sale,
            sale_until=START_MS + 300 * DAY if sale else None,
            names={"fr": {"name": "Estran"}},
            version=str(version),
        )
        for version, (price, sale) in enumerate(told, 1)
    ]
    for at in (*order, *repeated):
        take(chain, SHOP, Batch(clock.advance(1000), products=(reports[at],)))
    with chain.db.read() as session:
        found, _ = ledger.histories(session, [LILLE, PRADO], [sku])
    newest = Past.of(ledger.rows_of(reports[-1], clock())).stretches
    for channel in (LILLE, PRADO):
        assert ahead(found[channel, sku].stretches, clock()) == ahead(newest, clock())


def ahead(stretches: tuple[Stretch, ...], at_ms: int) -> list[Stretch]:
    return [
        replace(one, from_ms=max(one.from_ms, at_ms))
        for one in stretches
        if one.until_ms is None or one.until_ms > at_ms
    ]
