"""Which prices of the past are forgotten, and that nothing is shown otherwise for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from playlists.ids import ChannelId, Sku
from server.config import Settings
from server.db.models import LedgerEntry, OfferRow
from server.ports import ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.prices import forgetting, ledger, offers
from server.services.prices.batches import Source
from server.services.prices.intake import take
from tests.server.services.prices.test_intake import feed
from tests.support.record import START_MS, TestClock

DAY = 86_400_000
LILLE = ChannelId("pluvier@lille")
SHOP = Source("feed", shop="pluvier")
BAG = ProductReport("BAG", "EUR", 10_000, names={"fr": {"name": "Estran"}})

Says = Callable[..., None]


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    """A store in France whose ledger is kept for 60 days."""
    wish = StoreWish("Lille", "Europe/Paris", 0, 0, channel=LILLE, country="FR")
    create_store(any_ctx, SYSTEM, wish, "lille")
    return replace(any_ctx, settings=any_ctx.settings.model_copy(update={"ledger_days": 60}))


@pytest.fixture
def says(chain: Context, clock: TestClock) -> Says:
    """The shop names a price so many days from the start."""

    def say(day: int, price: int, sale: int | None = None, until: int | None = None) -> None:
        clock.now = START_MS + day * DAY
        ends = None if until is None else START_MS + until * DAY
        take(
            chain,
            SHOP,
            feed(replace(BAG, price=price, sale_price=sale, sale_until=ends), at=clock()),
        )

    return say


def rows(ctx: Context) -> list[int]:
    with ctx.db.read() as session:
        return list(session.scalars(select(LedgerEntry.price).order_by(LedgerEntry.id)))


def body(ctx: Context) -> dict[str, object]:
    """The offer compiled anew."""
    with ctx.db.write() as session:
        named = offers.channels_by_id(session, [LILLE])
        offers.recompile(ctx, session, named, [Sku("BAG")], ctx.clock())
    with ctx.db.read() as session:
        return dict(session.get_one(OfferRow, (LILLE, "BAG")).body)


def test_old_rows_go_but_for_the_one_that_was_in_force_when_the_time_begins(
    chain: Context, clock: TestClock, says: Says
) -> None:
    for day, price in ((0, 10_000), (10, 10_100), (20, 10_200), (100, 10_300), (110, 10_400)):
        says(day, price)
    clock.now = START_MS + 120 * DAY
    before = body(chain)
    assert forgetting.sweep(chain) == 2
    assert rows(chain) == [10_200, 10_300, 10_400]
    assert body(chain) == before
    assert forgetting.sweep(chain) == 0


def test_a_price_in_force_is_never_forgotten(chain: Context, clock: TestClock, says: Says) -> None:
    says(0, 10_000)
    clock.now = START_MS + 3_000 * DAY
    assert forgetting.sweep(chain) == 0
    assert rows(chain) == [10_000]


def test_a_long_sale_keeps_the_days_before_it_began(
    chain: Context, clock: TestClock, says: Says
) -> None:
    says(0, 9_000)
    says(15, 12_000)
    says(40, 10_000, sale=8_000, until=400)
    clock.now = START_MS + 200 * DAY
    before = body(chain)
    assert before["st"][0][3] == 9_000  # type: ignore[index]
    assert forgetting.sweep(chain) == 0
    assert body(chain) == before


def test_many_rows_go_in_small_steps(
    chain: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch, says: Says
) -> None:
    monkeypatch.setattr(forgetting, "ROWS", 3)
    for day in range(10):
        says(day, 10_000 + day)
    clock.now = START_MS + 200 * DAY
    assert forgetting.sweep(chain) == 9
    assert rows(chain) == [10_009]


def test_what_was_learnt_late_is_kept_from_then_on(chain: Context, clock: TestClock) -> None:
    says_old = ledger.rows_of(BAG, START_MS - 900 * DAY)
    with chain.db.write() as session:
        entry = ledger.Entry(LILLE, says_old, ledger.Origin("archive"))
        ledger.append(session, [entry], START_MS)
        newer = ledger.rows_of(replace(BAG, price=9_900), START_MS - 800 * DAY)
        ledger.append(session, [ledger.Entry(LILLE, newer, ledger.Origin("archive"))], START_MS)
    assert forgetting.sweep(chain) == 0
    clock.now = START_MS + 61 * DAY
    assert forgetting.sweep(chain) == 1


def test_less_than_the_legal_days_is_refused() -> None:
    assert Settings(ledger_days=30).ledger_days == 30
    assert Settings().ledger_days == 1_096
    with pytest.raises(ValidationError, match="30"):
        Settings(ledger_days=29)
