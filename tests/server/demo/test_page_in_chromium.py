"""The page in a real browser: by keyboard alone, at phone width, with news as it happens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from server.demo.world.breakage import Breakage
from server.demo.world.climate import Climate
from server.demo.world.crowd import Crowd
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.page import page_app
from server.demo.world.peer import HttpPeer
from server.demo.world.shop import Shop
from server.demo.world.stall import Stall
from server.demo.world.webhook import Webhook
from tests.server.demo.conftest import Receiver

ESTRAN = "PLV-ESTRAN-28"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def outside(stall: Stall, journal: Journal, receiver: Receiver) -> Iterator[str]:
    """The page's address, over a shop that calls the receiver."""
    hook = Webhook(f"{receiver.url}/hook", "a secret", stall, journal)
    stall.listen(hook.tell)
    hook.start()
    climate, crowd = Climate(JsonFile(None), journal), Crowd(JsonFile(None), journal)
    shop = Shop(stall, Breakage(journal), hook)
    peer = HttpPeer(page_app(shop, climate, crowd, journal, "http://127.0.0.1:9/wall"))
    peer.start()
    yield peer.url
    peer.stop()
    hook.stop()


@pytest.mark.chromium
def test_a_price_moved_by_keyboard_is_in_the_shop_and_in_the_headline_with_the_servers_answer(
    outside: str, page: Page, stall: Stall
) -> None:
    page.goto(f"{outside}/?lang=en")
    slider = page.get_by_label("Price in the shop")
    slider.focus()
    slider.press("ArrowLeft")
    headline = page.get_by_role("heading", level=1)
    expect(headline).to_contain_text("Estran 28 is on sale at €89.80.")
    expect(headline).to_contain_text("The shop called the server")
    expect(headline).to_contain_text("202")
    assert stall.item(ESTRAN)["sale_price"] == "89.80"
    page.get_by_role("button", name="End the sale").press("Enter")
    expect(headline).to_contain_text("Estran 28 is no longer on sale: €119.90.")
    assert stall.item(ESTRAN)["sale_price"] is None


@pytest.mark.chromium
def test_it_fits_a_phone_and_speaks_french(outside: str, page: Page, stall: Stall) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(f"{outside}/?lang=fr")
    less = page.get_by_role("button", name="Prado : Une pièce de moins")
    less.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Estran 28 : 3 à Prado.")
    assert stall.article(ESTRAN).stock["prado"] == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    box = less.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44


@pytest.mark.chromium
def test_a_change_made_elsewhere_shows_on_the_page(outside: str, page: Page, stall: Stall) -> None:
    page.goto(f"{outside}/?lang=en")
    expect(page.get_by_label("Lille", exact=True)).to_have_value("3")
    stall.set_stock({"sku": ESTRAN, "store": "lille", "quantity": 42})
    expect(page.get_by_label("Lille", exact=True)).to_have_value("42")
