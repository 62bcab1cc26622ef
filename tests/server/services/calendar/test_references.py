"""What a campaign's reductions stand on: the prior price, its days, its rows of the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from playlists.ids import ChannelId, Sku
from playlists.pricing import LedgerRow
from playlists.schedule import Calendar
from server.db.models import LedgerEntry, ProductRow
from server.services.base.context import Context
from server.services.calendar.floor import Shop
from server.services.calendar.references import Reference, references
from server.services.prices import ledger

DAY_MS = 86_400_000
CHANNEL = "shop@lille"
LILLE = Shop("lille", "Lille", Calendar("Europe/Paris"), channel=CHANNEL)


def tell(ctx: Context, *prices: tuple[int, int, int | None, bool]) -> None:
    """The shop's prices of a bag: (price, from and until in days from now, reduced)."""
    now = ctx.clock()
    rows = tuple(
        LedgerRow(
            *(Sku("BAG"), ChannelId(CHANNEL), price, "EUR", now + begin * DAY_MS),
            None if end is None else now + end * DAY_MS,
            reduced,
            now + begin * DAY_MS,
        )
        for price, begin, end, reduced in prices
    )
    with ctx.db.write() as session:
        ledger.append(
            session, [ledger.Entry(ChannelId(CHANNEL), rows, ledger.Origin("shop", "1"))], now
        )


def told(ctx: Context, at_days: int = 0) -> Reference:
    """What stands behind the bag's price."""
    (found,) = references(ctx, ["BAG"], [LILLE], ctx.clock() + at_days * DAY_MS)
    return found


def test_the_lowest_price_of_the_thirty_days_before_stands_on_its_rows(ctx: Context) -> None:
    tell(ctx, (12_990, -60, -20, False), (11_990, -20, None, False), (8_990, -7, 9, True))
    found = told(ctx)
    assert (found.price, found.prior, found.reason) == (8_990, 11_990, "")
    assert (found.first, found.last, found.recorded) == (date(2026, 9, 8), date(2026, 10, 8), 30)
    with ctx.db.read() as session:
        assert [session.get_one(LedgerEntry, row).price for row in found.rows] == [11_990]


def test_why_there_is_none_is_told(ctx: Context) -> None:
    assert told(ctx).reason == "unknown"
    tell(ctx, (11_990, -20, None, False), (8_990, -7, 9, True))
    short = told(ctx)
    assert (short.reason, short.prior, short.since) == (
        "history_too_short",
        None,
        date(2026, 9, 25),
    )
    assert told(ctx, at_days=12).reason == "regular"


def test_a_reduction_that_is_none_is_told(ctx: Context) -> None:
    tell(ctx, (8_500, -60, -10, False), (11_990, -10, None, False), (8_990, -7, 9, True))
    found = told(ctx)
    assert (found.prior, found.reason) == (8_500, "not_lower")


def test_what_spoils_soon_stands_on_the_price_just_before(ctx: Context) -> None:
    tell(ctx, (8_500, -60, -10, False), (11_990, -10, None, False), (8_990, -7, 9, True))
    with ctx.db.write() as session:
        more = {"names": {}, "link": "", "picture_url": "", "availability": "", "seen_at": 0}
        session.add(ProductRow(shop="shop", sku="BAG", perishable=True, **more))
    found = told(ctx)
    assert (found.prior, found.reason, found.basis) == (11_990, "", "before")
    assert found.first == found.last
    assert found.recorded == 1


def test_where_no_country_is_known_none_is_said(ctx: Context) -> None:
    tell(ctx, (11_990, -60, None, False), (8_990, -7, 9, True))
    nowhere = replace(ctx, settings=ctx.settings.model_copy(update={"price_country": ""}))
    (found,) = references(nowhere, ["BAG"], [LILLE], ctx.clock())
    assert found.reason == "unknown_country"
    abroad = replace(LILLE, country="CH")
    (found,) = references(ctx, ["BAG"], [abroad], ctx.clock())
    assert found.reason == "unknown_country"
