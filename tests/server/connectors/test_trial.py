"""A trial says what a source would give, and takes nothing."""

from __future__ import annotations

from dataclasses import replace

from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from tests.server.connectors.conftest import ShopPeer
from tests.server.connectors.polled import add_feed, prices


def test_a_trial_says_what_it_saw_and_takes_nothing(small_chain: Context, shop: ShopPeer) -> None:
    add_feed(small_chain, f"{shop.url}/feed.xml")
    seen = connectors.test_connector(small_chain, SYSTEM, "feed")
    assert (seen.ok, seen.products) == (True, 24)
    assert "PLV-ESTRAN-28 11990 EUR" in seen.samples
    assert prices(small_chain, "PLV-BRUINE") == []
    shop.act("break", mode="html")
    told = connectors.test_connector(small_chain, SYSTEM, "feed")
    assert (told.ok, told.products) == (False, 0)
    assert "web page" in told.error


def test_a_private_address_is_told_by_the_trial(small_chain: Context, shop: ShopPeer) -> None:
    public = replace(
        small_chain, settings=small_chain.settings.model_copy(update={"allow_private": False})
    )
    add_feed(public, f"{shop.url}/feed.xml")
    assert "ENSEIGNE_ALLOW_PRIVATE" in connectors.test_connector(public, SYSTEM, "feed").error
