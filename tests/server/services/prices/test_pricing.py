"""Prices taken while others write, killed half way, or with a chain of many channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from playlists.signing import verify
from playlists.wire.offers import OffersMessage
from server.db.models import ChannelRow, LedgerEntry, OfferRow
from server.ports import Batch, ProductReport
from server.services.base import outbox
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import compiling, pricing, seeing
from server.services.prices.batches import Source
from server.services.prices.compiling import Change
from server.services.prices.intake import take
from tests.support.record import START_MS, TestClock

STORES = ("lille", "lyon", "prado")
SHOP, TILL = Source("feed", shop="pluvier"), Source("till", shop="pluvier")
BAG = ProductReport("BAG", "EUR", 11_990, names={"fr": {"name": "Estran"}}, version="1")
CHEAPER = replace(BAG, price=10_990, version="2")


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    """Three stores that sell a bag from one shop."""
    for store in STORES:
        wish = StoreWish(store, "Europe/Paris", 0, 0, channel=f"pluvier@{store}")
        create_store(any_ctx, SYSTEM, wish, store)
    take(any_ctx, SHOP, Batch(START_MS, products=(BAG,)))
    return any_ctx


def offers(ctx: Context) -> dict[str, dict[str, Any]]:
    with ctx.db.read() as session:
        rows = session.execute(select(OfferRow.channel, OfferRow.body))
        return {channel.partition("@")[2]: body for channel, body in rows}


def prices(ctx: Context) -> dict[str, list[int]]:
    return {store: [step[2] for step in body["st"]] for store, body in offers(ctx).items()}


def names(ctx: Context) -> set[str]:
    return {body["nm"]["fr"]["name"] for body in offers(ctx).values()}


def everywhere(*some: int) -> dict[str, list[int]]:
    return {store: list(some) for store in STORES}


def told(ctx: Context, changes: Sequence[Change]) -> list[OffersMessage]:
    return [
        OffersMessage.from_json(verify(one.jws, "offers", ctx.keys.ring, ctx.clock()))
        for one in changes
    ]


def test_what_another_source_wrote_meanwhile_is_seen_before_anything_is_written(
    chain: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    see = pricing._see
    others: list[Change | None] = []

    def see_late(*arguments: Any) -> Any:
        seen = see(*arguments)
        if not others:
            others.append(None)
            newer = replace(BAG, price=9_990, version="3")
            others.extend(take(chain, TILL, Batch(clock.advance(5), products=(newer,))).changes)
        return seen

    monkeypatch.setattr(pricing, "_see", see_late)
    taken = take(chain, SHOP, Batch(clock.advance(1000), products=(CHEAPER,)))
    assert prices(chain) == everywhere(9_990)
    assert (taken.changes, taken.refused) == ([], {"out_of_order": 3})
    with chain.db.read() as session:
        assert sorted(set(session.scalars(select(LedgerEntry.price)))) == [9_990, 11_990]


def test_where_others_never_rest_it_is_decided_within_the_write(
    chain: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(seeing, "unmoved", lambda *given: asked.append(given))
    taken = take(chain, SHOP, Batch(clock.advance(1000), products=(CHEAPER,)))
    assert len(asked) == pricing.TRIES
    assert prices(chain) == everywhere(10_990)
    assert len(taken.changes) == len(STORES)


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_batch_that_was_cut_off_is_made_good_by_its_repetition(
    chain: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    monkeypatch.setattr(pricing, "CHANNELS_AT_ONCE", 1)
    store = compiling.store
    done: list[None] = []

    def store_some(*arguments: Any) -> None:
        if len(done) == written:
            raise OSError("the power is gone")
        done.append(None)
        store(*arguments)

    renamed = replace(CHEAPER, names={"fr": {"name": "Estran 30"}})
    tent = ProductReport("TENT", "EUR", 19_900, names={"fr": {"name": "Lande"}}, version="1")
    for product in (renamed, tent):
        batch = Batch(clock.advance(1000), products=(product,))
        done.clear()
        with monkeypatch.context() as cut:
            cut.setattr(compiling, "store", store_some)
            with pytest.raises(OSError, match="power"):
                take(chain, SHOP, batch)
        take(chain, SHOP, replace(batch, observed_at=clock.advance(1000)))
    with chain.db.read() as session:
        rows = session.execute(select(OfferRow.sku, OfferRow.body)).all()
        assert {(sku, body["st"][0][2], body["nm"]["fr"]["name"]) for sku, body in rows} == {
            ("BAG", 10_990, "Estran 30"),
            ("TENT", 19_900, "Lande"),
        }
        assert len(rows) == 2 * len(STORES)
    marked = outbox.claim(chain.db, "test", clock()).keys
    assert marked >= {f"product:{sku}@pluvier@{at}" for sku in ("BAG", "TENT") for at in STORES}


def test_deltas_lead_from_version_to_version_and_say_what_the_answer_confirmed(
    chain: Context, clock: TestClock
) -> None:
    with chain.db.read() as session:
        before = dict(session.execute(select(ChannelRow.id, ChannelRow.version)).all())
    at = clock.advance(1000)
    taken = take(chain, SHOP, Batch(at, products=(CHEAPER,)))
    for message in told(chain, taken.changes):
        assert message.since == before[message.channel]
        assert message.lease == (0, chain.settings.lease_ms)
        assert [offer.confirmed_at for offer in message.changed] == [at]


def test_a_whole_feed_renews_leases_only_once_all_of_it_is_taken(
    chain: Context, clock: TestClock
) -> None:
    first = clock.advance(1000)
    take(chain, SHOP, Batch(first, whole=True, products=(BAG,)))
    at = clock.advance(1000)
    taken = take(chain, SHOP, Batch(at, whole=True, products=(CHEAPER,)))
    assert {message.lease[0] for message in told(chain, taken.changes)} == {first}
    with chain.db.read() as session:
        assert set(session.scalars(select(ChannelRow.as_of))) == {at}


def test_a_sale_begins_and_ends_without_a_write(chain: Context, clock: TestClock) -> None:
    hour = 3_600_000
    sale = replace(BAG, sale_price=8_990, sale_from=START_MS + hour, sale_until=START_MS + 2 * hour)
    clock.advance(1000)
    take(chain, SHOP, Batch(clock(), products=(replace(sale, version="2"),)))
    assert prices(chain) == everywhere(11_990, 8_990, 11_990)
    take(chain, SHOP, Batch(clock(), whole=True, products=(replace(sale, version="2"),)))
    before = offers(chain)
    for _ in range(3):
        batch = Batch(clock.advance(hour), whole=True, products=(replace(sale, version="2"),))
        taken = take(chain, SHOP, batch)
        assert (taken.changes, taken.prices) == ([], 0)
    assert offers(chain) == before


def test_one_stores_own_price_leaves_the_other_channels_alone(
    chain: Context, clock: TestClock
) -> None:
    own = replace(CHEAPER, store="lyon")
    taken = take(chain, SHOP, Batch(clock.advance(1000), products=(own,)))
    assert prices(chain) == {**everywhere(11_990), "lyon": [10_990]}
    assert [change.channel for change in taken.changes] == ["pluvier@lyon"]
    assert names(chain) == {"Estran"}
