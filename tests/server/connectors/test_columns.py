"""Which column of a person's table is what, as shops call them."""

from __future__ import annotations

import pytest

from server.connectors.shops.columns import FIELDS, guessed


def test_columns_are_guessed_from_their_names() -> None:
    header = ["Référence", "Désignation", "Prix TTC (€)", "Prix promo", "Stock", "Marge", ""]
    assert guessed(header) == {
        "Référence": "id",
        "Désignation": "title",
        "Prix TTC (€)": "price",
        "Prix promo": "sale_price",
        "Stock": "availability",
    }
    assert guessed(["SKU", "Store code", "Quantity"]) == {
        "SKU": "id",
        "Store code": "store_code",
        "Quantity": "quantity",
    }
    assert guessed(list(FIELDS)) == {field: field for field in FIELDS}


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Référence;Libellé;Prix;Quantité;Magasin", "id title price quantity store_code"),
        ("Artikelnr.;Bezeichnung;Preis;Bestand;Filiale", "id title price quantity store_code"),
        ("EAN;Désignation;Prix TTC €;Disponible", "id title price availability"),
        ("Code-barres;Réf.;PV TTC;Stock;Dispo", "- id price - availability"),
        ("Artikelbezeichnung;GTIN;Verkaufspreis;Lagerbestand", "title id price availability"),
    ],
)
def test_what_shops_call_their_columns_is_known(header: str, fields: str) -> None:
    names, found = header.split(";"), guessed(header.split(";"))
    assert [found.get(name, "-") for name in names] == fields.split()
