"""When a page first shows something: first contentful paint in headless Chromium."""

from __future__ import annotations

import statistics

from playwright.sync_api import Page, sync_playwright

from tests.support.programs import CHROMIUM_FLAGS, need

PAINT = """() => new Promise((painted) => {
  const take = () => {
    const [entry] = performance.getEntriesByName("first-contentful-paint");
    if (entry) painted(entry.startTime);
    else setTimeout(take, 10);
  };
  take();
})"""
PATIENCE_MS = 30_000


class Browser:
    """A browser with a session; its files stay cached, as a person's do."""

    def __init__(self, url: str, cookie: tuple[str, str]) -> None:
        self._url = url
        self._driver = sync_playwright().start()
        self._browser = self._driver.chromium.launch(
            executable_path=need("chromium"), args=list(CHROMIUM_FLAGS)
        )
        context = self._browser.new_context(viewport={"width": 1440, "height": 900})
        name, value = cookie
        context.add_cookies([{"name": name, "value": value, "url": url}])
        context.set_default_timeout(PATIENCE_MS)
        self._context = context

    def first_paint_ms(self, path: str, times: int) -> float:
        """The median over so many loads, each in a fresh page."""
        return statistics.median(self._once(path) for _ in range(times))

    def page(self) -> Page:
        """A new page of this browser."""
        return self._context.new_page()

    def close(self) -> None:
        """Let go of it."""
        self._browser.close()
        self._driver.stop()

    def _once(self, path: str) -> float:
        page = self.page()
        try:
            page.goto(self._url + path, wait_until="commit")
            return float(page.evaluate(PAINT))
        finally:
            page.close()
