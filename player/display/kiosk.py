"""Chromium on the screen: found, started full screen, started again when it dies or hangs."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--kiosk",
    "--no-first-run",
    "--noerrdialogs",
    "--disable-infobars",
    "--hide-crash-restore-bubble",
    "--no-default-browser-check",
    "--deny-permission-prompts",
    "--disable-notifications",
    "--disable-breakpad",
    "--disable-features=Translate",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--autoplay-policy=no-user-gesture-required",
    "--check-for-update-interval=31536000",
    "--password-store=basic",
    "--remote-debugging-port=0",  # for pictures of the display; this machine's programs only
    f"--disk-cache-size={64 * 1024 * 1024}",
    "--no-memcheck",  # Raspberry Pi OS: no dialog about little memory; others ignore it
)
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 60.0
STEADY_S = 120.0
"""A browser that lived this long was no failure to start."""
STOP_S = 5.0
SILENT_S = 120.0
"""A page that has painted nothing for so long hangs."""


def find_chromium(wish: str = "") -> str | None:
    """The path of `wish`, or of the first Chromium on PATH; None without one."""
    for name in (wish,) if wish else NAMES:
        found = shutil.which(name)
        if found:
            return found
    return None


def command(
    program: str, url: str, profile: Path, size: tuple[int, int], more: Sequence[str] = ()
) -> list[str]:
    """How the browser is started, with `more` flags. Root has no sandbox to give, so it goes
    without.
    """
    flags = [*FLAGS, *more, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"]
    if os.environ.get("WAYLAND_DISPLAY"):
        flags.append("--ozone-platform=wayland")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")
    return [program, *flags, f"--app={url}"]


def is_stuck(lived_s: float, silence_s: float) -> bool:
    """Whether a page that began `lived_s` ago and has said nothing for `silence_s` hangs."""
    return min(lived_s, silence_s) > SILENT_S


class Kiosk:
    """Keeps one program running from `start` to `stop`.

    `command` says how each of its lives begins, `is_over` whether one is to end that has lived for
    so many seconds: it is asked a few times a second.
    """

    def __init__(
        self, command: Callable[[], Sequence[str]], is_over: Callable[[float], bool]
    ) -> None:
        self._command = command
        self._is_over = is_over
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kiosk", daemon=True)
        self.starts = 0
        """How often it was started."""

    def start(self) -> None:
        """Start it, and again whenever it ends."""
        self._thread.start()

    def stop(self) -> None:
        """End it for good."""
        self._stop.set()
        self._thread.join(timeout=2 * STOP_S)

    def _run(self) -> None:
        delay = FIRST_RETRY_S
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._one_life()
            except OSError:
                pass  # not startable now: tried again below
            if time.monotonic() - began > STEADY_S:
                delay = FIRST_RETRY_S
            self._stop.wait(delay)
            delay = min(2 * delay, LAST_RETRY_S)

    def _one_life(self) -> None:
        self.starts += 1
        began = time.monotonic()
        child = subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            while child.poll() is None and not self._stop.wait(0.2):
                if self._is_over(time.monotonic() - began):
                    break
        finally:
            _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Asked first, then killed with everything that it started."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(child.pid, 9)
    except ProcessLookupError:
        pass
    child.wait()
