"""A version of the player rolled out with the keyboard alone: begun, paused, gone on with, hurried
in a second look, given up.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from server.services.base.context import Context
from server.services.entry import people
from server.services.screens import packages
from tests.e2e.studio.keys import press
from tests.e2e.studio.looking import DESK, calm_page, web_alone
from tests.support.fleet import NEW, Fleet
from tests.support.record import TestClock

pytestmark = [pytest.mark.chromium, pytest.mark.journey]


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """The web process alone, with screens that run another version than it has."""
    monkeypatch.setattr(packages, "own", lambda: NEW)
    with web_alone(tmp_path) as context:
        Fleet(context, TestClock(time.time_ns() // 1_000_000))
        yield context


@pytest.fixture
def room(browser: Browser, ctx: Context) -> Iterator[Page]:
    """The owner in the room of updates."""
    with calm_page(browser, viewport=DESK) as page:
        page.goto(people.owner_link(ctx))
        page.get_by_role("button", name="Come in").press("Enter")
        page.wait_for_url("**/wall")
        page.goto(f"{ctx.settings.url}/places")
        press(page, page.get_by_role("link", name="Updates"))
        yield page


def test_a_rollout_is_minded_by_keyboard(room: Page) -> None:
    heading = room.get_by_role("heading", level=1)
    press(room, room.get_by_role("button", name="Roll out 0.1.0+new"))
    expect(heading).to_contain_text("0.1.0+new goes to its first screens.")
    expect(room.locator("[aria-current=step]")).to_contain_text("First screens")
    press(room, room.get_by_role("button", name="Pause"))
    expect(heading).to_contain_text("stands still.")
    press(room, room.get_by_role("button", name="Go on"))
    expect(heading).to_contain_text("goes to its first screens.")
    press(room, room.locator("summary", has_text="Update now"))
    press(room, room.get_by_role("button", name="Do it: Update now"))
    expect(heading).to_contain_text("it heeds no opening hours.")
    press(room, room.locator("summary", has_text="Give up"))
    press(room, room.get_by_role("button", name="Do it: Give up"))
    expect(heading).to_contain_text("No screen runs this server’s version")
    expect(room.get_by_text(re.compile("Given up"))).to_be_visible()
