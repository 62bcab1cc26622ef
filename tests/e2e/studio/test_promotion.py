"""From a product of the shop to a promotion on every shape of screen, with the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.studio.keys import press, reach, tick, write
from tests.e2e.studio.looking import WITHIN_MS, until

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

expect.set_options(timeout=WITHIN_MS)

DRAWN = """[...document.querySelectorAll(".hung .glass")]
  .every((glass) => (glass.shadowRoot?.querySelector(".words")?.innerText ?? "").includes(%r))"""


def test_a_product_becomes_a_promotion_and_goes_into_a_playlist(owner: Page) -> None:
    press(owner, owner.get_by_role("link", name="Promotions"))
    press(owner, owner.get_by_role("link", name="Pick products"))
    write(owner, owner.get_by_role("searchbox"), "alize")
    expect(owner.locator(".ware")).to_have_count(1)
    tick(owner, owner.get_by_role("checkbox"))
    expect(owner.locator("#count")).to_have_text("PLV-ALIZE")
    press(owner, owner.get_by_role("button", name="Promote these"))
    owner.wait_for_url("**/promotions/promo-*")
    until(owner, DRAWN % "39")

    write(owner, owner.locator("[name='headline.fr']"), "Dès 19 €")
    expect(owner.locator("[data-wrong='headline.fr']")).to_contain_text("never typed")
    write(owner, owner.locator("[name='headline.fr']"), "Il vole.")
    write(owner, owner.locator("[name='headline.en']"), "It flies.")
    expect(owner.locator("[data-wrong='headline.fr']")).to_be_hidden()
    until(owner, DRAWN % "It flies.")

    press(owner, owner.get_by_role("button", name="Without its price"))
    until(owner, DRAWN % "Price on the shelf")
    reach(owner, owner.get_by_label("Put it into"))
    owner.keyboard.press("ArrowDown")
    press(owner, owner.get_by_role("button", name="Put it there"))
    owner.wait_for_url("**/playlists/*")
    owner.goto(owner.url.split("/playlists/")[0] + "/promotions?named=alize")
    expect(owner.locator(".show h2")).to_have_text("Alizé")
