"""A batch that was held whole: what a person releases, rejects and takes back, and what stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from server.db.models import ChannelRow, HeldBatchRow, LedgerEntry, OfferRow
from server.errors import BadInput, NotFound
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import batches, releasing, settling
from server.services.prices.batches import Source
from server.services.prices.intake import Taken, take
from tests.server.services.prices.test_intake import feed
from tests.server.services.prices.test_listing import CONNECTOR
from tests.support.record import START_MS, TestClock

SHOP = Source("feed", shop="pluvier")
LILLE = "pluvier@lille"
MINUTE, HOUR = 60_000, 3_600_000
MANY = 20

Says = Callable[..., Taken]


def goods(price: int = 10_000) -> list[ProductReport]:
    return [
        ProductReport(f"P{at}", "EUR", price + at, names={"fr": {"name": f"N° {at}"}})
        for at in range(MANY)
    ]


@pytest.fixture
def chain(ctx: Context) -> Context:
    """Two stores that sell twenty products, whose shop asks less than half for each today."""
    for store in ("lille", "prado"):
        wish = StoreWish(store, "Europe/Paris", 0, 0, channel=f"pluvier@{store}")
        create_store(ctx, SYSTEM, wish, store)
    with ctx.db.write() as session:
        session.add(CONNECTOR())
    take(ctx, SHOP, feed(*goods()))
    return ctx


@pytest.fixture
def says(chain: Context, clock: TestClock) -> Says:
    """The shop lists goods, a minute later."""

    def say(*reports: ProductReport) -> Taken:
        return take(chain, SHOP, feed(*reports, at=clock.advance(MINUTE)))

    return say


def shown(ctx: Context, sku: str = "P1", channel: str = LILLE, at: int = 0) -> int | None:
    """The price that screens show at an instant; the present unless one is given."""
    now = at or ctx.clock()
    with ctx.db.read() as session:
        steps = session.get_one(OfferRow, (channel, sku)).body["st"]
        lease = session.get_one(ChannelRow, channel)
        if now >= lease.as_of + lease.lease_ms:
            return None
    return next((step[2] for step in steps if step[0] <= now and now < (step[1] or now + 1)), None)


def held(ctx: Context, waiting: bool = True) -> list[HeldBatchRow]:
    with ctx.db.read() as session:
        rows = list(session.scalars(select(HeldBatchRow)))
        return [row for row in rows if (row.settled_at is None) == waiting]


def test_a_release_is_of_what_the_person_saw(chain: Context, says: Says) -> None:
    says(*goods(3_000))
    (batch,) = held(chain)
    assert shown(chain) is None
    releasing.settle_batch(chain, SYSTEM, batch.id, accept=True)
    assert {shown(chain, f"P{at}") for at in range(MANY)} == {3_000 + at for at in range(MANY)}
    with chain.db.read() as session:
        news = select(LedgerEntry.source).where(LedgerEntry.price < 4_000).distinct()
        assert list(session.scalars(news)) == [SYSTEM.id]
    assert not says(*goods(3_000)).held
    assert says(*goods(300)).held == "suspects", "what comes later is judged anew"


def test_what_was_said_since_is_another_batch(chain: Context, says: Says) -> None:
    says(*goods(3_000))
    (seen,) = held(chain)
    says(*goods(300))
    with pytest.raises(NotFound):
        releasing.settle_batch(chain, SYSTEM, seen.id, accept=True)
    (now,) = held(chain)
    releasing.settle_batch(chain, SYSTEM, now.id, accept=True)
    assert shown(chain) == 301


def test_a_price_that_is_good_again_in_a_later_batch_is_not_released_as_it_was(
    chain: Context, says: Says
) -> None:
    says(*goods(3_000))
    says(goods()[0], *goods(2_900)[1:])
    (batch,) = held(chain)
    releasing.settle_batch(chain, SYSTEM, batch.id, accept=True)
    assert (shown(chain, "P0"), shown(chain, "P1")) == (10_000, 2_901)


def test_what_nobody_may_believe_stays_off(chain: Context, says: Says) -> None:
    rows = [replace(one, price=0) if at < 3 else one for at, one in enumerate(goods(3_000))]
    says(*rows)
    (batch,) = held(chain)
    releasing.settle_batch(chain, SYSTEM, batch.id, accept=True)
    assert (shown(chain, "P2"), shown(chain, "P3")) == (None, 3_003)


def test_many_prices_follow_in_steps(
    chain: Context, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releasing, "AT_ONCE", 3)
    monkeypatch.setattr(releasing, "IN_REQUEST", 5)
    says(*goods(3_000))
    (batch,) = held(chain)
    releasing.settle_batch(chain, SYSTEM, batch.id, accept=True)
    assert [row.settled_as for row in held(chain, waiting=False)] == [releasing.ACCEPTING]
    off = sum(shown(chain, f"P{at}") is None for at in range(MANY))
    assert 0 < off < MANY
    releasing.go_on(chain)
    assert [row.settled_as for row in held(chain, waiting=False)] == ["accepted"]
    assert shown(chain, "P19", "pluvier@prado") == 3_019


def test_a_release_that_was_cut_off_is_gone_on_with_before_the_source_is_taken_again(
    chain: Context, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releasing, "IN_REQUEST", 0)
    says(*goods(3_000))
    (batch,) = held(chain)
    releasing.settle_batch(chain, SYSTEM, batch.id, accept=True)
    assert shown(chain) is None
    assert not says(*goods(3_000)).held
    assert shown(chain) == 3_001


def test_a_rejection_keeps_the_last_good_prices_until_their_lease_ends(
    chain: Context, says: Says, clock: TestClock
) -> None:
    says(*goods(3_000))
    (batch,) = held(chain)
    releasing.settle_batch(chain, SYSTEM, batch.id, accept=False)
    assert shown(chain) == 10_001
    assert says(*goods(3_000)).held, "told again it stays rejected, and asks nobody"
    assert (held(chain), shown(chain)) == ([], 10_001)
    end = START_MS + chain.settings.lease_ms
    assert (shown(chain, at=end - 1), shown(chain, at=end)) == (10_001, None)
    assert not says(*goods()).held
    assert shown(chain, at=end) == 10_001


def test_a_rejection_is_taken_back(chain: Context, says: Says) -> None:
    says(*goods(3_000))
    (batch,) = held(chain)
    releasing.settle_batch(chain, SYSTEM, batch.id, accept=False)
    releasing.reopen_batch(chain, SYSTEM, batch.id)
    assert shown(chain) is None
    releasing.settle_batch(chain, SYSTEM, batch.id, accept=True)
    assert shown(chain) == 3_001
    with pytest.raises(NotFound):
        releasing.reopen_batch(chain, SYSTEM, batch.id)


def test_one_rejected_price_ends_though_the_shop_goes_on_about_the_others(
    chain: Context, says: Says, clock: TestClock
) -> None:
    """The channel's lease is renewed each minute; the price that the shop no longer says is not."""
    rows = [replace(goods()[0], price=10), *goods()[1:]]
    says(*rows)
    settling.settle_suspect(chain, SYSTEM, LILLE, "P0", accept=False)
    assert (shown(chain, "P0"), shown(chain, "P0", "pluvier@prado")) == (10_000, None)
    end = START_MS + chain.settings.lease_ms
    while clock() < end:
        says(*rows)
        clock.advance(HOUR)
        assert shown(chain, "P0", at=min(clock(), end - 1)) == 10_000
    says(*rows)
    assert (shown(chain, "P0"), shown(chain, "P1")) == (None, 10_001)
    says(replace(goods()[0], price=9_000), *goods()[1:])
    assert shown(chain, "P0") == 9_000


