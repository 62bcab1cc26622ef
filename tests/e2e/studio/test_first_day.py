"""From an installation that was just started to a price on a live screen while it rains, with the
keyboard alone: the link that the server prints, a second factor, the first store, shop, weather,
screen and campaign.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from server.demo.catalogue import PLACES
from server.demo.goods import BY_SLUG
from tests.e2e.studio.first_day import FirstDay, first_day
from tests.e2e.studio.keys import choose, press, reach, tick, write
from tests.e2e.studio.looking import DESK, calm_page, until

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

WITHIN_MS = 40_000
PASSWORD = "quatre moulins sous la pluie"
GOOD = BY_SLUG["bruine"]
FIGURES = str(GOOD.price_minor // 100)
PAINTED = """[...document.querySelectorAll("*")]
  .map((one) => one.shadowRoot?.textContent ?? "").join("|") + document.body.innerText"""


@pytest.fixture
def day() -> Iterator[FirstDay]:
    """The first day; a bus's socket needs a short path."""
    with tempfile.TemporaryDirectory(prefix="ens-day-") as folder, first_day(Path(folder)) as begun:
        yield begun


@pytest.fixture
def owner(day: FirstDay, browser: Browser) -> Iterator[Page]:
    """A browser that knows nothing of it yet; nothing goes wrong on the page."""
    with calm_page(browser, viewport=DESK, base_url=day.url) as page:
        page.set_default_timeout(WITHIN_MS)
        yield page


@pytest.fixture
def glass(day: FirstDay, browser: Browser) -> Iterator[Page]:
    """Another browser, which is to become a screen."""
    visit = browser.new_context(viewport={"width": 960, "height": 540}, base_url=day.url)
    page = visit.new_page()
    page.set_default_timeout(WITHIN_MS)
    page.goto("/screen")
    yield page
    visit.close()


def test_a_first_day_by_keyboard_alone(day: FirstDay, owner: Page, glass: Page) -> None:
    day.rain(0)
    become_owner(owner, day)
    store = open_store(owner)
    connect(owner, "Merchant Center", f"{day.world['shop_url']}/feed.xml", shop="pluvier")
    weather = connect(owner, "Open-Meteo", day.world["weather_url"])
    hang_screen(owner, glass, store)
    plan_for_rain(owner)
    assert FIGURES not in str(glass.evaluate(PAINTED)), "it does not rain yet"
    day.rain(5)
    ask_again(owner, weather)
    until(glass, f"({PAINTED}).includes('{FIGURES}')")
    day.rain(0)
    ask_again(owner, weather)
    until(glass, f"!({PAINTED}).includes('{FIGURES}')")


def become_owner(page: Page, day: FirstDay) -> None:
    """By the printed link; it offers ways back in, a passkey and a second factor among them."""
    page.goto(day.link)
    press(page, page.get_by_role("button", name="Come in"))
    page.wait_for_url("**/wall")
    press(page, page.get_by_role("link", name="Keep a way in"))
    expect(page.get_by_role("heading", name="Authenticator app")).to_be_visible()
    expect(page.get_by_role("heading", name="Passkeys")).to_be_visible()
    write(page, page.get_by_label("Name", exact=True), "Nora")
    write(page, page.get_by_label("Email address"), "nora@pluvier.example")
    page.keyboard.press("Enter")
    page.wait_for_url("**/me?**")
    write(page, page.get_by_label("New password"), PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/me?**")
    press(page, page.get_by_role("button", name="Set it up"))
    expect(page.get_by_label("Code of your authenticator app")).to_be_focused()
    page.goto(day.link)
    expect(page.get_by_role("button", name="Come in")).to_have_count(0)


def open_store(page: Page) -> str:
    """From what an empty wall teaches; its address."""
    lille = next(place for place in PLACES if place.code == "lille")
    page.goto("/wall")
    press(page, page.get_by_role("link", name="Open a store"))
    write(page, page.get_by_label("Name", exact=True), "Lille")
    write(page, page.get_by_label("On the map"), f"{lille.latitude}, {lille.longitude}")
    choose(page, page.get_by_label("Holidays and price law of"), "France")
    press(page, page.get_by_role("button", name="Open it"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lille")
    return page.url


def connect(page: Page, kind: str, url: str, shop: str = "") -> str:
    """A source; its address once it was heard."""
    page.goto("/sources")
    press(page, page.get_by_role("link", name=kind))
    write(page, page.get_by_label("Address", exact=True), url)
    if shop:
        write(page, page.get_by_label("The shop, in one word"), shop)
    press(page, page.get_by_role("button", name="Connect it"))
    page.wait_for_url("**/sources/*?done=1")
    own = page.url.partition("?")[0]
    heard(page, own)
    return own


def heard(page: Page, source: str) -> None:
    """Look again until a source was heard."""
    deadline = time.monotonic() + WITHIN_MS / 1000
    while "heard" not in page.locator(".print").inner_text():
        assert time.monotonic() < deadline, page.locator(".print").inner_text()
        page.goto(source)


def ask_again(page: Page, source: str) -> None:
    """A source that is kept is asked at once."""
    page.goto(source)
    press(page, page.get_by_role("button", name="Keep it"))


def hang_screen(page: Page, glass: Page, store: str) -> None:
    """In the store; the device that shows a code becomes it."""
    page.goto(store)
    form = page.get_by_role("form", name="Hang a screen")
    write(page, form.get_by_label("Name"), "Window")
    write(page, form.get_by_label("Tags"), "window")
    press(page, page.get_by_role("button", name="Hang it"))
    press(page, page.get_by_role("link", name="Give Window a device"))
    until(glass, "Boolean(enseigne.state().pairing?.code)")
    write(page, page.get_by_label("Code"), glass.evaluate("enseigne.state().pairing.code"))
    press(page, page.get_by_role("button", name="Pair"))
    until(glass, "!enseigne.state().pairing")


def plan_for_rain(page: Page) -> None:
    """A playlist with a product of the shop, and a campaign that waits for the rain."""
    page.goto("/playlists")
    write(page, page.get_by_label("New playlist"), "Rain")
    page.keyboard.press("Enter")
    press(page, page.get_by_role("button", name="Add to the sequence"))
    press(page, page.get_by_role("button", name="an offer"))
    write(page, page.get_by_role("searchbox", name="Find by name"), GOOD.name)
    row = page.locator(".pickrow", has_text=GOOD.sku)
    row.wait_for()
    reach(page, row.locator("input"))
    page.keyboard.press("Space")
    press(page, page.get_by_role("button", name="Add it"))
    press(page, page.get_by_role("button", name="Put on the wall"))
    publish(page)
    page.goto("/calendar")
    press(page, page.get_by_role("link", name="Plan a campaign"))
    write(page, page.locator("#name"), "When it rains")
    choose(page, page.locator("#playlist"), "Rain")
    choose(page, page.locator("#add"), "it is raining")
    tick(page, page.get_by_role("radio", name="takes its screens over"))
    press(page, page.locator("#keep"))
    page.wait_for_url("**/calendar/campaigns/*")
    press(page, page.get_by_role("button", name="Put on air"))
    publish(page)


def publish(page: Page) -> None:
    """What was rehearsed goes on air."""
    page.wait_for_url("**/rehearse/*")
    press(page, page.get_by_role("button", name="Publish"))
    page.wait_for_url("**/releases*")
