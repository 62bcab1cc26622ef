"""The stage in a real Chromium: what a customer sees, and what a price may never do."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.support.programs import CHROMIUM_FLAGS, need

ROOT = Path(__file__).resolve().parents[2]
LANDSCAPE = {"width": 960, "height": 540}
PORTRAIT = {"width": 540, "height": 960}
EMPTY_PAGE = b"<!doctype html><link rel=icon href=data:,><style>body{margin:0}</style>"
FILL = "position:absolute;inset:0"

pytestmark = pytest.mark.chromium


class RepositoryPages(SimpleHTTPRequestHandler):
    """The working tree, and an empty page to build stages in."""

    extensions_map: ClassVar = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
    }

    def do_GET(self) -> None:
        if self.path != "/empty":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(EMPTY_PAGE)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output for the test."""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    handler = partial(RepositoryPages, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=need("chromium"), args=list(CHROMIUM_FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, base: str) -> Iterator[Page]:
    """An empty page with `stageIn(box)` and the gallery's samples; console errors fail the test."""
    tab = chromium.new_page(viewport=LANDSCAPE)
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    open_empty(tab, base)
    yield tab
    tab.close()
    assert errors == []


def open_empty(tab: Page, base: str) -> None:
    tab.goto(f"{base}/empty")
    tab.evaluate(
        """async (fill) => {
          const art = new URL("/server/demo/art/", location.href).href;
          history.replaceState(null, "", "/empty?art=" + encodeURIComponent(art));
          const { Stage } = await import("/player/page/stage.js");
          const { SAMPLES } = await import("/player/page/gallery.js");
          window.SAMPLES = SAMPLES;
          window.stageIn = (style = fill, options = {}) => {
            const host = document.createElement("div");
            host.style.cssText = style;
            document.body.append(host);
            return { host, stage: new Stage(host, options), shadow: host.shadowRoot };
          };
          window.sample = (name, change = {}) => ({ ...structuredClone(SAMPLES[name]), ...change });
        }""",
        FILL,
    )


def sample_names() -> list[str]:
    """Names of the gallery's samples, read from its source so that a new one is tested too."""
    source = (ROOT / "player/page/gallery.js").read_text("utf-8")
    block = source.split("export const SAMPLES = {", 1)[1].split("\n};", 1)[0]
    return [line.split(":", 1)[0].strip().strip('"') for line in block.strip().splitlines()]


def picture_of(tab: Page) -> Image.Image:
    return Image.open(io.BytesIO(tab.screenshot())).convert("RGB")


# --- every template, both shapes ------------------------------------------------------------------

LOOKED_AT = """async ([names, style]) => {
  const hung = names.map((name) => ({ name, ...stageIn(style) }));
  await Promise.all(hung.map(({ name, stage }) => stage.show(sample(name))));
  const wild = [];
  for (const { name, shadow } of hung) {
    const box = shadow.querySelector(".screen").getBoundingClientRect();
    const walk = document.createTreeWalker(shadow, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(walk.currentNode);
      for (const rect of range.getClientRects()) {
        const middle = rect.top + rect.height / 2;
        const inside = rect.left > box.left && rect.right < box.right + 2
          && middle - rect.height * .3 > box.top && middle + rect.height * .3 < box.bottom;
        if (rect.width && !inside) wild.push([name, walk.currentNode.data.slice(0, 40)]);
      }
    }
    for (const image of shadow.querySelectorAll("img")) {
      if (!image.naturalWidth) wild.push([name, image.src]);
    }
    if (!shadow.querySelector(".scene")) wild.push([name, "nothing shown"]);
  }
  return wild;
}"""


@pytest.mark.parametrize("shape", ["width:480px;height:270px", "width:270px;height:480px"])
def test_every_template_shows_whole_and_keeps_its_words_on_the_screen(
    page: Page, shape: str
) -> None:
    names = sample_names()
    assert len(names) > 15
    assert page.evaluate(LOOKED_AT, [names, f"float:left;{shape}"]) == []


def test_a_film_plays_muted_from_where_the_slot_is(page: Page, base: str) -> None:
    """The film is recorded by the browser itself, so the test needs no encoder."""
    state = page.evaluate(
        """async () => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
          const pen = canvas.getContext("2d");
          const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm" });
          const pieces = [];
          recorder.ondataavailable = (event) => pieces.push(event.data);
          const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
          recorder.start();
          for (let frame = 0; frame < 12; frame += 1) {
            pen.fillStyle = `hsl(${frame * 30} 80% 50%)`;
            pen.fillRect(0, 0, 64, 36);
            await new Promise((next) => setTimeout(next, 60));
          }
          recorder.stop();
          await stopped;
          const url = URL.createObjectURL(new Blob(pieces, { type: "video/webm" }));
          const { stage, shadow } = stageIn();
          const params = { url, fit: "cover", offset_ms: 200 };
          await stage.show(sample("image", { key: "film", template: "video", params }));
          const video = shadow.querySelector("video");
          return { muted: video.muted, inline: video.playsInline, at: video.currentTime,
                   failed: Boolean(video.error) };
        }"""
    )
    at = state.pop("at")
    assert state == {"muted": True, "inline": True, "failed": False}
    assert at >= 0.2


def test_a_script_in_any_field_is_only_text(page: Page) -> None:
    attack = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"
    for name in ("price", "trio", "elsewhere", "service", "message", "slate", "pairing"):
        page.evaluate(
            """async ([name, attack]) => {
              const poison = (value) => {
                if (typeof value === "string") return attack;
                if (Array.isArray(value)) return value.map(poison);
                if (value && typeof value === "object") return Object.fromEntries(
                  Object.entries(value).map(([key, inner]) => [key, poison(inner)]));
                return value;
              };
              const clean = sample(name);
              const view = { ...clean, params: poison(clean.params), goods: poison(clean.goods),
                             brand: { ...clean.brand, name: attack, slogan: attack } };
              for (const item of view.goods) item.picture = null;
              window.now?.stage.destroy();
              document.body.replaceChildren();
              window.now = stageIn();
              await window.now.stage.show({ ...view, key: "attack " + name });
            }""",
            [name, attack],
        )
        assert page.evaluate("window.hit") is None
        assert page.evaluate("window.now.shadow.querySelectorAll('script, img[src=x]').length") == 0
    assert "<script>" in page.evaluate("window.now.shadow.textContent") or name == "pairing"


# --- price truth ----------------------------------------------------------------------------------

LEASE_MS = 2_000
HANG_MS = 4_000


def shows_price(frame: Image.Image) -> bool:
    """White figures under the middle good of the trio, on the dark ground."""
    width, height = frame.size
    region = frame.crop(
        (int(width * 0.50), int(height * 0.86), int(width * 0.62), int(height * 0.93))
    )
    return region.convert("L").getextrema()[1] > 200


def test_a_price_leaves_on_time_while_the_main_thread_hangs(page: Page) -> None:
    """Rain falls on the compositor: frames keep coming during the hang, each is looked at."""
    page.set_viewport_size({"width": 640, "height": 360})
    frames: list[tuple[float, bytes]] = []
    session = page.context.new_cdp_session(page)

    def keep(frame: dict[str, Any]) -> None:
        frames.append((frame["metadata"]["timestamp"] * 1000, base64.b64decode(frame["data"])))
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", keep)
    page.evaluate("async () => { window.now = stageIn(); await now.stage.show(sample('trio')); }")
    session.send("Page.startScreencast", {"format": "png", "everyNthFrame": 2})
    told = page.evaluate(
        """async ([lease, hang]) => {
          const view = sample("trio");
          for (const item of view.goods) item.price.ends_in_ms = lease;
          const ends = Date.now() + lease;
          await window.now.stage.update(view);
          await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
          const until = performance.now() + hang;
          const from = Date.now();
          while (performance.now() < until);
          return { from, ends, until: Date.now() };
        }""",
        [LEASE_MS, HANG_MS],
    )
    session.send("Page.stopScreencast")
    during = [(at, shows_price(Image.open(io.BytesIO(data)))) for at, data in frames]
    before = [shown for at, shown in during if told["from"] < at < told["ends"] - 500]
    after = [shown for at, shown in during if told["ends"] <= at < told["until"]]
    assert before, "frames came while the price ran"
    assert all(before), "the price stands until its end"
    assert len(after) > 5, "frames came while the main thread hung"
    assert not any(after), "no frame at or after the end shows the price"


def test_a_price_that_ends_turns_into_the_price_free_form_by_itself(page: Page) -> None:
    page.evaluate(
        """async () => {
          const view = sample("price");
          view.goods[0].price.ends_in_ms = 1200;
          window.now = stageIn();
          window.now.stage.show(view);
        }"""
    )
    page.wait_for_function("now.shadow.querySelector('.int')?.textContent === '89'")
    page.wait_for_function("!now.shadow.querySelector('.price, .ticket')")
    said = page.evaluate("now.shadow.textContent")
    assert "Prix indiqué en rayon" in said
    assert "Plus que 3" in said
    assert "119,90" not in said
    assert "octobre" not in said
    page.wait_for_function("now.shadow.querySelectorAll('.earth').length === 1")
    assert page.evaluate("now.shadow.querySelector('.earth').className") == "earth sky-mist"


def test_a_price_with_no_life_left_is_never_drawn(page: Page) -> None:
    said = page.evaluate(
        """async () => {
          const view = sample("price");
          view.goods[0].price.ends_in_ms = 0;
          const { stage, shadow } = stageIn();
          await stage.show(view);
          return shadow.textContent;
        }"""
    )
    assert "89" not in said
    assert "Prix indiqué en rayon" in said


def test_a_renewed_lease_keeps_the_price_standing_without_a_flicker(page: Page) -> None:
    seen = page.evaluate(
        """async () => {
          const view = sample("price");
          view.goods[0].price.ends_in_ms = 1500;
          const { stage, shadow } = stageIn();
          await stage.show(view);
          const figures = shadow.querySelector(".price");
          view.goods[0].price.ends_in_ms = 60000;
          const least = [];
          const until = performance.now() + 1500;
          await stage.update(view);
          while (performance.now() < until) {
            await new Promise((next) => requestAnimationFrame(next));
            const style = getComputedStyle(figures.closest(".lease"));
            least.push(style.visibility === "visible" ? Number(style.opacity) : 0);
          }
          return { least: Math.min(...least), same: shadow.querySelector(".price") === figures };
        }"""
    )
    assert seen == {"least": 1, "same": True}


def test_a_price_change_in_place_moves_figures_and_leaves_the_goods(page: Page) -> None:
    page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("price"));
          window.good = now.shadow.querySelector(".good");
          const view = sample("price");
          Object.assign(view.goods[0].price, { figures: "79", version: "v-next" });
          now.stage.update(view);
        }"""
    )
    assert page.evaluate("now.shadow.querySelectorAll('.price').length") == 2
    page.wait_for_function("now.shadow.querySelectorAll('.price').length === 1")
    assert page.evaluate("now.shadow.querySelector('.int').textContent") == "79"
    assert page.evaluate("now.shadow.querySelector('.good') === window.good && good.isConnected")


def test_a_withdrawn_price_goes_and_a_restored_one_comes_back(page: Page) -> None:
    page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("price"));
          const view = sample("price");
          view.goods[0].price = null;
          await now.stage.update(view);
        }"""
    )
    page.wait_for_function("!now.shadow.querySelector('.price')")
    assert page.evaluate("now.shadow.querySelector('.standing').textContent") == "Estran 28"
    page.evaluate("now.stage.update(sample('price'))")
    page.wait_for_function("!now.shadow.querySelector('.standing')")
    assert page.evaluate("now.shadow.querySelector('.int').textContent") == "89"


