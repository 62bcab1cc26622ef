"""A studio page shows many screens over one socket, in a real Chromium."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext

from tests.e2e.screen.chain import CHANNEL, STORE, message_card, offer, plan, price_card
from tests.e2e.screen.looking import GLASS
from tests.e2e.screen.peer import HOUR_MS, Peer

pytestmark = pytest.mark.chromium

SCREENS = [f"s{number}" for number in range(14)]
OPEN = """async ([ids, token]) => {
  const { watch } = await import("/page/watch.js");
  document.body.style.cssText = "display:grid;grid-template-columns:repeat(5,1fr);gap:4px;margin:0";
  const hosts = new Map(ids.map((id) => {
    const host = document.createElement("div");
    host.style.aspectRatio = "16 / 9";
    document.body.append(host);
    return [id, host];
  }));
  const apiUrl = `${location.origin}/player/v1`;
  window.watching = watch(hosts, { doorUrl: location.origin, apiUrl, token });
}"""
SHOWN = """Object.values(window.watching.state().screens)
  .filter(({ zones }) => zones.main?.goods[0]?.text === %s).length"""


def test_fourteen_screens_over_one_socket(peer: Peer, profile: BrowserContext) -> None:
    peer.price(CHANNEL, STORE, [offer(8990)])
    shared = plan(peer, {"main": [(price_card(peer.file()), 3600)]})
    for screen in SCREENS:
        peer.head(screen, shared)
    page = profile.new_page()
    page.goto(f"{peer.url}/empty")
    page.evaluate(OPEN, [SCREENS, peer.watch(SCREENS)])
    page.wait_for_function(f"{SHOWN % json.dumps('89,90 €')} === 14")
    assert peer.sockets == 1
    peer.price(CHANNEL, STORE, [offer(7450)])
    page.wait_for_function(f"{SHOWN % json.dumps('74,50 €')} === 14")
    peer.offer(CHANNEL, [offer(6990)], lease_ms=HOUR_MS)
    page.wait_for_function(f"{SHOWN % json.dumps('69,90 €')} === 14")
    peer.head("s3", plan(peer, {"main": [(message_card("Bonjour"), 3600)]}))
    page.wait_for_function("window.watching.state().screens.s3.zones.main.template === 'message'")
    page.wait_for_function(f"({GLASS})().includes('Bonjour')")
    page.evaluate("window.watching.stop()")
    assert page.evaluate("document.querySelectorAll('.zone').length") == 0
    assert peer.sockets == 1
