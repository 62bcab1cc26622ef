"""A person without a mouse: everything is reached by Tab, chosen by arrows, said by typing."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from playwright.sync_api import Locator, Page

MOST_STOPS = 250
"""Stops on a page before it is clear that one is not among them."""
WHERE = """(one) => {
  const { activeElement: at, body } = document;
  const lost = at === body && globalThis.handWasHere === true;
  globalThis.handWasHere = true;
  return at === one ? "there" : lost ? "nowhere" : "elsewhere";
}"""
"""Where the focus is; once it was on a page it is not to fall off."""


def reach(page: Page, target: Locator) -> None:
    """Go on by Tab until the focus is on `target`. Raises AssertionError where Tab never comes
    there, or where what was pressed before left the focus nowhere.
    """
    target.wait_for()
    where: Literal["there", "elsewhere", "nowhere"] = target.evaluate(WHERE)
    assert where != "nowhere", f"the focus was lost on the way to {target}"
    for _stop in range(MOST_STOPS):
        if where == "there":
            return
        page.keyboard.press("Tab")
        where = target.evaluate(WHERE)
    raise AssertionError(f"Tab does not lead to {target}")


def press(page: Page, target: Locator) -> None:
    """Press a button, or follow a link."""
    reach(page, target)
    page.keyboard.press("Enter")


def write(page: Page, target: Locator, text: str) -> None:
    """Write in a field instead of what stands there."""
    reach(page, target)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def choose(page: Page, target: Locator, label: str) -> None:
    """Choose an option by its first letters."""
    reach(page, target)
    page.keyboard.type(label)
    chosen = "(one) => one.selectedOptions[0].label"
    assert str(target.evaluate(chosen)).startswith(label), target.evaluate(chosen)


def write_time(page: Page, target: Locator, at: datetime) -> None:
    """Write a day and a time, part after part, as an American Chromium asks for them."""
    reach(page, target)
    page.keyboard.type(at.strftime("%m%d%Y"))
    page.keyboard.press("ArrowRight")
    page.keyboard.type(at.strftime("%I%M%p"))
    assert target.input_value() == at.strftime("%Y-%m-%dT%H:%M")


def tick(page: Page, target: Locator) -> None:
    """Tick a box, or take its tick away; a radio is come to by arrows from its neighbour."""
    if target.get_attribute("type") == "radio":
        name = target.get_attribute("name")
        reach(page, page.locator(f"input[type=radio][name='{name}']:checked"))
        for _step in range(MOST_STOPS):
            if target.is_checked():
                return
            page.keyboard.press("ArrowDown")
        raise AssertionError(f"arrows do not lead to {target}")
    reach(page, target)
    page.keyboard.press("Space")
