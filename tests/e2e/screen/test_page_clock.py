"""A browser whose wall clock is a year off plays by the server's time."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from tests.e2e.screen.chain import CHANNEL, STORE, message_card, offer, plan, price_card
from tests.e2e.screen.looking import until, until_painted
from tests.e2e.screen.peer import Peer, now_ms

pytestmark = pytest.mark.chromium
YEAR_MS = 365 * 86_400_000
WRONG = """
const now = Date.now, begun = performance.timeOrigin;
Date.now = () => now() + %d;
Object.defineProperty(Performance.prototype, "timeOrigin", { get: () => begun + %d });
"""
TURN_MS = 2_000


@pytest.mark.parametrize("off_ms", [-YEAR_MS, YEAR_MS])
def test_a_clock_a_year_off_changes_nothing_once_connected(
    peer: Peer, profile: BrowserContext, off_ms: int
) -> None:
    profile.add_init_script(WRONG % (off_ms, off_ms))
    peer.price(CHANNEL, STORE, [offer(8990)])
    loop = [(price_card(peer.file()), TURN_MS // 1_000), (message_card("Bonjour"), 600)]
    peer.head("s1", plan(peer, {"main": loop}))
    page = profile.new_page()
    page.goto(f"{peer.url}/screen")
    page.wait_for_function("() => window.enseigne?.state().pairing?.code")
    assert abs(page.evaluate("Date.now()") - off_ms - now_ms()) < YEAR_MS // 365
    peer.accept("s1")
    since = int(until(page, "state.zones.main.template === 'message' && state.zones.main.since"))
    assert since <= now_ms() < since + 600_000
    peer.head("s1", plan(peer, {"main": [(price_card(peer.file()), 3600)]}))
    until_painted(page, "89,90 €")
    assert until(page, "state.zones.main.because.length === 0")


SERVED = """async () => {
  const { monotonic, ServedClock } = await import("/page/engine/clock.js");
  const clock = new ServedClock();
  const told = [];
  const tell = (now, uncertainty, tookMs) => {
    const at = monotonic();
    clock.told(at + now, uncertainty, at - tookMs, at);
    const seen = clock.now();
    told.push([seen.ms - monotonic(), seen.uncertaintyMs]);
  };
  tell(1_000, 2, 20);
  tell(1_000, 2, 600);
  tell(800, 2, 4);
  tell(9_000, 2, 200);
  tell(9_000, null, 0);
  tell(9_000, 40, 200);
  return told;
}"""


def test_the_finest_answer_stays_until_another_disagrees_or_nobody_vouches(
    peer: Peer, profile: BrowserContext
) -> None:
    page = profile.new_page()
    page.goto(f"{peer.url}/empty")
    told = page.evaluate(SERVED)
    offsets, uncertainties = zip(*told, strict=True)
    assert uncertainties[4] is None
    assert [one or 0 for one in uncertainties] == pytest.approx([13, 13, 5, 103, 0, 141], abs=1)
    assert offsets == pytest.approx((1_010, 1_010, 802, 9_100, 9_000, 9_100), abs=50)
