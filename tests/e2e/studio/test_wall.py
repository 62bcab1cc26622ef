"""The wall in a real Chromium, over a real door, worker and web."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from playlists.ids import OverrideId, PlaylistId, ScreenId, StoreId
from playlists.model import Override
from playlists.wire.door import Report
from server.db.models import ScreenStateRow
from server.services.base.actors import SYSTEM
from server.services.prices import offers
from server.services.screens import watching
from server.services.showing.explaining import explain
from server.services.wishes import overrides
from tests.e2e.studio.keys import press
from tests.e2e.studio.looking import GLASS, WITHIN_MS, until
from tests.support.people import holder
from tests.support.studio import Studio

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

HOUR_MS = 3_600_000
DRAWN = """() => [...document.querySelectorAll("[data-screen]")].filter((glass) =>
  [...glass.querySelectorAll("*")].some((zone) => zone.shadowRoot?.querySelector(".words"))
).length"""
STILL = """() => [document.querySelector("[data-stage]").shadowRoot]
  .flatMap((root) => [...(root?.querySelectorAll(".words") ?? [])])
  .map((words) => words.innerText).join("|")"""


@pytest.fixture
def wall(owner: Page) -> Page:
    """The owner before the wall."""
    return owner


def hold(studio: Studio, store: str, screen: str) -> str:
    """Inès shows a watch on one screen for an hour; the id of her hand."""
    now = studio.ctx.clock()
    wish = Override(
        OverrideId(""),
        StoreId(store),
        "show",
        now,
        now + HOUR_MS,
        playlist=PlaylistId("held-by-hand"),
        screens=frozenset({ScreenId(screen)}),
    )
    return overrides.create_override(studio.ctx, replace(SYSTEM, name="Inès"), wish).value.id


def cut_off(studio: Studio, screen: str) -> None:
    """A screen that held all there is has not been heard for three hours."""
    ctx = studio.ctx
    revision = explain(ctx, SYSTEM, screen, ctx.clock()).revision
    with ctx.db.write() as session:
        held = Report(revision, offers.versions(session), ctx.clock(), 0, 20, {})
        row = session.get_one(ScreenStateRow, screen)
        row.report = held.to_json()  # type: ignore[assignment]
        row.connected, row.seen_at = False, ctx.clock() - 3 * HOUR_MS


def test_fourteen_screens_that_follow_a_change(wall: Page, studio: Studio) -> None:
    until(wall, f"({DRAWN})() === 14")
    expect(wall.get_by_role("heading", level=1)).to_contain_text("14 screens are playing to plan.")
    held = hold(studio, "lille", "lille-luggage")
    until(wall, f"({GLASS})('lille-luggage').includes('Marée')")
    unit = wall.locator("#unit-lille-luggage")
    expect(unit).to_contain_text("shown by Inès", timeout=WITHIN_MS)
    expect(unit).to_have_class("unit is-hand")
    expect(wall.get_by_role("heading", level=1)).to_contain_text("One is held by hand.")
    press(wall, wall.get_by_role("button", name="By hand"))
    expect(wall.locator("[data-screen]:visible")).to_have_count(1)
    expect(wall.get_by_role("heading", name="Prado")).to_be_hidden()
    press(wall, wall.get_by_role("button", name="All"))
    expect(wall.locator("[data-screen]:visible")).to_have_count(14)
    overrides.end_override(studio.ctx, SYSTEM, held)
    expect(unit).to_have_class("unit is-plan", timeout=WITHIN_MS)
    cut_off(studio, "prado-shoes")
    alone = wall.locator("#unit-prado-shoes")
    expect(alone).to_contain_text("from its last report", timeout=WITHIN_MS)
    expect(alone.locator(".alone[data-painted]")).to_have_count(1, timeout=WITHIN_MS)


def test_a_key_leads_to_the_reasons_and_saturday(wall: Page) -> None:
    press(wall, wall.locator("#unit-lille-checkout"))
    expect(wall.get_by_role("heading", level=1)).to_contain_text("because there are 14 people")
    until(wall, f"({STILL})().includes('La caisse')")
    press(wall, wall.get_by_role("link", name="Saturday 6 pm"))
    wall.wait_for_selector("[data-painted]")
    expect(wall.locator("#now")).to_contain_text("Saturday")


def test_the_theme_is_kept(wall: Page) -> None:
    root = wall.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    wall.get_by_role("button", name="Switch between light and dark").click()
    expect(root).to_have_attribute("data-theme", "dark")
    wall.reload()
    expect(root).to_have_attribute("data-theme", "dark")
    wall.get_by_role("button", name="Français").click()
    expect(wall.get_by_role("heading", level=1)).to_contain_text("suivent le plan")


def test_a_phone_never_scrolls_sideways(studio: Studio, browser: Browser) -> None:
    """And whoever has the watch link needs no session."""
    screens = ["prado-window", "prado-shoes"]
    key = watching.watch_token(studio.ctx, holder(studio.ctx), life_ms=HOUR_MS, screens=screens)
    context = browser.new_context(viewport={"width": 360, "height": 780})
    page = context.new_page()
    page.set_default_timeout(WITHIN_MS)
    page.goto(f"{studio.url}/wall?embed=1&key={key}")
    until(page, f"({DRAWN})() === 2")
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(wide)
    page.locator("#unit-prado-shoes").click()
    page.wait_for_selector("[data-painted]")
    assert not page.evaluate(wide)
    assert "key=" in page.url
    context.close()
