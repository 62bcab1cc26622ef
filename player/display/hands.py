"""The kiosk's side of the agent's wishes: the display's power, its turn, its sound, its picture.

Best effort by what is there: wlr-randr and the compositor, CEC (cec-ctl of v4l-utils), wpctl or
amixer. What each answered is told back. A wish that stands is done again after a restart, and a
display that should be on and is not is switched on again.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

from player.display.glimpse import Glimpse, NoGlimpse
from player.display.wishes import Did
from player.machine.tools import Told, has, run, short

ASK_EVERY_S = 1.0
TIMEOUT_S = 5.0
LOOK_EVERY_S = 60.0
"""How often it is looked whether a display that should be on is."""


class Hands:
    """`agent` is the agent's address; `picture` takes one of the display, or raises NoGlimpse.
    Runs from `start` to `stop`.
    """

    def __init__(self, agent: str, picture: Callable[[], Glimpse]) -> None:
        self._agent = agent.rstrip("/")
        self._picture = picture
        self._stop = threading.Event()
        self._done: set[str] = set()
        self._looked_at = 0.0
        self._thread = threading.Thread(target=self._run, name="hands", daemon=True)

    def start(self) -> None:
        """Ask the agent, again and again, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()

    def once(self) -> None:
        """Do what is wished and was not done yet."""
        told = requests.get(f"{self._agent}/wishes", timeout=TIMEOUT_S).json()
        for wish in told["wishes"]:
            if wish["id"] not in self._done:
                did = self._do(wish)
                requests.post(f"{self._agent}/wishes", json=did.to_json(), timeout=TIMEOUT_S)
                self._done.add(wish["id"])
            elif wish["kind"] == "power" and wish["on"]:
                self._keep_on()
        # What is not wished any more may be wished again: louder, quiet, and as loud as before.
        self._done &= {wish["id"] for wish in told["wishes"]}

    def _run(self) -> None:
        while not self._stop.wait(ASK_EVERY_S):
            try:
                self.once()
            except (requests.RequestException, ValueError, KeyError, TypeError):
                continue  # the agent is away, or older
            except Exception as wrong:  # whatever it is, the next wish may be done
                print(f"A wish: {type(wrong).__name__}: {wrong}", file=sys.stderr, flush=True)

    def _do(self, wish: Mapping[str, Any]) -> Did:
        name = str(wish["id"])
        if wish["kind"] == "picture":
            try:
                seen = self._picture()
            except NoGlimpse as why:
                return Did(name, False, "", short(str(why)))
            return Did(name, True, seen.how, "The picture was taken.", seen.detail, seen.data)
        kinds: Mapping[str, Callable[[], list[tuple[str, Told]]]] = {
            "power": lambda: power(on=wish["on"]),
            "rotate": lambda: rotate(int(wish["value"])),
            "volume": lambda: volume(int(wish["value"])),
        }
        do = kinds.get(wish["kind"])
        if do is None:
            return Did(name, False, "", "This kiosk is older than its agent.")
        tried = do()
        how = "+".join(tool for tool, told in tried if told.ok)
        words = "; ".join(f"{tool}: {short(told.text) or 'well'}" for tool, told in tried)
        return Did(name, bool(how), how[:64], (words or "There is no tool for this.")[:400])

    def _keep_on(self) -> None:
        if time.monotonic() - self._looked_at > LOOK_EVERY_S:
            self._looked_at = time.monotonic()
            if any(not is_on for is_on in outputs().values()):
                power(on=True)


def outputs() -> dict[str, bool]:
    """The compositor's outputs by name, and whether each is on; none without wlr-randr."""
    if not os.environ.get("WAYLAND_DISPLAY") or not has("wlr-randr"):
        return {}
    found: dict[str, bool] = {}
    name = ""
    for line in run(["wlr-randr"]).text.splitlines():
        if line and not line[0].isspace():
            name = line.split()[0]
            found[name] = True
        elif name and (said := re.match(r"\s+Enabled:\s+(\w+)", line)):
            found[name] = said[1] == "yes"
    return found


def power(*, on: bool) -> list[tuple[str, Told]]:
    """Switch the display by every means there is: what each answered."""
    tried = []
    for name in outputs():
        line = ["wlr-randr", "--output", name, "--on" if on else "--off"]
        tried.append(("wlr-randr", run(line)))
    if has("cec-ctl"):
        run(["cec-ctl", "--playback", "--skip-info"])
        words = ["--image-view-on"] if on else ["--standby"]
        tried.append(("cec-ctl", run(["cec-ctl", "--skip-info", "--to", "0", *words])))
    return tried


def rotate(degrees: int) -> list[tuple[str, Told]]:
    """Turn every output clockwise."""
    turn = "normal" if degrees == 0 else str(degrees)
    lines = [["wlr-randr", "--output", name, "--transform", turn] for name in outputs()]
    return [("wlr-randr", run(line)) for line in lines]


def volume(percent: int) -> list[tuple[str, Told]]:
    """Set the sound's loudness."""
    if has("wpctl"):
        line = ["wpctl", "set-volume", "@DEFAULT_AUDIO_SINK@", f"{percent}%"]
        return [("wpctl", run(line))]
    if has("amixer"):
        return [("amixer", run(["amixer", "-q", "sset", "Master", f"{percent}%"]))]
    return []
