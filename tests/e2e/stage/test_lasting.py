"""A page that stays for months: what failed once comes back, and nothing piles up."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route

pytestmark = pytest.mark.chromium

SOON = """
  const begun = Date.now(), minute = 60_000;
  Date.now = () => begun - (begun % minute) + minute - 1;
"""
"""The next minute of a stage that is made now is about to begin."""


@pytest.mark.parametrize(("name", "picture"), [("image", "kite"), ("price", "backpack")])
def test_a_picture_that_failed_once_is_there_a_minute_later(
    page: Page, name: str, picture: str
) -> None:
    """One card alone keeps its scene for as long as its plan."""
    damaged = {"status": 200, "content_type": "image/svg+xml", "body": "no picture"}

    def spoil(route: Route) -> None:
        route.fulfill(**damaged)

    page.route(f"**/{picture}.svg", spoil)
    page.evaluate(
        f"""async () => {{
          {SOON}
          window.now = stageIn();
          await now.stage.show(sample("{name}"));
        }}"""
    )
    there = "now.shadow.querySelector('.goods img')?.naturalWidth > 0"
    assert not page.evaluate(there)
    page.unroute(f"**/{picture}.svg", spoil)
    page.wait_for_function(there)
    page.wait_for_function("!now.shadow.querySelector('.walker')")


def test_a_picture_that_comes_goes_and_comes_again_while_it_loads_is_there_once(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/kite.svg", hold)
    page.evaluate(
        """async () => {
          window.now = stageIn();
          const without = sample("price-plain");
          without.goods[0].picture = null;
          await now.stage.show(without);
          const picture = sample("image").params.url;
          const good = structuredClone(without);
          good.goods[0].picture = picture;
          for (const view of [good, without, good]) now.stage.update(structuredClone(view));
          window.all = () => [...now.shadow.querySelectorAll(".goods .good")];
        }"""
    )
    page.wait_for_timeout(100)
    for route in held:
        route.continue_()
    page.wait_for_function("all().length > 0")
    page.wait_for_timeout(100)
    assert page.evaluate("all().length") == 1


def test_a_file_that_never_comes_is_asked_for_ever_later(page: Page) -> None:
    waits: list[Any] = page.evaluate(
        """async () => {
          const { Planner } = await import("/player/page/engine/planner.js");
          const real = setTimeout, waits = [];
          window.setTimeout = (act, wait) => { waits.push(wait); return real(act, 0); };
          Math.random = () => .5;
          const session = { bytes: () => Promise.reject(new Error("404")) };
          const store = { objects: () => Promise.resolve(new Map()) };
          const assets = { held: new Set() };
          const hooks = { now: () => ({ ms: 0 }), onFault: () => {} };
          const planner = new Planner(store, session, assets, hooks);
          planner.want({ revision: 1, manifest: "m", expires_at: 0 });
          while (waits.length < 9) await new Promise((next) => real(next, 0));
          planner.again();
          const told = waits.length;
          while (waits.length === told) await new Promise((next) => real(next, 0));
          window.setTimeout = () => 0;
          return [...waits.slice(0, 9), waits.includes(5000, told)];
        }"""
    )
    assert waits[:3] == [5_000, 10_000, 20_000]
    assert waits[8] == 300_000
    assert waits[9], "the server is there again: at once"


def test_a_database_that_the_browser_closed_is_opened_again(page: Page) -> None:
    kept = page.evaluate(
        """async () => {
          const { Store } = await import("/player/page/engine/store.js");
          const { get } = Object.getOwnPropertyDescriptor(IDBRequest.prototype, "result");
          let opened = null;
          Object.defineProperty(IDBOpenDBRequest.prototype, "result", {
            get() { return (opened = get.call(this)); },
          });
          const store = await Store.open();
          opened.close();
          opened.dispatchEvent(new Event("close"));
          for (let tries = 100; tries > 0; tries -= 1) {
            try {
              await store.write({ values: { one: 1 } });
              return store.value("one");
            } catch {
              await new Promise((next) => setTimeout(next, 20));
            }
          }
          return null;
        }"""
    )
    assert kept == 1


def test_no_port_to_the_service_worker_stays_open(page: Page) -> None:
    """The time is left with it every few seconds; an open port is never forgotten."""
    closed = page.evaluate(
        """async () => {
          const closed = [];
          const close = MessagePort.prototype.close;
          MessagePort.prototype.close = function () { closed.push(this); close.call(this); };
          const controller = {
            postMessage: (_said, [port]) => port.postMessage({ at: 0, kept: null }),
          };
          Object.defineProperty(navigator, "serviceWorker", { value: { controller } });
          const { askCarried } = await import("/player/page/engine/carried.js");
          await askCarried();
          return closed.length;
        }"""
    )
    assert closed == 1


def test_a_price_that_no_template_says_is_not_looked_for_in_every_frame(page: Page) -> None:
    asked = page.evaluate(
        """async () => {
          const { Zone } = await import("/player/page/engine/zone.js");
          const host = document.body.appendChild(document.createElement("div"));
          const hooks = { onPaint: () => {}, onFault: () => {}, played: () => {} };
          const zone = new Zone("main", host, hooks);
          let asked = 0;
          const real = window.requestAnimationFrame;
          window.requestAnimationFrame = (act) => { asked += 1; return real(act); };
          const bag = sample("price").goods;
          zone.showPlain({ ...sample("message"), goods: bag }, { ms: 0, uncertaintyMs: 0 });
          const quiet = asked;
          zone.showPlain(sample("price"), { ms: 0, uncertaintyMs: 0 });
          return [quiet, asked > quiet];
        }"""
    )
    assert asked == [0, True]


@pytest.mark.slow
def test_a_font_that_never_comes_stops_no_change(page: Page) -> None:
    """A line that hangs is no error; what is shown meanwhile might be an evacuation's plan."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    for late in ("*.woff2", "rain.svg"):
        page.route(f"**/{late}", hold)
    said = page.evaluate(
        """async () => {
          const { stage, shadow } = stageIn();
          const { brand, ...view } = sample("message");
          await stage.show({ ...view, brand: { ...brand, "type.sign": "fraunces" } });
          return shadow.querySelector(".say").textContent;
        }"""
    )
    assert held
    assert "dimanche" in said
