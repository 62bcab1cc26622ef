"""A headless Chromium, driven over the DevTools protocol: just enough to open pages and ask them
questions.

Protocol: https://chromedevtools.github.io/devtools-protocol/ (domains Target, Page and Runtime).
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import websocket

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
START_S = 30.0
ANSWER_S = 20.0
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)


class NoChromium(Exception):
    """There is no Chromium on this machine; the message says what to install."""


def find() -> str:
    """The path of a Chromium. Raises NoChromium."""
    for name in PROGRAMS:
        path = shutil.which(name)
        if path:
            return path
    raise NoChromium("This needs a Chromium and found none. Install it: apt-get install chromium")


class Tab:
    """One page, on one DevTools socket."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(url, timeout=ANSWER_S)
        self._ids = itertools.count(1)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One DevTools call and its result. Raises RuntimeError with the browser's own words."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, promises awaited. Raises RuntimeError where it
        throws.
        """
        result = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def close(self) -> None:
        """Leave the page."""
        self._socket.close()


class Browser:
    """A Chromium process with its own empty profile, ended with the `with` block."""

    def __init__(self, size: tuple[int, int] = (1920, 1080)) -> None:
        self._profile = tempfile.mkdtemp(prefix="enseigne-chromium-")
        self._process = subprocess.Popen(
            [
                find(),
                *FLAGS,
                f"--window-size={size[0]},{size[1]}",
                f"--user-data-dir={self._profile}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._address = self._wait_for_address()
        port, path = self._address
        self._whole = Tab(f"ws://127.0.0.1:{port}{path}")

    def _wait_for_address(self) -> tuple[int, str]:
        """Chromium writes the port it took, and its socket's path, into its profile."""
        file = Path(self._profile, "DevToolsActivePort")
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            lines = file.read_text().split() if file.exists() else []
            if len(lines) == 2:
                return int(lines[0]), lines[1]
            time.sleep(0.02)
        self.close()
        raise NoChromium("Chromium is there but did not start; try it by hand: chromium --headless")

    def open(self, url: str) -> Tab:
        """A new window at `url`: a tab behind another one would draw no frames."""
        target = self._whole.call("Target.createTarget", url=url, newWindow=True)["targetId"]
        return Tab(f"ws://127.0.0.1:{self._address[0]}/devtools/page/{target}")

    def close(self) -> None:
        """End the browser and forget its profile."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
