"""What screens say of prices, dates and stock, letter by letter."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from playlists.ids import SourceId
from playlists.law.display import Display
from playlists.law.measures import UnitPrice
from server.services.prices import texts

PARIS = "Europe/Paris"
NBSP = "\u00a0"


def ms(text: str, zone: str = PARIS) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("amount", "currency", "french", "english"),
    [
        (8990, "EUR", f"89,90{NBSP}€", "€89.90"),
        (14900, "EUR", f"149{NBSP}€", "€149"),
        (5, "EUR", f"0,05{NBSP}€", "€0.05"),
        (129990, "EUR", f"1{NBSP}299,90{NBSP}€", "€1,299.90"),
        (2500, "JPY", f"2{NBSP}500{NBSP}JPY", "JP¥2,500"),
        (1990, "GBP", f"19,90{NBSP}£GB", "£19.90"),
    ],
)
def test_money_drops_empty_cents_and_follows_each_language(
    amount: int, currency: str, french: str, english: str
) -> None:
    assert texts.money(amount, currency, "fr") == french
    assert texts.money(amount, currency, "en") == english


@pytest.mark.parametrize(
    ("end", "french", "english"),
    [
        ("2026-10-25T00:00", "Jusqu’au samedi 24 octobre", "Until Saturday 24 October"),
        ("2026-10-24T18:00", "Jusqu’au samedi 24 octobre", "Until Saturday 24 October"),
        ("2026-11-02T00:00", "Jusqu’au dimanche 1er novembre", "Until Sunday 1 November"),
        ("2026-12-12T00:00", "Jusqu’au vendredi 11 décembre", "Until Friday 11 December"),
    ],
)
def test_an_end_is_told_by_its_last_day(end: str, french: str, english: str) -> None:
    assert texts.until(ms(end), PARIS, "fr") == french
    assert texts.until(ms(end), PARIS, "en") == english


def test_an_end_at_paris_midnight_is_the_day_before_in_martinique_too() -> None:
    assert texts.until(ms("2026-10-25T00:00"), "America/Martinique", "en").endswith("24 October")


END = ms("2026-10-25T00:00")
REDUCED = Display(0, END, 8990, "EUR", 11990, 25, "lowest", "")


def test_a_reduction_stands_with_its_end_and_with_what_its_struck_price_is() -> None:
    said = texts.offer_step(REDUCED, PARIS)
    assert (said.price, said.prior, said.because) == (8990, 11990, ("was:lowest",))
    assert said.texts["fr"]["reduction"] == f"−25{NBSP}%"
    for language in texts.LANGUAGES:
        assert {"was", "reduction", "legal", "until"} <= set(said.texts[language])


@pytest.mark.parametrize(
    ("basis", "french", "english"),
    [
        ("lowest", "Prix le plus bas des 30 derniers jours", "Lowest price in the last 30 days"),
        ("first_step", "avant la première réduction", "before the first reduction"),
        ("before", "Prix avant réduction, produit vite périssable", "it spoils soon"),
        ("since_sold", "depuis sa mise en vente", "since it was first sold"),
    ],
)
def test_each_struck_price_says_what_it_is(basis: Any, french: str, english: str) -> None:
    said = texts.offer_step(REDUCED._replace(basis=basis), PARIS).texts
    assert french in said["fr"]["legal"]
    assert english in said["en"]["legal"]


def test_a_price_that_stands_alone_says_only_itself() -> None:
    said = texts.offer_step(Display(0, None, 8990, "EUR"), PARIS)
    assert set(said.texts["fr"]) == {"figures", "cents", "currency", "currency_first"}
    assert (said.prior, said.because) == (None, ())


def test_a_unit_price_and_anothers_price_say_what_they_are() -> None:
    shown = Display(
        *(0, None, 990, "EUR"),
        unit=UnitPrice(1320, "l"),
        unit_reason="",
        comparison=1490,
        comparison_source="Arva",
        comparison_reason="",
    )
    said = texts.offer_step(shown, PARIS).texts
    assert said["fr"]["unit"] == f"13,20{NBSP}€/L"
    assert said["en"]["unit"] == "€13.20/L"
    assert said["fr"]["comparison"] == f"Prix conseillé par Arva{NBSP}: 14,90{NBSP}€"
    assert said["en"]["comparison"] == "Price recommended by Arva: €14.90"
    assert "was" not in said["fr"]


def test_english_puts_the_currency_first() -> None:
    said = texts.offer_step(Display(0, None, 8990, "EUR"), PARIS).texts
    assert (said["en"]["currency_first"], said["fr"]["currency_first"]) == ("1", "")
    assert (said["en"]["figures"], said["en"]["cents"]) == ("89", "90")


@pytest.mark.parametrize(("quantity", "said"), [(0, None), (1, "1"), (5, "5"), (6, None)])
def test_only_the_last_pieces_are_counted_aloud(quantity: int, said: str | None) -> None:
    text = texts.stock_text(quantity, (SourceId("inventory@lille"), 1000))
    assert (text and text.texts["en"]["figure"]) == said


@pytest.mark.parametrize(
    ("at", "french", "english"),
    [
        ("2026-10-15T17:00", f"17{NBSP}h", f"5{NBSP}pm"),
        ("2026-10-15T19:30", f"19{NBSP}h{NBSP}30", f"7:30{NBSP}pm"),
    ],
)
def test_hours_are_the_stores_own(at: str, french: str, english: str) -> None:
    assert texts.hour(ms(at), PARIS, "fr") == french
    assert texts.hour(ms(at), PARIS, "en") == english
