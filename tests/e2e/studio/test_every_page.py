"""Every page of the studio, in both languages and themes, from a small phone to a wide desk: no
fault that axe finds, nothing to scroll sideways, no word in the console.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from server.web.access import LANGUAGE_COOKIE
from tests.e2e.studio.every_page import Look, every_page, samples
from tests.e2e.studio.looking import WITHIN_MS, until
from tests.support.studio import Studio

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

AXE = (Path(__file__).parents[2] / "support/vendored/axe.min.js").read_text()
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RUN = """(tags) => axe.run(document, {
    runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
    iframes: false, preload: false,
  }).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) =>
    `${id}: ${node.target.join(" ")} ${node.any.map((one) => one.message).join(" ")}`)))"""
WIDE = """[...document.body.querySelectorAll("*")].filter((one) => {
    const { right, width } = one.getBoundingClientRect();
    return width && right > innerWidth + 1;
  }).slice(0, 3).map((one) => one.outerHTML.slice(0, 90))"""
HEIGHTS = {360: 740, 768: 1024, 1440: 900, 1920: 1080}
LOOKS = (("fr", (("light", 360), ("dark", 1440))), ("en", (("dark", 768), ("light", 1920))))
"""Each page in both languages and both themes, and at each width once."""
TURNED = (("fr", (("light", 1920), ("dark", 768))), ("en", (("dark", 360), ("light", 1440))))
"""The same for every second page."""


@pytest.fixture
def visitor(studio: Studio, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which nothing moves that need not."""
    context = browser.new_context(reduced_motion="reduce", base_url=studio.url)
    yield context
    context.close()


def test_every_page_is_for_everybody(studio: Studio, visitor: BrowserContext) -> None:
    given = samples(studio.ctx)
    looks = every_page(studio.ctx, given)
    visitor.add_cookies(
        [{"name": name, "value": value, "url": studio.url} for name, value in given.cookies.items()]
    )
    page, wrong = visitor.new_page(), []
    page.set_default_timeout(WITHIN_MS)
    said: list[ConsoleMessage] = []
    page.on("console", lambda one: said.append(one) if one.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    for number, look in enumerate(looks):
        for language, views in TURNED if number % 2 else LOOKS:
            visitor.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": studio.url}])
            wrong += [f"{look} {fault}" for fault in _faults(page, look, language, views)]
    wrong += [f"{one.location['url']}: {one.text}" for one in said if not _expected(one, looks)]
    assert not wrong, "\n" + "\n".join(sorted(set(wrong)))


def _faults(page: Page, look: Look, language: str, views: Any) -> Iterator[str]:
    page.set_viewport_size({"width": views[0][1], "height": HEIGHTS[views[0][1]]})
    page.goto(look.path)
    for opener in look.opens:
        page.locator(opener).first.click()
        until(page, "document.querySelector('#menu:not([hidden]) *, #panel *') !== null")
    page.evaluate(AXE)
    for theme, width in views:
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            yield f"{language} {width}: scrolls sideways: {page.evaluate(WIDE)}"
        for fault in page.evaluate(RUN, list(RULES)):
            yield f"{language} {theme} {width}: {fault}"


def _expected(said: ConsoleMessage, looks: list[Look]) -> bool:
    """Chromium itself says so of a page that answers with an error."""
    missing = [look.path for look in looks if look.status >= 400]
    return any(said.location["url"].endswith(path) for path in missing)
