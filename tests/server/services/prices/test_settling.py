"""A person's hand on prices: who may, what is believed afterwards, what is written down."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.pricing import LedgerRow
from server.db.models import ConnectorRow, HeldBatchRow, LedgerEntry, OfferRow
from server.db.turns import Busy
from server.errors import BadInput, Forbidden, NotFound
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import ledger, releasing, settling
from server.services.prices.batches import Source
from server.services.prices.intake import take
from server.services.prices.releasing import Settled
from tests.support.record import START_MS, TestClock

SHOP = Source("feed", shop="pluvier")
LILLE = "pluvier@lille"
BAG = ProductReport("BAG", "EUR", 11_990, names={"fr": {"name": "Estran"}}, version="1")
PRADO_ONLY = Actor("p", "Prado", frozenset({"prices"}), frozenset({"prado"}))


@pytest.fixture
def chain(any_ctx: Context, clock: TestClock) -> Context:
    """Two stores that sell a bag whose price of 39,90 is not believed."""
    for store in ("lille", "prado"):
        wish = StoreWish(store, "Europe/Paris", 0, 0, channel=f"pluvier@{store}")
        create_store(any_ctx, SYSTEM, wish, store)
    take(any_ctx, SHOP, Batch(START_MS, products=(BAG,)))
    cheap = replace(BAG, price=3_990, version="2")
    taken = take(any_ctx, SHOP, Batch(clock.advance(1000), products=(cheap,)))
    assert taken.suspects == {"BAG": "jump"}
    return any_ctx


def offer(ctx: Context, channel: str = LILLE) -> OfferRow:
    with ctx.db.read() as session:
        row = session.get(OfferRow, (channel, "BAG"))
        assert row is not None
        session.expunge(row)
        return row


def prices(ctx: Context, channel: str = LILLE) -> list[int]:
    return [step[2] for step in offer(ctx, channel).body["st"]]


def test_an_accepted_price_is_a_ledger_row_in_the_persons_name(chain: Context) -> None:
    assert offer(chain).pending is not None
    settling.settle_suspect(chain, SYSTEM, LILLE, "BAG", accept=True)
    row = offer(chain)
    assert (prices(chain), row.suspect, row.pending) == ([3_990], "", None)
    with chain.db.read() as session:
        last = session.scalars(select(LedgerEntry).order_by(LedgerEntry.id.desc())).first()
        assert last is not None
        assert (last.channel, last.price, last.source) == (LILLE, 3_990, SYSTEM.id)
    assert prices(chain, "pluvier@prado") == []


def test_a_rejected_price_gives_way_to_the_last_good_one(chain: Context) -> None:
    settling.settle_suspect(chain, SYSTEM, LILLE, "BAG", accept=False)
    assert prices(chain) == [11_990]
    with pytest.raises(NotFound):
        settling.settle_suspect(chain, SYSTEM, LILLE, "BAG", accept=False)


@pytest.mark.parametrize(("channel", "sku"), [("pluvier@nowhere", "BAG"), (LILLE, "TENT")])
def test_what_is_not_held_is_not_found(chain: Context, channel: str, sku: str) -> None:
    with pytest.raises(NotFound):
        settling.settle_suspect(chain, SYSTEM, channel, sku, accept=True)


def test_another_stores_price_is_not_settled_and_stays_off(chain: Context) -> None:
    with pytest.raises(NotFound):
        settling.settle_suspect(chain, PRADO_ONLY, LILLE, "BAG", accept=True)
    assert prices(chain) == []
    settling.settle_suspect(chain, PRADO_ONLY, "pluvier@prado", "BAG", accept=True)
    assert prices(chain, "pluvier@prado") == [3_990]


def test_a_held_batch_is_settled_once_by_someone_of_the_whole_chain(
    chain: Context, clock: TestClock
) -> None:
    with chain.db.write() as session:
        feed = ConnectorRow(
            id="feed", kind="merchant", name="Shop", config={}, state={}, counters={}
        )
        session.add(feed)
        session.flush()
        held = HeldBatchRow(
            id="held-1",
            connector_id="feed",
            reason="empty",
            sample=[],
            counts={},
            received_at=clock(),
        )
        session.add(held)
    with pytest.raises(Forbidden):
        releasing.settle_batch(chain, PRADO_ONLY, "held-1", accept=True)
    assert releasing.settle_batch(chain, SYSTEM, "held-1", accept=True) == Settled("feed", True)
    with chain.db.read() as session:
        row = session.get(HeldBatchRow, "held-1")
        assert row is not None
        assert (row.settled_at, row.settled_as) == (clock(), "accepted")
    with pytest.raises(NotFound):
        releasing.settle_batch(chain, SYSTEM, "held-1", accept=False)


def archived(channel: str) -> LedgerRow:
    at = START_MS - 40 * 86_400_000
    return LedgerRow(Sku("BAG"), ChannelId(channel), 9_990, "EUR", at, None, False, at)


def test_a_history_goes_into_its_own_channel_only(chain: Context) -> None:
    with pytest.raises(NotFound):
        settling.import_history(chain, PRADO_ONLY, LILLE, [archived(LILLE)], "archive")
    with pytest.raises(BadInput):
        settling.import_history(chain, PRADO_ONLY, "pluvier@prado", [archived(LILLE)], "archive")
    with pytest.raises(NotFound):
        settling.import_history(chain, SYSTEM, "else@where", [archived("else@where")], "archive")
    with chain.db.read() as session:
        assert set(session.scalars(select(LedgerEntry.source))) == {"feed"}


def test_a_long_history_goes_in_by_parts_and_goes_on_where_it_broke_off(
    chain: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = archived(LILLE)
    skus = [Sku(f"OLD-{number:03}") for number in range(6)]
    days = range(settling.IMPORT_ROWS // 2)
    history = [
        replace(
            first, sku=sku, valid_from=first.valid_from + day, recorded_at=first.valid_from + day
        )
        for day in days
        for sku in skus
    ]
    append, parts = ledger.append, list[list[ledger.Entry]]()

    def kept(session: Session, entries: list[ledger.Entry], now: int) -> None:
        if entries and len(parts) == 2:
            raise Busy
        parts.extend([entries] if entries else [])
        append(session, entries, now)

    with monkeypatch.context() as busy:
        busy.setattr(ledger, "append", kept)
        with pytest.raises(Busy):
            settling.import_history(chain, SYSTEM, LILLE, history, "archive")
    assert [len(entry.rows) for (entry,) in parts] == 2 * [settling.IMPORT_ROWS]
    assert [len({row.sku for row in entry.rows}) for (entry,) in parts] == [2, 2]

    settling.import_history(chain, SYSTEM, LILLE, history, "archive")
    with chain.db.read() as session:
        query = select(LedgerEntry.sku, func.count()).where(LedgerEntry.source == "archive")
        kept_rows = dict(session.execute(query.group_by(LedgerEntry.sku)).all())
    assert kept_rows == dict.fromkeys(skus, len(days))


@pytest.mark.parametrize(
    ("spoiled", "why"), [({"price": 0}, "zero"), ({"currency": "USD"}, "currency")]
)
def test_no_person_can_put_a_zero_or_a_foreign_price_on_air(
    chain: Context, clock: TestClock, spoiled: dict[str, object], why: str
) -> None:
    bad = replace(BAG, version="3", **spoiled)  # type: ignore[arg-type]
    take(chain, SHOP, Batch(clock.advance(1000), products=(bad,)))
    with pytest.raises(BadInput) as refused:
        settling.settle_suspect(chain, SYSTEM, LILLE, "BAG", accept=True)
    assert refused.value.code == f"held_for_{why}"
    trusted = replace(SHOP, trust_next=True)
    later = replace(bad, version="4")
    taken = take(chain, trusted, Batch(clock.advance(1000), products=(later,)))
    assert taken.suspects == {"BAG": why}
    assert prices(chain) == []
    settling.settle_suspect(chain, SYSTEM, LILLE, "BAG", accept=False)
    assert prices(chain) == [11_990]