def test_a_rejected_price_may_be_accepted_or_held_again(chain: Context, says: Says) -> None:
    says(replace(goods()[0], price=10), *goods()[1:])
    settling.settle_suspect(chain, SYSTEM, LILLE, "P0", accept=False)
    with pytest.raises(NotFound):
        settling.settle_suspect(chain, SYSTEM, LILLE, "P0", accept=False)
    settling.hold_again(chain, SYSTEM, LILLE, "P0")
    assert shown(chain, "P0") is None
    with pytest.raises(NotFound):
        settling.hold_again(chain, SYSTEM, LILLE, "P0")
    settling.settle_suspect(chain, SYSTEM, LILLE, "P0", accept=False)
    settling.settle_suspect(chain, SYSTEM, LILLE, "P0", accept=True)
    assert shown(chain, "P0") == 10


def test_another_wrong_price_ends_what_a_rejection_kept(chain: Context, says: Says) -> None:
    says(replace(goods()[0], price=10), *goods()[1:])
    settling.settle_suspect(chain, SYSTEM, LILLE, "P0", accept=False)
    says(replace(goods()[0], price=11), *goods()[1:])
    assert shown(chain, "P0") is None


def test_what_is_held_is_the_last_that_was_said(chain: Context, says: Says) -> None:
    for price in (10, 20):
        says(replace(goods()[0], price=price), *goods()[1:])
    settling.settle_suspect(chain, SYSTEM, LILLE, "P0", accept=True)
    assert shown(chain, "P0") == 20


