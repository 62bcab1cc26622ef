"""Stores, screens and sources, made in the studio of a chain that is still empty."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from playlists.ids import PlaylistId
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.chain import places
from server.services.wishes import bases, content
from tests.server.connectors.shops.shopify import Shopify
from tests.server.web.conftest import Chain, Reader
from tests.support.record import TestClock, make_context
from tests.support.small_shop import lay_out

FEED = {
    "kind": "merchant",
    "name": "Online shop",
    "url": "https://shop.example/feed.xml",
    "shop": "pluvier",
    "currency": "EUR",
    "language": "fr",
    "translations": "en = https://shop.example/en.xml",
    "time_zone": "Europe/Paris",
    "enabled": "1",
    "sells": "1",
}
LILLE = {
    "name": "Lille",
    "address": "rue Esquermoise",
    "at": "50.6372, 3.0633",
    "zone": "Europe/Paris",
    "country": "FR",
    "regions": "Nord, Hauts-de-France",
    "day0": "10:00–12:30, 14h-19h",
    "day5": "20:00–02:00",
}


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Chain]:
    """An installation that nobody has told anything yet."""
    clock = TestClock()
    context = make_context(tmp_path, clock=clock)
    yield Chain(context, clock)
    context.db.close()


class Hand:
    """Someone who fills forms in."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        found = re.search(r'name="csrf" value="(\w+)"', reader.text("/places"))
        assert found
        self.csrf = found[1]

    def post(self, path: str, **form: object) -> tuple[int, str]:
        """The status, and where it leads or what was refused."""
        answer = self.reader.client.post(
            path,
            data={"csrf": self.csrf, **form},
            headers={"Accept-Language": self.reader.language},
        )
        said = re.findall(r'role="alert">(.*?)</p>', answer.text)
        return answer.status_code, answer.headers.get("Location") or html.unescape(" ".join(said))


@pytest.fixture
def hand(empty: Chain) -> Hand:
    """The owner of the empty installation."""
    return Hand(empty.owner())


def test_a_store_is_opened_described_and_closed(empty: Chain, hand: Hand) -> None:
    assert "First steps" in hand.reader.text("/places")
    status, where = hand.post("/places", **LILLE)
    assert status == 303
    (made,) = (one.value for one in places.list_stores(empty.ctx, SYSTEM).items)
    assert (made.lat_e6, made.lon_e6, made.country) == (50_637_200, 3_063_300, "FR")
    assert made.hours[0] == ((600, 750), (840, 1_140))
    assert made.hours[5] == ((1_200, 1_560),)
    assert set(made.regions) == {"Nord", "Hauts-de-France"}
    page = hand.reader.text(where)
    assert 'value="10:00–12:30, 14:00–19:00"' in page
    assert 'value="20:00–02:00"' in page
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    again = {**LILLE, "name": "Lille ✂ مرحبا", "version": version[1]}
    assert hand.post(where, **again)[0] == 303
    stale, said = hand.post(where, **again)
    assert (stale, bool(said)) == (412, True), "nobody's words are lost unseen"
    assert hand.post(f"{where}/close") == (303, "/places")