def test_figures_are_fitted_but_never_cut(page: Page) -> None:
    for shape in (LANDSCAPE, PORTRAIT, {"width": 210, "height": 118}):
        page.set_viewport_size(shape)
        shown = page.evaluate(
            """async () => {
              const view = sample("price", { key: "dear " + innerWidth });
              Object.assign(view.goods[0].price, { figures: "1 234 567", cents: "89" });
              window.now?.stage.destroy();
              document.body.replaceChildren();
              window.now = stageIn();
              await now.stage.show(view);
              const price = now.shadow.querySelector(".price");
              return { text: price.textContent, right: price.scrollWidth <= price.clientWidth + 2 };
            }"""
        )
        assert shown == {"text": "1 234 567,89€", "right": True}


# --- how slots change -----------------------------------------------------------------------------


def test_a_picture_still_loading_keeps_the_old_slot_whole(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/kite.svg", hold)
    page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("message"));
          window.shown = false;
          now.stage.show(sample("image")).then(() => { window.shown = true; });
        }"""
    )
    deadline_checks = 100
    while not held and deadline_checks:
        page.wait_for_timeout(20)
        deadline_checks -= 1
    assert held
    assert not page.evaluate("window.shown")
    assert page.evaluate("now.shadow.querySelectorAll('.scene').length") == 1
    assert "Ouvert dimanche" in page.evaluate("now.shadow.textContent")
    held[0].continue_()
    page.wait_for_function("window.shown")
    assert page.evaluate("now.shadow.querySelector('.scene img').naturalWidth") > 0


def test_a_slot_change_ends_on_the_boundary(page: Page) -> None:
    ends = page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("price"));
          await now.stage.prepare(sample("trio"));
          const from = performance.now();
          now.stage.show(sample("trio"), { boundaryInMs: 3000 });
          while (now.shadow.querySelectorAll(".scene").length < 2) await Promise.resolve();
          const late = performance.now() - from;
          const moves = now.shadow.getAnimations()
            .filter(({ effect }) => effect.target.closest(".scene"))
            .filter(({ effect }) => !effect.target.closest(".lease"))
            .filter(({ animationName }) => !animationName);
          const times = moves.map(({ effect }) => effect.getComputedTiming());
          return { last: Math.max(...times.map(({ endTime }) => endTime)) + late,
                   first: Math.min(...times.map(({ delay }) => delay)) + late };
        }"""
    )
    assert ends["last"] == pytest.approx(3000, abs=60)
    assert ends["first"] == pytest.approx(1800, abs=60)


