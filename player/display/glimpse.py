"""A real picture of what stands on the display, and what the page says that it shows just then.

By Chromium's own DevTools protocol (Page.captureScreenshot, Runtime.evaluate); where a compositor
runs and grim is there, by grim, which sees also what is not the page's.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from player.display.devtools import Browser, NoAnswer
from player.machine.tools import has, run
from playlists.wire.door import Cap

MAX_BYTES = 1024 * 1024
"""Of a picture; it is taken anew, coarser, where it has more."""
QUALITIES = (72, 45, 20)
"""Of JPEG, per cent."""
MAX_WIDTH = 1_280
"""Pixels of a picture's width; larger ones are scaled down by Chromium."""
_STATE = """JSON.stringify({at: performance.timeOrigin + performance.now(),
  wide: innerWidth, zones: window.enseigne ? window.enseigne.state().zones : {}})"""


class NoGlimpse(Exception):
    """There is no picture; the message says why."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A picture, by which means it was taken, and what the page said: see `_said`."""

    data: bytes
    how: str
    detail: Mapping[str, Cap]


def take(browser: Browser) -> Glimpse:
    """A picture of the display on which this browser shows its page. Raises NoGlimpse."""
    try:
        with browser.page() as page:
            before = _state(browser, page)
            grim = _by_grim()
            data = grim or _by_devtools(browser, page, int(before.get("wide", 0)))
            detail = _said(before, _state(browser, page))
    except NoAnswer as why:
        raise NoGlimpse(str(why)) from why
    return Glimpse(data, "grim" if grim else "devtools", detail)


def _said(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Cap]:
    """Which card each zone showed, where it was the same before and after the picture; `moving`
    where not.
    """
    found: dict[str, Cap] = {}
    was, now = _cards(before), _cards(after)
    for zone, card in now.items():
        found[f"zone:{zone}"[:64]] = card if was.get(zone) == card else "moving"
    return found


def _cards(state: Mapping[str, Any]) -> dict[str, str]:
    zones = state.get("zones") or {}
    return {str(name): str((zone or {}).get("card") or "") for name, zone in sorted(zones.items())}


def _by_grim() -> bytes | None:
    if not os.environ.get("WAYLAND_DISPLAY") or not has("grim"):
        return None
    for quality in QUALITIES:
        path = Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp")) / "enseigne-glimpse.jpg"
        told = run(["grim", "-t", "jpeg", "-q", str(quality), str(path)])
        with contextlib.suppress(OSError):
            data = path.read_bytes()
            path.unlink()
            if told.ok and len(data) <= MAX_BYTES:
                return data
    return None


def _by_devtools(browser: Browser, page: str, width: int) -> bytes:
    for quality in QUALITIES:
        asked: dict[str, Any] = {"format": "jpeg", "quality": quality}
        if width > MAX_WIDTH:
            size = browser.call("Page.getLayoutMetrics", page)["cssLayoutViewport"]
            scale = MAX_WIDTH / width
            box = {"x": 0, "y": 0, "width": size["clientWidth"], "height": size["clientHeight"]}
            asked["clip"] = {**box, "scale": scale}
        seen = browser.call("Page.captureScreenshot", page, **asked)
        data = base64.b64decode(seen["data"])
        if len(data) <= MAX_BYTES:
            return data
    raise NoGlimpse(f"The picture has over {MAX_BYTES} bytes.")


def _state(browser: Browser, page: str) -> dict[str, Any]:
    asked = browser.call("Runtime.evaluate", page, expression=_STATE, returnByValue=True)
    try:
        told: dict[str, Any] = json.loads(asked["result"]["value"])
    except (KeyError, TypeError, ValueError):
        return {}
    return told
