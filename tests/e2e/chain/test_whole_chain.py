"""From the shop's till to the glass and back, with every process real: what must never go wrong."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, TimeoutError

from server.demo.goods import BY_SLUG
from server.demo.screens import AGENT_SCREEN, BROWSER_SCREEN
from server.services.base.actors import SYSTEM
from server.services.screens import pairing
from tests.e2e.chain.running import DRY_GOODS, TURN_MS, Chain, running_chain, until
from tests.e2e.screen.looking import PAINTED, glass

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

SKU = BY_SLUG[DRY_GOODS].sku
FIRST = BY_SLUG[DRY_GOODS].price_minor
PAINT_MS = 50_000
"""Longer than the 45 s after which a screen asks by itself, should a push be lost."""
TURNS = """
window.turns = [];
setInterval(() => {
  const main = window.enseigne?.state().zones.main;
  if (!main) return;
  const { template, since, until } = main;
  const last = window.turns.at(-1);
  if (last?.since !== since || last?.template !== template) {
    window.turns.push({ template, since, until });
  }
}, 50);
"""
"""Every turn that the page says it shows, as it comes on."""


@pytest.fixture
def chain() -> Iterator[Chain]:
    folder = Path(tempfile.mkdtemp(prefix="ens-"))
    try:
        with running_chain(folder) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def screens(chain: Chain, browser: Browser) -> Iterator[tuple[Page, Page]]:
    """A screen that is a browser, and one behind the player."""
    pages = []
    for url in (f"{chain.url}/screen", chain.player_url):
        context = browser.new_context(viewport={"width": 640, "height": 360})
        context.add_init_script(PAINTED + TURNS)
        page = context.new_page()
        page.goto(url)
        pages.append(page)
    code = pages[0].wait_for_function("() => window.enseigne?.state().pairing?.code").json_value()
    pairing.claim(chain.ctx, SYSTEM, code=code, screen_id=BROWSER_SCREEN)
    yield pages[0], pages[1]
    for page in pages:
        page.context.close()


def test_what_happens_in_a_shop_reaches_the_glass_whatever_breaks(
    chain: Chain, screens: tuple[Page, Page]
) -> None:
    painted(screens, FIRST)
    until(lambda: chain.connected(AGENT_SCREEN, BROWSER_SCREEN), "both screens at the door")
    a_price_change_is_painted_on_both(chain, screens)
    rain_takes_over_where_a_slot_ends(chain, screens)
    zero_prices_leave_the_goods_without_price(chain, screens)
    a_killed_worker_is_followed_by_another(chain, screens)
    cut_off_it_plays_on(chain, screens)


def a_price_change_is_painted_on_both(chain: Chain, screens: Sequence[Page]) -> None:
    chain.price(SKU, FIRST - 111)
    painted(screens, FIRST - 111)


def rain_takes_over_where_a_slot_ends(chain: Chain, screens: Sequence[Page]) -> None:
    chain.rain(4)
    for page in screens:
        until_turn(page, "trio")
        turns = page.evaluate("window.turns")
        at = next(n for n, turn in enumerate(turns) if turn["template"] == "trio")
        before, rain = turns[at - 1], turns[at]
        assert before["template"] == "price"
        assert before["until"] == rain["since"]
        assert (rain["since"] - before["since"]) % TURN_MS == 0
        until(lambda page=page: euros(FIRST - 111) in plain(glass(page)), "its price in the rain")


def zero_prices_leave_the_goods_without_price(chain: Chain, screens: Sequence[Page]) -> None:
    chain.act("shop_url", "break", mode="zero")
    for page in screens:
        until(lambda page=page: "€" not in glass(page), "the prices to leave the glass")
        assert BY_SLUG[DRY_GOODS].name in glass(page)
        turn = page.evaluate("window.enseigne.state().zones.main.template")
        assert turn == "trio"
    chain.act("shop_url", "break", mode="none")
    for page in screens:
        until(lambda page=page: "€" in glass(page), "the prices to come back")


def a_killed_worker_is_followed_by_another(chain: Chain, screens: Sequence[Page]) -> None:
    chain.kill("worker")
    chain.price(SKU, FIRST - 222)
    chain.start("worker")
    painted(screens, FIRST - 222)


def cut_off_it_plays_on(chain: Chain, screens: Sequence[Page]) -> None:
    chain.stop("door", "web")
    seen = [page.evaluate("window.enseigne.state().zones.main.since") for page in screens]
    for page, since in zip(screens, seen, strict=True):
        later = since + 2 * TURN_MS
        _wait(page, f"() => window.enseigne.state().zones.main.since >= {later}")
        assert page.evaluate("window.enseigne.state().zones.main.template") == "trio"
        assert euros(FIRST - 222) in plain(glass(page))
        assert not [price for price in page.evaluate("window.painted") if is_zero(price)]


def painted(screens: Sequence[Page], cents: int) -> None:
    """Wait until the good's price is seen on all of these."""
    same = f"sku === {json.dumps(SKU)} && text.replace(/\\s/g, '') === {json.dumps(euros(cents))}"
    for page in screens:
        _wait(page, f"() => window.painted.some(({{ sku, text }}) => {same})")


def until_turn(page: Page, template: str) -> None:
    """Wait until a card of this kind has come on."""
    _wait(page, f"() => window.turns.some((turn) => turn.template === {json.dumps(template)})")


def _wait(page: Page, expression: str) -> None:
    try:
        page.wait_for_function(expression, timeout=PAINT_MS)
    except TimeoutError:
        account = "[window.enseigne?.state(), window.painted, window.enseigne?.faults()]"
        raise AssertionError(f"{expression}\n{page.url}: {page.evaluate(account)}") from None


def euros(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02d}€" if cents % 100 else f"{cents // 100}€"


def plain(words: str) -> str:
    return "".join(words.split())


def is_zero(price: dict[str, Any]) -> bool:
    return not any(digit in "123456789" for digit in price["text"])
