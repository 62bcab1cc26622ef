"""The calendar in a real Chromium: a campaign drawn by mouse and by keys, planned by keys in a form
that answers at each change, put on air; bars moved by mouse, keys and finger.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from server.app import create_app
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.drafting import drafts
from server.services.entry import people
from server.services.wishes import content
from tests.e2e.studio.keys import choose, press, reach, tick, write
from tests.support.record import make_context
from tests.support.studio import furnish

pytestmark = [pytest.mark.chromium, pytest.mark.journey]
WITHIN_MS = 20_000


@pytest.fixture
def planner(browser: Browser, tmp_path: Path) -> Iterator[tuple[Page, Context]]:
    """The owner before the calendar of 15 October 2026, and the record; no fault on the page."""
    ctx = make_context(tmp_path)
    furnish(ctx)
    server = make_server("127.0.0.1", 0, create_app(ctx), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    visit = browser.new_context(
        locale="en-GB", viewport={"width": 1440, "height": 1000}, base_url=base, has_touch=True
    )
    page = visit.new_page()
    page.set_default_timeout(WITHIN_MS)
    page.goto(people.owner_link(ctx).removeprefix(ctx.settings.url))
    page.locator("main button").first.click()
    page.wait_for_url("**/wall")
    faults: list[str] = []
    page.goto("/calendar")
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page, ctx
    assert faults == []
    visit.close()
    server.shutdown()
    ctx.db.close()


def test_keys_dragging_and_a_form_that_answers(planner: tuple[Page, Context]) -> None:
    page, ctx = planner
    stop = page.locator("[data-bar][tabindex='0']")
    reach(page, stop)
    first = stop.get_attribute("data-bar")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.bar") != first
    picked = str(page.evaluate("document.activeElement.dataset.bar"))
    page.keyboard.press("Enter")
    expect(page.locator("[data-bar][aria-current]").first).to_have_attribute("data-bar", picked)

    begin = page.locator("[data-day='2026-10-20']").bounding_box()
    end = page.locator("[data-day='2026-10-24']").bounding_box()
    assert begin
    assert end
    page.mouse.move(begin["x"] + 5, begin["y"] + 5)
    page.mouse.down()
    page.mouse.move(end["x"] + 5, end["y"] + 5, steps=4)
    expect(page.locator("#heard")).to_contain_text("20 October to 24 October")
    page.mouse.up()
    expect(page.locator("#first")).to_have_value("2026-10-20")
    expect(page.locator("#last")).to_have_value("2026-10-24")

    page.go_back()
    reach(page, page.locator("#days"))
    for key in ("ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#heard")).to_contain_text("16 October to 18 October")
    page.keyboard.press("Enter")
    expect(page.locator("#first")).to_have_value("2026-10-16")
    expect(page.locator("#last")).to_have_value("2026-10-18")

    write(page, page.locator("#name"), "Marée haute")
    choose(page, page.locator("#playlist"), "Les prix d")
    hit = page.locator(".beside h2")
    expect(hit).to_have_text("14 screens")
    tick(page, page.get_by_role("checkbox", name="Lille"))
    expect(hit).to_have_text("5 screens")
    write(page, page.locator("#share"), "130")
    page.keyboard.press("Tab")
    expect(page.locator("#wrong-share")).to_contain_text("at most 100 %")
    expect(page.locator("#share")).to_have_value("130")
    write(page, page.locator("#share"), "30")
    press(page, page.locator("#keep"))
    page.wait_for_url("**/calendar/campaigns/*")
    expect(page.locator("#headline")).to_contain_text("A draft: no screen shows it yet.")

    write(page, page.locator("#share"), "35")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    name = page.url.rpartition("/")[2]
    press(page, page.get_by_role("button", name="Put on air"))
    page.wait_for_url("**/rehearse/*")
    press(page, page.get_by_role("button", name="Publish"))
    page.wait_for_url("**/releases*")
    page.goto(f"/calendar?pick={name}")
    kept = content.get_campaign(ctx, SYSTEM, name).value
    assert (kept.share, set(kept.target.stores), kept.schedule.end) == (
        3_500,
        {"lille"},
        "2026-10-19",
    )
    expect(page.locator("#panel-title")).to_have_text("Marée haute")


def days(ctx: Context, name: str) -> tuple[str, str]:
    """The first day of a campaign's draft, and the day after its last."""
    schedule = drafts.read(ctx, SYSTEM, "campaign", name).body["schedule"]
    return schedule["start"], schedule["end"]


def test_a_bar_is_moved_and_stretched_by_mouse_keys_and_finger(
    planner: tuple[Page, Context],
) -> None:
    page, ctx = planner
    bar = page.locator("[data-bar='estran']")
    wide = page.evaluate("document.querySelector('[data-day]').getBoundingClientRect().width")

    def drag(x: float, by_days: int) -> None:
        box = bar.bounding_box()
        assert box
        start = box["x"] + (x if x >= 0 else box["width"] + x)
        page.mouse.move(start, box["y"] + 12)
        page.mouse.down()
        page.mouse.move(start + by_days * wide, box["y"] + 12, steps=5)
        expect(page.locator("#heard")).to_contain_text("Estran 28 à la une")
        with page.expect_navigation():
            page.mouse.up()

    drag(120, 2)
    assert days(ctx, "estran") == ("2026-10-10", "2026-10-27")
    drag(-3, 3)
    assert days(ctx, "estran") == ("2026-10-10", "2026-10-30")
    drag(3, -1)
    assert days(ctx, "estran") == ("2026-10-09", "2026-10-30")

    bar.focus()
    for key in ("Shift+ArrowRight", "Escape", "Alt+ArrowLeft", "Alt+ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator("#heard")).to_contain_text("9 October to 27 October")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert days(ctx, "estran") == ("2026-10-09", "2026-10-28")

    box = bar.bounding_box()
    assert box
    touch = page.context.new_cdp_session(page)
    x, y = box["x"] + 120, box["y"] + 12
    touch.send(
        "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    )
    expect(page.locator(".bar.moving")).to_have_count(1)
    touch.send(
        "Input.dispatchTouchEvent",
        {"type": "touchMove", "touchPoints": [{"x": x + 2 * wide, "y": y}]},
    )
    expect(page.locator("#heard")).to_contain_text("11 October to 29 October")
    with page.expect_navigation():
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert days(ctx, "estran") == ("2026-10-11", "2026-10-30")
