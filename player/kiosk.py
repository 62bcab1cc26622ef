"""The kiosk's process: `python -m player.kiosk` becomes cage, which starts `--inside` of itself.

Inside, Chromium shows the agent's page, and is started again when it dies or hangs. The agent is
another process and is only asked (GET /painted), never told: each of both may be restarted without
the other. While no agent answers, a page of our own stands there, so that no error page is seen.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import requests

from player.config import BadConfig, Config, read_config
from player.display.hands import Hands
from player.display.kiosk import Kiosk, command, find_chromium, is_stuck
from player.health import Health

CANNOT_START = 2
INSIDE = "--inside"
ASK_EVERY_S = 1.0
ASK_TIMEOUT_S = 2.0
COMPOSITOR = "cage"
WAITING = Path(__file__).parent / "display" / "waiting.html"
TOOL_TIMEOUT_S = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Become the compositor, or inside of it show the page until told to end. The exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    is_inside = INSIDE in given
    try:
        config = read_config([word for word in given if word != INSIDE], needs_server=False)
        if is_inside:
            return _show(config)
        line = compositor(config, given)
        os.execv(line[0], line)
    except (BadConfig, OSError) as why:
        print(f"The kiosk cannot start: {why}", file=sys.stderr)
        return CANNOT_START


def compositor(config: Config, arguments: Sequence[str]) -> list[str]:
    """How cage is started, with this program inside. Raises BadConfig where there is none."""
    program = shutil.which(COMPOSITOR)
    if program is None:
        raise BadConfig("There is no cage: install it, or open the player's page in a browser.")
    turns = ["-r"] * (config.rotate // 90) if _cage_turns(program) else []
    return [program, "-d", *turns, "--", sys.executable, "-m", "player.kiosk", INSIDE, *arguments]


class View:
    """What Chromium shows: the agent's page as soon as it answers, until then the waiting page."""

    def __init__(self, config: Config, program: str) -> None:
        host = f"[{config.host}]" if ":" in config.host else config.host
        self.agent = f"http://{host}:{config.port}/"
        self.profile = Path(os.environ.get("CACHE_DIRECTORY", config.data)) / "chromium"
        """One for the life of the kiosk: nothing in it is needed after it."""
        self._config = config
        self._program = program
        self._shows_agent = False

    def command(self) -> list[str]:
        """How Chromium's next life begins."""
        self._shows_agent = self._silence_s() is not None
        url = self.agent if self._shows_agent else self._waiting()
        config = self._config
        return command(self._program, url, self.profile, config.size, config.chromium_flags)

    def is_over(self, lived_s: float) -> bool:
        """Whether it hangs, or waits for an agent that is here by now."""
        silence_s = self._silence_s()
        if silence_s is None:
            return False
        return not self._shows_agent or is_stuck(lived_s, silence_s)

    def _silence_s(self) -> float | None:
        """What the agent says of the page's silence, in seconds; None while no agent answers."""
        try:
            told = requests.get(self.agent + "painted", timeout=ASK_TIMEOUT_S).json()
            return float(told["ago_ms"]) / 1000
        except (requests.RequestException, ValueError, KeyError, TypeError):
            return None

    def _waiting(self) -> str:
        server = self._config.server
        return f"{WAITING.as_uri()}?{urlencode({'server': server} if server else {})}"


def _show(config: Config) -> int:
    program = find_chromium(config.chromium)
    if program is None:
        raise BadConfig("There is no Chromium: install chromium, or give --chromium.")
    _turn(config.rotate)
    view, health, ending = View(config, program), Health(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    kiosk = Kiosk(view.command, view.is_over)
    kiosk.start()
    hands = Hands(view.agent, view.profile)
    hands.start()
    health.ready()
    while not ending.wait(ASK_EVERY_S):
        health.turned()
    health.stopping()
    hands.stop()
    kiosk.stop()
    return 0


def _cage_turns(program: str) -> bool:
    """Whether this cage turns the picture itself: 0.1 does (-r), 0.2 leaves it to wlr-randr."""
    return re.search(r"^\s*-r\s", _told([program, "-h"]), re.MULTILINE) is not None


def _turn(degrees: int) -> None:
    """Turn every output by wlr-randr, where cage has not done it."""
    program, cage = shutil.which("wlr-randr"), shutil.which(COMPOSITOR)
    if not degrees or program is None or cage is None or _cage_turns(cage):
        return
    for output in re.findall(r"^(\S+)", _told([program]), re.MULTILINE):
        _told([program, "--output", output, "--transform", str(degrees)])


def _told(line: Sequence[str]) -> str:
    """What a tool prints; nothing where it cannot: the picture is shown all the same."""
    try:
        done = subprocess.run(
            line, capture_output=True, text=True, timeout=TOOL_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        print(f"{line[0]} could not be asked: {why}", file=sys.stderr)
        return ""
    return done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(main())