def test_with_reduced_motion_rain_stands_still_and_changes_are_fades(page: Page) -> None:
    moving = page.evaluate(
        """async () => {
          const { stage, shadow } = stageIn(undefined, { reducedMotion: true });
          await stage.show(sample("trio"));
          stage.show(sample("service"));
          while (shadow.querySelectorAll(".scene").length < 2) {
            await new Promise((next) => setTimeout(next, 5));
          }
          return shadow.getAnimations().map(({ animationName, effect }) =>
            animationName || effect.getKeyframes().flatMap((frame) => Object.keys(frame)).join());
        }"""
    )
    assert "fall" not in moving
    assert all("translate" not in properties for properties in moving)


# --- the stage itself -----------------------------------------------------------------------------


def test_two_stages_side_by_side_are_out_of_reach_of_the_page_style(page: Page) -> None:
    page.evaluate(
        """async () => {
          const left = "position:absolute;left:0;top:0;width:400px;height:225px";
          const right = "position:absolute;left:500px;top:0;width:400px;height:225px";
          await Promise.all([stageIn(left).stage.show(sample("price")),
                             stageIn(right).stage.show(sample("service"))]);
        }"""
    )
    before = picture_of(page)
    page.add_style_tag(
        content="*{color:lime!important;font:italic 40px serif!important;letter-spacing:1em;"
        "text-align:right;line-height:3} .price,.scene,p{display:none!important}"
        ":root{--u:9px;--h:10px;--fit:3}"
    )
    assert list(picture_of(page).get_flattened_data()) == list(before.get_flattened_data())


