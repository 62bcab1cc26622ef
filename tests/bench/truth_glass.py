"""Ends of sales and leases on real screens in Chromium: which frames still show a price, and when.

Many screens hang in one page, each the product's own `Screen` with a world of its own: half of them
hold a sale that ends, half a lease that is not renewed. In every third round the page's main thread
hangs over the ends. Every frame that the browser composed is looked at: while a price stands, its
layer carries a colour that nothing else has.
"""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import ThreadingHTTPServer
from typing import Any

from PIL import Image, ImageChops
from playwright.sync_api import Page, sync_playwright

from tests.e2e.stage.looking import ROOT, RepositoryPages, screencast
from tests.support.programs import CHROMIUM_FLAGS, need

ACROSS, DOWN = 6, 5
CELL = (160, 90)
NOON_MS = 1_792_067_520_000
LIVES_MS = (2_500, 4_200)
"""How long a price has to live when its screen begins."""
ROUND_MS = 5_200
HANG_EVERY = 3
SMALL = {"maxWidth": ACROSS * CELL[0] // 2, "maxHeight": DOWN * CELL[1] // 2}
NEAR = 70
"""How far a colour may lie from pure magenta, of 255, once it went through a JPEG."""

PAGE = """async ([plan, worlds, cell, across, hang]) => {
  const root = "/player/page/engine/";
  const [{ Screen }, manifest, offers] = await Promise.all(
    ["screen.js", "manifest.js", "offers.js"].map((name) => import(root + name)),
  );
  const bytes = (value) => new TextEncoder().encode(JSON.stringify(value));
  const read = ([sha, one]) => [sha, manifest.decodeChunk(bytes(one))];
  const decoded = {
    manifest: manifest.decodeManifest(bytes(plan.manifest)),
    cards: manifest.decodeDeck(bytes(plan.deck)),
    chunks: new Map(Object.entries(plan.chunks).map(read)),
    expiresAt: plan.expires_at,
  };
  document.body.replaceChildren();
  document.body.style.cssText = "margin:0;background:#000";
  const faults = [];
  const begun = { real: Date.now(), told: plan.noon };
  const now = () => ({ ms: begun.told + (Date.now() - begun.real), uncertaintyMs: 0 });
  const screens = worlds.map((world, at) => {
    const host = document.createElement("div");
    const left = (at % across) * cell[0];
    const top = Math.floor(at / across) * cell[1];
    const size = `width:${cell[0]}px;height:${cell[1]}px`;
    host.style.cssText = `position:absolute;left:${left}px;top:${top}px;${size}`;
    document.body.append(host);
    const onFault = (wrong) => faults.push(String(wrong));
    const screen = new Screen(host, { now, assetUrl: () => null, onFault });
    const { version, lease } = world;
    const held = offers.channelState(version, [world.offer], [lease[1], lease[2]]);
    screen.update({
      plan: decoded,
      offers: new Map([["shop@lille", held]]),
      freshness: offers.decodeFreshness({ channels: { "shop@lille": lease }, sources: {} }),
      held: new Set(), overrides: [], pairing: null, notice: null,
    });
    return { screen, host, ends: begun.real + world.life, last: 0 };
  });
  const roots = (node) => [...node.querySelectorAll("*")].flatMap((one) =>
    one.shadowRoot ? [one.shadowRoot, ...roots(one.shadowRoot)] : []);
  const layers = (host) => roots(host).flatMap((inner) => [...inner.querySelectorAll(".lease")]);
  const seen = (layer) => {
    const style = getComputedStyle(layer);
    return style.visibility === "visible" && Number(style.opacity) > 0;
  };
  const mark = (layer) => {
    if (layer.querySelector(".mark")) return;
    const box = document.createElement("i");
    box.className = "mark";
    box.style.cssText = "position:absolute;inset:0;background:#f0f;z-index:99";
    layer.append(box);
  };
  let stop = false;
  const watch = (frame) => {
    const at = performance.timeOrigin + frame;
    for (const one of screens) {
      for (const layer of layers(one.host)) {
        mark(layer);
        if (seen(layer)) one.last = at;
      }
    }
    if (!stop) requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);
  const rest = (ms) => new Promise((next) => setTimeout(next, ms));
  await rest(1_400);
  const shown = screens.filter((one) => one.last > 0).length;
  if (hang) {
    const until = performance.now() + hang;
    while (performance.now() < until);
  }
  await rest(Math.max(0, begun.real + plan.round - Date.now()));
  stop = true;
  const told = screens.map(({ ends, last }) => ({ ends, last }));
  for (const { screen } of screens) screen.destroy?.();
  return { told, shown, faults };
}"""


@dataclass(slots=True)
class Ends:
    """What was seen: ends watched, frames looked at, frames and looks with a price at or after its
    end, and how close the last one before came, milliseconds."""

    ends: int = 0
    frames: int = 0
    late_frames: int = 0
    late_looks: int = 0
    closest_ms: int = 10**9
    unseen: int = 0
    faults: list[str] = field(default_factory=list)


def watch_ends(many: int, seed: int) -> Ends:
    """Watch at least so many ends."""
    dice, found = random.Random(seed), Ends()
    with _page() as page:
        number = 0
        while found.ends < many:
            hang = 2_600 if number % HANG_EVERY == HANG_EVERY - 1 else 0
            _round(page, dice, hang, found)
            number += 1
    return found


@contextmanager
def _page() -> Iterator[Page]:
    handler = partial(RepositoryPages, directory=str(ROOT))
    size = {"width": ACROSS * CELL[0], "height": DOWN * CELL[1]}
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as driver:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        chromium = driver.chromium.launch(
            executable_path=need("chromium"), args=list(CHROMIUM_FLAGS)
        )
        page = chromium.new_page(viewport=size)  # type: ignore[arg-type]
        page.goto(f"http://127.0.0.1:{server.server_address[1]}/empty")
        yield page
        chromium.close()
        server.shutdown()


def _round(page: Page, dice: random.Random, hang: int, found: Ends) -> None:
    lives = [dice.randrange(*LIVES_MS) for _ in range(ACROSS * DOWN)]
    worlds = [_world(life, of_sale=at % 2 == 0) for at, life in enumerate(lives)]
    plan = {**_plan(), "noon": NOON_MS, "round": ROUND_MS}
    with screencast(page, format="jpeg", quality=80, **SMALL) as frames:
        said = page.evaluate(PAGE, [plan, worlds, list(CELL), ACROSS, hang])
    found.faults += said["faults"]
    found.unseen += len(lives) - said["shown"]
    found.ends += said["shown"]
    for one in said["told"]:
        found.late_looks += one["last"] >= one["ends"]
    for at, data in frames:
        found.frames += 1
        standing = _magenta(Image.open(io.BytesIO(data)))
        for number, one in enumerate(said["told"]):
            if standing.crop(_cell(number, standing.width)).getbbox() is None:
                continue
            found.late_frames += at >= one["ends"]
            found.closest_ms = min(found.closest_ms, round(one["ends"] - at))


def _magenta(picture: Image.Image) -> Image.Image:
    """Where a frame has the colour of a standing price."""
    red, green, blue = picture.convert("RGB").split()
    masks = [band.point(lambda value: 255 if value > 255 - NEAR else 0) for band in (red, blue)]
    masks.append(green.point(lambda value: 255 if value < NEAR else 0))
    return ImageChops.darker(ImageChops.darker(masks[0], masks[1]), masks[2])


def _cell(number: int, width: int) -> tuple[int, int, int, int]:
    left, top = number % ACROSS * CELL[0], number // ACROSS * CELL[1]
    scale = width / (ACROSS * CELL[0])
    right, bottom = left + CELL[0], top + CELL[1]
    return (round(left * scale), round(top * scale), round(right * scale), round(bottom * scale))


def _world(life: int, *, of_sale: bool) -> dict[str, Any]:
    """One product's offer: a sale that ends after `life` ms, or a lease that does."""
    began = NOON_MS - 3_600_000
    until = NOON_MS + life if of_sale else None
    lease = 4 * 3_600_000 if of_sale else NOON_MS + life - began
    texts = {"fr": {"figures": "89", "cents": "90", "currency": "€", "currency_first": ""}}
    names = {"fr": {"name": "Estran 28", "lead": "", "pricefree": "Prix indiqué en rayon"}}
    step = [began, until, 8990, None, texts]
    offer = {"k": "SKU", "cur": "EUR", "st": [step], "nm": names}
    return {"offer": offer, "version": 7, "lease": [7, began, lease], "life": life}


def _plan() -> dict[str, Any]:
    """One card with one product, all day, in a screen of one zone."""
    day = NOON_MS - NOON_MS % 86_400_000
    sha = "a" * 64
    manifest = {
        "v": 1,
        "store": "lille",
        "lang": "fr",
        "zone": "UTC",
        "size": [1920, 1080],
        "layout": [["main", 0, 0, 10_000, 10_000, 0]],
        "brand": {"name": "Pluvier"},
        "channels": ["shop@lille"],
        "deck": "d" * 64,
        "days": [["2026-10-15", day, day + 86_400_000, sha]],
    }
    deck = {
        "v": 1,
        "cards": {"0123456789": {"t": "price", "p": {}, "s": [{"k": "SKU", "c": "shop@lille"}]}},
    }
    slot = {"c": "0123456789", "d": 600_000, "w": ["base", "loop", "one"]}
    chunk = {
        "v": 1,
        "length": 86_400_000,
        "slots": [slot],
        "gates": [],
        "zones": {"main": {"loops": [[0]], "segments": [[0, 0]]}},
    }
    return {"manifest": manifest, "deck": deck, "chunks": {sha: chunk}, "expires_at": 2**52}
