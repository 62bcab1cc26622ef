"""Every page of the studio, in both languages and themes, from a small phone to a wide desk: no
fault that axe finds, nothing to scroll sideways, no word in the console. So too the pages of a
chain in which nothing is yet.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from server.services.base.context import Context
from server.web.access import LANGUAGE_COOKIE
from tests.e2e.studio.every_page import (
    Look,
    bare_pages,
    begun_pages,
    every_page,
    newcomer,
    samples,
)
from tests.e2e.studio.looking import WITHIN_MS, until, web_alone
from tests.support.studio import Studio

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

AXE = (Path(__file__).parents[2] / "support/vendored/axe.min.js").read_text()
SETTLED_MS = 1_500
LOOK_MS = 50
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
FITS = "document.documentElement.scrollWidth <= innerWidth"
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

BARE = {"fr": (("light", 360), ("dark", 1920)), "en": (("dark", 360), ("light", 1920))}
"""Pages on which little stands: each in both languages and themes, as small and as wide as it gets;
what neither language, theme nor width decides is looked at in the first language.
"""


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which nothing moves that need not."""
    context = browser.new_context(reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Context]:
    """The web process alone, of a chain in which nothing is yet."""
    with web_alone(tmp_path) as context:
        yield context


@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_is_for_everybody(
    studio: Studio, visitor: BrowserContext, language: str
) -> None:
    given = samples(studio.ctx)
    looks = every_page(studio.ctx, given)
    views = [LOOKS[language][number % 2] for number in range(len(looks))]
    wrong = _wrong(visitor, studio.url, given.cookies, language, looks, views)
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(PATIENCE_S)
def test_an_empty_chain_is_for_everybody(bare: Context, visitor: BrowserContext) -> None:
    cookies, wrong = newcomer(bare), []
    for pages in (bare_pages, begun_pages):
        looks = pages(bare, cookies)
        for language, views in BARE.items():
            every = [views] * len(looks)
            whole = language == "fr"
            wrong += _wrong(visitor, bare.settings.url, cookies, language, looks, every, whole)
    assert not wrong, "\n".join(wrong)


def _wrong(
    visitor: BrowserContext,
    url: str,
    cookies: Mapping[str, str],
    language: str,
    looks: Sequence[Look],
    views: Sequence[Views],
    whole: bool = True,
) -> list[str]:
    """What is wrong with each page in its views; `whole`: by every rule."""
    cookies = {**cookies, LANGUAGE_COOKIE: language}
    visitor.add_cookies(
        [{"name": name, "value": value, "url": url} for name, value in cookies.items()]
    )
    page, wrong = visitor.new_page(), []
    page.set_default_timeout(WITHIN_MS)
    said: list[ConsoleMessage] = []
    page.on("console", lambda one: said.append(one) if one.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    for look, seen in zip(looks, views, strict=True):
        found = _faults(page, f"{url}{look.path}", look, seen, whole)
        wrong += [f"{look} {fault}" for fault in found]
    wrong += [f"{one.location['url']}: {one.text}" for one in said if not _expected(one, looks)]
    page.close()
    return sorted(set(wrong))


def _faults(page: Page, url: str, look: Look, views: Views, whole: bool) -> Iterator[str]:
    page.set_viewport_size({"width": views[0][1], "height": HEIGHTS[views[0][1]]})
    page.goto(url)
    for opener in look.opens:
        page.locator(opener).first.click()
        until(page, "document.querySelector('#menu:not([hidden]) *, #panel *') !== null")
    if len(look.opens) > 1:
        page.wait_for_load_state("networkidle")
    page.evaluate(AXE)
    for number, (theme, width) in enumerate(views):
        rules = ("tag", list(RULES)) if whole and not number else ("rule", list(LOOKS_ALONE))
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        yield from _beyond(page, width)
        for fault in page.evaluate(RUN, rules):
            yield f"{theme} {width}: {fault}"

    if SMALL not in dict(views).values():
        page.set_viewport_size({"width": SMALL, "height": HEIGHTS[SMALL]})
        yield from _beyond(page, SMALL)


def _beyond(page: Page, width: int) -> Iterator[str]:
    """What is too wide, once a menu that is open had its time to move; asked from outside, since
    the studio's policy forbids eval.
    """
    deadline = time.monotonic() + SETTLED_MS / 1000
    while not page.evaluate(FITS):
        if time.monotonic() > deadline:
            yield f"{width}: scrolls sideways: {page.evaluate(WIDE)}"
            return
        page.wait_for_timeout(LOOK_MS)


def _expected(said: ConsoleMessage, looks: Sequence[Look]) -> bool:
    """Chromium itself says so of a page that answers with an error."""
    missing = [look.path for look in looks if look.status >= 400]
    return any(said.location["url"].endswith(path) for path in missing)
