"""A server of the working tree and a page of Debian's Chromium for each test of the stage."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.stage.looking import LANDSCAPE, ROOT, RepositoryPages, open_empty


@pytest.fixture(scope="session")
def base() -> Iterator[str]:
    """The address of the working tree."""
    handler = partial(RepositoryPages, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def page(browser: Browser, base: str) -> Iterator[Page]:
    """An empty page with `stageIn(box)` and the gallery's samples; console errors fail the test."""
    tab = browser.new_page(viewport=LANDSCAPE)
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    open_empty(tab, base)
    yield tab
    tab.close()
    assert errors == []
