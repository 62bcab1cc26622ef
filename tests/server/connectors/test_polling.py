"""Sources that are due: asked by one worker, taken whole or not at all, waited for on failure."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from playlists.facts import FactKey
from server.db.models import ChannelRow, ConnectorRow, FactRow, HeldBatchRow, OfferRow
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.connectors import ConnectorWish, Poller, Ran, polling, records, run_due
from server.services.observed import facts
from server.services.prices import intake
from tests.server.connectors.conftest import ShopPeer, WeatherPeer
from tests.server.connectors.peers import Reply, peer
from tests.server.connectors.test_merchant import HEAD, TAIL, XML, feed, item
from tests.support.record import START_MS, TestClock

EVERY_S = 60


def add(ctx: Context, kind: str, connector_id: str = "feed", **config: Any) -> str:
    wish = ConnectorWish(kind, connector_id, config, every_s=EVERY_S)
    connectors.create_connector(ctx, SYSTEM, wish, connector_id)
    return connector_id


def add_feed(ctx: Context, url: str) -> str:
    return add(ctx, "merchant", shop="pluvier", url=url)


def view(ctx: Context, connector_id: str = "feed") -> connectors.ConnectorView:
    return connectors.get_connector(ctx, SYSTEM, connector_id).value


def row(ctx: Context, connector_id: str = "feed") -> ConnectorRow:
    with ctx.db.read() as session:
        found = session.get(ConnectorRow, connector_id)
        assert found is not None
        return found


def prices(ctx: Context, sku: str, store: str = "lille") -> list[int]:
    with ctx.db.read() as session:
        offer = session.get(OfferRow, (f"pluvier@{store}", sku))
        return [step[2] for step in offer.body.get("st", ())] if offer is not None else []


def lease(ctx: Context, store: str = "lille") -> int:
    with ctx.db.read() as session:
        channel = session.get(ChannelRow, f"pluvier@{store}")
        return channel.as_of if channel is not None else 0


def stock(ctx: Context, key: str) -> object:
    with ctx.db.read() as session:
        values = session.scalars(select(FactRow.value).where(FactRow.key == FactKey(key))).all()
        return values[0] if values else None


def ran(ctx: Context, clock: TestClock, after_s: int = EVERY_S) -> list[Ran]:
    clock.advance(after_s * 1000)
    return run_due(ctx)


def test_a_feed_becomes_offers(chain: Context, shop: ShopPeer) -> None:
    add_feed(chain, f"{shop.url}/feed.xml")
    (result,) = run_due(chain)
    assert result.error == ""
    assert prices(chain, "PLV-BRUINE") == [14900]
    assert view(chain).last_success_at == START_MS
    assert view(chain).next_run_at == START_MS + EVERY_S * 1000
    assert run_due(chain) == []


def test_a_feed_that_stands_renews_its_leases(
    small_chain: Context, shop: ShopPeer, clock: TestClock
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    (again,) = ran(small_chain, clock)
    assert again.taken is not None
    assert again.taken.prices == 0
    assert lease(small_chain) == clock()
    assert view(small_chain).counters["unchanged"] == 1


def test_a_changed_price_arrives_with_the_next_poll(
    small_chain: Context, shop: ShopPeer, clock: TestClock
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    shop.act("price", sku="PLV-BRUINE", price="139.00")
    ran(small_chain, clock)
    assert prices(small_chain, "PLV-BRUINE") == [13900]


@pytest.mark.parametrize("mode", ["blank", "html", "truncated", "500", "down"])
def test_a_feed_that_fails_changes_nothing_and_renews_nothing(
    small_chain: Context, shop: ShopPeer, clock: TestClock, mode: str
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    shop.act("break", mode=mode)
    (failed,) = ran(small_chain, clock)
    assert failed.error
    assert prices(small_chain, "PLV-BRUINE") == [14900]
    assert lease(small_chain) == START_MS
    shown = view(small_chain)
    assert (shown.failures, shown.last_error, shown.last_success_at) == (1, failed.error, START_MS)
    shop.act("break", mode="none")
    ran(small_chain, clock, after_s=600)
    assert view(small_chain).last_error == ""
    assert lease(small_chain) == clock()


@pytest.mark.parametrize("mode", ["empty", "zero", "currency"])
def test_a_held_batch_is_asked_for_again_whole_until_a_person_decides(
    small_chain: Context, shop: ShopPeer, clock: TestClock, mode: str
) -> None:
    """If “nothing changed” were accepted now, the held feed would renew its own leases."""
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    shop.act("break", mode=mode)
    ran(small_chain, clock)
    assert view(small_chain).held
    assert "held" in view(small_chain).last_error
    (again,) = ran(small_chain, clock)
    assert again.taken is not None
    assert again.taken.held
    assert lease(small_chain) == START_MS


def test_a_released_feed_is_believed_at_once_and_only_once(
    small_chain: Context, clock: TestClock
) -> None:
    price = {"all": "100.00 EUR"}

    def says(_path: str, headers: dict[str, str]) -> Reply:
        tag = f'"{price["all"]}"'
        if headers.get("if-none-match") == tag:
            return Reply(304)
        listed = [item(id=f"SKU-{n}", price=price["all"]) for n in range(6)]
        return Reply(body=HEAD + b"".join(listed) + TAIL, headers={**XML, "ETag": tag})

    with peer(says) as sold:
        add_feed(small_chain, sold.url)
        run_due(small_chain)
        price["all"] = "10.00 EUR"
        ran(small_chain, clock)
        held = view(small_chain).held
        assert prices(small_chain, "SKU-1") == []
        connectors.settle_batch(small_chain, SYSTEM, held, accept=True)
        run_due(small_chain)  # due at once
        assert prices(small_chain, "SKU-1") == [1000]
        assert not row(small_chain).state.get("trust_next")
        price["all"] = "1.00 EUR"
        ran(small_chain, clock)
        assert view(small_chain).held


def test_a_rejected_feed_stays_unbelieved(small_chain: Context, shop: ShopPeer) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    with small_chain.db.write() as session:
        session.add(
            HeldBatchRow(
                id="held-1",
                connector_id="feed",
                reason="suspects",
                sample=[],
                counts={},
                received_at=START_MS,
            )
        )
    connectors.settle_batch(small_chain, SYSTEM, "held-1", accept=False)
    assert not row(small_chain).state.get("trust_next")


def test_a_release_during_a_run_is_kept_for_the_next(
    small_chain: Context, shop: ShopPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    real = intake.take

    def take_while_released(*given: Any) -> intake.Taken:
        with small_chain.db.write() as session:
            feed_row = session.get(ConnectorRow, "feed")
            assert feed_row is not None
            feed_row.state = {**feed_row.state, "trust_next": True}
            feed_row.next_run_at = 0
        return real(*given)

    monkeypatch.setattr(polling.intake, "take", take_while_released)
    run_due(small_chain)
    assert row(small_chain).state["trust_next"] is True
    assert row(small_chain).next_run_at == 0


def test_a_new_store_is_told_all_though_the_feed_stands(
    small_chain: Context, shop: ShopPeer, clock: TestClock
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    wish = StoreWish("Nantes", "Europe/Paris", 47_213_000, -1_556_000, channel="pluvier@nantes")
    create_store(small_chain, SYSTEM, wish, "nantes")
    ran(small_chain, clock)
    assert prices(small_chain, "PLV-BRUINE", "nantes") == [14900]


def test_two_workers_never_run_the_same_connector(chain: Context, shop: ShopPeer) -> None:
    for number in range(6):
        add(chain, "merchant", f"feed-{number}", shop="pluvier", url=f"{shop.url}/feed.xml")
    with ThreadPoolExecutor(4) as workers:
        claims = list(workers.map(lambda _: polling.claim_due(chain, 100), range(4)))
    names = sorted(claim.row.id for some in claims for claim in some)
    assert names == [f"feed-{number}" for number in range(6)]


def test_the_claim_of_a_dead_worker_runs_out(
    small_chain: Context, shop: ShopPeer, clock: TestClock
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    assert len(polling.claim_due(small_chain, 1)) == 1
    assert run_due(small_chain) == []
    clock.advance(polling.CLAIM_MS)
    assert len(run_due(small_chain)) == 1


def test_waits_grow_with_each_error_and_keep_to_what_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random, "uniform", lambda _low, _high: 1.0)
    waits = [records.pause_ms(n, 60, None, permanent=False) for n in range(1, 6)]
    assert waits == [60_000, 120_000, 240_000, 300_000, 300_000]
    assert records.pause_ms(1, 60, 900.0, permanent=False) == 900_000
    assert records.pause_ms(1, 60, None, permanent=True) == records.MENDING_MS
    assert records.pause_ms(10_000, 5, None, permanent=False) == 300_000


def test_retry_after_moves_the_next_run(small_chain: Context) -> None:
    with peer(Reply(503, headers={"Retry-After": "7200"})) as closed:
        add_feed(small_chain, closed.url)
        run_due(small_chain)
    assert (view(small_chain).next_run_at or 0) >= START_MS + 7_200_000


def test_a_fault_of_the_connector_itself_does_not_escape(
    small_chain: Context, shop: ShopPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    monkeypatch.setattr(intake, "take", lambda *_: 1 / 0)
    (failed,) = run_due(small_chain)
    assert "log" in failed.error
    assert view(small_chain).failures == 1


def test_an_edit_during_a_run_wins(
    small_chain: Context, shop: ShopPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new address is asked at once, without the old one's ETag."""
    add_feed(small_chain, f"{shop.url}/feed.xml")
    claims = polling.claim_due(small_chain, 1)
    url = f"{shop.url}/feed.xml?lang=en"
    wish = ConnectorWish("merchant", "Feed", {"shop": "pluvier", "url": url}, every_s=EVERY_S)
    connectors.update_connector(small_chain, SYSTEM, "feed", wish)
    polling.run_claimed(small_chain, claims[0])
    assert row(small_chain).next_run_at == 0
    assert row(small_chain).state == {}