def test_a_thumbnail_is_the_screen_itself(page: Page) -> None:
    """The same layout at 960 and at 240 px: reduced, the large one looks like the small one."""
    page.evaluate("async () => { await stageIn().stage.show(sample('elsewhere')); }")
    large = picture_of(page)
    page.evaluate(
        """async () => {
          document.body.replaceChildren();
          const style = "position:absolute;left:0;top:0;width:240px;height:135px";
          await stageIn(style).stage.show(sample("elsewhere"));
        }"""
    )
    small = picture_of(page).crop((0, 0, 240, 135))
    # Compared at a size where letters are shades: only their edges are drawn differently.
    grain = [image.convert("L").resize((60, 34), Image.Resampling.BOX) for image in (large, small)]
    assert ImageStat.Stat(ImageChops.difference(*grain)).mean[0] < 4


def test_the_slate_is_dark_and_its_plover_walks_with_the_clock(page: Page) -> None:
    for shape in (LANDSCAPE, PORTRAIT):
        page.set_viewport_size(shape)
        page.evaluate(
            """async () => {
              document.body.replaceChildren();
              await stageIn().stage.show(sample("slate"));
            }"""
        )
        pixels = picture_of(page).resize((96, 96)).get_flattened_data()
        light = [linear_light(pixel) for pixel in pixels]
        assert sum(light) / len(light) < 0.05
    steps = page.evaluate(
        """async () => {
          const { stride } = await import("/player/page/slate.js");
          return Array.from({ length: 49 }, (_, minute) => stride(minute * 60000));
        }"""
    )
    assert steps[0] == {"way": 0, "face": 1}
    assert steps[24] == {"way": 1, "face": -1}
    assert steps[48] == steps[0]
    strides = {round(abs(a["way"] - b["way"]), 6) for a, b in pairwise(steps)}
    assert strides == {round(1 / 24, 6)}


def linear_light(pixel: tuple[int, int, int]) -> float:
    """Relative luminance of an sRGB pixel, 0 to 1 (IEC 61966-2-1, BT.709 weights)."""
    parts = [value / 255 for value in pixel]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_stage_orbits_nine_points_by_the_wall_clock(page: Page) -> None:
    places = page.evaluate(
        """async () => {
          const real = Date.now;
          const places = [];
          for (let step = 0; step < 10; step += 1) {
            Date.now = () => step * 180000;
            document.body.replaceChildren();
            const { stage, shadow } = stageIn();
            await stage.show(sample("slate-bare", { key: `slate ${step}` }));
            const { left, top } = shadow.querySelector(".orbit").getBoundingClientRect();
            places.push([left, top]);
            stage.destroy();
          }
          Date.now = real;
          return places;
        }"""
    )
    assert len({json.dumps(place) for place in places[:9]}) == 9
    assert places[9] == places[0]
    assert max(abs(value) for place in places for value in place) <= 4
