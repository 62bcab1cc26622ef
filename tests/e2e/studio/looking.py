"""What every journey through the studio looks at."""

from __future__ import annotations

import time

from playwright.sync_api import Page

WITHIN_MS = 20_000
LOOK_MS = 50
GLASS = """(id) => [...document.querySelector(`[data-screen="${id}"]`).querySelectorAll("*")]
  .flatMap((zone) => [...(zone.shadowRoot?.querySelectorAll(".words") ?? [])])
  .map((words) => words.innerText).join("|")"""
"""The words on a screen that the page draws."""


def until(page: Page, expression: str) -> None:
    """Wait until an expression is true, asked from outside: the studio's policy forbids eval."""
    deadline = time.monotonic() + WITHIN_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(LOOK_MS)