def test_stock_and_weather_become_facts(
    chain: Context, shop: ShopPeer, weather: WeatherPeer
) -> None:
    add(chain, "local_inventory", "stock", url=f"{shop.url}/local.xml")
    add(chain, "open_meteo", "weather", url=weather.url)
    assert [result.error for result in run_due(chain)] == ["", ""]
    assert stock(chain, "stock:PLV-ESTRAN-28@lille") is not None
    assert stock(chain, "weather.rain:lille") is not None


def local_rows(*skus: str) -> bytes:
    rows = "".join(
        f"<item><g:store_code>lille</g:store_code><g:id>{sku}</g:id>"
        "<g:quantity>3</g:quantity></item>"
        for sku in skus
    )
    return HEAD + rows.encode() + TAIL


def fact_values(ctx: Context) -> dict[str, int]:
    with ctx.db.read() as session:
        return {one.key: int(one.value) for one in facts.latest(session, "stock:")}


def test_stock_that_is_no_longer_listed_is_none(small_chain: Context, clock: TestClock) -> None:
    listed = [["BAG", "TENT", "LAMP"], ["BAG", "TENT"]]
    with peer(lambda _path, _headers: Reply(body=local_rows(*listed[0]))) as sold:
        add(small_chain, "local_inventory", "stock", url=sold.url)
        run_due(small_chain)
        listed.pop(0)
        ran(small_chain, clock)
    assert fact_values(small_chain) == {
        "stock:BAG@lille": 3,
        "stock:TENT@lille": 3,
        "stock:LAMP@lille": 0,
    }


