"""A price drawn in a picture against the shop's offer: agrees, differs, and when to look again."""

from __future__ import annotations

import pytest

from playlists.ids import Sku
from playlists.pricing import Offer, Step
from server.services.wishes.drawn import LOOK_AGAIN_MS, MARGIN_MS, Drawn, compare, ends_at

NOW = 1_792_067_520_000
HOUR = 3_600_000
LEASE = NOW + 4 * HOUR
BAG = Drawn("BAG", 8_990, "EUR")


def offer(*steps: tuple[int, int | None, int], currency: str = "EUR", reason: str = "") -> Offer:
    made = tuple(Step(begin, end, price, None, {}) for begin, end, price in steps)
    return Offer(Sku("BAG"), currency, made, {}, None, reason)


def test_the_same_price_agrees_until_its_lease_nears_its_end() -> None:
    found = compare(BAG, offer((NOW - HOUR, None, 8_990)), LEASE, NOW)
    assert (found.reason, found.price, found.again_at) == ("", 8_990, LEASE - MARGIN_MS)


@pytest.mark.parametrize(
    ("shop", "reason", "price"),
    [
        (offer((NOW, None, 7_990)), "other_price", 7_990),
        (offer((NOW, None, 8_990), currency="CHF"), "other_currency", 8_990),
        (offer(), "no_price", None),
        (offer(reason="suspect:jump"), "suspect", None),
        (offer((NOW + HOUR, None, 8_990)), "no_price", None),
        (offer((NOW - HOUR, NOW, 8_990)), "no_price", None),
        (None, "no_price", None),
    ],
)
def test_whatever_the_shop_does_not_say_differs(
    shop: Offer | None, reason: str, price: int | None
) -> None:
    found = compare(BAG, shop, LEASE, NOW)
    assert (found.reason, found.price) == (reason, price)


def test_a_sale_that_was_announced_ends_it_just_before() -> None:
    sale = NOW + HOUR
    shop = offer((NOW, sale, 8_990), (sale, None, 7_990))
    before = compare(BAG, shop, LEASE, NOW)
    assert (before.reason, before.again_at) == ("", sale - MARGIN_MS)
    assert compare(BAG, shop, LEASE, sale - MARGIN_MS).reason == ""
    just = compare(BAG, shop, LEASE, sale - MARGIN_MS + 1)
    assert (just.reason, just.price, just.again_at) == ("other_price", 8_990, sale)


def test_the_picture_of_a_sale_begins_with_it() -> None:
    sale, end = NOW + HOUR, NOW + 2 * HOUR
    shop = offer((NOW, sale, 9_990), (sale, end, 8_990), (end, None, 9_990))
    assert compare(BAG, shop, LEASE, sale - 1).again_at == sale
    assert compare(BAG, shop, LEASE, sale).reason == ""
    assert compare(BAG, shop, LEASE, sale).again_at == end - MARGIN_MS
    assert compare(BAG, shop, LEASE, end - 1).reason == "other_price"


def test_a_gap_between_two_prices_is_no_price() -> None:
    shop = offer((NOW, NOW + 10, 8_990), (NOW + 20, None, 8_990))
    assert compare(BAG, shop, LEASE, NOW).reason == "no_price"
    joined = offer((NOW, NOW + 10, 8_990), (NOW + 10, None, 8_990))
    assert compare(BAG, joined, LEASE, NOW).reason == ""


def test_without_a_lease_it_is_looked_at_again_soon() -> None:
    found = compare(BAG, offer((NOW, None, 8_990)), NOW + MARGIN_MS, NOW)
    assert (found.reason, found.again_at) == ("lapsed", NOW + LOOK_AGAIN_MS)


def test_the_channel_is_the_stores_own_unless_it_names_another() -> None:
    assert BAG.channel_in("lille", "pluvier@lille") == "pluvier@lille"
    assert BAG.channel_in("lille", None) == ""
    other = Drawn("BAG", 8_990, "EUR", "outlet@{store}")
    assert other.channel_in("lille", "pluvier@lille") == "outlet@lille"


@pytest.mark.parametrize(
    ("shop", "end"),
    [
        (offer((NOW - 1, None, 8_990)), None),
        (offer((NOW - 1, NOW + 5, 8_990)), NOW + 5),
        (offer((NOW - 1, NOW + 5, 8_990), (NOW + 5, NOW + 9, 8_990)), NOW + 9),
        (offer((NOW - 1, NOW + 5, 8_990), (NOW + 7, None, 8_990)), NOW + 5),
        (offer((NOW - 9, NOW, 7_990), (NOW, NOW + 5, 8_990), (NOW + 5, None, 1)), NOW + 5),
        (offer((NOW + 5, NOW + 9, 8_990)), None),
        (offer((NOW - 1, NOW + 5, 7_990)), None),
        (offer(), None),
        (None, None),
    ],
)
def test_when_the_drawn_price_is_over_as_announced(shop: Offer | None, end: int | None) -> None:
    assert ends_at(BAG, shop, NOW) == end
