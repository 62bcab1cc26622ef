"""From a product of the shop to a promotion on every shape of screen, with the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.studio.looking import WITHIN_MS, until

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

expect.set_options(timeout=WITHIN_MS)

DRAWN = """[...document.querySelectorAll(".hung .glass")]
  .every((glass) => (glass.shadowRoot?.querySelector(".words")?.innerText ?? "").includes(%r))"""


def test_a_product_becomes_a_promotion_and_goes_into_a_playlist(owner: Page) -> None:
    owner.get_by_role("link", name="Promotions").press("Enter")
    owner.get_by_role("link", name="Pick products").press("Enter")
    owner.get_by_role("searchbox").fill("alize")
    expect(owner.locator(".ware")).to_have_count(1)
    owner.get_by_role("checkbox").press("Space")
    expect(owner.locator("#count")).to_have_text("PLV-ALIZE")
    owner.get_by_role("button", name="Promote these").press("Enter")
    owner.wait_for_url("**/promotions/promo-*")
    until(owner, DRAWN % "39")

    owner.locator("[name='headline.fr']").fill("Dès 19 €")
    expect(owner.locator("[data-wrong='headline.fr']")).to_contain_text("never typed")
    owner.locator("[name='headline.fr']").fill("Il vole.")
    owner.locator("[name='headline.en']").fill("It flies.")
    expect(owner.locator("[data-wrong='headline.fr']")).to_be_hidden()
    until(owner, DRAWN % "It flies.")

    owner.get_by_role("button", name="Without its price").press("Enter")
    until(owner, DRAWN % "Price on the shelf")
    owner.get_by_label("Put it into").select_option(index=1)
    owner.get_by_role("button", name="Put it there").press("Enter")
    owner.wait_for_url("**/playlists/*")
    owner.goto(owner.url.split("/playlists/")[0] + "/promotions?named=alize")
    expect(owner.locator(".show h2")).to_have_text("Alizé")
