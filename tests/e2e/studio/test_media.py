"""The room of files in Chromium, with the keyboard alone: files sent in pieces over a line that
breaks, a session that ends in their midst, a refusal in words, and the price that a picture shows.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.drafting import drafts
from server.services.entry import people
from server.services.library import assets
from server.services.prices.batches import Source
from server.services.prices.intake import take
from server.services.wishes.drawn import Drawn
from tests.e2e.studio.keys import press, write
from tests.e2e.studio.looking import DESK, WITHIN_MS, calm_page, web_alone

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

SIDE = 1_600
"""Of a picture that takes several pieces."""
WIDE = "document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
def ctx(tmp_path: Path) -> Iterator[Context]:
    """The web process alone, with a shop that sells a bag."""
    with web_alone(tmp_path) as context:
        wish = StoreWish("Lille", "Europe/Paris", channel="pluvier@lille")
        places.create_store(context, SYSTEM, wish, "lille")
        bag = ProductReport("BAG", "EUR", 8_990, names={"en": {"name": "Estran 28"}})
        take(context, Source("feed", shop="pluvier"), Batch(context.clock(), products=(bag,)))
        yield context


@pytest.fixture
def room(browser: Browser, ctx: Context) -> Iterator[Page]:
    """The owner in the room of files; nothing goes wrong on the page."""
    with calm_page(browser, viewport=DESK) as page:
        enter(page, ctx)
        page.goto(f"{ctx.settings.url}/media")
        yield page


def enter(page: Page, ctx: Context) -> None:
    page.goto(people.owner_link(ctx))
    page.get_by_role("button", name="Come in").press("Enter")
    page.wait_for_url("**/wall")


def noise() -> bytes:
    """A picture that does not get small."""
    out = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise((SIDE, SIDE), 90) for _ in range(3)]).save(out, "PNG")
    return out.getvalue()


def sign_out(page: Page, ctx: Context) -> None:
    """In another tab."""
    tab = page.context.new_page()
    tab.goto(f"{ctx.settings.url}/media")
    tab.locator("form[action='/sign-out'] button").click()
    tab.close()


def test_files_arrive_whatever_happens_on_the_way(room: Page, ctx: Context) -> None:
    large = noise()
    broken: list[int] = []
    pieces: list[int] = []

    def line(route: Route) -> None:
        request = route.request
        if request.method == "PATCH":
            at = int(request.headers["upload-offset"])
            pieces.append(at)
            if at and not broken:
                broken.append(at)
                return route.abort()
            if at and len(broken) == 1:
                broken.append(at)
                sign_out(room, ctx)
        return route.continue_()

    room.route("**/uploads/*", line)
    with room.expect_file_chooser() as chooser:
        press(room, room.locator("#files"))
    files: list[FilePayload] = [
        {"name": "window.png", "mimeType": "image/png", "buffer": large},
        {"name": "page.png", "mimeType": "image/png", "buffer": b"<html>"},
    ]
    chooser.value.set_files(files)
    way = room.locator("#way")
    expect(way).to_contain_text("This is a web page or an XML file.", timeout=WITHIN_MS)
    expect(way).to_contain_text("You are signed out.", timeout=WITHIN_MS)
    assert broken
    tab = room.context.new_page()
    enter(tab, ctx)
    tab.close()
    press(room, room.get_by_role("button", name="Go on: window.png"))
    expect(way.get_by_role("link", name="It is here")).to_be_visible(timeout=WITHIN_MS)
    assert pieces.count(0) == 2, "each file begins once"
    (kept,) = assets.list_assets(ctx, SYSTEM).items
    assert (kept.name, kept.bytes) == ("window.png", len(large))
    expect(room.locator("#shelf")).to_contain_text("window.png")

    expect(way.get_by_role("link", name="It is here")).to_be_focused()
    room.keyboard.press("Enter")
    write(room, room.get_by_label("Product").first, "Estran 28 · BAG")
    write(room, room.get_by_label("Price in it").first, "89.90")
    press(room, room.get_by_role("button", name="Keep the prices"))
    expect(room.get_by_label("Price in it").first).to_have_value("€89.90")
    assert assets.get_asset(ctx, SYSTEM, kept.sha).prices == (Drawn("BAG", 8_990, "EUR"),)
    for path in ("/media", f"/media/file/{kept.sha}"):
        room.set_viewport_size({"width": 360, "height": 780})
        room.goto(ctx.settings.url + path)
        assert not room.evaluate(WIDE)


DROP = """([names, turn]) => {
  const files = new DataTransfer();
  for (const name of names) {
    const bytes = Uint8Array.from(atob(window.pixels) + name, (one) => one.charCodeAt(0));
    files.items.add(new File([bytes, name], name, { type: "image/png" }));
  }
  const row = document.querySelectorAll("#turns > [data-item]")[turn];
  const { left, bottom } = row.getBoundingClientRect();
  const at = { clientX: left + 40, clientY: bottom - 4, bubbles: true, cancelable: true };
  for (const kind of ["dragover", "drop"]) {
    row.dispatchEvent(new DragEvent(kind, { ...at, dataTransfer: files }));
    if (kind === "dragover") window.landed = row.className.includes("landing");
  }
}"""
"""Files from the desktop, let go over the lower half of a turn."""


def test_files_dropped_onto_a_sequence_stand_where_they_landed(room: Page, ctx: Context) -> None:
    said = dict.fromkeys(("fr", "en"), "x")
    card = {"template": "message", "params": {"sky": "mist"}, "texts": {"headline": said}}
    turns = [
        {"id": name, "title": name, "duration_ms": 8_000, "content": {"card": card}}
        for name in ("first", "last")
    ]
    drafts.begin(ctx, SYSTEM, "playlist", {"name": "Window", "items": turns}, "window")
    room.goto(f"{ctx.settings.url}/playlists/window")
    room.evaluate("(text) => { window.pixels = text; }", base64.b64encode(small()).decode())
    room.evaluate(DROP, [["coat.png", "tent.png"], 0])
    titles = room.locator("#turns h3 bdi")
    expect(titles).to_have_text(["first", "coat.png", "tent.png", "last"], timeout=WITHIN_MS)
    assert room.evaluate("window.landed"), "a line shows where they land"
    expect(room.locator("#heard")).to_have_text("“tent.png” is number 3 of 4 now.")
    files: list[FilePayload] = [
        {"name": "hat.png", "mimeType": "image/png", "buffer": small() + b"hat"},
        {"name": "page.png", "mimeType": "image/png", "buffer": b"<html>"},
    ]
    room.set_input_files("#files", files)
    expect(titles).to_have_text(["first", "coat.png", "tent.png", "last", "hat.png"])
    expect(room.locator("#way")).to_contain_text("This is a web page or an XML file.")
    room.set_viewport_size({"width": 360, "height": 780})
    assert not room.evaluate(WIDE)


def small() -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (320, 180), "navy").save(out, "PNG")
    return out.getvalue()
