"""Every page of the studio, in both languages and themes, from a small phone to a wide desk: no
fault that axe finds, nothing to scroll sideways, no word in the console.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from server.web.access import LANGUAGE_COOKIE
from tests.e2e.studio.every_page import Look, every_page, samples
from tests.e2e.studio.looking import WITHIN_MS, until
from tests.support.studio import Studio

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

AXE = (Path(__file__).parents[2] / "support/vendored/axe.min.js").read_text()
SETTLED_MS = 1_500
PATIENCE_S = 300
"""For some sixty pages, beside others on a busy machine."""
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
LOOKS_ALONE = ("color-contrast", "target-size", "scrollable-region-focusable", "link-name", "label")
"""Rules of which theme or width may decide: enough for a page that was looked at whole before."""
# Drawn screens are pictures, hidden from readers; while one is drawn its sky is still dark.
RUN = """([type, values]) => axe.run({ exclude: [".glass"] }, {
    runOnly: { type, values }, resultTypes: ["violations"],
    iframes: false, preload: false,
  }).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) =>
    `${id}: ${node.target.join(" ")} ${node.any.map((one) => one.message).join(" ")}`)))"""
WIDE = """[...document.body.querySelectorAll("*")].filter((one) => {
    const { right, width } = one.getBoundingClientRect();
    return width && right > innerWidth + 1 && !one.closest(".mast nav"); // its row slides
  }).slice(0, 3).map((one) => one.outerHTML.slice(0, 90))"""
Views = tuple[tuple[str, int], ...]
SMALL = 360
HEIGHTS = {SMALL: 740, 768: 1024, 1440: 900, 1920: 1080}
LOOKS = {
    "fr": ((("light", 360), ("dark", 1440)), (("light", 1920), ("dark", 768))),
    "en": ((("dark", 768), ("light", 1920)), (("dark", 360), ("light", 1440))),
}
"""Each page in both languages and both themes, and at each width once; every second page has the
second looks of a language.
"""


@pytest.fixture
def visitor(studio: Studio, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which nothing moves that need not."""
    context = browser.new_context(reduced_motion="reduce", base_url=studio.url)
    yield context
    context.close()


@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_is_for_everybody(
    studio: Studio, visitor: BrowserContext, language: str
) -> None:
    given = samples(studio.ctx)
    looks = every_page(studio.ctx, given)
    cookies = {**given.cookies, LANGUAGE_COOKIE: language}
    visitor.add_cookies(
        [{"name": name, "value": value, "url": studio.url} for name, value in cookies.items()]
    )
    page, wrong = visitor.new_page(), []
    page.set_default_timeout(WITHIN_MS)
    said: list[ConsoleMessage] = []
    page.on("console", lambda one: said.append(one) if one.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    for number, look in enumerate(looks):
        views = LOOKS[language][number % 2]
        wrong += [f"{look} {fault}" for fault in _faults(page, look, views)]
    wrong += [f"{one.location['url']}: {one.text}" for one in said if not _expected(one, looks)]
    assert not wrong, "\n" + "\n".join(sorted(set(wrong)))


def _faults(page: Page, look: Look, views: Views) -> Iterator[str]:
    page.set_viewport_size({"width": views[0][1], "height": HEIGHTS[views[0][1]]})
    page.goto(look.path)
    for opener in look.opens:
        page.locator(opener).first.click()
        until(page, "document.querySelector('#menu:not([hidden]) *, #panel *') !== null")
    page.evaluate(AXE)
    for number, (theme, width) in enumerate(views):
        rules = ("rule", list(LOOKS_ALONE)) if number else ("tag", list(RULES))
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        yield from _beyond(page, width)
        for fault in page.evaluate(RUN, rules):
            yield f"{theme} {width}: {fault}"

    page.set_viewport_size({"width": SMALL, "height": HEIGHTS[SMALL]})
    yield from _beyond(page, SMALL)


def _beyond(page: Page, width: int) -> Iterator[str]:
    """What is too wide, once a menu that is open had its time to move."""
    try:
        page.wait_for_function(
            "document.documentElement.scrollWidth <= innerWidth", timeout=SETTLED_MS
        )
    except PlaywrightTimeout:
        yield f"{width}: scrolls sideways: {page.evaluate(WIDE)}"


def _expected(said: ConsoleMessage, looks: list[Look]) -> bool:
    """Chromium itself says so of a page that answers with an error."""
    missing = [look.path for look in looks if look.status >= 400]
    return any(said.location["url"].endswith(path) for path in missing)
