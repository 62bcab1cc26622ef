"""A running studio, and the owner in it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.studio.looking import WITHIN_MS
from tests.support.studio import Studio, running_studio


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """A running studio; a bus's socket needs a short path."""
    with (
        tempfile.TemporaryDirectory(prefix="ens-studio-") as folder,
        running_studio(Path(folder)) as running,
    ):
        yield running


@pytest.fixture
def owner(studio: Studio, browser: Browser) -> Iterator[Page]:
    """The owner before the wall, come in through the link; nothing goes wrong on the page."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.set_default_timeout(WITHIN_MS)
    page.goto(studio.link())
    page.get_by_role("button", name="Come in").press("Enter")
    page.wait_for_url("**/wall")
    yield page
    context.close()
    assert not faults
