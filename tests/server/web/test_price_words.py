"""Prices of an instant in words: what they stood on, why there was none."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from playlists.ids import ChannelId, Sku
from playlists.law.display import NoComparison
from playlists.law.measures import NoUnit
from playlists.law.reductions import Basis, NoReduction
from server.services.showing.proving import PRICE_CODES, UNKNOWN, PriceThen
from server.services.wishes.drawn import Agreement, Drawn, Reason
from server.web.law_words import LAW
from server.web.price_words import PriceLine, drawn_differs, price_line
from tests.support.record import START_MS

NBSP = "\u00a0"
BAG = PriceThen(
    *(Sku("BAG"), ChannelId("pluvier@lille"), "Estran 28", START_MS, "EUR", 8_990, 11_990),
    ledger=12,
    prior_ledger=7,
    because=("was:lowest",),
)
GONE = PriceThen(Sku("BAG"), ChannelId("pluvier@lille"), "Estran 28", START_MS, off="no_step")


def fr(price: PriceThen) -> PriceLine:
    return price_line(price, START_MS, "Europe/Paris", "fr")


def en(price: PriceThen) -> PriceLine:
    return price_line(price, START_MS, "Europe/Paris", "en")


def test_a_reduced_price_names_both_of_its_rows() -> None:
    assert fr(BAG).value == f"89,90{NBSP}€"
    assert fr(BAG).said == (
        f"119,90{NBSP}€ barré{NBSP}: le plus bas des 30 jours avant la réduction"
    )
    assert fr(BAG).proof == f"offre{NBSP}: 14:32, registre{NBSP}: lignes 12 et 7"
    assert en(BAG).said == "€119.90 struck: the lowest of the 30 days before the reduction"
    assert en(replace(BAG, because=())).said == en(BAG).said
    assert en(replace(BAG, prior=None, prior_ledger=None, because=())).said == "regular price"
    assert en(replace(BAG, ledger=None)).proof == "offer: 14:32, ledger: row not found"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("history_too_short", "no struck price: under 30 days of history"),
        ("not_sold", "no struck price: not sold in the 30 days before"),
        ("currency_changed", "no struck price: the currency changed"),
        ("not_lower", "no struck price: not lower than the 30 days before"),
    ],
)
def test_a_missing_prior_price_says_why(reason: str, said: str) -> None:
    bare = replace(BAG, prior=None, prior_ledger=None, because=(f"prior:{reason}",))
    assert en(bare).said == said


def test_every_reason_of_the_law_has_its_words() -> None:
    parts = {
        "was": get_args(Basis),
        "prior": get_args(NoReduction),
        "unit": get_args(NoUnit),
        "comparison": get_args(NoComparison),
    }
    codes = {f"{part}:{reason}" for part, reasons in parts.items() for reason in reasons if reason}
    assert codes - {"unit:no_measure", "comparison:none"} == set(LAW)


def test_what_stands_beside_a_price_is_told_and_why_something_does_not() -> None:
    why = ("was:before", "comparison:no_source")
    beside = replace(BAG, unit="€13.20/L", because=why)
    assert en(beside).said == (
        "€119.90 struck: the price just before the reduction, because it spoils soon, "
        "comparison refused: nobody says whose price it is, €13.20/L"
    )
    alone = replace(BAG, prior=None, because=("unit:unreadable",))
    assert fr(alone).said.startswith("prix courant, pas de prix à l’unité")


@pytest.mark.parametrize("code", [*PRICE_CODES, UNKNOWN])
def test_every_reason_for_no_price_is_in_plain_words(code: str) -> None:
    for line in (fr(replace(GONE, off=code)), en(replace(GONE, off=code))):
        assert line.off
        assert code not in line.said
        assert line.value in ("sans prix", "no price")


@pytest.mark.parametrize(
    ("doubt", "said"),
    [
        ("no_price", "the shop gave no price"),
        ("suspect:jump", "the price that came was too far from the last: it waited for a person"),
        ("suspect:held_suspects", "all of that price delivery was held: it waited for a person"),
        ("suspect:zero", "the price that came was zero"),
        ("suspect:something_new", "the price that came looked wrong: it waited for a person"),
    ],
)
def test_a_price_that_was_withheld_says_what_was_wrong(doubt: str, said: str) -> None:
    assert en(replace(GONE, doubt=doubt)).said == said


def test_a_product_that_nobody_spoke_of_has_no_proof() -> None:
    assert en(replace(GONE, version=None, off="no_offer")).proof == ""


@pytest.mark.parametrize(
    ("reason", "price", "said"),
    [
        ("other_price", 7_990, "l’image montre 89,90 €, la boutique dit 79,90 €"),
        ("other_price", 8_990, "l’image montre 89,90 €, un prix qui va changer"),
        ("no_price", None, "l’image montre 89,90 €, la boutique ne donne pas de prix"),
        ("suspect", None, "l’image montre 89,90 €, le prix reçu attend une vérification"),
        ("lapsed", 8_990, "l’image montre 89,90 €, la boutique ne confirme plus ses prix"),
    ],
)
def test_a_picture_with_another_price_than_the_shops(
    reason: Reason, price: int | None, said: str
) -> None:
    found = Agreement(Drawn("BAG", 8_990, "EUR"), reason, price, "EUR", None)
    assert drawn_differs(found, "fr").replace("\u00a0", " ") == said
