"""What the stage's tests share: an empty page with stages in it, and eyes on the result."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[3]
LANDSCAPE = {"width": 960, "height": 540}
PORTRAIT = {"width": 540, "height": 960}
EMPTY_PAGE = b"<!doctype html><link rel=icon href=data:,><style>body{margin:0}</style>"
FILL = "position:absolute;inset:0"


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


@contextmanager
def screencast(page: Page, **how: Any) -> Iterator[list[tuple[float, bytes]]]:
    """Every frame that the browser composes: unix ms and the encoded picture; `how` as
    Page.startScreencast takes it.
    """
    frames: list[tuple[float, bytes]] = []
    session = page.context.new_cdp_session(page)

    def keep(frame: dict[str, Any]) -> None:
        frames.append((frame["metadata"]["timestamp"] * 1000, base64.b64decode(frame["data"])))
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", keep)
    session.send("Page.startScreencast", how)
    yield frames
    session.send("Page.stopScreencast")
    session.detach()


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


def linear_light(pixel: tuple[int, int, int]) -> float:
    """Relative luminance of an sRGB pixel, 0 to 1 (IEC 61966-2-1, BT.709 weights)."""
    parts = [value / 255 for value in pixel]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
