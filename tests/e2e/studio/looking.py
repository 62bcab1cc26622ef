"""What every journey through the studio looks at."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from server.app import build_context, create_app, prepare
from server.config import Settings
from server.services.base.context import Context
from tests.support.programs import free_port

DESK = {"width": 1440, "height": 900}
"""Pixels."""
WITHIN_MS = 20_000
LOOK_MS = 50
GLASS = """(id) => [...document.querySelector(`[data-screen="${id}"]`).querySelectorAll("*")]
  .flatMap((zone) => [...(zone.shadowRoot?.querySelectorAll(".words") ?? [])])
  .map((words) => words.innerText).join("|")"""
"""The words on a screen that the page draws."""


@contextmanager
def web_alone(folder: Path) -> Iterator[Context]:
    """The web process alone, on a free port."""
    settings = Settings(data_dir=folder, port=free_port(), _env_file=None)  # type: ignore[call-arg]
    prepare(settings, say=None)
    context = build_context(settings)
    server = make_server("127.0.0.1", settings.port, create_app(context), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield context
    server.shutdown()
    context.db.close()


@contextmanager
def calm_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page in a browser of its own; nothing goes wrong on it. `options` are the browser's."""
    visit = browser.new_context(locale="en-GB", **options)
    page = visit.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_default_timeout(WITHIN_MS)
    yield page
    visit.close()
    assert not faults


def until(page: Page, expression: str) -> None:
    """Wait until an expression is true, asked from outside: the studio's policy forbids eval."""
    deadline = time.monotonic() + WITHIN_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(LOOK_MS)
