"""A passkey is added and signs in, in Chromium with a virtual authenticator (WebAuthn over CDP)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from server.services.base.context import Context
from server.services.entry import people
from tests.e2e.studio.keys import press, write
from tests.e2e.studio.looking import calm_page, web_alone

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def ctx(tmp_path: Path) -> Iterator[Context]:
    """The web process alone, on a free port."""
    with web_alone(tmp_path) as context:
        yield context


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser; nothing goes wrong on its pages."""
    with calm_page(browser) as page:
        yield page


def test_a_passkey_is_made_and_comes_in_alone(ctx: Context, page: Page) -> None:
    authenticator = phone(page)
    site = ctx.settings.url.replace("127.0.0.1", "localhost")
    page.goto(site + people.owner_link(ctx).removeprefix(ctx.settings.url))
    press(page, page.get_by_role("button", name="Come in"))
    page.wait_for_url("**/wall")
    page.goto(f"{site}/me")
    write(page, page.get_by_label("Name of the device"), "My phone")
    press(page, page.get_by_role("button", name="Add a passkey"))
    page.wait_for_url("**/me?done=passkey*")
    expect(page.get_by_text("My phone")).to_be_visible()
    press(page, page.get_by_role("button", name="Sign out"))
    page.wait_for_url("**/sign-out")
    page.goto(f"{site}/sign-in?next=/me")
    press(page, page.get_by_role("button", name="Use a passkey"))
    page.wait_for_url("**/me")
    expect(page.get_by_role("button", name="Remove the passkey My phone")).to_be_visible()

    press(page, page.get_by_role("button", name="Sign out"))
    page.wait_for_url("**/sign-out")
    session, made = authenticator
    session.send("WebAuthn.setUserVerified", {"authenticatorId": made, "isUserVerified": False})
    page.goto(f"{site}/sign-in")
    press(page, page.get_by_role("button", name="Use a passkey"))
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not shown.")
    expect(page.get_by_role("button", name="Use a passkey")).to_be_focused()


def phone(page: Page) -> tuple[CDPSession, str]:
    """An authenticator that keeps keys and knows its person; it with its id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": PHONE})
    return session, made["authenticatorId"]
