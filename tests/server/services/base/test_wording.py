"""Typed prices and reductions are refused; what a product is made of passes, in both languages."""

from __future__ import annotations

import pytest

from server.errors import BadInput
from server.services.base.wording import PERCENT, PRICE, check_wording

CONTENTS = [
    "100 % coton",
    "Pull 100% laine mérinos",
    "Pull col roulé - 100 % laine",
    "100 % made in Lille",
    "Cent pour cent naturel",
    "Emballage 100 % recyclé, fabriqué à Roubaix",
    "100 % de nos emballages sont recyclables",
    "70 % cacao",
    "Chocolat noir 70-85 % cacao",
    "80 % laine, 20 % polyamide",
    "80 % de laine et 20 % de soie",
    "3,5 % de matière grasse",
    "Cidre brut, 4.5 % vol.",
    "Huile extra vierge, 100 % olives",
    "95 pour cent coton bio",
    "Soldes d’hiver ! Pull 100 % laine",
    "60 % des matières sont recyclées",
    "１００％ coton",
    "100% cotton",
    "95% organic cotton, 5% elastane",
    "70% cocoa",
    "50 percent recycled paper",
    "One hundred percent wool",
    "30% of our energy comes from the roof",
    "Humidity 60 % of the time",
]
REDUCTIONS = [
    "-20 %",
    "- 20 % coton",
    "−20\u00a0% laine",
    "–30 % cuir",
    "+20 % chocolat",
    "20 %",
    "20 % sur les manteaux",
    "20 % aujourd’hui",
    "20 % les chaussures",
    "50 % chaussures",
    "20 % de réduction",
    "20 % de remise sur le coton",
    "20 % de moins",
    "20 % de produit en plus",
    "20 % de tout",
    "Jusqu'à 50 % laine",
    "Jusqu’à 50 % coton",
    "Rabais : 30 % cuir",
    "Soldes : 30 % coton",
    "Soldes ! 50 % de la collection",
    "30 % d’économies",
    "100 % remboursé",
    "100 % gratuit",
    "100 % sur les chaussures",
    "moins vingt pour cent",
    "vingt pour cent",
    "Le % du jour",
    "80 % laine - 20 % coton",
    "5 ‰ coton",
    "2\u00ad0 % ca\u200bsh back",
    "20% off",
    "Up to 50% wool",
    "Save 30% of wool",
    "20% less sugar",
    "Sale: 40% cotton",
    "30% on everything",
    "30% of everything",
    "twenty percent",
    "20 pct",
    "Extra 20 % silk",
]
PRICES = ["100 % coton à 19 €", "100% cotton, $5", "20 euros", "70 % cacao, EUR 3"]


@pytest.mark.parametrize("text", CONTENTS)
def test_what_something_is_made_of_passes(text: str) -> None:
    check_wording(text, "headline")


@pytest.mark.parametrize(
    ("text", "code"), [(text, PERCENT) for text in REDUCTIONS] + [(text, PRICE) for text in PRICES]
)
def test_a_price_or_a_reduction_is_refused_with_the_way_out(text: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_wording(text, "headline")
    assert (refused.value.code, refused.value.field) == (code, "headline")
    assert "Bind the product by its SKU" in refused.value.message
