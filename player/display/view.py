"""What Chromium is to show, and when its life is to end: the agent's page, and whether it lives.

The agent is only asked (GET /painted), never told: each of both may be restarted without the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import requests

from player.config import Config
from player.display.chromium import HEADLESS, command, kept_in
from player.machine.facts import draws

WAITING = Path(__file__).parent / "waiting.html"
ASK_TIMEOUT_S = 2.0
SILENT_S = 5.0
"""A page that lives says so every two seconds; one that has not for so long hangs."""
STILL_S = 3.5
"""Between words that told of the same frames: each word asks for one."""
BEGIN_S = 30.0
"""A new Chromium's first word may take so long: a Raspberry Pi 3 reads it from its card."""
AGENT_HERE = "the agent answers by now"


@dataclass(frozen=True, slots=True)
class Beat:
    """What the agent was told by the page: seconds since it spoke, and since it drew a frame."""

    ago_s: float
    drawn_ago_s: float
    dark: bool

    def trouble(self, lived_s: float, *, draws: bool) -> str:
        """Why a Chromium that began `lived_s` ago is to be replaced, "" if all is well; `draws`:
        whether the display asks for frames at all.
        """
        if self.ago_s > lived_s:
            return f"it has said nothing for {lived_s:.0f} s" if lived_s > BEGIN_S else ""
        if self.ago_s > SILENT_S:
            return f"its page has said nothing for {self.ago_s:.0f} s"
        still_s = min(self.drawn_ago_s, lived_s) - self.ago_s
        if draws and not self.dark and still_s > STILL_S:
            return f"its page has drawn nothing for {still_s:.0f} s"
        return ""


class View:
    """The agent's page as soon as it answers, until then the waiting page."""

    def __init__(self, config: Config, program: str) -> None:
        host = f"[{config.host}]" if ":" in config.host else config.host
        self.agent = f"http://{host}:{config.port}/"
        self.profile = kept_in(config) / "chromium"
        """Nothing in it is needed after a life of Chromium."""
        self._config = config
        self._program = program
        self._shows_agent = False

    def command(self) -> list[str]:
        """How Chromium's next life begins."""
        self._shows_agent = self._beat() is not None
        url = self.agent if self._shows_agent else self._waiting()
        config = self._config
        return command(self._program, url, self.profile, config.size, config.chromium_flags)

    def unseen(self, path: str, folder: Path, size: tuple[int, int]) -> list[str]:
        """How a Chromium begins that has no window, for a page of the agent's; it keeps what it
        keeps in `folder`.
        """
        flags = [HEADLESS, *self._config.chromium_flags]
        return command(self._program, self.agent + path, folder, size, flags)

    def trouble(self, lived_s: float) -> str:
        """Why this life is to end after so long: it hangs, or waits for an agent that is here by
        now; "" if it goes on.
        """
        beat = self._beat()
        if beat is None:
            return ""
        return beat.trouble(lived_s, draws=draws()) if self._shows_agent else AGENT_HERE

    def _beat(self) -> Beat | None:
        """None while no agent answers."""
        try:
            told = requests.get(self.agent + "painted", timeout=ASK_TIMEOUT_S).json()
            ago, drawn = float(told["ago_ms"]), float(told["drawn_ago_ms"])
            return Beat(ago / 1000, drawn / 1000, told["dark"] is True)
        except (requests.RequestException, ValueError, KeyError, TypeError):
            return None

    def _waiting(self) -> str:
        server = self._config.server
        return f"{WAITING.as_uri()}?{urlencode({'server': server} if server else {})}"
