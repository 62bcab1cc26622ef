"""The smoke test: thirty price changes in the shop, each timed until Chromium has painted it on
two screens.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests

from playlists.ids import OverrideId, PlaylistId, ScreenId, StoreId
from playlists.model import Override
from server.config import Settings
from server.demo import FEED_EVERY_S
from server.demo.chromium import Browser, NoChromium, Tab
from server.demo.goods import BY_SLUG
from server.demo.screens import AGENT_SCREEN, BROWSER_SCREEN
from server.demo.wishes import SMOKE_PLAYLIST, SMOKE_SLUG
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens import pairing
from server.services.wishes import overrides

CHANGES = 30
PATIENCE_S = 90.0
"""How long one painting may take before the smoke test gives up (long enough for polling)."""
SETTLE_S = 1.5
"""Between two changes: longer than the price's own motion."""
HOLD_MS = 90 * 60_000
WITHIN_MS = 1_000
"""From the shop's word to pixels: the worst change takes no longer where the shop calls, nor after
the next look at its feed where it does not."""
SMOKE_SKU = BY_SLUG[SMOKE_SLUG].sku
FIRST_PRICE = 100
"""Euros; the product's own price is near enough that no change looks suspect."""
RECORD = """
window.seen = [];
enseigne.onPaint(p => window.seen.push({sku: p.sku, text: p.text,
    at: performance.timeOrigin + performance.now()}));
true
"""


def measure(
    *, context: Context, settings: Settings, world: dict[str, Any], player_url: str, webhook: bool
) -> int:
    """Print one JSON line with the milliseconds from shop to pixels on both ways. Returns the exit
    code.
    """
    shop = world["shop_url"]
    try:
        with Browser() as browser:
            requests.post(
                f"{shop}/admin/webhook", json={"on": webhook}, timeout=10
            ).raise_for_status()
            screens = {
                "browser_ms": _open_browser_screen(browser, context, settings),
                "agent_ms": browser.open(player_url),
            }
            with _price_on_air(context):
                for tab in screens.values():
                    _until_shown(tab)
                    tab.evaluate(RECORD)
                spent = _change_prices(shop, screens)
    except (NoChromium, TimeoutError, requests.RequestException) as why:
        print(why, file=sys.stderr)
        return 1
    found = {way: _percentiles(times) for way, times in spent.items()}
    print(json.dumps({"changes": CHANGES, **found}))
    slow = _too_slow(found, webhook=webhook)
    if slow:
        print(slow, file=sys.stderr)
    return 1 if slow else 0


def _too_slow(found: Mapping[str, Mapping[str, int]], *, webhook: bool) -> str:
    """Which way took longer than it may, in a sentence; empty where none did."""
    floor = WITHIN_MS + (0 if webhook else FEED_EVERY_S * 1000)
    slow = {way: spent["p99"] for way, spent in found.items() if spent["p99"] > floor}
    said = ", ".join(f"{way.removesuffix('_ms')} {worst} ms" for way, worst in slow.items())
    return f"The slowest change took longer than {floor} ms: {said}." if slow else ""


def _open_browser_screen(browser: Browser, context: Context, settings: Settings) -> Tab:
    """A screen that is nothing but a browser tab: it shows a code, and a person claims it."""
    tab = browser.open(f"{settings.url}/screen")
    code = _until(lambda: tab.evaluate("window.enseigne?.state().pairing?.code"), "a pairing code")
    pairing.claim(context, SYSTEM, code=code, screen_id=BROWSER_SCREEN)
    return tab


@contextmanager
def _price_on_air(context: Context) -> Iterator[None]:
    """Hold one product's price on both screens, as a store manager would by hand."""
    now = context.clock()
    held = Override(
        OverrideId(f"smoke-{now}"),
        StoreId("lille"),
        "show",
        now,
        now + HOLD_MS,
        PlaylistId(SMOKE_PLAYLIST),
        screens=frozenset({ScreenId(AGENT_SCREEN), ScreenId(BROWSER_SCREEN)}),
    )
    overrides.create_override(context, SYSTEM, held)
    try:
        yield
    finally:
        overrides.end_override(context, SYSTEM, held.id)


def _change_prices(shop: str, screens: dict[str, Tab]) -> dict[str, list[float]]:
    spent: dict[str, list[float]] = {way: [] for way in screens}
    dice = random.Random(30)
    for turn in range(CHANGES):
        text = f"{FIRST_PRICE + turn}.{dice.randrange(10, 100)}"
        began = time.time()
        requests.post(
            f"{shop}/admin/price", json={"sku": SMOKE_SKU, "price": text}, timeout=10
        ).raise_for_status()
        for way, tab in screens.items():
            spent[way].append(_until_painted(tab, text) - began * 1000)
        time.sleep(SETTLE_S + dice.random())
    return spent


def _until_shown(tab: Tab) -> None:
    _until(
        lambda: SMOKE_SKU in json.dumps(tab.evaluate("window.enseigne?.state()") or {}),
        "the screen to show the product",
    )


def _until_painted(tab: Tab, price: str) -> float:
    """When the page had painted `price`, by its own clock (this machine's), unix milliseconds."""
    figures = json.dumps("".join(price.split(".")))
    find = f"window.seen.find(p => p.text.replace(/\\D/g, '') === {figures})?.at"
    return float(_until(lambda: tab.evaluate(find), f"the price {price} on screen"))


def _until(ask: Any, what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = ask()
        if found:
            return found
        time.sleep(0.03)
    raise TimeoutError(f"Waited {PATIENCE_S:.0f} s in vain for {what}.")


def _percentiles(times: list[float]) -> dict[str, int]:
    """p99 of thirty is the worst of them."""
    return {"p50": round(statistics.median(times)), "p99": round(max(times))}
