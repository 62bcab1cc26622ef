"""Sources that are due are asked by one worker each, and waited for when they fail."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from server.db.models import ConnectorRow
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, Poller, polling, records, run_due
from server.services.prices import intake
from tests.server.connectors.conftest import ShopPeer
from tests.server.connectors.peers import Peer, Reply, peer
from tests.server.connectors.polled import EVERY_S, add, add_feed, row, view
from tests.server.connectors.test_merchant import feed, item
from tests.support.record import START_MS, TestClock


@contextmanager
def hanging(until: threading.Event) -> Iterator[Peer]:
    """A shop that answers no sooner than then."""

    def hangs(_path: str, _headers: dict[str, str]) -> Reply:
        until.wait(5)
        return feed(item())

    with peer(hangs) as slow:
        yield slow


def test_a_source_asked_a_little_late_keeps_its_step(
    chain: Context, shop: ShopPeer, clock: TestClock
) -> None:
    """Workers look every second: one that is due a few ms after a look would slip by a second."""
    add_feed(chain, f"{shop.url}/feed.xml")
    run_due(chain)
    due = row(chain).next_run_at
    assert due == clock() + EVERY_S * 1000
    clock.now = due + 400
    run_due(chain)
    assert row(chain).next_run_at == due + EVERY_S * 1000
    clock.now += 5 * EVERY_S * 1000
    run_due(chain)
    assert row(chain).next_run_at == clock() + EVERY_S * 1000, "what was missed is not made up for"


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
    waits = [records.pause_ms(n, 60, 300, None) for n in range(1, 6)]
    assert waits == [60_000, 120_000, 240_000, 300_000, 300_000]
    assert records.pause_ms(1, 60, 300, 900.0) == 900_000
    assert records.pause_ms(10_000, 5, 300, None) == 300_000


def test_a_refused_key_is_tried_again_within_its_limit_and_at_once_when_asked(
    small_chain: Context, clock: TestClock
) -> None:
    most_ms = small_chain.settings.source_mending_s * 1000
    with peer(Reply(401)) as shop:
        add_feed(small_chain, shop.url)
        for _ in range(8):
            assert len(run_due(small_chain)) == 1
            wait = (view(small_chain).next_run_at or 0) - small_chain.clock()
            assert 0 < wait <= most_ms
            clock.advance(most_ms)
        run_due(small_chain)
        asked = len(shop.asked)
        assert run_due(small_chain) == [], "it is not its turn"
        connectors.ask_now(small_chain, SYSTEM, "feed")
        assert len(run_due(small_chain)) == 1
        assert len(shop.asked) == asked + 1
    assert view(small_chain).failures == 10


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

    def answers(_path: str, _headers: dict[str, str]) -> Reply:
        read.set()
        return feed(item(id="TENT"))

    with hanging(read) as slow, peer(answers) as quick:
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
    with hanging(release) as slow:
        for name in "abc":
            add(small_chain, "merchant", name, shop=f"shop-{name}", url=slow.url)
        poller = Poller(small_chain, threads=1)
        poller.tick()
        poller.tick()
        waiting = [name for name in "abc" if row(small_chain, name).next_run_at == 0]
        release.set()
        poller.stop(wait_s=5)
    assert len(waiting) == 2


def test_a_read_that_is_asked_for_during_one_comes_after_it(
    small_chain: Context, clock: TestClock
) -> None:
    release = threading.Event()
    with hanging(release) as slow:
        add_feed(small_chain, slow.url)
        poller = Poller(small_chain)
        poller.tick()
        with small_chain.db.write() as session:
            asked = session.get(ConnectorRow, "feed")
            assert asked is not None
            asked.next_run_at = 0
        poller.tick()
        assert row(small_chain).next_run_at == 0, "not taken a second time"
        release.set()
        poller.stop(wait_s=5)
        assert len(slow.asked) == 1
    assert row(small_chain).next_run_at == 0, "and due when it ended"


def test_a_long_run_keeps_its_claim_and_gives_it_back_when_stopped(
    small_chain: Context, clock: TestClock
) -> None:
    release = threading.Event()
    with hanging(release) as slow:
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
        poller.stop(wait_s=5)