def test_a_wrong_price_of_one_store_is_off_in_that_store(chain: Context, says: Says) -> None:
    taken = says(*goods(), replace(goods()[0], price=0, store="prado"))
    assert (taken.held, taken.suspects) == ("", {"P0": "zero"})
    assert (shown(chain, "P0"), shown(chain, "P0", "pluvier@prado")) == (10_000, None)


@pytest.mark.parametrize(
    ("rules", "held_for"),
    [({}, "suspects"), ({"jump_percent": 75}, ""), ({"jump_percent": 69}, "suspects")],
)
def test_a_shop_has_thresholds_of_its_own(
    chain: Context, clock: TestClock, rules: dict[str, int], held_for: str
) -> None:
    shop = replace(SHOP, **rules)  # type: ignore[arg-type]
    assert take(chain, shop, feed(*goods(3_000), at=clock.advance(MINUTE))).held == held_for


def test_goods_that_are_missing_are_released_for_one_listing(
    chain: Context, clock: TestClock, says: Says
) -> None:
    assert says(*goods()[:5]).held == "shrunk"
    (batch,) = held(chain)
    assert releasing.settle_batch(chain, SYSTEM, batch.id, accept=True).gone
    trusted = replace(SHOP, trust_next=True)
    assert not take(chain, trusted, feed(*goods()[:5], at=clock.advance(MINUTE))).held
    with chain.db.read() as session:
        assert len(set(session.scalars(select(OfferRow.sku)))) == 5


def test_an_answer_that_cannot_be_read_is_held_and_passes_by_itself(
    chain: Context, says: Says, clock: TestClock
) -> None:
    batches.hold_unread(chain, "feed", "html", "The answer is a web page.")
    (row,) = held(chain)
    assert (row.reason, row.detail, row.sample) == ("html", "The answer is a web page.", [])
    with pytest.raises(BadInput):
        releasing.settle_batch(chain, SYSTEM, row.id, accept=True)
    assert shown(chain, at=START_MS + chain.settings.lease_ms) is None
    says(*goods())
    assert [one.settled_as for one in held(chain, waiting=False)] == ["passed"]


def test_an_unreadable_answer_takes_no_decision_away(chain: Context, says: Says) -> None:
    says(*goods(3_000))
    batches.hold_unread(chain, "feed", "truncated", "The feed is cut short.")
    assert [row.reason for row in held(chain)] == ["suspects"]


def test_a_held_call_waits_beside_another(chain: Context, clock: TestClock) -> None:
    for at in (0, 5):
        some = [replace(one, names={}) for one in goods(3_000)[at : at + 4]]
        assert take(chain, SHOP, Batch(clock.advance(MINUTE), products=tuple(some))).held
    assert len(held(chain)) == 2
