"""Has Chromium draw the brand's slate, for the display's size, to be kept as its resting picture.

By a Chromium of its own without a window, for the seconds that it takes: only a page that is drawn
can be taken, and what people look at is not to blink. Drawn again when the brand, the size or the
page changes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import requests

from player.display.beneath import Beneath
from player.display.devtools import Browser, NoAnswer
from player.display.resting import Resting
from player.machine.memory import available_mib

LOOK_EVERY_S = 60.0
AGAIN_S = 3_600.0
"""After one that could not be drawn."""
TIMEOUT_S = 5.0
LEAST_MIB = 320
"""Free memory that a second Chromium may have for a moment; without, it is drawn another day."""
MAX_PACKED = 8 * 1024 * 1024
"""Bytes; larger ones are done without."""
FILES = ("mark", "mascot", "skyline")
"""Of a brand (player/page/engine/view.js)."""
EMPTY = "page/look/tokens.css"
"""A page of the agent's that does nothing by itself."""
_SHOW = """(async () => {
  const [{ slateView }, { brandOf }, { Stage }] = await Promise.all(
    ["slate.js", "engine/view.js", "stage.js"].map((name) => import("/page/" + name)));
  const host = document.createElement("div");
  host.style.cssText = "position: fixed; inset: 0";
  document.body.replaceChildren(host);
  const { brand, lang } = %s;
  const view = slateView(brandOf({ brand }, (sha) => "/assets/" + sha), lang);
  await new Stage(host, { reducedMotion: true }).show(view);
})()"""
_PACK = """(async () => {
  const png = Uint8Array.from(atob("%s"), (char) => char.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([png], { type: "image/png" }));
  const brush = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  brush.drawImage(picture, 0, 0);
  const { data } = brush.getImageData(0, 0, picture.width, picture.height);
  for (let at = 0; at < data.length; at += 4) [data[at], data[at + 2]] = [data[at + 2], data[at]];
  const packed = new Blob([data]).stream().pipeThrough(new CompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
})()"""


class Agent(Protocol):
    """Where the brand is told, and how a Chromium looks at it: see `view.View`."""

    agent: str

    def unseen(self, path: str, folder: Path, size: tuple[int, int]) -> Sequence[str]:
        """How a Chromium without a window begins."""


class Portrait:
    """Looks from `start` to `stop` whether another picture is due. `folder` is a place for what its
    Chromium keeps meanwhile.
    """

    def __init__(self, view: Agent, folder: Path, resting: Resting, beneath: Beneath) -> None:
        self._view, self._folder = view, folder
        self._resting, self._beneath = resting, beneath
        self._drawn = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="portrait", daemon=True)

    def start(self) -> None:
        """Look, again and again, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()

    def once(self) -> bool:
        """Draw it, if that is due: whether it was. Raises NoAnswer and OSError where it cannot be,
        RequestException, ValueError, KeyError and TypeError while there is no agent that answers.
        """
        size = self._beneath.size
        brand = self._brand()
        if brand is None or not all(size):
            return False
        told = json.dumps([brand, size, self._page()], sort_keys=True)
        stamp = hashlib.sha256(told.encode()).digest()
        if stamp != self._drawn and stamp == self._resting.stamp(*size):
            self._drawn = stamp
        if stamp == self._drawn or available_mib() < LEAST_MIB:
            return False
        self._resting.keep(*size, stamp, self._draw(brand, size))
        self._drawn = stamp
        self._beneath.repaint()
        return True

    def _run(self) -> None:
        wait_s = LOOK_EVERY_S
        while not self._stop.wait(wait_s):
            wait_s = LOOK_EVERY_S
            try:
                self.once()
            except (requests.RequestException, ValueError, KeyError, TypeError):
                continue  # the agent is away, or older
            except (NoAnswer, OSError) as why:
                print(f"The slate could not be drawn: {why}", file=sys.stderr, flush=True)
                wait_s = AGAIN_S

    def _brand(self) -> dict[str, Any] | None:
        """What the plan says of it, None until all its files are here."""
        state = self._get("state")
        if not state["plan"]:
            return None
        manifest = self._get(f"objects/{state['plan']['manifest']}")
        brand = {str(name): str(said) for name, said in manifest["brand"].items()}
        files = {brand[part] for part in FILES if brand.get(part)}
        return {"brand": brand, "lang": manifest["lang"]} if files <= {*state["held"]} else None

    def _page(self) -> str:
        """Which version of the page would draw it."""
        return requests.head(self._view.agent, timeout=TIMEOUT_S).headers["ETag"]

    def _get(self, path: str) -> Any:
        answer = requests.get(self._view.agent + path, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()

    def _draw(self, brand: dict[str, Any], size: tuple[int, int]) -> bytes:
        """Its pixels as `resting` has them, deflated."""
        browser = Browser(self._view.unseen(EMPTY, self._folder, size))
        try:
            with browser.page() as page:
                metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1}
                browser.call("Emulation.setDeviceMetricsOverride", page, **metrics, mobile=False)
                self._evaluate(browser, page, _SHOW % json.dumps(brand))
                seen = browser.call("Page.captureScreenshot", page, format="png")["data"]
                packed = base64.b64decode(self._evaluate(browser, page, _PACK % seen))
        finally:
            browser.end(at_once=True)
            shutil.rmtree(self._folder, ignore_errors=True)
        if len(packed) > MAX_PACKED:
            raise NoAnswer(f"The picture has over {MAX_PACKED} bytes.")
        return packed

    def _evaluate(self, browser: Browser, page: str, expression: str) -> str:
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        told = browser.call("Runtime.evaluate", page, **asked)
        if "exceptionDetails" in told:
            raise NoAnswer(f"the page said {told['exceptionDetails'].get('text')}")
        return str(told["result"].get("value", ""))
