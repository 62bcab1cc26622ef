"""The rooms of promotions and of the brand: picking goods, writing, trying a brand on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.db.models import StoreRow
from server.ports import Batch, StockReport
from server.services.base.actors import SYSTEM
from server.services.drafting import releases
from server.services.observed.sellable import StockRules
from server.services.prices import intake
from server.services.prices.batches import Source
from tests.server.web.conftest import Chain, Reader, plain

FIELDS = {"name": "Alizé", "template": "price", "seconds": "10", "gone": "stays", "lapsed": "quiet"}


@dataclass
class Writer:
    """Someone who sends forms, as their pages do."""

    reader: Reader

    def read(self, path: str) -> str:
        """A page."""
        return self.reader.text(path)

    def post(self, path: str, data: dict[str, Any]) -> TestResponse:
        """A form."""
        found = re.search(r'data-csrf="([^"]+)"', self.read("/promotions"))
        assert found is not None
        headers = {"Accept-Language": "en", "X-CSRF-Token": found[1]}
        return self.reader.client.post(path, data=data, headers=headers)


def begun(owner: Writer) -> str:
    """The address of a new promotion of the kite."""
    made = owner.post("/promotions", {"sku": "PLV-ALIZE", "store": "lille"})
    assert made.status_code == 303
    return str(made.headers["Location"])


def test_goods_are_picked_with_price_stock_and_the_reason_of_no_earlier_price(chain: Chain) -> None:
    page = chain.owner().text("/promotions/goods?q=alize")
    assert "PLV-ALIZE" in page
    assert "PLV-BRUINE" not in page
    assert "€39.90" in page
    assert re.search(r"Lille <i>\d+ left", page)


def test_what_a_store_counted_is_told_where_it_is_not_what_is_promised(chain: Chain) -> None:
    stock = (StockReport("PLV-ALIZE", "lille", 12, reserved=3),)
    source = Source("inventory", stock=StockRules(buffer=2))
    intake.take(chain.ctx, source, Batch(chain.clock(), stock=stock))
    page = chain.owner().text("/promotions/goods?q=alize")
    assert "Lille <i>7 left (12 counted, 3 reserved, 2 kept back)" in page


def test_a_promotion_is_begun_written_and_found_again(chain: Chain) -> None:
    owner = Writer(chain.owner())
    address = begun(owner)
    owner.post(address, {**FIELDS, "name": "Le cerf-volant", "do": "air"})
    assert "Le cerf-volant" in owner.read("/promotions?named=VOLANT")
    assert "No promotion is like that." in owner.read("/promotions?sku=PLV-BRUINE")


def test_what_is_typed_is_drawn_with_the_price_of_the_shop(chain: Chain) -> None:
    owner = Writer(chain.owner())
    address = begun(owner)
    sent = {**FIELDS, "headline.fr": "Il vole.", "headline.en": "It flies.", "at": "lille"}
    answer = owner.post(f"{address}/look", sent).get_json()
    stills = answer["stills"]
    assert stills["now"]["card"]["params"]["headline"] == "It flies."
    assert stills["now"]["shown"]["prices"]
    assert not stills["free"]["shown"]["prices"]


def test_a_code_is_chosen_drawn_and_refused_where_it_leads_nowhere(chain: Chain) -> None:
    owner = Writer(chain.owner())
    address = begun(owner)
    sent = {**FIELDS, "code": "own", "address": "https://pluvier.example/ete", "at": "lille"}
    half = owner.post(f"{address}/look", {**sent, "address": "https"}).get_json()
    assert half["wrong"] is None
    kept = owner.post(f"{address}/look", {**sent, "keep": "1"}).get_json()
    code = kept["stills"]["now"]["card"]["qr"]
    assert "<svg" in owner.read(f"/media/{code}")
    assert 'value="https://pluvier.example/ete"' in owner.read(address)
    wrong = owner.post(f"{address}/look", {**sent, "keep": "1", "address": "ici"}).get_json()
    assert wrong["wrong"]["field"] == "address"
    off = owner.post(f"{address}/look", {**sent, "code": "none"}).get_json()
    assert off["stills"]["now"]["card"]["qr"] is None


def test_what_plays_where_none_is_left_is_chosen_drawn_and_kept(chain: Chain) -> None:
    owner = Writer(chain.owner())
    address = begun(owner)
    sent = {**FIELDS, "at": "lille", "gone": "elsewhere", "away.fr": "Là-bas.", "away.en": "There."}
    stills = owner.post(f"{address}/look", {**sent, "keep": "1"}).get_json()["stills"]
    assert stills["gone"]["card"]["params"]["headline"] == "Back soon"
    assert 'value="Là-bas."' in owner.read(address)
    far = owner.post(f"{address}/look", {**sent, "at": "prado"}).get_json()["stills"]["gone"]
    assert far["card"]["template"] == "elsewhere"
    assert far["card"]["params"]["headline"] == "There."
    lost = owner.post(f"{address}/look", {**sent, "gone": "other"}).get_json()["wrong"]
    assert lost["field"] == "other"
    picking = owner.read(f"/promotions/goods?for={address.rpartition('/')[2]}&as=other&q=bruine")
    assert 'type="radio" name="sku" value="PLV-BRUINE"' in picking
    picked = {"for": address.rpartition("/")[2], "as": "other", "sku": "PLV-BRUINE"}
    assert owner.post("/promotions", picked).status_code == 303
    assert "Bruine" in owner.read(address)


def test_a_typed_price_is_refused_beside_its_field_and_nothing_is_lost(chain: Chain) -> None:
    owner = Writer(chain.owner())
    address = begun(owner)
    sent = {**FIELDS, "headline.fr": "Dès 19 €"}
    wrong = owner.post(f"{address}/look", sent).get_json()["wrong"]
    assert wrong["field"] == "headline.fr"
    assert "never typed" in wrong["said"]
    kept = owner.post(address, {**sent, "do": "keep"})
    assert kept.status_code == 422
    assert "Dès 19 €" in kept.text


def test_a_promotion_goes_into_a_playlist(chain: Chain) -> None:
    owner = Writer(chain.owner())
    address = begun(owner)
    made = owner.post(address, {**FIELDS, "do": "into", "into": "held-by-hand"})
    assert made.headers["Location"] == "/playlists/held-by-hand"
    assert address.removeprefix("/promotions/") in owner.read("/playlists/held-by-hand")


def test_where_it_plays_is_named_with_the_way_there(chain: Chain) -> None:
    owner = Writer(chain.owner())
    address = begun(owner)
    owner.post(address, {**FIELDS, "do": "into", "into": "held-by-hand"})
    releases.put_on_air(chain.ctx, SYSTEM, "playlist", "held-by-hand")
    assert '<a class="ph" href="/playlists/held-by-hand">' in owner.read(address)


def test_nothing_picked_is_said(chain: Chain) -> None:
    refused = Writer(chain.owner()).post("/promotions", {"store": "lille"})
    assert refused.status_code == 422
    assert "Pick a product first." in refused.text


def test_a_brand_is_tried_on_sent_out_and_put_back(chain: Chain) -> None:
    owner = Writer(chain.owner())
    brand = {"name": "Garance", "colour.price": "#b3261e", "type.sign": "fraunces"}
    tried = owner.post("/brand/look", brand).get_json()
    assert tried["stills"]["price"]["brand"]["colour.price"] == "#b3261e"
    assert "Its words are light." in tried["readings"][0]["said"]
    assert owner.post("/brand", {**brand, "version": "0"}).status_code == 303
    assert owner.post("/brand", {"name": "Autre", "version": "1"}).status_code == 303
    assert "Garance" in owner.read("/brand")
    assert owner.post("/brand/former/1", {"version": "2"}).status_code == 303
    assert "<bdi>Garance</bdi>" in owner.read("/brand")


def test_what_does_not_read_is_refused_with_its_figure(chain: Chain) -> None:
    owner = Writer(chain.owner())
    tried = owner.post("/brand/look", {"colour.price": "#777777"}).get_json()
    assert tried["wrong"]["field"] == "colour.price"
    assert tried["readings"][0]["state"] == "no"
    refused = owner.post("/brand", {"colour.price": "#777777", "version": "0"})
    assert refused.status_code == 422
    assert "#777777" in refused.text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_brand_goes_to_some_stores_first_and_back(chain: Chain, language: str) -> None:
    trial, where, choose, time = {
        "en": ("“Garance” is on trial.", "It shows in Lille;", "Choose the stores", "Choose a day"),
        "fr": ("« Garance » est à l’essai.", "Elle se voit à Lille", "Choisissez", "Choisissez"),
    }[language]
    owner = chain.owner(language)
    form = {"name": "Garance", "version": "0"}
    assert choose in plain(owner.send("/brand", where="some", **form).text)
    unready = owner.send("/brand", when="store", **form)
    assert (unready.status_code, time in plain(unready.text)) == (422, True)
    assert 'value="Garance"' in unready.text, "what was written stays"
    assert owner.send("/brand", where="some", store="lille", **form).status_code == 303
    page = plain(owner.text("/brand"))
    assert trial in page
    assert where in page
    with chain.ctx.db.read() as session:
        worn = {row.id: row.brand.get("name") for row in session.scalars(select(StoreRow))}
    assert [store for store, name in worn.items() if name == "Garance"] == ["lille"]
    assert owner.send("/brand", **form).status_code == 409, "one at a time"
    assert owner.send("/brand/take-back").status_code == 303
    assert trial not in plain(owner.text("/brand"))
    later = {**form, "version": "1", "when": "store", "at": "2026-10-16T08:00"}
    assert owner.send("/brand", **later).status_code == 303
    assert "08:00" in plain(owner.text("/brand"))
    assert owner.send("/brand/to-all").location == "/brand?out=1"
    assert owner.send("/brand/to-all").status_code == 404


def test_two_who_send_a_brand_out_at_once_are_told(chain: Chain) -> None:
    owner = Writer(chain.owner())
    owner.post("/brand", {"name": "Garance", "version": "0"})
    late = owner.post("/brand", {"name": "Autre", "version": "0"})
    assert late.status_code == 412
    assert "Autre" in late.text


def test_a_stores_own_people_do_not_change_the_brand(chain: Chain) -> None:
    assert chain.manager("lille", "read", "content").get("/brand").status_code == 403
