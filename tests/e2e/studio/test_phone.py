"""A manager's hand from a phone, by thumb and by keys: held until other pixels are on a live
screen, ended by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from server.db.models import ActorRow
from server.services.base.actors import SYSTEM
from server.services.entry import sessions, tokens
from server.services.wishes import overrides
from tests.e2e.studio import keys
from tests.e2e.studio.looking import GLASS, WITHIN_MS, until
from tests.support.studio import Studio

pytestmark = [pytest.mark.chromium, pytest.mark.journey]

ENDS_IN_MS = 2_500
TENTS = "vieux-port-tents"
KEPT = "globalThis.keptHere"


@dataclass(frozen=True)
class Hand:
    """How a person presses, writes and ticks."""

    press: Callable[[Page, Locator], None]
    write: Callable[[Page, Locator, str], None]
    tick: Callable[[Page, Locator], None]


KEYS = Hand(keys.press, keys.write, keys.tick)
THUMB = Hand(
    lambda _page, target: target.tap(),
    lambda _page, target, text: target.fill(text),
    lambda _page, target: target.tap(),
)


@pytest.fixture
def phone(studio: Studio, browser: Browser) -> Iterator[Page]:
    """Vieux-Port's manager on a small phone; nothing goes wrong on the page."""
    ctx = studio.ctx
    row = ActorRow(
        id="ines",
        name="Inès Benali",
        scopes=["read", "override"],
        stores=["vieux-port"],
        created_at=ctx.clock(),
    )
    with ctx.db.write() as session:
        session.merge(row)
        session.flush()
        came = tokens.begin(session, tokens.actor(session, "ines"), ctx.clock())
    context = browser.new_context(
        locale="fr-FR", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    secret = sessions.seal(ctx, came.secret)
    context.add_cookies([{"name": sessions.COOKIE, "value": secret, "url": studio.url}])
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.set_default_timeout(WITHIN_MS)
    page.goto(f"{studio.url}/store")
    yield page
    context.close()
    assert not [one for one in faults if "ERR_INTERNET_DISCONNECTED" not in one]


def fits(page: Page) -> bool:
    """Whether the page never scrolls sideways, and whatever is tapped is large enough."""
    return bool(
        page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth
              && [...document.querySelectorAll(".under button, .under .act, .sheet button")]
                .every((one) => one.offsetHeight >= 52)"""
        )
    )


def end_soon(studio: Studio) -> None:
    """Bring the end of what is held near: what comes then comes without another word."""
    held = overrides.list_overrides(studio.ctx, SYSTEM, store="vieux-port").items[0].value
    soon = replace(held, until_ms=studio.ctx.clock() + ENDS_IN_MS)
    overrides.update_override(studio.ctx, SYSTEM, soon)


def say_on_tents(phone: Page, hand: Hand) -> None:
    """A message on one of the four screens."""
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Les 4 écrans suivent le plan.")
    assert fits(phone)
    hand.press(phone, phone.get_by_role("link", name="Message"))
    expect(phone.get_by_role("dialog")).to_contain_text("Ni prix ni remise")
    assert fits(phone)
    hand.write(phone, phone.get_by_label("En grand"), "Atelier au fond")
    hand.press(phone, phone.locator(".how summary"))
    for name in ("Vitrine", "Entrée", "Caisses"):
        hand.tick(phone, phone.get_by_role("checkbox", name=name))
    phone.get_by_text("Sur Tentes, jusqu’à").wait_for()
    hand.press(phone, phone.get_by_role("button", name="Montrer le message"))
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Un est tenu à la main.")
    assert fits(phone)


def test_a_message_is_on_the_screen_and_leaves_by_itself(phone: Page, studio: Studio) -> None:
    until(phone, f"({GLASS})('{TENTS}') !== ''")
    say_on_tents(phone, KEYS)
    until(phone, f"({GLASS})('{TENTS}').includes('Atelier')")
    expect(phone.get_by_text("Tentes, Atelier au fond")).to_be_visible()
    keys.reach(phone, phone.get_by_role("button", name="Terminer"))
    end_soon(studio)
    until(phone, f"({GLASS})('{TENTS}') && !({GLASS})('{TENTS}').includes('Atelier')")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Les 4 écrans suivent le plan.")
    expect(phone.locator("#main")).to_be_focused()


def test_one_tap_ends_it_and_a_sheet_closes_where_it_was_opened(phone: Page) -> None:
    say_on_tents(phone, THUMB)
    phone.get_by_role("button", name="Terminer").tap()
    expect(phone.get_by_role("button", name="Annuler")).to_be_visible()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Les 4 écrans suivent le plan.")
    for opener in ("On n’en a plus", "Message"):
        keys.press(phone, phone.get_by_role("link", name=opener))
        expect(phone.get_by_role("dialog").get_by_role("heading", level=1)).to_be_focused()
        phone.keyboard.press("Escape")
        expect(phone.get_by_role("link", name=opener)).to_be_focused()


def test_without_a_network_the_page_opens_as_it_stood_and_claims_nothing(
    phone: Page, studio: Studio
) -> None:
    until(phone, "navigator.serviceWorker.controller !== null")
    phone.reload()
    until(
        phone, f"caches.match('/store/vieux-port').then((kept) => {{ {KEPT} = !!kept; }}), {KEPT}"
    )
    phone.context.set_offline(True)
    phone.goto(f"{studio.url}/store")
    expect(phone.get_by_role("heading", level=1)).to_contain_text("écrans suivent le plan.")
    expect(phone.get_by_text("Pas de réseau. Voici l’état de")).to_be_visible()
    phone.get_by_role("link", name="Message").click()
    expect(phone.get_by_text("Cette page n’a pas encore été ouverte ici")).to_be_visible()
    phone.goto(f"{studio.url}/store/vieux-port")
    sent = "const form = document.querySelector('form[action=\"/language\"]');"
    phone.evaluate(f"() => {{ {sent} form.action = '/store/vieux-port/out'; form.submit(); }}")
    expect(phone.get_by_text("Personne ne peut encore dire si c’est fait.")).to_be_visible()
    phone.context.set_offline(False)
    phone.get_by_role("link", name="Voir mes écrans").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("écrans suivent le plan.")
    expect(phone.locator("[data-kept-line]")).to_be_hidden()
    expect(phone.locator("[data-offline]")).to_be_hidden()
    assert overrides.list_overrides(studio.ctx, SYSTEM, store="vieux-port").items == ()
