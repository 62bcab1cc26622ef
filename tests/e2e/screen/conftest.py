"""A server of the screens' wire and pages of Debian's Chromium for each test."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.screen.looking import PAINTED
from tests.e2e.screen.peer import Peer


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A running server."""
    server = Peer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that remembers what its pages keep; every page notes the prices it paints."""
    context = browser.new_context(viewport={"width": 640, "height": 360})
    context.add_init_script(PAINTED)
    yield context
    context.close()


@pytest.fixture
def paired(peer: Peer, profile: BrowserContext) -> Callable[[str], Page]:
    """`paired("s1")`: a page at /screen that became that screen."""

    def become(screen: str) -> Page:
        page = profile.new_page()
        page.goto(f"{peer.url}/screen")
        page.wait_for_function("() => window.enseigne?.state().pairing?.code")
        peer.accept(screen)
        return page

    return become
