"""A playlist in a real Chromium: begun, written, dragged, moved by keys, undone, put on the wall
and seen there, on trial and at a time, and taken back; somebody else's change is heard meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from playlists.ids import OverrideId, PlaylistId, ScreenId, StoreId
from playlists.model import Override
from server.services.base.actors import SYSTEM
from server.services.drafting import drafts
from server.services.wishes import content, overrides
from tests.e2e.studio.keys import press, reach, tick, write_time
from tests.e2e.studio.looking import GLASS, WITHIN_MS, until
from tests.support.studio import Studio

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

expect.set_options(timeout=WITHIN_MS)
HOUR_MS = 3_600_000
TALL: ViewportSize = {"width": 1440, "height": 1600}
"""Pixels: all turns are in sight, what may be added too."""


@pytest.fixture
def page(owner: Page) -> Page:
    """The owner before the wall."""
    return owner


def order(page: Page) -> list[str]:
    """The turns as they stand."""
    return [title.strip() for title in page.locator("#turns h3 bdi").all_inner_texts()]


def write(page: Page, said: str) -> None:
    """Add a message with these words."""
    press(page, page.get_by_role("button", name="Add to the sequence"))
    press(page, page.get_by_role("button", name="a message"))
    expect(page.locator("#f-title")).to_be_focused()
    for language in ("Français", "English"):
        field = page.get_by_role("group", name="Headline").get_by_label(language)
        field.fill(said)
        field.press("Tab")
    expect(page.locator("#turns h3 bdi").last).to_have_text(said)


def drag(page: Page, title: str, onto: str) -> None:
    """Drag a turn by its grip to where another stands."""
    grips = [page.get_by_role("button", name=f"Move {name}: arrow up") for name in (title, onto)]
    start, end = (grip.bounding_box() for grip in grips)
    assert start
    assert end
    page.mouse.move(start["x"] + 13, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(start["x"] + 13, start["y"] + 4, steps=4)
    page.mouse.move(end["x"] + 13, end["y"] - 14, steps=12)
    page.mouse.up()


def test_from_nothing_to_the_wall(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/playlists")
    page.get_by_label("New playlist").fill("Window, October")
    page.get_by_role("button", name="Begin it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("It shows nothing yet.")
    for said in ("One.", "Two.", "Three."):
        write(page, said)

    drag(page, "Three.", "One.")
    expect(page.locator("#turns h3 bdi").first).to_have_text("Three.")
    expect(page.locator("#heard")).to_have_text("“Three.” is number 1 of 3 now.")

    reach(page, page.get_by_role("button", name="Move Two.: arrow up"))
    page.keyboard.press("ArrowUp")
    expect(page.locator("#heard")).to_have_text("“Two.” is number 2 of 3 now.")
    assert order(page) == ["Three.", "Two.", "One."]
    expect(page.get_by_role("button", name="Move Two.: arrow up")).to_be_focused()
    press(page, page.get_by_role("button", name="Undo"))
    expect(page.locator("#turns h3 bdi").nth(1)).to_have_text("One.")

    subject = page.url.rpartition("/")[2]
    body = drafts.read(studio.ctx, SYSTEM, "playlist", subject).body
    move = {"op": "move", "path": "items", "id": body["items"][2]["id"], "after": None}
    drafts.edit(studio.ctx, replace(SYSTEM, id="claire"), "playlist", subject, [move])
    expect(page.locator("#heard")).to_have_text("claire moved “Two.”.")
    assert order(page) == ["Two.", "Three.", "One."]

    press(page, page.locator("#turns .ph").first)
    press(page, page.get_by_role("button", name="sunny"))
    expect(page.locator("#turns .rule").first).to_contain_text("When it is sunny")
    page.keyboard.press("Escape")

    press(page, page.get_by_role("button", name="Put on the wall"))
    page.wait_for_url("**/rehearse/*")
    press(page, page.get_by_role("button", name="Publish"))
    page.wait_for_url("**/releases*")
    now = studio.ctx.clock()
    wish = Override(
        OverrideId(""),
        StoreId("lille"),
        "show",
        now,
        now + HOUR_MS,
        playlist=PlaylistId(subject),
        screens=frozenset({ScreenId("lille-luggage")}),
    )
    overrides.create_override(studio.ctx, SYSTEM, wish)
    page.goto(f"{studio.url}/wall")
    until(page, f"/Three|One/.test(({GLASS})('lille-luggage'))")


def test_a_release_is_tried_brought_to_all_taken_back_and_put_off_by_keys(
    page: Page, studio: Studio
) -> None:
    first = content.get_playlist(studio.ctx, SYSTEM, "base").value.items[0]
    ops = [
        {"op": "set", "path": "name", "value": "Everywhere"},
        {"op": "remove", "path": "items", "id": first.id},
    ]
    drafts.edit(studio.ctx, SYSTEM, "playlist", "base", ops)
    page.goto(f"{studio.url}/playlists/base")
    press(page, page.get_by_role("button", name="Put on the wall"))
    page.wait_for_url("**/rehearse/*")
    tick(page, page.get_by_role("radio", name="in some stores first"))
    tick(page, page.get_by_role("checkbox", name="Lille"))
    press(page, page.get_by_role("button", name="Publish"))
    line = page.locator("section.releases li", has_text="Everywhere")
    expect(line).to_contain_text("On trial")
    expect(line).to_contain_text("in Lille")
    press(page, page.get_by_role("button", name="Bring to all: Everywhere"))
    expect(line).to_contain_text("On air")
    press(page, page.get_by_role("button", name="Take back: Everywhere"))
    expect(line).to_contain_text("Taken back")

    press(page, page.get_by_role("link", name="Rehearse drafts"))
    expect(page.get_by_role("checkbox", name="Everywhere")).to_be_checked()
    press(page, page.get_by_role("button", name="Rehearse"))
    page.wait_for_url("**/rehearse/*")
    tick(page, page.get_by_role("radio", name="when each store’s own clock shows"))
    tomorrow = datetime.fromtimestamp(studio.ctx.clock() / 1000, UTC) + timedelta(days=1)
    write_time(page, page.get_by_label("Day and time"), tomorrow)
    press(page, page.get_by_role("button", name="Publish"))
    expect(line.first).to_contain_text("when each store’s clock shows")
    press(page, page.get_by_role("button", name="Cancel: Everywhere"))
    expect(line.first).to_contain_text("Cancelled")
    assert content.get_playlist(studio.ctx, SYSTEM, "base").value.name != "Everywhere"


def test_an_offer_is_dragged_to_its_place_and_pretended(page: Page, studio: Studio) -> None:
    page.set_viewport_size(TALL)
    page.goto(f"{studio.url}/playlists/sale?store=lille")
    turns = page.locator("#turns > li")
    expect(turns.first).to_be_visible()
    before = turns.count()
    page.get_by_role("button", name="Add to the sequence").click()
    page.get_by_role("button", name="an offer").click()
    page.get_by_role("searchbox", name="Find by name").fill("galet")
    offer = page.locator("#menu .pickrow")
    expect(offer).to_have_count(1)
    start, end = offer.bounding_box(), turns.nth(1).bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 120, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(start["x"] + 100, start["y"] + 8, steps=4)
    page.mouse.move(end["x"] + 200, end["y"] + 10, steps=12)
    page.mouse.up()
    expect(turns).to_have_count(before + 1)
    expect(turns.nth(1).locator("h3 bdi")).to_have_text("Galet")
    expect(page.locator("#kept")).to_contain_text("Kept at")
    page.keyboard.press("Escape")

    press(page, turns.first.locator("h3 [data-open]"))
    expect(page.locator("#f-title")).to_be_focused()
    press(page, page.get_by_role("button", name="Pretend another hour"))
    tick(page, page.get_by_role("radio", name="Sold out"))
    expect(page.locator("[data-said]")).to_contain_text("everything sold out")
    expect(page.locator("p[data-absent]")).to_contain_text("does not play then")
    press(page, turns.nth(1).locator("h3 [data-open]"))
    expect(page.locator("p[data-absent]")).to_be_hidden()
    expect(page.locator("[data-turn]")).to_contain_text("Galet")
    press(page, page.get_by_role("link", name="Stop pretending"))
    expect(page.get_by_role("button", name="Pretend another hour")).to_be_focused()