def test_a_listing_that_lost_most_of_its_stock_is_not_believed(
    small_chain: Context, clock: TestClock
) -> None:
    listed = [["BAG", "TENT", "LAMP"], ["BAG"]]
    with peer(lambda _path, _headers: Reply(body=local_rows(*listed[0]))) as sold:
        add(small_chain, "local_inventory", "stock", url=sold.url)
        run_due(small_chain)
        listed.pop(0)
        (failed,) = ran(small_chain, clock)
        assert "not believed" in failed.error
        assert set(fact_values(small_chain).values()) == {3}
        ran(small_chain, clock, after_s=5 * 3600)  # what was known has expired by now
    assert fact_values(small_chain)["stock:BAG@lille"] == 3
    assert view(small_chain, "stock").last_error == ""


def test_a_kind_that_no_package_brings_is_told(small_chain: Context, shop: ShopPeer) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    with small_chain.db.write() as session:
        feed_row = session.get(ConnectorRow, "feed")
        assert feed_row is not None
        feed_row.kind = "teleprinter"
    (failed,) = run_due(small_chain)
    assert "teleprinter" in failed.error


def test_the_poller_is_not_held_up_by_a_slow_source(small_chain: Context) -> None:
    """One source hangs until the other has been read."""
    read = threading.Event()

    def hangs(_path: str, _headers: dict[str, str]) -> Reply:
        read.wait(5)
        return feed(item())

    def answers(_path: str, _headers: dict[str, str]) -> Reply:
        read.set()
        return feed(item(id="TENT"))

    with peer(hangs) as slow, peer(answers) as quick:
        for name, url in (("a", slow.url), ("b", quick.url)):
            add(small_chain, "merchant", name, shop=f"shop-{name}", url=url)
        poller = Poller(small_chain, threads=2)
        poller.tick()
        poller.tick()
        assert read.wait(4)
        poller.stop(wait_s=5)
    assert view(small_chain, "a").last_error == view(small_chain, "b").last_error == ""


