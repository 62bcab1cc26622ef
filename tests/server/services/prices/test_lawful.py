"""What the law asks comes from the shop into the offer: contents, countries, comparisons, moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from playlists.ids import ChannelId, Sku
from playlists.pricing import LedgerRow, Step
from playlists.wire.offers import offer_from_json
from server.db.models import ChannelRow, OfferRow, ProductRow
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store, update_store
from server.services.prices import ledger, moving, offers
from server.services.prices.batches import Source
from server.services.prices.intake import take
from tests.support.record import START_MS, TestClock

DAY = 24 * 3_600_000
NBSP = "\u00a0"
SHOP = Source("feed", shop="pluvier")
LILLE = StoreWish("Lille", "Europe/Paris", channel="pluvier@lille", country="FR")
WAX = ProductReport(
    "WAX",
    "EUR",
    990,
    names={"fr": {"name": "Cire"}},
    version="1",
    measure="750 ml",
    base="1 l",
    tax_permyriad=2_000,
)


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    """A store in France, whose shop has sold wax for 40 days."""
    create_store(any_ctx, SYSTEM, LILLE, "lille")
    offers.ensure_channels(any_ctx, "pluvier")
    since = START_MS - 40 * DAY
    old = LedgerRow(Sku("WAX"), ledger.ANY, 990, "EUR", since, None, False, since)
    with any_ctx.db.write() as session:
        entry = ledger.Entry(ChannelId("pluvier@lille"), (old,), ledger.Origin("till"))
        ledger.append(session, [entry], START_MS)
    return any_ctx


def say(ctx: Context, *products: ProductReport, at: int = START_MS) -> None:
    take(ctx, SHOP, Batch(at, products=products))


def steps(ctx: Context) -> Sequence[Step]:
    with ctx.db.read() as session:
        return offer_from_json(session.scalars(select(OfferRow.body)).one()).steps


def french(ctx: Context) -> dict[str, str]:
    return dict(steps(ctx)[0].texts["fr"])


def sale(**more: object) -> ProductReport:
    """Wax at a fifth less for a week."""
    end = START_MS + 7 * DAY
    return replace(WAX, sale_price=790, sale_until=end, version="2", **more)  # type: ignore[arg-type]


def test_the_unit_price_stands_beside_every_price_the_reduced_one_too(chain: Context) -> None:
    say(chain, sale())
    first, after = steps(chain)
    assert (first.prior, first.because) == (990, ("was:lowest",))
    assert first.texts["fr"]["unit"] == f"10,53{NBSP}€/L"
    assert after.texts["fr"]["unit"] == f"13,20{NBSP}€/L"
    assert first.texts["fr"]["reduction"] == f"−20{NBSP}%"


def test_what_the_shop_says_of_a_product_is_kept(chain: Context) -> None:
    say(chain, replace(WAX, perishable=True, sold_since=START_MS - DAY))
    with chain.db.read() as session:
        row = session.get_one(ProductRow, ("pluvier", "WAX"))
        assert (row.measure, row.base, row.tax_permyriad) == ("750 ml", "1 l", 2_000)
        assert (row.perishable, row.sold_since) == (True, START_MS - DAY)


def test_other_contents_change_the_offer_and_a_bare_price_takes_nothing_away(
    chain: Context, clock: TestClock
) -> None:
    say(chain, WAX)
    say(chain, ProductReport("WAX", "EUR", 900, version="2"), at=clock.advance(1000))
    assert french(chain)["unit"] == f"12{NBSP}€/L"
    say(chain, replace(WAX, price=900, measure="500 ml", version="3"), at=clock.advance(1000))
    assert french(chain)["unit"] == f"18{NBSP}€/L"
    say(chain, replace(WAX, price=900, measure="", version="4"), at=clock.advance(1000))
    assert "unit" not in french(chain)


def test_contents_that_cannot_be_read_say_so(chain: Context) -> None:
    say(chain, replace(WAX, measure="a jar"))
    assert "unit" not in french(chain)
    assert steps(chain)[0].because == ("unit:unreadable",)


def test_a_comparison_is_shown_with_its_source_and_refused_without(
    chain: Context, clock: TestClock
) -> None:
    say(chain, replace(WAX, comparison=1_290))
    assert steps(chain)[0].because == ("comparison:no_source",)
    named = replace(WAX, comparison=1_290, comparison_source="Arva", version="2")
    say(chain, named, at=clock.advance(1000))
    assert french(chain)["comparison"] == f"Prix conseillé par Arva{NBSP}: 12,90{NBSP}€"
    assert "was" not in french(chain)


def test_what_spoils_soon_counts_from_the_price_before_in_france(chain: Context) -> None:
    say(chain, sale(perishable=True))
    assert steps(chain)[0].because == ("was:before",)
    assert "périssable" in french(chain)["legal"]


def test_a_store_without_a_country_announces_nothing_unless_a_setting_names_one(
    chain: Context,
) -> None:
    say(chain, sale())
    update_store(chain, SYSTEM, "lille", replace(LILLE, country=""), 1)
    nowhere = replace(chain, settings=chain.settings.model_copy(update={"price_country": ""}))
    moving.follow(nowhere)
    assert steps(nowhere)[0].because == ("prior:unknown_country",)
    assert not {"was", "reduction", "legal"} & set(french(nowhere))
    assert french(nowhere)["unit"] == f"10,53{NBSP}€/L"
    moving.follow(chain)
    assert steps(chain)[0].because == ("was:lowest",)


def test_a_store_that_moves_is_told_by_its_new_clock(chain: Context) -> None:
    say(chain, sale())
    before = french(chain)["until"]
    moving.follow(chain)
    assert french(chain)["until"] == before
    update_store(chain, SYSTEM, "lille", replace(LILLE, zone="Pacific/Auckland"), 1)
    moving.follow(chain)
    assert french(chain)["until"] != before


def test_a_channel_whose_place_nobody_noted_is_where_it_is(chain: Context) -> None:
    say(chain, WAX)
    with chain.db.write() as session:
        row = session.get_one(ChannelRow, "pluvier@lille")
        row.place = ""
        version = row.version
    moving.follow(chain)
    with chain.db.read() as session:
        row = session.get_one(ChannelRow, "pluvier@lille")
        assert (row.place, row.version) == ("Europe/Paris FR", version)


def test_a_product_that_a_whole_listing_drops_is_not_sold_from_then_on(
    chain: Context, clock: TestClock
) -> None:
    other = ProductReport("TENT", "EUR", 19_900, names={"fr": {"name": "Lande"}}, version="1")
    take(chain, SHOP, Batch(START_MS, whole=True, products=(WAX, *many(other))))
    take(chain, SHOP, Batch(clock.advance(DAY), whole=True, products=many(other)))
    back = clock.advance(40 * DAY)
    sold = replace(WAX, version="9", sale_price=790, sale_until=back + 7 * DAY)
    take(chain, SHOP, Batch(back, whole=True, products=(sold, *many(other))))
    with chain.db.read() as session:
        body = session.get_one(OfferRow, ("pluvier@lille", "WAX")).body
    assert offer_from_json(body).steps[0].because == ("prior:not_sold",)


def many(one: ProductReport) -> tuple[ProductReport, ...]:
    """So many that one that is missing is no shrunk listing."""
    return tuple(replace(one, sku=f"TENT-{n}") for n in range(40))
