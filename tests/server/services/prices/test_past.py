"""What a channel said at any past instant: prices come and go, doubt, silence, corrections."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.ids import ChannelId, Sku
from playlists.ledger import DAY_MS
from playlists.pricing import LedgerRow
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.keeping import retention
from server.services.prices import past, settling
from server.services.prices.intake import Source, take
from server.services.prices.past import Held
from tests.support.record import START_MS, TestClock

HOUR = 3_600_000
LILLE = ChannelId("pluvier@lille")
BAG = Sku("BAG")
SHOP = Source("feed", shop="pluvier")
REPORT = ProductReport("BAG", "EUR", 11990, names={"fr": {"name": "Estran 28", "lead": ""}})
OTHERS = tuple(replace(REPORT, sku=f"OTHER-{number}") for number in range(30))


@pytest.fixture
def shop(any_ctx: Context, clock: TestClock) -> Context:
    """One store whose shop said 119.90, an hour later 99.90, and an hour later 129.90."""
    create_store(
        any_ctx, SYSTEM, StoreWish("Lille", "Europe/Paris", 0, 0, channel=str(LILLE)), "lille"
    )
    say(any_ctx, 11990)
    for price in (9990, 12990):
        clock.advance(HOUR)
        say(any_ctx, price)
    return any_ctx


def say(ctx: Context, price: int) -> None:
    report = replace(REPORT, price=price)
    take(ctx, SHOP, Batch(ctx.clock(), whole=True, products=(report, *OTHERS)))


def held_at(ctx: Context, at: int | None) -> Held:
    with ctx.db.read() as session:
        return past.offers_at(session, LILLE, [BAG], at)[BAG]


def price_at(ctx: Context, at: int | None) -> int:
    return held_at(ctx, at).offer.steps[0].price


def test_each_price_is_found_at_its_time(shop: Context) -> None:
    at = [START_MS, START_MS + HOUR - 1, START_MS + HOUR, START_MS + 2 * HOUR, None]
    assert [price_at(shop, one) for one in at] == [11990, 11990, 9990, 12990, 12990]
    with shop.db.read() as session:
        assert past.offers_at(session, LILLE, [BAG], START_MS - 1) == {}


def test_a_product_that_is_gone_was_there(shop: Context, clock: TestClock) -> None:
    clock.advance(HOUR)
    take(shop, SHOP, Batch(clock.now, whole=True, products=OTHERS))
    with shop.db.read() as session:
        assert past.offers_at(session, LILLE, [BAG], None) == {}
        assert past.offers_at(session, LILLE, [BAG], clock.now) == {}
    assert price_at(shop, clock.now - 1) == 12990


def test_doubt_is_kept_with_its_reason(shop: Context, clock: TestClock) -> None:
    clock.advance(HOUR)
    take(
        shop, replace(SHOP, currency="EUR"), Batch(clock.now, products=(replace(REPORT, price=12),))
    )
    doubted = clock.now
    clock.advance(HOUR)
    settling.settle_suspect(shop, SYSTEM, LILLE, BAG, accept=False)
    assert held_at(shop, doubted).offer.reason == "suspect:jump"
    assert not held_at(shop, doubted).offer.steps
    assert price_at(shop, None) == 12990


def test_a_silence_is_kept_once_the_shop_speaks_again(shop: Context, clock: TestClock) -> None:
    over = clock.now + shop.settings.lease_ms
    clock.advance(shop.settings.lease_ms + HOUR)
    for _ in range(2):
        say(shop, 12990)
    with shop.db.read() as session:
        kept = past.silences_of(session, [LILLE], over - HOUR)
        assert past.silences_of(session, [LILLE], clock.now) == {}
    assert kept == {LILLE: [(over, clock.now)]}
    assert past.lease_end(kept[LILLE], over - HOUR) == over
    assert past.lease_end(kept[LILLE], clock.now - 1) == over
    assert past.lease_end(kept[LILLE], clock.now) is None


def test_a_price_names_its_ledger_rows_and_none_that_came_later(
    shop: Context, clock: TestClock
) -> None:
    clock.advance(40 * DAY_MS)
    began = clock.now
    sale = replace(REPORT, price=12990, sale_price=8990, sale_until=began + 9 * DAY_MS)
    take(shop, SHOP, Batch(began, products=(sale,)))
    held = held_at(shop, began)
    (step,) = [step for step in held.offer.steps if step.from_ms <= began]
    assert (step.price, step.prior) == (8990, 12990)
    # Later the till's history arrives: for those days it says less, and the same sale price.
    clock.advance(DAY_MS)
    till = LedgerRow(
        BAG, LILLE, 9990, "EUR", began - 20 * DAY_MS, began, False, began - 20 * DAY_MS
    )
    same = replace(till, price=8990, valid_from=began, valid_until=None, recorded_at=began)
    settling.import_history(shop, SYSTEM, LILLE, [till, same], "till")
    with shop.db.read() as session:
        rows = past.rows_behind(session, LILLE, BAG, held, step, began)
        later = past.offers_at(session, LILLE, [BAG], None)[BAG]
    assert rows.price is not None
    assert rows.prior is not None
    assert rows.prior < rows.price
    assert held_at(shop, began) == held
    assert later.offer.steps[0].prior != 12990


def test_history_is_forgotten_when_it_is_old(shop: Context, clock: TestClock) -> None:
    clock.advance(retention.HISTORY_MS - HOUR // 2)
    retention.sweep(shop)
    with shop.db.read() as session:
        assert past.offers_at(session, LILLE, [BAG], START_MS) == {}
    assert price_at(shop, START_MS + HOUR) == 9990
    assert price_at(shop, None) == 12990
