"""A folded history says the same of everything that may still be asked."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.ids import ChannelId, Sku
from playlists.law.countries import rules_of
from playlists.law.display import displays
from playlists.law.reductions import Goods
from playlists.pricing import LedgerRow
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import folding, ledger
from server.services.prices.batches import Source
from server.services.prices.folding import folded
from server.services.prices.intake import take
from server.services.prices.ledger import ANY, Past
from tests.support.record import START_MS, TestClock

DAY_MS = 86_400_000
SKU, SHOP = Sku("BAG"), ChannelId("pluvier@lille")
CALLS = Source("calls", shop="pluvier")
BAG = ProductReport("BAG", "EUR", 10_000, names={"fr": {"name": "Estran"}})

_price = st.integers(80, 120)
_gap = st.sampled_from([1, 60_000, DAY_MS, 9 * DAY_MS, 31 * DAY_MS])
_said = st.tuples(
    _gap,
    _price,
    st.none() | st.tuples(_price, _gap, _gap),
    st.sampled_from(["EUR", "EUR", "EUR", "CHF"]),
)


def rows_at(
    at: int, price: int, sale: tuple[int, int, int] | None, currency: str
) -> ledger.History:
    """What one report says: the list price, and a sale that begins and ends, if any."""
    plain = LedgerRow(SKU, ANY, price, currency, at, None, False, at)
    if sale is None:
        return (plain,)
    reduced, begin, lasts = sale
    since = at + (begin if begin > 1 else 0)
    return plain, replace(
        plain, price=reduced, valid_from=since, valid_until=since + lasts, reduced=True
    )


@settings(max_examples=300, deadline=None)
@given(
    st.lists(_said, min_size=1, max_size=14),
    st.lists(_said, max_size=4),
    st.sampled_from([0, DAY_MS, 40 * DAY_MS]),
    st.sampled_from([Goods(), Goods(perishable=True), Goods(sold_since=40 * DAY_MS)]),
)
def test_a_folded_history_is_displayed_as_the_whole_one(
    before: list, after: list, later: int, goods: Goods
) -> None:
    now, known = 0, Past()
    for gap, *said in before:
        now += gap
        known = known.with_rows(rows_at(now, *said))
    short = folded(known, now)
    for gap, *said in after:
        now += gap
        rows = rows_at(now, *said)
        assert short.learns(rows, now) == known.learns(rows, now)
        known, short = known.with_rows(rows), short.with_rows(rows)
        short = folded(short, now)
    assert short.listed == known.listed
    assert short.price_at(now + later) == known.price_at(now + later)
    for country in ("FR", "DE", ""):
        asked = (now + later, now + later + 60 * DAY_MS, "Europe/Paris", rules_of(country), goods)
        assert displays(short.stretches, *asked) == displays(known.stretches, *asked)


def test_only_what_may_be_the_lowest_stays() -> None:
    prices = [100, 90, 95, 80, 85, 84, 110]
    known = Past()
    for day, price in enumerate(prices):
        known = known.with_rows(rows_at(day * DAY_MS, price, None, "EUR"))
    short = folded(known, 7 * DAY_MS)
    assert [one.price for one in short.stretches] == [100, 80, 84, 110]
    late = folded(known.with_rows(rows_at(60 * DAY_MS, 99, None, "EUR")), 61 * DAY_MS)
    assert [one.price for one in late.stretches] == [100, 110, 99]  # the days that count


def test_many_calls_are_told_from_the_fold_and_end_as_without_it(
    ctx: Context, clock: TestClock
) -> None:
    wish = StoreWish("Lille", "Europe/Paris", 0, 0, channel=SHOP)
    create_store(ctx, SYSTEM, wish, "lille")
    take(ctx, Source("feed", shop="pluvier"), Batch(clock(), whole=True, products=(BAG,)))
    for number in range(3 * folding.MIN_ROWS):
        price = 10_000 + (number + 1) * 37 % 200
        said = replace(BAG, price=price, version=str(number + 1), names={})
        at = clock.advance(10_000)
        assert take(ctx, CALLS, Batch(at, products=(said,))).prices == 1
    with ctx.db.read() as session:
        at = clock.advance(1_000)
        short, stamps = folding.read(session, [SHOP], [SKU], at)
        whole, same = ledger.histories(session, [SHOP], [SKU])
    pair = SHOP, SKU
    assert stamps == same
    assert len(short[pair].rows) < len(whole[pair].rows) == 49
    assert short[pair].price_at(at) == whole[pair].price_at(at) == 10_000 + 48 * 37 % 200


def test_what_comes_late_is_judged_by_the_whole_history(ctx: Context, clock: TestClock) -> None:
    ledger_rows = tuple(rows_at(START_MS + day, 100 + day, None, "EUR")[0] for day in range(20))
    with ctx.db.write() as session:
        ledger.append(session, [ledger.Entry(SHOP, ledger_rows, ledger.Origin("x"))], clock())
    with ctx.db.read() as session:
        for _ in range(2):
            read, _ = folding.read(session, [SHOP], [SKU], START_MS + 10)
            assert len(read[SHOP, SKU].rows) == 20
