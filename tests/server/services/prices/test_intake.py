"""What a source's answer does to the record: prices, facts, offers, and what is not believed."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from sqlalchemy import event, func, select

from playlists.facts import Fact, FactKey
from playlists.ids import ChannelId, Sku, SourceId
from playlists.pricing import LedgerRow
from playlists.signing import verify
from playlists.wire.offers import OffersMessage
from server.db.models import ChannelRow, ConnectorRow, FactRow, HeldBatchRow, LedgerEntry, OfferRow
from server.ports import Batch, ProductReport, StockReport
from server.services.base import outbox
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import intake, offers, settling
from server.services.prices.intake import Source, take
from tests.support.record import START_MS, TestClock

DAY = 86_400_000
SHOP = Source("feed", shop="pluvier")
STOCK = Source("inventory", shop="pluvier")
BAG = ProductReport(
    "BAG", "EUR", 11990, names={"fr": {"name": "Estran 28", "lead": "Sac à dos"}}, version="1"
)
TENT = ProductReport("TENT", "EUR", 19900, names={"fr": {"name": "Lande 2", "lead": "Tente"}})


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    """Two stores that sell from one shop."""
    for store in ("lille", "prado"):
        wish = StoreWish(store, "Europe/Paris", 0, 0, channel=f"pluvier@{store}")
        create_store(any_ctx, SYSTEM, wish, store)
    with any_ctx.db.write() as session:
        row = ConnectorRow(
            id="feed", kind="merchant", name="Shop", config={}, state={}, counters={}
        )
        session.add(row)
    return any_ctx


def feed(*products: ProductReport, at: int = START_MS) -> Batch:
    return Batch(at, whole=True, products=products)


def offer(ctx: Context, sku: str = "BAG", channel: str = "pluvier@lille") -> dict[str, object]:
    with ctx.db.read() as session:
        row = session.get(OfferRow, (channel, sku))
        return dict(row.body) if row is not None else {}


def prices(ctx: Context, sku: str = "BAG") -> list[int]:
    return [step[2] for step in offer(ctx, sku).get("st", ())]  # type: ignore[attr-defined]


def count_rows(ctx: Context, table: type) -> int:
    with ctx.db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_first_feed_gives_every_channel_an_offer_and_a_signed_delta(chain: Context) -> None:
    taken = take(chain, SHOP, feed(BAG, TENT))
    assert {change.channel for change in taken.changes} == {"pluvier@lille", "pluvier@prado"}
    for change in taken.changes:
        message = OffersMessage.from_json(verify(change.jws, "offers", chain.keys.ring, START_MS))
        assert [one.sku for one in message.changed] == ["BAG", "TENT"]
        assert (message.since, message.to) == (0, change.version)
    assert prices(chain) == [11990]
    assert count_rows(chain, LedgerEntry) == 4


def test_repeating_a_feed_writes_no_price(chain: Context, clock: TestClock) -> None:
    take(chain, SHOP, feed(BAG, TENT))
    statements: list[str] = []
    event.listen(
        chain.db.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, sql, *_rest: statements.append(sql),
    )
    taken = take(chain, SHOP, feed(BAG, TENT, at=clock.advance(60_000)))
    assert taken.changes == []
    written = [sql for sql in statements if sql.startswith(("INSERT", "DELETE"))]
    updated = [sql for sql in statements if sql.startswith("UPDATE")]
    assert written == []
    assert all("channel" in sql or "fact" in sql for sql in updated)


def test_an_answer_that_nothing_changed_renews_the_lease(chain: Context, clock: TestClock) -> None:
    take(chain, SHOP, feed(BAG))
    later = clock.advance(300_000)
    take(chain, SHOP, Batch(later, unchanged=True))
    with chain.db.read() as session:
        assert set(session.scalars(select(ChannelRow.as_of))) == {later}


def test_a_sale_with_an_end_is_two_steps_and_no_was_without_history(chain: Context) -> None:
    sale = replace(BAG, sale_price=8990, sale_until=START_MS + 3 * DAY)
    take(chain, SHOP, feed(sale))
    body = offer(chain)
    assert [(step[2], step[3]) for step in body["st"]] == [(8990, None), (11990, None)]  # type: ignore[attr-defined]
    assert body["r"] == "prior:history_too_short"


def test_a_sale_on_a_known_price_says_the_lowest_of_thirty_days(chain: Context) -> None:
    take(chain, SHOP, feed(BAG, at=START_MS - 40 * DAY))
    sale = replace(BAG, sale_price=8990, sale_until=START_MS + 3 * DAY, version="2")
    take(chain, SHOP, feed(sale))
    first = offer(chain)["st"][0]  # type: ignore[index]
    assert first[2:4] == [8990, 11990]
    assert first[4]["fr"]["reduction"] == "−25\u00a0%"
    assert first[4]["fr"]["was"] == "119,90\u00a0€"


def test_history_kept_elsewhere_makes_the_was_price_lawful(chain: Context) -> None:
    sale = replace(BAG, sale_price=8990, sale_until=START_MS + 3 * DAY)
    take(chain, SHOP, feed(sale))
    row = LedgerRow(
        Sku("BAG"),
        ChannelId("pluvier@lille"),
        10990,
        "EUR",
        START_MS - 40 * DAY,
        None,
        False,
        START_MS - 40 * DAY,
    )
    settling.import_history(chain, SYSTEM, "pluvier@lille", [row], "archive")
    assert offer(chain)["st"][0][3] == 10990  # type: ignore[index]


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (replace(BAG, price=0), "zero"),
        (replace(BAG, price=None), "blank"),
        (replace(BAG, currency="USD"), "currency"),
        (replace(BAG, price=1199000), "jump"),
        (replace(BAG, price=119), "jump"),
        (replace(BAG, sale_price=2000), "jump"),
        (replace(BAG, sale_price=22000), "sale"),
    ],
)
def test_a_suspect_price_goes_price_free_at_once_and_is_no_ledger_row(
    chain: Context, clock: TestClock, report: ProductReport, why: str
) -> None:
    take(chain, SHOP, feed(BAG, TENT))
    rows = count_rows(chain, LedgerEntry)
    update = Batch(clock.advance(1000), products=(replace(report, version="2"),))
    taken = take(chain, SHOP, update)
    assert taken.suspects == {"BAG": why}
    for change in taken.changes:
        message = OffersMessage.from_json(verify(change.jws, "offers", chain.keys.ring, clock()))
        assert [(one.sku, one.steps) for one in message.changed] == [("BAG", ())]
    assert (prices(chain), offer(chain)["r"]) == ([], f"suspect:{why}")
    assert prices(chain, "TENT") == [19900]
    assert count_rows(chain, LedgerEntry) == rows


def test_a_later_plausible_value_ends_the_suspicion(chain: Context, clock: TestClock) -> None:
    take(chain, SHOP, feed(BAG))
    take(chain, SHOP, Batch(clock.advance(1000), products=(replace(BAG, price=0, version="2"),)))
    good = replace(BAG, price=10990, version="3")
    take(chain, SHOP, Batch(clock.advance(1000), products=(good,)))
    assert prices(chain) == [10990]


def test_a_person_accepts_or_rejects_a_suspect_price(chain: Context, clock: TestClock) -> None:
    take(chain, SHOP, feed(BAG))
    cheap = replace(BAG, price=3990, version="2")
    take(chain, SHOP, Batch(clock.advance(1000), products=(cheap,)))
    settling.settle_suspect(chain, SYSTEM, "pluvier@lille", "BAG", accept=True)
    settling.settle_suspect(chain, SYSTEM, "pluvier@prado", "BAG", accept=False)
    assert prices(chain) == [3990]
    assert offer(chain, channel="pluvier@prado")["st"][0][2] == 11990  # type: ignore[index]


def many(price: int, start: int = 0) -> tuple[ProductReport, ...]:
    return tuple(
        ProductReport(f"P{at}", "EUR", price + at, names={"fr": {"name": f"P{at}"}})
        for at in range(start, 40)
    )


def test_a_batch_with_many_suspects_is_held_whole(chain: Context, clock: TestClock) -> None:
    take(chain, SHOP, feed(*many(1000)))
    bad = [replace(one, price=0) if at < 4 else one for at, one in enumerate(many(1000))]
    bad[10] = replace(bad[10], price=1100)
    taken = take(chain, SHOP, feed(*bad, at=clock.advance(60_000)))
    assert taken.held == "suspects"
    assert prices(chain, "P0") == []
    assert prices(chain, "P10") == [], "what the batch would have changed shows no price"
    assert prices(chain, "P20") == [1020], "the rest lives on"
    with chain.db.read() as session:
        assert set(session.scalars(select(ChannelRow.as_of))) == {START_MS}
        held = session.scalars(select(HeldBatchRow)).one()
        suspects = [row for row in held.sample if row["why"]]
        assert {row["sku"] for row in suspects} == {"P0", "P1", "P2", "P3"}
        calm = [(row["sku"], row["old"], row["new"]) for row in held.sample if not row["why"]]
        assert calm == [("P10", 1010, 1100)]
        counts = {"reported": 40, "known": 40, "suspect": 4, "gone": 0, "changed": 5}
        assert held.counts == {**counts, "believable": 1}


@pytest.mark.parametrize(("products", "why"), [((), "empty"), (many(1000, 30), "shrunk")])
def test_an_empty_or_shrunken_feed_takes_nothing_off(
    chain: Context, clock: TestClock, products: tuple[ProductReport, ...], why: str
) -> None:
    take(chain, SHOP, feed(*many(1000)))
    taken = take(chain, SHOP, feed(*products, at=clock.advance(60_000)))
    assert taken.held == why
    assert prices(chain, "P5") == [1005]
    with chain.db.read() as session:
        counts = session.scalars(select(HeldBatchRow)).one().counts
        assert (counts["known"], counts["gone"]) == (40, 40 - len(products))


def test_a_product_that_the_shop_lists_no_more_is_told_gone(
    chain: Context, clock: TestClock
) -> None:
    take(chain, SHOP, feed(BAG, TENT))
    taken = take(chain, SHOP, feed(BAG, at=clock.advance(60_000)))
    message = OffersMessage.from_json(
        verify(taken.changes[0].jws, "offers", chain.keys.ring, clock())
    )
    assert message.gone == ("TENT",)
    assert offer(chain, "TENT") == {}


def test_another_shops_sku_in_an_update_is_counted_and_ignored(chain: Context) -> None:
    take(chain, SHOP, feed(BAG))
    stranger = ProductReport("ELSE", "EUR", 100)
    taken = take(chain, SHOP, Batch(START_MS + 1, products=(stranger,)))
    assert taken.refused == {"unknown_sku": 1}
    assert taken.changes == []


def test_deliveries_in_any_order_end_in_the_same_offer(chain: Context, clock: TestClock) -> None:
    take(chain, SHOP, feed(BAG))
    updates = [replace(BAG, price=11000 + 100 * n, version=str(n)) for n in (2, 3, 4)]
    for order in itertools.permutations(updates):
        for update in order:
            take(chain, SHOP, Batch(clock.advance(1000), products=(update,)))
        assert prices(chain) == [11400]


def test_few_pieces_left_are_said_and_many_are_not(chain: Context, clock: TestClock) -> None:
    take(chain, SHOP, feed(BAG))
    few = StockReport("BAG", "lille", 3)
    taken = take(chain, STOCK, Batch(clock.advance(1000), stock=(few,)))
    assert offer(chain)["sk"]["t"]["fr"]["text"] == "Plus que 3 dans ce magasin"  # type: ignore[index]
    assert "sk" not in offer(chain, channel="pluvier@prado")
    assert [change.channel for change in taken.changes] == ["pluvier@lille"]
    take(chain, STOCK, Batch(clock.advance(1000), stock=(replace(few, quantity=40),)))
    assert "sk" not in offer(chain)


def test_a_fact_that_changed_is_published_and_one_that_stands_is_not(
    chain: Context, clock: TestClock
) -> None:
    rain = Fact(
        FactKey("weather.rain:lille"),
        12,
        START_MS,
        None,
        START_MS,
        START_MS + DAY,
        SourceId("w@lille"),
    )
    weather = Source("w")
    take(chain, weather, Batch(START_MS, facts=(rain,)))
    claimed = outbox.claim(chain.db, "test", clock())
    assert "weather.rain:lille" in claimed.keys
    with chain.db.write() as session:
        outbox.settle(session, claimed)
    again = replace(
        rain, valid_from=START_MS + 5, observed_at=START_MS + 5, expires_at=START_MS + 2 * DAY
    )
    take(chain, weather, Batch(START_MS + 5, facts=(again,)))
    with chain.db.read() as session:
        assert outbox.pending(session) == 0
        (row,) = session.scalars(select(FactRow))
        assert (row.expires_at, row.valid_from) == (START_MS + 2 * DAY, START_MS)


def test_a_player_one_version_behind_gets_the_delta_and_others_the_whole(
    chain: Context, clock: TestClock
) -> None:
    first = take(chain, SHOP, feed(BAG, TENT)).changes[0]
    update = replace(BAG, price=10990, version="2")
    second = take(chain, SHOP, Batch(clock.advance(1000), products=(update,))).changes[0]

    def read(held: int) -> list[OffersMessage]:
        return [
            OffersMessage.from_json(verify(jws, "offers", chain.keys.ring, clock()))
            for jws in messages(chain, held)
        ]

    assert read(second.version) == []
    assert [(one.since, len(one.changed)) for one in read(first.version)] == [(first.version, 1)]
    assert [(one.since, len(one.changed)) for one in read(5)] == [(0, 2)]
    assert [(one.since, len(one.changed)) for one in read(0)] == [(0, 2)]


def messages(ctx: Context, held: int) -> tuple[str, ...]:
    with ctx.db.read() as session:
        return offers.messages_from(ctx, session, "pluvier@lille", held)


def test_negative_stock_and_impossible_skus_are_counted(chain: Context) -> None:
    batch = Batch(
        START_MS,
        stock=(StockReport("BAG", "lille", -1), StockReport("A B", "lille", 1)),
        products=(ProductReport("no good", "EUR", 1),),
    )
    assert intake.take(chain, SHOP, batch).refused == {
        "negative_stock": 1,
        "bad_sku": 2,
    }
