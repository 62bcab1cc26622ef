"""A browser becomes a screen and shows what the server says, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import BrowserContext, Page

from playlists.signing import SigningKey
from tests.e2e.screen.chain import CHANNEL, STORE, message_card, offer, plan, price_card
from tests.e2e.screen.looking import GLASS, KEPT, glass, in_stage, until, until_painted
from tests.e2e.screen.peer import HOUR_MS, Peer, now_ms

pytestmark = pytest.mark.chromium
SCENES = "document.querySelector('.zone').shadowRoot.querySelectorAll('.scene')"
LATER = """() => {
  const now = performance.now.bind(performance);
  performance.now = () => now() + 25_000;
}"""
FORGET_TIME = "navigator.serviceWorker.controller.postMessage({ what: 'keep time', kept: null })"


def test_it_pairs_paints_a_price_and_changes_it_in_place(
    peer: Peer, paired: Callable[[str], Page]
) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    page = paired("s1")
    until_painted(page, "89,90 €")
    page.wait_for_function(f"() => {SCENES}.length === 1")
    page.evaluate(f"{SCENES}[0].dataset.mine = 'same'")
    peer.price(CHANNEL, STORE, [offer(7450)])
    until_painted(page, "74,50 €")
    peer.offer(CHANNEL, [offer(6990)], lease_ms=HOUR_MS)
    until_painted(page, "69,90 €")
    assert page.evaluate(f"{SCENES}[0].dataset.mine") == "same", "the slot's scene stayed"
    assert "Estran 28" in glass(page)
    assert "69" in glass(page)


@pytest.mark.slow
def test_a_forged_offer_is_ignored(peer: Peer, paired: Callable[[str], Page]) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    page = paired("s1")
    until_painted(page, "89,90 €")
    peer.offer(CHANNEL, [offer(100)], key=SigningKey.generate())
    page.wait_for_function(
        "() => window.enseigne.faults().some(({ text }) => text.includes('key'))"
    )
    peer.price(CHANNEL, STORE, [offer(7450)])
    until_painted(page, "74,50 €")
    assert "1,00 €" not in [price["text"] for price in page.evaluate("window.painted")]


@pytest.mark.slow
def test_a_lease_that_ends_leaves_the_good_without_its_price(
    peer: Peer, paired: Callable[[str], Page]
) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    page = paired("s1")
    until_painted(page, "89,90 €")
    peer.freshness(STORE, lease_ms=3_000)
    until(page, "state.zones.main.because.some((why) => why.startsWith('lease_over'))")
    page.wait_for_function(f"() => ({GLASS})().includes('Prix indiqué en rayon')")
    assert "89" not in glass(page)
    peer.freshness(STORE)
    until(page, "state.zones.main.goods[0].text === '89,90 €'")


@pytest.mark.slow
def test_without_a_network_a_reload_plays_on_and_keeps_its_prices(
    peer: Peer, paired: Callable[[str], Page]
) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    page = paired("s1")
    until_painted(page, "89,90 €")
    page.wait_for_function(KEPT)
    peer.stop()
    page.reload()
    until_painted(page, "89,90 €")
    assert page.evaluate(in_stage("shadow.querySelector('img').naturalWidth")) > 0
    peer.start()
    peer.price(CHANNEL, STORE, [offer(7450)])
    until_painted(page, "74,50 €")


@pytest.mark.slow
def test_without_network_nor_trusted_time_it_plays_on_without_prices(
    peer: Peer, paired: Callable[[str], Page]
) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    page = paired("s1")
    until_painted(page, "89,90 €")
    page.wait_for_function(KEPT)
    page.evaluate(FORGET_TIME)
    peer.stop()
    page.reload()
    until(page, "state.zones.main.because.includes('no_time')")
    page.wait_for_function(f"() => ({GLASS})().includes('Prix indiqué en rayon')")
    assert page.evaluate("window.painted") == []


@pytest.mark.slow
def test_a_slot_whose_picture_is_missing_shows_its_fallback_and_the_loop_goes_on(
    peer: Peer, paired: Callable[[str], Page]
) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    loop = [(price_card("0" * 64), 2, message_card("Bientôt")), (message_card("Bonjour"), 2)]
    peer.head("s1", plan(peer, {"main": loop}))
    page = paired("s1")
    missing = "state.zones.main.because[0]?.startsWith('asset_missing')"
    until(page, f"state.zones.main.variant === 'fallback' && {missing}")
    until(page, "state.zones.main.variant === 'planned'")
    page.wait_for_function(f"() => ({GLASS})().includes('Bonjour')")


@pytest.mark.slow
def test_two_zones_play_side_by_side(peer: Peer, paired: Callable[[str], Page]) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    layout = [["main", 0, 0, 7_000, 10_000, 0], ["side", 7_000, 0, 3_000, 10_000, 1]]
    zones = {"main": [(price_card(peer.file()), 3600)], "side": [(message_card("Caisse 3"), 3600)]}
    peer.head("s1", plan(peer, zones, layout))
    page = paired("s1")
    until_painted(page, "89,90 €")
    places = "[...document.querySelectorAll('.zone')].map((it) => it.getBoundingClientRect().x)"
    assert [round(x) for x in page.evaluate(places)] == [0, 448]
    assert "Caisse 3" in glass(page)


@pytest.mark.slow
def test_what_was_played_reaches_the_server_once_as_a_chain(
    peer: Peer, paired: Callable[[str], Page]
) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 2)]}))
    page = paired("s1")
    until_painted(page, "89,90 €")
    for price, text in ((7450, "74,50 €"), (6990, "69,90 €")):
        peer.price(CHANNEL, STORE, [offer(price)])
        until_painted(page, text)
    page.reload()
    page.wait_for_function("() => window.enseigne?.state().zones.main?.card")
    deadline = now_ms() + 12_000
    while not any(run.play.offers.get(CHANNEL) == 3 for run in peer.runs):
        assert now_ms() < deadline, (peer.runs, page.evaluate("window.enseigne.faults()"))
        page.wait_for_timeout(20)
    assert [run.seq for run in peer.runs] == list(range(1, len(peer.runs) + 1))
    planned = [run.play for run in peer.runs if run.play.offers and not run.play.because]
    assert [play.offers[CHANNEL] for play in planned] == [1, 2, 3]
    for before, after in pairwise(planned):
        assert before.until_ms == after.from_ms


@pytest.mark.slow
def test_with_a_dead_door_it_converges_over_http(peer: Peer, paired: Callable[[str], Page]) -> None:
    peer.door_open = False
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    page = paired("s1")
    until_painted(page, "89,90 €")
    assert peer.sockets == 0


@pytest.mark.slow
def test_a_removed_screen_plays_on_until_that_is_certain_then_shows_a_code(
    peer: Peer, paired: Callable[[str], Page]
) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    page = paired("s1")
    until_painted(page, "89,90 €")
    del peer.devices["s1"]
    peer.push("refused", {"code": "unknown_screen", "message": "gone"})
    page.wait_for_function("() => enseigne.faults().some(({ text }) => text.includes('401 unkn'))")
    assert page.evaluate("enseigne.state().zones.main.goods[0].text") == "89,90 €"
    with page.expect_navigation():
        page.evaluate(LATER)
    page.wait_for_function("() => window.enseigne?.state().pairing?.code")
    peer.runs.clear()
    peer.accept("s1")
    until_painted(page, "89,90 €")


@pytest.mark.slow
def test_a_newer_page_is_taken_up_once_at_the_slots_end(
    peer: Peer, paired: Callable[[str], Page]
) -> None:
    peer.head("s1", plan(peer, {"main": [(message_card("Bonjour"), 3600)]}))
    page = paired("s1")
    until(page, "state.zones.main.card")
    peer.version = "2"
    reloads = """async () => {
      const { watchVersion } = await import("/page/engine/version.js");
      window.reloads = [];
      const reload = () => window.reloads.push(performance.now());
      const begun = performance.now();
      watchVersion({ endsIn: () => 300, reload, lookEveryMs: 20 });
      watchVersion({ endsIn: () => 300, reload, lookEveryMs: 1_200 });
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      return window.reloads.map((at) => at - begun >= 300);
    }"""
    assert page.evaluate(reloads) == [True], "after the slot, and not again for the same version"
    page.evaluate("navigator.serviceWorker.ready.then(() => localStorage.clear())")
    page.reload()
    page.wait_for_function("() => window.enseigne")
    assert page.evaluate("document.querySelector('meta[name=enseigne-page]').content") == "2"


@pytest.mark.slow
def test_a_second_tab_waits_for_the_first_to_close(
    peer: Peer, paired: Callable[[str], Page]
) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    first = paired("s1")
    until_painted(first, "89,90 €")
    second = first.context.new_page()
    second.goto(f"{peer.url}/screen")
    second.wait_for_function(
        "() => document.querySelector('.note')?.textContent.includes('onglet')"
    )
    first.close()
    until_painted(second, "89,90 €")


PLAIN = """
Object.defineProperty(crypto, "subtle", { value: undefined });
Object.defineProperty(navigator, "locks", { value: undefined });
Object.defineProperty(navigator, "serviceWorker", { value: undefined });
Object.defineProperty(window, "caches", { value: undefined });
Object.defineProperty(window, "isSecureContext", { value: false });
"""
"""What a page over plain HTTP to another machine lacks."""


@pytest.mark.slow
def test_over_plain_http_it_is_a_screen_too(
    peer: Peer, profile: BrowserContext, paired: Callable[[str], Page]
) -> None:
    profile.add_init_script(PLAIN)
    peer.price(CHANNEL, STORE, [offer(8990)])
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    page = paired("s1")
    until_painted(page, "89,90 €")
    peer.offer(CHANNEL, [offer(100)], key=SigningKey.generate())
    peer.price(CHANNEL, STORE, [offer(7450)])
    until_painted(page, "74,50 €")
    page.reload()
    until_painted(page, "74,50 €")


@pytest.mark.slow
def test_a_browser_that_keeps_nothing_says_what_to_do(peer: Peer, profile: BrowserContext) -> None:
    profile.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    page = profile.new_page()
    page.goto(f"{peer.url}/screen")
    page.wait_for_function("() => document.querySelector('.note')?.textContent.includes('privée')")
    assert page.evaluate("window.enseigne.state().zones.main.template") == "slate"
