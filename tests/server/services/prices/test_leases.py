"""A price shows only for as long as the shop confirmed that very price."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from playlists.ids import ChannelId, Sku
from playlists.manifest import FOREVER_MS, DeckCard, DeckGood
from playlists.prices import prices_of
from playlists.pricing import ChannelState
from playlists.shown import Freshness, Now
from playlists.signing import verify
from playlists.wire.offers import OffersMessage
from server.connectors.source import ShopConfig
from server.db.models import ChannelRow, ConnectorRow, FactRow
from server.ports import Batch, ProductReport, StockReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import offers, settling
from server.services.prices.batches import Source
from server.services.prices.freshness import leases_of
from server.services.prices.intake import take
from tests.support.record import TestClock

HOUR = 3_600_000
SHOP = ChannelId("pluvier@lille")
FEED, CALLS = Source("feed", shop="pluvier"), Source("calls", shop="pluvier")
BAG = ProductReport("BAG", "EUR", 11_990, names={"fr": {"name": "Estran"}}, version="1")
TENT = ProductReport("TENT", "EUR", 19_900, names={"fr": {"name": "Lande"}}, version="1")


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    """One store, and the shop's feed read once."""
    create_store(
        any_ctx, SYSTEM, StoreWish("Lille", "Europe/Paris", 0, 0, channel=str(SHOP)), "lille"
    )
    take(any_ctx, FEED, Batch(any_ctx.clock(), whole=True, products=(BAG, TENT)))
    return any_ctx


def on_air(ctx: Context, now: int) -> set[str]:
    """SKUs whose price a screen may show that holds all that the server says now."""
    with ctx.db.read() as session:
        whole = offers.snapshot(ctx, session, SHOP)
        leases = leases_of(session, {SHOP})
    assert whole is not None
    said = OffersMessage.from_json(verify(whole.jws, "offers", ctx.keys.ring, now))
    state = ChannelState(SHOP, said.to, {one.sku: one for one in said.changed}, *said.lease)
    card = DeckCard("price", {}, (DeckGood(Sku("BAG"), SHOP), DeckGood(Sku("TENT"), SHOP)))
    fresh = Freshness({ChannelId(name): lease for name, lease in leases.items()})
    return {one.sku for one in prices_of(card, {SHOP: state}, fresh, FOREVER_MS, Now(now, 0)).on}


def test_calls_about_one_price_keep_no_other_on_the_air(chain: Context, clock: TestClock) -> None:
    assert on_air(chain, clock()) == {"BAG", "TENT"}
    for hour in range(1, 13):
        call = replace(BAG, price=11_990 + hour // 5, version=str(1 + hour))
        take(chain, CALLS, Batch(clock.advance(HOUR), products=(call,)))
        within = hour < chain.settings.lease_ms // HOUR
        assert on_air(chain, clock()) == ({"BAG", "TENT"} if within else {"BAG"}), hour
    clock.advance(chain.settings.lease_ms)
    assert on_air(chain, clock()) == set()


@pytest.mark.parametrize("unchanged", [True, False])
def test_the_feed_read_again_brings_all_prices_back(
    chain: Context, clock: TestClock, unchanged: bool
) -> None:
    at = clock.advance(5 * HOUR)
    take(chain, CALLS, Batch(at, products=(replace(BAG, version="2"),)))
    assert on_air(chain, at) == {"BAG"}
    products = () if unchanged else (replace(BAG, version="2"), TENT)
    take(chain, FEED, Batch(at + 1, whole=not unchanged, unchanged=unchanged, products=products))
    assert on_air(chain, clock.advance(1000)) == {"BAG", "TENT"}


def test_a_shop_that_repeats_itself_is_no_stream_of_messages(
    chain: Context, clock: TestClock
) -> None:
    changes = [
        len(take(chain, CALLS, Batch(clock.advance(60_000), products=(BAG,))).changes)
        for _ in range(5 * 60)
    ]
    assert 9 <= sum(changes) <= 10
    assert on_air(chain, clock()) == {"BAG"}


def test_a_call_that_is_late_or_not_believed_confirms_nothing(
    chain: Context, clock: TestClock
) -> None:
    newer = replace(BAG, price=11_000, version="7")
    take(chain, CALLS, Batch(clock.advance(HOUR), products=(newer,)))
    clock.advance(4 * HOUR - 2)
    take(chain, CALLS, Batch(clock(), products=(replace(BAG, version="6"),)))
    take(chain, CALLS, Batch(clock(), products=(replace(TENT, price=1, version="2"),)))
    assert on_air(chain, clock.advance(1000)) == set()


def test_a_price_that_a_person_accepts_runs_from_when_the_shop_said_it(
    chain: Context, clock: TestClock
) -> None:
    at = clock.advance(5 * HOUR)
    take(chain, CALLS, Batch(at, products=(replace(TENT, price=1_990, version="2"),)))
    settling.settle_suspect(chain, SYSTEM, SHOP, "TENT", accept=True)
    assert on_air(chain, clock.advance(HOUR)) == {"TENT"}
    assert on_air(chain, at + chain.settings.lease_ms) == set()


def test_calls_about_one_products_stock_renew_no_other(chain: Context, clock: TestClock) -> None:
    stock = Source("stock")
    both = (StockReport("BAG", "lille", 3), StockReport("TENT", "lille", 2))
    first = clock()
    take(chain, stock, Batch(first, whole=True, stock=both))
    take(chain, stock, Batch(clock.advance(HOUR), stock=both[:1]))
    with chain.db.read() as session:
        seen = dict(session.execute(select(FactRow.key, FactRow.observed_at)).all())
        assert set(session.scalars(select(ChannelRow.as_of))) == {first}
    assert seen == {"stock:BAG@lille": clock(), "stock:TENT@lille": first}


def test_a_shop_may_have_a_lease_of_its_own(chain: Context, clock: TestClock) -> None:
    for name, seconds in (("feed", None), ("calls", 3_600), ("other", 300)):
        config = {"shop": "pluvier" if name != "other" else name, "lease_s": seconds}
        with chain.db.write() as session:
            session.add(
                ConnectorRow(
                    id=name,
                    kind="webhook",
                    name=name,
                    config=config,
                    secrets={},
                    state={},
                    counters={},
                )
            )
    usual_end = clock() + chain.settings.lease_ms
    offers.ensure_channels(chain, "pluvier")
    assert on_air(chain, clock.advance(3_600_000 - 2_000)) == {"BAG", "TENT"}
    with chain.db.read() as session:
        row = session.get_one(ChannelRow, str(SHOP))
        assert (row.lease_ms, row.longer_until) == (3_600_000, usual_end)
    take(chain, FEED, Batch(clock(), whole=True, products=(BAG, TENT)))
    tent = replace(TENT, price=19_800, version="2")
    take(chain, CALLS, Batch(clock.advance(1_000), products=(tent,)))
    assert on_air(chain, clock.advance(3_600_000 - 2_000)) == {"TENT"}


@pytest.mark.parametrize("seconds", [0, 299, 86_401])
def test_a_lease_has_bounds(seconds: int) -> None:
    with pytest.raises(ValidationError):
        ShopConfig(shop="pluvier", lease_s=seconds)
    assert ShopConfig(shop="pluvier", lease_s=300).lease_s == 300
