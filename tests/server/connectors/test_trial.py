"""A trial says what a source would give, in words, and takes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask

from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, Seen
from server.web import i18n, trial_words
from tests.server.connectors.conftest import ShopPeer
from tests.server.connectors.polled import add_feed, prices
from tests.server.connectors.shops.contract import BAG, COAT, SCARF
from tests.server.connectors.shops.shopify import SECRET, TOKEN, Shopify
from tests.support.record import START_MS, TestClock

NOW = datetime.fromtimestamp(START_MS / 1000, UTC)


def words(seen: Seen, language: str = "en") -> trial_words.Told:
    """What the page says."""
    app = Flask("words")
    i18n.set_up(app)
    with app.test_request_context(headers={"Accept-Language": language}):
        return trial_words.told(seen, language, START_MS + 60_000)  # type: ignore[arg-type]


def test_a_trial_says_what_it_saw_and_takes_nothing(small_chain: Context, shop: ShopPeer) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    seen = connectors.test_connector(small_chain, SYSTEM, "feed")
    assert seen.ok
    assert seen.products == seen.priced >= 24
    assert "PLV-ESTRAN-28 11990 EUR" in seen.samples
    assert "119.90" in " ".join(words(seen).goods)
    assert prices(small_chain, "PLV-BRUINE") == []
    shop.act("break", mode="html")
    told = connectors.test_connector(small_chain, SYSTEM, "feed")
    assert (told.ok, told.products) == (False, 0)
    assert "web page" in words(told).wrong


def test_a_private_address_is_told_by_the_trial(small_chain: Context, shop: ShopPeer) -> None:
    public = replace(
        small_chain, settings=small_chain.settings.model_copy(update={"allow_private": False})
    )
    add_feed(public, f"{shop.url}/feed.xml")
    assert "ENSEIGNE_ALLOW_PRIVATE" in connectors.test_connector(public, SYSTEM, "feed").error


def test_a_shopify_is_tried_before_it_is_trusted(small_chain: Context, clock: TestClock) -> None:
    """Its first page, with what would not show, places to name, and how it stands with calls."""
    shop = Shopify()
    shop.start()
    try:
        given = shop.set_up()
        wish = ConnectorWish("shopify", "Shop", dict(given.config), secrets=dict(given.secrets))
        connectors.create_connector(small_chain, SYSTEM, wish, "shop")
        shop.sale(BAG, 8_990, NOW, NOW, NOW)
        shop.blank(SCARF, NOW)
        seen = connectors.test_connector(small_chain, SYSTEM, "shop")
        said = words(seen)
        assert (seen.partial, said.good) == (True, True)
        assert said.first.startswith("At the beginning: ")
        assert f"Article {COAT}: €149" in said.goods
        assert f"Article {BAG}: €89.90, in a sale; €119.90 else" in said.goods
        assert f"Article {SCARF}: no price, zero." in said.goods
        assert "1 price would not show: zero." in said.notes
        assert said.strangers == ("Entrepôt",)
        assert "No call has come yet. Change a price there, then try again." in said.notes
        french = words(seen, "fr")
        assert f"Article {BAG}\N{NO-BREAK SPACE}: 89,90\N{NO-BREAK SPACE}€" in french.goods[1]
        (call,) = shop.price(COAT, 13_900, NOW)
        connectors.receive(small_chain, "hooks", "shop", call.headers, call.body)
        heard = connectors.test_connector(small_chain, SYSTEM, "shop")
        assert heard.calls is not None
        assert heard.calls.last_at == clock()
        assert not [one for one in (SECRET, TOKEN) if one in repr((seen, said, heard))]
    finally:
        shop.stop()


@pytest.mark.parametrize("forged", [0, 3])
def test_one_that_only_calls_says_how_it_stands_with_its_calls(
    small_chain: Context, forged: int
) -> None:
    wish = ConnectorWish("webhook", "Calls", {"shop": "pluvier"}, "a secret of sixteen")
    connectors.create_connector(small_chain, SYSTEM, wish, "calls")
    for _ in range(forged):
        with pytest.raises(Exception, match="signature"):
            connectors.receive(small_chain, "hooks", "calls", {}, b"{}")
        small_chain.clock.advance(1_000)  # type: ignore[attr-defined]
    seen = connectors.test_connector(small_chain, SYSTEM, "calls")
    said = words(seen)
    assert (seen.ok, said.wrong) == (True, "")
    assert seen.calls is not None
    assert seen.calls.url.endswith("/hooks/calls")
    assert said.first == "It calls; there is nothing to ask."
    assert ("3 calls were not signed" in " ".join(said.notes)) == bool(forged)
