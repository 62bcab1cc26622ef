"""Values as shops write them: read where they say one thing, refused where they may say two."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from server.connectors.shops import values
from server.connectors.shops.values import Unreadable

PARIS = ZoneInfo("Europe/Paris")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("15.00 EUR", 1500),
        ("EUR 15.00", 1500),
        ("15,00 EUR", 1500),
        ("15.00EUR", 1500),
        ("EUR15", 1500),
        ("15.5 eur", 1550),
        ("1 234,50 EUR", 123_450),
        ("1\u00a0234,50\u00a0EUR", 123_450),
        ("1\u202f234,50 EUR", 123_450),
        ("1.234,50 EUR", 123_450),
        ("1,234.50 EUR", 123_450),
        ("1'234.50 CHF", 123_450),
        ("1’234.50 CHF", 123_450),
        ("1 234 EUR", 123_400),
        ("1,234,567 EUR", 123_456_700),
        ("1.234.567,5 EUR", 123_456_750),
        ("1 234 567 JPY", 1_234_567),
        ("1.234 KWD", 1_234),
        ("0.00 EUR", 0),
    ],
)
def test_a_price_that_says_one_thing_is_read(text: str, minor: int) -> None:
    assert values.price(text).minor == minor


@pytest.mark.parametrize(
    "text",
    [
        "1,234 EUR",
        "1.234 EUR",
        "1,234 KWD",
        "1.234,567 KWD",
        "1 234.567 EUR",
        "1 23 EUR",
        "119 90 EUR",
        "12 34 56 EUR",
        "0 123,45 EUR",
        "1.234.56 EUR",
        "1.234,50,00 EUR",
        "1,234. EUR",
        "15. EUR",
        ".5 EUR",
        "-5.00 EUR",
        "1e3 EUR",
        "15.00 €",
        "15.00",
        "EUR",
        "EUR 15 EUR",
        "12.50 JPY",
        "١٥ EUR",
        "9" * 14 + " EUR",
        "1 " * 40 + "EUR",
    ],
)
def test_a_price_that_may_say_two_is_not_guessed(text: str) -> None:
    with pytest.raises(Unreadable):
        values.price(text)


BEGIN, END = "2026-10-24T00:00:00", "2026-10-31T23:59:59"


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        (f"{BEGIN}-0800/{END}-0800", f"{BEGIN}-08:00", f"{END}-08:00"),
        (f"{BEGIN}-08:00/{END}-08:00", f"{BEGIN}-08:00", f"{END}-08:00"),
        (f"{BEGIN}Z/{END}Z", f"{BEGIN}+00:00", f"{END}+00:00"),
        (f"{BEGIN}/{END}", f"{BEGIN}+02:00", f"{END}+01:00"),
        ("2026-10-24T00:00/2026-10-31T12:30", f"{BEGIN}+02:00", "2026-10-31T12:30:00+01:00"),
        ("2026-10-24 00:00 / 2026-10-31 12:30", f"{BEGIN}+02:00", "2026-10-31T12:30:00+01:00"),
        ("2026-10-24T00:00+02/2026-10-31T00:00 +0100", f"{BEGIN}+02:00",
         "2026-10-31T00:00:00+01:00"),
        ("2026-10-24/2026-10-31", f"{BEGIN}+02:00", "2026-11-01T00:00:00+01:00"),
        (" 2026-10-24 / 2026-10-24 ", f"{BEGIN}+02:00", "2026-10-25T00:00:00+02:00"),
        ("2026-10-25/2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"),
        ("2026-10-24/", f"{BEGIN}+02:00", None),
        ("/2026-10-31", None, "2026-11-01T00:00:00+01:00"),
        ("", None, None),
        (" / ", None, None),
    ],
)  # fmt: skip
def test_sale_dates_are_read_as_they_occur(text: str, since: str | None, until: str | None) -> None:
    wanted = (since and at(since), until and at(until))
    assert values.period(text, PARIS) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-24",
        "2026-10-31/2026-10-24",
        "2026-10-24T10:00Z/2026-10-24T10:00Z",
        "24/10/2026",
        "24/10/2026/31/10/2026",
        "2026-10-24/soon",
        "20261024/20261031",
        "2026-W43-1/2026-W44-1",
        "2026-10-32/2026-11-01",
        "2026-10-24T25:00/2026-11-01",
        "2026-10-24/2026-10-31/2026-11-01",
        "9999-12-31T23:59:59/9999-12-31",
    ],
)
def test_dates_that_are_none_are_not_guessed(text: str) -> None:
    with pytest.raises(Unreadable):
        values.period(text, PARIS)


@pytest.mark.parametrize(
    ("text", "word"),
    [("in stock", "in_stock"), ("In_Stock", "in_stock"), ("InStock", "in_stock"),
     ("https://schema.org/OutOfStock", "out_of_stock"), ("preorder", "preorder"), ("maybe", "")],
)  # fmt: skip
def test_availability_is_read_in_its_spellings(text: str, word: str) -> None:
    assert values.availability(text) == word
