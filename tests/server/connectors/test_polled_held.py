"""A feed that is held is asked for again whole, until a person has a word on it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from server.db.models import ConnectorRow, HeldBatchRow
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import polling, run_due
from server.services.prices import intake
from tests.server.connectors.conftest import ShopPeer
from tests.server.connectors.peers import Reply, peer
from tests.server.connectors.polled import add_feed, lease, prices, ran, row, view
from tests.server.connectors.test_merchant import HEAD, TAIL, XML, item
from tests.support.record import START_MS, TestClock


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


@pytest.mark.parametrize(
    ("cut", "kind", "why"),
    [
        (b"<!DOCTYPE html><html><body>Closed</body></html>", "text/html", "html"),
        (HEAD + item(id="SKU-1", price="100.00 EUR"), "application/xml", "truncated"),
        (b"\x00\x01\x02\x03", "application/octet-stream", "unread"),
    ],
)
def test_an_answer_that_cannot_be_read_shows_with_what_is_held_until_a_good_one(
    small_chain: Context, clock: TestClock, cut: bytes, kind: str, why: str
) -> None:
    whole = HEAD + item(id="SKU-1", price="100.00 EUR") + TAIL
    answers = {"now": Reply(body=whole, headers=XML)}
    with peer(lambda _path, _headers: answers["now"]) as sold:
        add_feed(small_chain, sold.url)
        run_due(small_chain)
        answers["now"] = Reply(body=cut, headers={"Content-Type": kind})
        ran(small_chain, clock)
        with small_chain.db.read() as session:
            (held,) = session.scalars(select(HeldBatchRow))
        assert (held.reason, held.settled_at, bool(held.detail)) == (why, None, True)
        assert (prices(small_chain, "SKU-1"), lease(small_chain)) == ([10_000], START_MS)
        answers["now"] = Reply(body=whole, headers=XML)
        ran(small_chain, clock, 600)
        with small_chain.db.read() as session:
            (held,) = session.scalars(select(HeldBatchRow))
        assert held.settled_as == "passed"


def test_a_shop_that_does_not_answer_is_not_held(small_chain: Context, clock: TestClock) -> None:
    with peer(lambda _path, _headers: Reply(503)) as sold:
        add_feed(small_chain, sold.url)
        run_due(small_chain)
    assert not view(small_chain).held


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
