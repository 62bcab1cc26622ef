"""An instant of the past has the prices of its time: by play records, last report or the record."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from playlists.ids import ChannelId, Sha256, Sku, ZoneId
from playlists.ledger import DAY_MS
from playlists.pricing import LedgerRow
from playlists.runs import GENESIS, Play, Run, append
from playlists.signing import SigningKey, kid_of
from playlists.wire.door import Report
from playlists.wire.http import PairingRequest
from server.db.models import ChannelRow, LedgerEntry
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.prices import intake, settling
from server.services.screens import pairing, proof
from server.services.screens.devices import Viewer
from server.services.screens.screen_states import record_links, record_reports
from server.services.showing.explaining import Explained, explain, what_comes
from server.services.showing.proving import PriceThen
from tests.support.record import TestClock
from tests.support.shops import heads
from tests.support.small_shop import CHANNEL, lay_out, publish, set_price

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
SCREEN = "lille-window"
ROUND = 60 * SECOND


@pytest.fixture
def shop(any_ctx: Context) -> Context:
    """A window that shows a picture and the bag in turn; the bag is 119.90 from the start."""
    lay_out(any_ctx)
    return any_ctx


def bag_at(ctx: Context, at: int) -> Explained:
    """The first instant from `at` on at which the bag is on."""
    for second in range(0, ROUND, SECOND):
        found = explain(ctx, SYSTEM, SCREEN, at + second)
        if found.playing.card is not None and found.playing.card.goods:
            return found
    raise AssertionError("the bag never comes")


def price_at(ctx: Context, at: int) -> PriceThen:
    (price,) = bag_at(ctx, at).prices
    return price


def version(ctx: Context) -> int:
    with ctx.db.read() as session:
        return session.get_one(ChannelRow, CHANNEL).version


def ledger(ctx: Context) -> list[LedgerEntry]:
    with ctx.db.read() as session:
        rows = select(LedgerEntry).where(LedgerEntry.channel == CHANNEL).order_by(LedgerEntry.id)
        return list(session.scalars(rows))


def device(ctx: Context) -> Viewer:
    key = SigningKey.generate()
    given = pairing.begin(ctx, PairingRequest(key.x, "Pi", (1080, 1920)))
    pairing.claim(ctx, SYSTEM, code=given.code, screen_id=SCREEN)
    return Viewer((SCREEN,), kid_of(key.public))


def says(ctx: Context) -> None:
    """The screen reports that it holds all there is, and is connected."""
    held = Report(heads(ctx)[SCREEN], {ChannelId(CHANNEL): version(ctx)}, ctx.clock(), 0, 20, {})
    record_reports(ctx, {SCREEN: (ctx.clock(), held.to_json())})


def silence(ctx: Context, clock: TestClock, ms: int) -> None:
    """The screen is cut off for so long; the shop goes on confirming its prices."""
    record_links(ctx, [], [SCREEN])
    for _ in range(ms // HOUR):
        clock.advance(HOUR)
        confirm(ctx)


def confirm(ctx: Context) -> None:
    intake.take(ctx, intake.Source("feed", shop="pluvier"), Batch(ctx.clock(), unchanged=True))


def play(ctx: Context, from_ms: int, until_ms: int, channel_version: int) -> Play:
    revision = heads(ctx)[SCREEN]
    manifest = explain(ctx, SYSTEM, SCREEN, from_ms).held.head.manifest
    offers = {ChannelId(CHANNEL): channel_version}
    return Play(ZoneId("main"), revision, Sha256(manifest), from_ms, until_ms, offers)


def chained(*plays: Play) -> list[Run]:
    runs: list[Run] = []
    for number, one in enumerate(plays, 1):
        runs.append(append(number, runs[-1].hash if runs else GENESIS, one))
    return runs


def test_each_of_three_prices_is_told_at_its_time_with_its_row(
    shop: Context, clock: TestClock
) -> None:
    began = clock.now
    for price in (9_990, 12_990):
        clock.advance(HOUR)
        set_price(shop, price)
    clock.advance(HOUR)
    told = [price_at(shop, began + hours * HOUR + MINUTE) for hours in (0, 1, 2)]
    assert [one.price for one in told] == [11_990, 9_990, 12_990]
    assert [one.ledger for one in told] == [row.id for row in ledger(shop)]
    assert [one.version for one in told] == sorted({one.version for one in told})  # type: ignore[type-var]
    assert {bag_at(shop, began + MINUTE).held.basis} == {"record"}
    turns = what_comes(shop, SYSTEM, [SCREEN], began, began + ROUND, 10)[SCREEN][ZoneId("main")]
    shown = [held.offer.steps[0].price for turn in turns for held in turn.offers.values()]
    assert set(shown) == {11_990}


def test_a_correction_that_came_later_does_not_change_what_was_shown(
    shop: Context, clock: TestClock
) -> None:
    clock.advance(40 * DAY_MS)
    publish(shop)
    sale = ProductReport("BAG", "EUR", 11_990, sale_price=8_990, sale_until=clock.now + 9 * DAY_MS)
    intake.take(shop, intake.Source("feed", shop="pluvier"), Batch(clock.now, products=(sale,)))
    during = clock.now
    told = price_at(shop, during)
    assert (told.price, told.prior) == (8_990, 11_990)
    rows = {row.id: row for row in ledger(shop)}
    assert (rows[told.ledger or 0].price, rows[told.prior_ledger or 0].price) == (8_990, 11_990)
    clock.advance(HOUR)
    lower = LedgerRow(
        *(Sku("BAG"), ChannelId(CHANNEL), 9_500, "EUR"),
        *(during - 9 * DAY_MS, during, False, during - 9 * DAY_MS),
    )
    settling.import_history(shop, SYSTEM, CHANNEL, [lower], "till")
    now = price_at(shop, clock.now)
    assert (now.price, now.prior) == (8_990, 9_500)
    assert price_at(shop, during) == told


def test_a_price_that_was_held_back_had_none_and_says_why(shop: Context, clock: TestClock) -> None:
    clock.advance(HOUR)
    set_price(shop, 12)
    clock.advance(HOUR)
    settling.settle_suspect(shop, SYSTEM, CHANNEL, "BAG", accept=False)
    held = price_at(shop, clock.now - HOUR + MINUTE)
    assert (held.price, held.off, held.doubt) == (None, "no_step", "suspect:jump")
    assert price_at(shop, clock.now).price == 11_990


def test_a_shop_that_was_silent_had_no_price_on_screen(shop: Context, clock: TestClock) -> None:
    over = clock.now + shop.settings.lease_ms
    clock.advance(shop.settings.lease_ms + 2 * HOUR)
    assert price_at(shop, over + HOUR).off == "lease_over"
    confirm(shop)
    clock.advance(HOUR)
    assert price_at(shop, over + HOUR).off == "lease_over"
    assert price_at(shop, over - HOUR).price == 11_990
    assert price_at(shop, clock.now).price == 11_990


def test_a_price_without_history_says_why_it_has_no_prior_price(
    shop: Context, clock: TestClock
) -> None:
    clock.advance(HOUR)
    sale = ProductReport("BAG", "EUR", 11_990, sale_price=8_990, sale_until=clock.now + DAY_MS)
    intake.take(shop, intake.Source("feed", shop="pluvier"), Batch(clock.now, products=(sale,)))
    told = price_at(shop, clock.now)
    assert (told.price, told.prior, told.doubt) == (8_990, None, "prior:history_too_short")


def test_a_screen_that_is_cut_off_goes_by_its_last_report(shop: Context, clock: TestClock) -> None:
    device(shop)
    clock.advance(MINUTE)
    says(shop)
    cut = clock.now
    silence(shop, clock, HOUR)
    set_price(shop, 9_990)
    clock.advance(10 * MINUTE)
    found = bag_at(shop, clock.now - MINUTE)
    assert (found.held.basis, found.held.said_at) == ("report", cut)
    assert [price.price for price in found.prices] == [11_990]
    # Nobody renews its lease: that runs out although the shop is well.
    silence(shop, clock, shop.settings.lease_ms)
    assert price_at(shop, clock.now - MINUTE).off == "lease_over"
    # What it holds has a version that this record, restored from a backup, never had.
    ahead = Report(heads(shop)[SCREEN], {ChannelId(CHANNEL): clock.now + DAY_MS}, cut, 0, 20, {})
    record_reports(shop, {SCREEN: (cut, ahead.to_json())})
    record_links(shop, [], [SCREEN])
    assert price_at(shop, clock.now - MINUTE).off == "unknown"


def test_its_play_records_say_what_it_showed_meanwhile(shop: Context, clock: TestClock) -> None:
    viewer, before = device(shop), version(shop)
    began = clock.now
    clock.advance(HOUR)
    set_price(shop, 9_990)
    clock.advance(HOUR)
    proof.take(shop, viewer, chained(play(shop, began, clock.now, before)))
    found = bag_at(shop, began + HOUR + MINUTE)
    assert (found.held.basis, found.prices[0].price) == ("run", 11_990)
    assert price_at(shop, clock.now).price == 9_990


def test_what_it_recorded_short_of_plan_is_told_so(shop: Context, clock: TestClock) -> None:
    viewer, began = device(shop), clock.now
    clock.advance(HOUR)
    planned = play(shop, began, clock.now, version(shop))
    bag = bag_at(shop, began)
    why = bag.playing.shown.why
    assert why is not None
    because = (f"lease_over:{CHANNEL}",)
    slot = (why.layer, why.source, why.item)
    short = Play(
        *(planned.zone, planned.head, planned.manifest, planned.from_ms, planned.until_ms),
        *(planned.offers, bag.playing.shown.card, because, slot),
    )
    proof.take(shop, viewer, chained(planned, short))
    found = bag_at(shop, began + MINUTE)
    assert found.playing.shown.because == because
    assert (found.playing.shown.prices, found.prices[0].off) == ((), "lease_over")
    # A record that names no shortfall, and offers that this record cannot find any more.
    slate = Play(
        *(planned.zone, planned.head, planned.manifest, clock.now, clock.now + HOUR),
        *({ChannelId(CHANNEL): 1}, None, ("card_missing:x",), slot),
    )
    after = Play(
        *(planned.zone, planned.head, planned.manifest, clock.now, clock.now + HOUR),
        {ChannelId(CHANNEL): 1},
    )
    proof.take(shop, viewer, chained(planned, short, after, slate)[2:])
    clock.advance(2 * HOUR)
    slates = [
        explain(shop, SYSTEM, SCREEN, clock.now - 90 * MINUTE + second).playing
        for second in range(0, ROUND, SECOND)
    ]
    assert any(one.card is None and one.shown.variant == "slate" for one in slates)
    assert all(one.card is None or not one.card.goods for one in slates)
