"""A real picture of what stands on the display, and what the page says that it shows just then.

By Chromium's own DevTools protocol (Page.captureScreenshot, Runtime.evaluate) on a port that only
this machine reaches and that Chromium names in its profile; where a compositor runs and grim is
there, by grim, which sees also what is not the page's.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import websocket

from player.machine.tools import has, run
from playlists.wire.door import Cap

PORT_FILE = "DevToolsActivePort"
TIMEOUT_S = 10.0
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


def take(profile: Path) -> Glimpse:
    """A picture of the display whose Chromium has this profile. Raises NoGlimpse."""
    with _page(profile) as page:
        before = _state(page)
        grim = _by_grim()
        data = grim or _by_devtools(page, int(before.get("wide", 0)))
        detail = _said(before, _state(page))
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


def _by_devtools(page: websocket.WebSocket, width: int) -> bytes:
    for quality in QUALITIES:
        asked: dict[str, Any] = {"format": "jpeg", "quality": quality}
        if width > MAX_WIDTH:
            size = _call(page, "Page.getLayoutMetrics")["cssLayoutViewport"]
            scale = MAX_WIDTH / width
            box = {"x": 0, "y": 0, "width": size["clientWidth"], "height": size["clientHeight"]}
            asked["clip"] = {**box, "scale": scale}
        data = base64.b64decode(_call(page, "Page.captureScreenshot", **asked)["data"])
        if len(data) <= MAX_BYTES:
            return data
    raise NoGlimpse(f"The picture has over {MAX_BYTES} bytes.")


def _state(page: websocket.WebSocket) -> dict[str, Any]:
    asked = _call(page, "Runtime.evaluate", expression=_STATE, returnByValue=True)
    try:
        told: dict[str, Any] = json.loads(asked["result"]["value"])
    except (KeyError, TypeError, ValueError):
        return {}
    return told


@contextmanager
def _page(profile: Path) -> Iterator[websocket.WebSocket]:
    """The page's end of the protocol. Raises NoGlimpse."""
    try:
        port = (profile / PORT_FILE).read_text().split()[0]
        pages = requests.get(f"http://127.0.0.1:{port}/json/list", timeout=TIMEOUT_S).json()
        url = next(one["webSocketDebuggerUrl"] for one in pages if one["type"] == "page")
        page = websocket.create_connection(url, timeout=TIMEOUT_S, suppress_origin=True)
    except (OSError, ValueError, IndexError, KeyError, StopIteration) as why:
        raise NoGlimpse(f"Chromium cannot be asked: {type(why).__name__} {why}") from why
    except websocket.WebSocketException as why:
        raise NoGlimpse(f"Chromium does not speak: {why}") from why
    try:
        yield page
    finally:
        page.close()


def _call(page: websocket.WebSocket, method: str, **params: Any) -> dict[str, Any]:
    try:
        page.send(json.dumps({"id": 1, "method": method, "params": params}))
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            told = json.loads(page.recv())
            if told.get("id") == 1:
                if "error" in told:
                    raise NoGlimpse(f"Chromium refuses {method}: {told['error'].get('message')}")
                result: dict[str, Any] = told["result"]
                return result
    except (OSError, ValueError, websocket.WebSocketException) as why:
        raise NoGlimpse(f"Chromium did not answer: {why}") from why
    raise NoGlimpse(f"Chromium did not answer {method} in {TIMEOUT_S:.0f} s.")
