"""Two people write one playlist at once, each in a browser with the keyboard alone: both edits
stand without a reload, what one takes away under the other's hand is said in a sentence, nothing
that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from server.db.models import ActorRow
from server.services.base.actors import SYSTEM
from server.services.drafting import drafts
from server.services.entry import sessions, tokens
from tests.e2e.studio.keys import press, write
from tests.e2e.studio.looking import DESK, WITHIN_MS, calm_page
from tests.support.studio import Studio

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

PLAYLIST = "sale"
THIRD = 2


@pytest.fixture
def claire(studio: Studio, browser: Browser) -> Iterator[Page]:
    """A colleague from marketing in a browser of her own; nothing goes wrong on her page."""
    ctx = studio.ctx
    row = ActorRow(id="claire", name="Claire", scopes=["read", "content"], created_at=ctx.clock())
    with ctx.db.write() as session:
        session.add(row)
        session.flush()
        entered = tokens.begin(session, tokens.actor(session, "claire"), ctx.clock())
    word = sessions.seal(ctx, entered.secret)
    with calm_page(browser, viewport=DESK) as page:
        page.context.add_cookies([{"name": sessions.COOKIE, "value": word, "url": studio.url}])
        yield page


def choose(page: Page, number: int) -> None:
    """Open a turn beside the sequence, by its place."""
    row = page.locator("#turns > li").nth(number)
    press(page, row.locator("h3 [data-open]"))
    named = page.locator(f"[data-of-item='{row.get_attribute('data-item')}'] #f-title")
    expect(named).to_be_focused()


def title(page: Page, said: str) -> None:
    """Type a turn's title without leaving the field."""
    write(page, page.locator("#f-title"), said)


def stands(page: Page, number: int, said: str) -> None:
    """The page shows this title, sooner or later."""
    named = page.locator("#turns > li").nth(number).locator("h3 bdi")
    expect(named).to_have_text(said, timeout=WITHIN_MS)


def test_two_editors_at_once(owner: Page, claire: Page, studio: Studio) -> None:
    for page in (owner, claire):
        page.goto(f"{studio.url}/playlists/{PLAYLIST}?store=lille")
    choose(owner, 0)
    choose(claire, 1)
    title(owner, "Sac rose")
    title(claire, "Tente verte 😀 שלום <b>x</b>")
    owner.keyboard.press("Tab")
    claire.keyboard.press("Tab")
    for page in (owner, claire):
        stands(page, 0, "Sac rose")
        stands(page, 1, "Tente verte 😀 שלום <b>x</b>")
    expect(owner.locator("#last")).to_contain_text("Claire changed")

    for page in (owner, claire):
        choose(page, 0)
        title(page, f"Sac de {'Claire' if page is claire else 'la patronne'}")
    owner.keyboard.press("Tab")
    stands(claire, 0, "Sac de la patronne")
    claire.keyboard.press("Tab")
    refusal = claire.locator(".line .wrong:visible")
    expect(refusal).to_contain_text("Your text is still here")
    expect(refusal.locator("q")).to_have_text("Sac de la patronne")
    expect(claire.locator("#f-title")).to_have_value("Sac de Claire")
    press(claire, refusal.get_by_role("button", name="Keep mine"))
    for page in (owner, claire):
        stands(page, 0, "Sac de Claire")

    choose(claire, THIRD)
    title(claire, "Ce que j’écris")
    turns = owner.locator("#turns > li")
    before = turns.count()
    choose(owner, THIRD)
    press(owner, owner.locator("[data-remove]"))
    expect(turns).to_have_count(before - 1)
    expect(claire.locator("#turns > li")).to_have_count(before - 1, timeout=WITHIN_MS)
    expect(claire.locator("#refusal")).to_contain_text("What you typed is still here.")
    claire.keyboard.press("Tab")
    expect(claire.locator(".line .wrong:visible")).to_contain_text("Someone took this away")
    expect(claire.locator("#f-title")).to_have_value("Ce que j’écris")

    expect(turns.first.locator("h3 [data-open]")).to_be_focused()
    owner.keyboard.press("Control+Z")
    expect(claire.locator("#turns > li")).to_have_count(before, timeout=WITHIN_MS)
    title(claire, "Ce que j’écris, encore")
    claire.keyboard.press("Tab")
    stands(owner, THIRD, "Ce que j’écris, encore")
    body = drafts.read(studio.ctx, SYSTEM, "playlist", PLAYLIST).body
    assert [one.get("title") for one in body["items"][:3]] == [
        "Sac de Claire",
        "Tente verte 😀 שלום <b>x</b>",
        "Ce que j’écris, encore",
    ]