def test_the_poller_claims_no_more_than_it_can_run(small_chain: Context) -> None:
    release = threading.Event()

    def hangs(_path: str, _headers: dict[str, str]) -> Reply:
        release.wait(5)
        return feed(item())

    with peer(hangs) as slow:
        for name in "abc":
            add(small_chain, "merchant", name, shop=f"shop-{name}", url=slow.url)
        poller = Poller(small_chain, threads=1)
        poller.tick()
        poller.tick()
        waiting = [name for name in "abc" if row(small_chain, name).next_run_at == 0]
        release.set()
        poller.stop(wait_s=5)
    assert len(waiting) == 2


def test_a_long_run_keeps_its_claim_and_gives_it_back_when_stopped(
    small_chain: Context, clock: TestClock
) -> None:
    release = threading.Event()

    def hangs(_path: str, _headers: dict[str, str]) -> Reply:
        release.wait(5)
        return feed(item())

    with peer(hangs) as slow:
        add_feed(small_chain, slow.url)
        poller = Poller(small_chain)
        poller.tick()
        for _ in range(5):
            clock.advance(polling.CLAIM_MS * 3 // 4)
            poller.tick()
            assert polling.claim_due(small_chain, 1) == []
        poller.stop()
        assert row(small_chain).next_run_at == 0
        poller.tick()
        assert row(small_chain).next_run_at == 0
        release.set()


def test_a_trial_says_what_it_saw_and_takes_nothing(small_chain: Context, shop: ShopPeer) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    seen = connectors.test_connector(small_chain, SYSTEM, "feed")
    assert (seen.ok, seen.products) == (True, 24)
    assert "PLV-ESTRAN-28 11990 EUR" in seen.samples
    assert prices(small_chain, "PLV-BRUINE") == []
    shop.act("break", mode="html")
    told = connectors.test_connector(small_chain, SYSTEM, "feed")
    assert (told.ok, told.products) == (False, 0)
    assert "web page" in told.error


def test_a_private_address_is_told_by_the_trial(small_chain: Context, shop: ShopPeer) -> None:
    public = replace(
        small_chain, settings=small_chain.settings.model_copy(update={"allow_private": False})
    )
    add_feed(public, f"{shop.url}/feed.xml")
    assert "ENSEIGNE_ALLOW_PRIVATE" in connectors.test_connector(public, SYSTEM, "feed").error
