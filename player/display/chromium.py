"""How Chromium is found and started: full screen, without a word of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from player.display.devtools import FLAG

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
    "--disable-hang-monitor",  # no dialog about a page that hangs: it is replaced
    "--disable-features=Translate",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--autoplay-policy=no-user-gesture-required",
    "--check-for-update-interval=31536000",
    "--password-store=basic",
    # A display that is off must not slow the page's heartbeat.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    FLAG,
    f"--disk-cache-size={64 * 1024 * 1024}",
    "--no-memcheck",  # Raspberry Pi OS: no dialog about little memory; others ignore it
)


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
