"""Keeps one browser on the display: replaced at once when it dies, and when it hangs or swells."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from player.display.devtools import Browser, NoAnswer
from player.display.glimpse import Glimpse, NoGlimpse, take
from player.display.view import BEGIN_S, SILENT_S
from player.machine.memory import held_mib, total_mib

LOOK_EVERY_S = 0.1
STOP_WITHIN_S = 15.0
ASK_EVERY_S = 0.5
USUAL_PERCENT = 60
"""Of the machine's memory; the kiosk's unit ends it at 75 in any case."""
FADED_S = 0.5
"""A page begins out of the dark (FADE_MS in player/page/motion.js)."""
_DREW = """performance.getEntriesByName("first-contentful-paint").length ||
  [...document.querySelectorAll("#screen *")].some((it) => it.shadowRoot?.querySelector(".scene"))
"""
"""What fades in is no paint of content to the browser: a scene of the stage is one (stage.js)."""
STEADY_S = 5.0
"""A browser that lived so long was no failure to start: the next one starts at once."""
RUINED = 3
"""After so many lives in a row that were no longer, what it has kept is thrown away, and the next
ones wait.
"""
RETRY_S = 3.0
HUNG_S = 60.0


class Shown(Protocol):
    """What is to be shown: see `view.View`."""

    profile: Path

    def command(self) -> Sequence[str]:
        """How the next life begins."""

    def trouble(self, lived_s: float) -> str:
        """Why a life is to end after so long, "" if it goes on."""


class Backdrop(Protocol):
    """What people see instead of a browser: see `beneath.Beneath`."""

    def stand(self) -> object:
        """Have it there, where a browser is about to come or to go."""

    def veil(self) -> None:
        """The browser that comes is not to be seen yet."""

    def unveil(self) -> None:
        """It may be seen."""


class NoBackdrop:
    """Where no compositor is known."""

    def stand(self) -> None:
        """Nothing."""

    def veil(self) -> None:
        """Nothing."""

    def unveil(self) -> None:
        """Nothing."""


class Kiosk:
    """Runs from `start` to `stop`. `most_mib`: what all the browser's processes may hold for
    themselves, 0 for any, None for USUAL_PERCENT of the machine's.
    """

    def __init__(
        self,
        shown: Shown,
        most_mib: int | None = None,
        backdrop: Backdrop | None = None,
    ) -> None:
        self._shown = shown
        self._backdrop = backdrop or NoBackdrop()
        self.most_mib = total_mib() * USUAL_PERCENT // 100 if most_mib is None else most_mib
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kiosk", daemon=True)
        self._browser: Browser | None = None
        self._turned = time.monotonic()
        self.ends: list[str] = []
        """Why the lives before this one ended, the last few of them."""

    def start(self) -> None:
        """Start it, and again whenever it ends."""
        self._thread.start()

    def stop(self) -> None:
        """End it for good."""
        self._stop.set()
        self._thread.join(timeout=STOP_WITHIN_S)

    def picture(self) -> Glimpse:
        """Of what stands on the display now. Raises NoGlimpse."""
        browser = self._browser
        if browser is None:
            raise NoGlimpse("No browser runs on this display.")
        return take(browser)

    @property
    def hangs(self) -> bool:
        """Whether it has looked at no browser for HUNG_S: one that the kernel does not let go keeps
        it waiting. Only systemd can help then.
        """
        return time.monotonic() - self._turned > HUNG_S

    @property
    def pid(self) -> int:
        """Of the browser that runs, 0 if none does."""
        return self._browser.pid if self._browser else 0

    def _run(self) -> None:
        short = 0
        while not self._stop.is_set():
            self._turned = began = time.monotonic()
            try:
                why = self._one_life()
            except OSError as wrong:
                why = f"it cannot be started: {wrong}"
            except Exception as wrong:  # whatever it is, a display without a browser is worse
                why = f"{type(wrong).__name__}: {wrong}"
            lived_s = time.monotonic() - began
            if not self._stop.is_set():
                print(f"Chromium is started again: {why}.", file=sys.stderr, flush=True)
                self.ends = [*self.ends[-9:], why]
            short = 0 if lived_s > STEADY_S else short + 1
            if short >= RUINED:
                shutil.rmtree(self._shown.profile, ignore_errors=True)
                self._stop.wait(RETRY_S)

    def _one_life(self) -> str:
        """Why it ended."""
        self._free_profile()
        self._backdrop.stand()
        self._backdrop.veil()
        began = time.monotonic()
        browser = self._browser = Browser(self._shown.command())
        unveiling = threading.Thread(target=self._unveil, args=(browser,), daemon=True)
        unveiling.start()
        why, asked = "", began
        try:
            while not why and not self._stop.wait(LOOK_EVERY_S):
                self._turned = now = time.monotonic()
                if browser.has_crashed:
                    why = "its page crashed"
                elif browser.is_over:
                    why = "it ended"
                elif now - asked > ASK_EVERY_S:
                    asked = now
                    why = self._trouble(browser, now - began)
        finally:
            self._browser = None
            self._backdrop.stand()
            browser.end(at_once=bool(why))
            unveiling.join()
        return why

    def _unveil(self, browser: Browser) -> None:
        """As soon as its page has drawn something, or has had BEGIN_S to."""
        until = time.monotonic() + BEGIN_S
        try:
            while not browser.is_over and time.monotonic() < until:
                with contextlib.suppress(NoAnswer), browser.page() as page:
                    told = browser.call("Runtime.evaluate", page, expression=_DREW)
                    if told.get("result", {}).get("value"):
                        self._stop.wait(FADED_S)
                        break
                if self._stop.wait(LOOK_EVERY_S):
                    break
        finally:
            self._backdrop.unveil()

    def _trouble(self, browser: Browser, lived_s: float) -> str:
        held = held_mib(browser.pid) if self.most_mib else 0
        if held > self.most_mib:
            return f"it holds {held} MiB of at most {self.most_mib}"
        quiet_s = browser.quiet_s()
        if quiet_s > (SILENT_S if browser.has_spoken else BEGIN_S):
            return f"it has answered nothing for {quiet_s:.0f} s"
        return self._shown.trouble(lived_s)

    def _free_profile(self) -> None:
        """A lock that a killed one has left, of a machine that was renamed meanwhile, brings up a
        dialog.
        """
        for name in ("SingletonLock", "SingletonCookie", "SingletonSocket"):
            with contextlib.suppress(OSError):
                (self._shown.profile / name).unlink()
