"""No price and no percentage is ever typed; promotions are bound to products instead."""

from __future__ import annotations

import pytest

from tests.server.api.chain import message
from tests.server.api.programs import Api

PRICES = [
    "Tout à 19,90 €",
    "19€90 seulement",
    "Dès 20 euros",
    "vingt euros offerts",
    "EUR 20",
    "20 EUR",
    "$5 off",
    "£3",
    "20\u00a0eu\u200bros",
    "２０ €",
    "50 centimes",
    "CHF 12",
]
PERCENTS = ["-20 %", "−20\u00a0%", "20％ off", "20 pour cent", "twenty percent", "20 pct", "5 ‰"]
FINE = [
    "Il pleut. Estran 28 tient le sec.",
    "Ouvert de 9 h 30 à 19 h 30",
    "Euro 2028",
    "Plus que 3 dans ce magasin",
    "Centre-ville, au 2e étage",
    "100 m, à droite",
]


@pytest.mark.parametrize(
    ("text", "code"),
    [(text, "typed_price") for text in PRICES] + [(text, "typed_percent") for text in PERCENTS],
)
def test_a_typed_price_or_percentage_is_refused_with_the_way_out(
    api: Api, text: str, code: str
) -> None:
    answer = api.call("POST", "/playlists", json={"name": "A", "items": [message(text)]})
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert answer.json["field"] == "items/0/content/card/texts/headline/fr"
    assert "SKU" in answer.json["title"]
    assert api.get("/playlists")["items"] == []


@pytest.mark.parametrize("text", FINE)
def test_other_words_pass(api: Api, text: str) -> None:
    api.make("/playlists", name="A", items=[message(text)])


def test_it_is_refused_wherever_it_hides(api: Api) -> None:
    typed = {"template": "message", "params": {"headline": "19 €"}}
    price = {"template": "price", "goods": [{"sku": "PLV-01"}], "texts": {"cta": {"en": "$9"}}}
    for body in (
        {"name": "A", "items": [{"id": "a", "content": {"card": typed}}]},
        {"name": "A", "items": [{**message("x"), "fallback": typed}]},
        {"name": "A", "items": [{"id": "a", "content": {"card": price}}]},
    ):
        assert api.call("POST", "/playlists", json=body).json["code"] == "typed_price"
    api.make("/playlists", id="a", name="A")
    promotion = api.call("POST", "/promotions", json={"playlist": "a", "card": price})
    assert promotion.json["code"] == "typed_price"
    brand = {"name": "Lille", "zone": "Europe/Paris", "brand": {"slogan": "Tout à 5 €"}}
    assert api.call("POST", "/stores", json=brand).json["code"] == "typed_price"


def test_a_promotion_without_a_product_is_none(api: Api) -> None:
    api.make("/playlists", id="a", name="A")
    card = {"template": "message", "texts": {"headline": {"fr": "Bonjour"}}}
    answer = api.call("POST", "/promotions", json={"playlist": "a", "card": card})
    assert (answer.status_code, answer.json["code"]) == (422, "no_product")
    bare = {"playlist": "a", "card": {"template": "price"}}
    assert api.call("POST", "/promotions", json=bare).status_code == 422


def test_a_playlist_that_contains_itself_is_refused_with_the_way_round(any_api: Api) -> None:
    any_api.make("/playlists", id="a", name="A")
    for name, inner in (("b", "a"), ("c", "b")):
        item = {"id": "x", "content": {"playlist": inner}}
        any_api.make("/playlists", id=name, name=name, items=[item])
    ring = {"name": "A", "items": [{"id": "x", "content": {"playlist": "c"}}]}
    answer = any_api.call("PUT", "/playlists/a", json=ring, headers={"If-Match": "*"})
    assert (answer.status_code, answer.json["code"]) == (422, "playlist_cycle")
    assert "a > c > b > a" in answer.json["title"]
    self_ring = {"name": "A", "items": [{"id": "x", "content": {"playlist": "a"}}]}
    answer = any_api.call("PUT", "/playlists/a", json=self_ring, headers={"If-Match": "*"})
    assert "a > a" in answer.json["title"]


def test_what_plays_somewhere_is_not_deleted(any_api: Api) -> None:
    any_api.make("/playlists", id="a", name="A")
    any_api.make("/campaigns", id="rain", name="Rain", playlist="a")
    answer = any_api.call("DELETE", "/playlists/a", headers={"If-Match": "*"})
    assert (answer.status_code, answer.json["code"]) == (409, "in_use")
    assert "campaign:rain" in answer.json["title"]