@pytest.mark.parametrize(
    ("field", "wrong", "said"),
    [
        ("name", "x" * 10_000, "Give it a name of 1 to 200 characters, on one line."),
        ("zone", "Paris", "Choose a time zone from the list, such as Europe/Paris."),
        ("at", "near the station", "Write two numbers, as in 50.6372, 3.0633."),
        ("at", "91, 3", "The first number lies within 90, the second within 180."),
        ("day0", "morning", "Write the hours as in 10:00–19:00."),
        ("country", "XX", "Choose a country from the list."),
        ("regions", "<b>", "Write regions as words with commas between them, 32 at most."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    hand: Hand, field: str, wrong: str, said: str
) -> None:
    answer = hand.reader.client.post(
        "/places",
        data={"csrf": hand.csrf, **LILLE, field: wrong},
        headers={"Accept-Language": "en"},
    )
    assert answer.status_code == 422
    page = html.unescape(answer.text)
    assert f'id="wrong-{field}" role="alert">{said}' in page
    assert 'value="rue Esquermoise"' in page, "the rest stays as it was typed"


def test_screens_hang_move_and_leave(empty: Chain, hand: Hand) -> None:
    _status, store = hand.post("/places", **LILLE)
    screen = {"name": "Window", "size": "1080x1920", "layout": "foot", "language": "en"}
    status, where = hand.post(f"{store}/screens", **screen, tags="window, big", place="tills")
    assert status == 303
    (made,) = (one.value for one in places.list_screens(empty.ctx, SYSTEM).items)
    assert (made.width, made.height, made.place, set(made.tags)) == (
        *(1080, 1920, "tills"),
        {"window", "big"},
    )
    assert [(box.id, box.locked) for box in made.layout] == [("main", False), ("legal", True)]
    own = f"{store}/screens/{where.rpartition('#')[2]}"
    assert '<option value="foot" selected>' in hand.reader.text(own)
    hand.post(f"{store}/screens", **{**screen, "name": "Tills", "language": "fr"})
    hand.post(f"{store}/screens", **{**screen, "name": "Aisle", "language": "fr"})
    usual = '<option value="fr" selected>Français'
    assert usual in hand.reader.text(store), "the next one speaks as most do here"
    assert hand.post(own, **{**screen, "size": "big"}) == (422, "Choose a size from the list.")
    assert hand.post(own, **{**screen, "layout": "whole"})[0] == 303
    assert len(places.get_screen(empty.ctx, SYSTEM, made.id).value.layout) == 1
    assert hand.reader.get(f"/places/elsewhere/screens/{made.id}").status_code == 404
    assert hand.post(f"{own}/take-down") == (303, store)


def test_a_shop_that_is_connected_prices_the_stores_without_one(empty: Chain, hand: Hand) -> None:
    _status, store = hand.post("/places", **LILLE)
    wrong = {**FEED, "url": "the shop"}
    assert hand.post("/sources/new", **wrong) == (
        422,
        "Write the whole address, such as https://shop.example/feed.xml.",
    )
    status, where = hand.post("/sources/new", **FEED)
    assert status == 303
    kept = connectors.get_connector(empty.ctx, SYSTEM, where.partition("?")[0].split("/")[2]).value
    assert kept.config["translations"] == {"en": "https://shop.example/en.xml"}
    name = store.rpartition("/")[2]
    assert places.get_store(empty.ctx, SYSTEM, name).value.channel == f"pluvier@{name}"
    assert '<option value="pluvier" selected>' in hand.reader.text(store)
    own = where.partition("?")[0]
    tried = hand.reader.client.post(f"{own}/try", data={"csrf": hand.csrf})
    assert 'class="seen bad"' in tried.text
    assert hand.post(own, **FEED, secret="", version="1")[0] == 303
    assert hand.post(f"{own}/disconnect") == (303, "/sources")


def test_a_shop_that_calls_and_is_read_says_where_and_can_be_tried(hand: Hand) -> None:
    own = {
        "url": "http://127.0.0.1:9",
        "secret-key": "ck_01234567",
        "secret-key_secret": "cs_01234567",
    }
    given = {**FEED, "kind": "woocommerce", **own, "tax_rates": "standard = 20"}
    assert hand.post("/sources/new", **{**given, "tax_rates": "standard = much"}) == (
        422,
        "A line each, in percent: standard = 20",
    )
    status, where = hand.post("/sources/new", **given)
    assert status == 303
    page = hand.reader.text(where)
    assert "/hooks/online-shop" in page
    assert f'action="{where.partition("?")[0]}/try"' in page


@pytest.mark.parametrize(
    "kind",
    ["local_inventory", "webhook", "woocommerce", "prestashop", "mqtt_counts", "http_counts"],
)
def test_every_kind_has_a_form_that_says_what_is_wrong(hand: Hand, kind: str) -> None:
    page = hand.reader.text(f"/sources/new?kind={kind}")
    assert "Connect it" in page
    sent = {"kind": kind, "name": "One", "url": "nowhere", "secret": "short", "shop": "p"}
    status, said = hand.post("/sources/new", **sent)
    assert status == 422
    assert said
    if kind == "webhook":
        fine = {**sent, "shop": "pluvier", "secret": "short"}
        del fine["url"]
        status, said = hand.post("/sources/new", **fine)
        assert (status, "too short: 16 characters at least." in said) == (422, True), said
    assert hand.reader.get("/sources/new?kind=carrier_pigeon").status_code == 404


def test_what_plays_when_nothing_else_does(empty: Chain, hand: Hand) -> None:
    lay_out(empty.ctx)
    made = content.get_playlist(empty.ctx, SYSTEM, "soon").value
    assert hand.post("/places/base", playlist=made.id)[1] == "/places#base"
    assert bases.get_base(empty.ctx, SYSTEM, "chain", "", "main").value.playlist == "soon"
    assert hand.post("/places/base", store="lille", playlist=made.id)[0] == 303
    base = bases.get_base(empty.ctx, SYSTEM, "store", "lille", "main").value
    assert base.playlist == PlaylistId("soon")
    assert hand.post("/places/base", store="lille")[1] == "/places/lille#base"


def test_rights_end_where_they_end(chain: Chain) -> None:
    reader = chain.manager("lille", "read", "places")
    assert reader.get("/places/lille").status_code == 200
    assert reader.get("/places/prado").status_code == 404
    assert reader.get("/sources").status_code == 403
    assert "Prado" not in reader.text("/places")
    hand = Hand(reader)
    assert hand.post("/places", **LILLE)[0] == 403
    assert hand.post("/places/prado/screens", name="Spy", size="1920x1080")[0] == 404
    assert hand.post("/places/prado/screens/prado-shoes/take-down")[0] == 404
    assert chain.manager("lille", "read", "content").get("/places").status_code == 403


def test_a_trial_asks_which_store_is_which(empty: Chain, hand: Hand) -> None:
    lay_out(empty.ctx)
    shop = Shopify()
    shop.start()
    try:
        given = shop.set_up()
        sent = {"kind": "shopify", "name": "Shop", "shop": "pluvier", "url": shop.url}
        secrets = {f"secret-{name}": text for name, text in given.secrets.items()}
        status, where = hand.post("/sources/new", **sent, **secrets, enabled="1")
        assert status == 303
        own = where.partition("?")[0]
        ctx = replace(
            empty.ctx, settings=empty.ctx.settings.model_copy(update={"allow_private": True})
        )
        seen = connectors.test_connector(ctx, SYSTEM, own.rpartition("/")[2])
        assert seen.unknown_stores == ("Lille centre", "Entrepôt")
        placed = {"code": list(seen.unknown_stores), "to": ["lille", ""]}
        assert hand.post(f"{own}/stores", **placed)[0] == 303
        view = connectors.get_connector(empty.ctx, SYSTEM, own.rpartition("/")[2]).value
        assert view.config["stores"] == {"Lille centre": "lille"}
        assert set(view.secrets) == {"webhook", "token"}, "what is not given stays"
        page = hand.reader.text(own)
        assert not [secret for secret in given.secrets.values() if secret in page]
    finally:
        shop.stop()
