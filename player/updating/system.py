"""The computer as an update sees it: dpkg, systemd, the agent's answers, its clock and its disk."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from player.machine.facts import Machine, draws
from player.machine.tools import Told, run
from player.updating.handover import NAME

UNITS = ("enseigne-player.service", "enseigne-kiosk.service")
ASK_S = 3.0
DPKG_S = 300.0
"""The longest that dpkg may take over one package, on the slowest card."""
LOCK_S = 300.0
"""For so long another dpkg or apt is waited for."""
LOCK_EVERY_S = 5.0
LOCKED = "locked by another process"
MAX_ANSWER_BYTES = 256 * 1024
QUIET = {"ENSEIGNE_UPDATE": "1", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
"""The package's own scripts start nothing: the updater does, and looks at what comes of it."""
TIME_ERROR = 5
"""Of adjtimex(2): nobody keeps the clock right."""
_ADJTIMEX_BYTES = 256


@dataclass(frozen=True, slots=True)
class Beat:
    """What an agent says: its version, how long ago its page said that it lives, and drew (ms).
    `dark`: nobody asks for frames now, by the plan for the display or since it is off.
    """

    version: str
    ago_ms: int
    drawn_ago_ms: int
    dark: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """One process of the agent, and how often systemd had to start agent and kiosk again."""

    process: int
    restarts: int


class System:
    """This computer, whose agent serves its page at this address. Tests have others."""

    def __init__(self, host: str, port: int) -> None:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        # Whatever proxy the environment names, this machine is asked without it.
        self._web = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def installed(self) -> str:
        """The version that is installed whole, "" where none is."""
        told = run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", NAME])
        status, _, version = told.text.strip().partition(" ")
        return version if told.ok and status == "installed" else ""

    def about(self, deb: Path) -> tuple[str, str]:
        """Name and version that a package gives itself, "" where it is none."""
        fields = [run(["dpkg-deb", "-f", str(deb), name]) for name in ("Package", "Version")]
        name, version = (told.text.strip() if told.ok else "" for told in fields)
        return name, version

    def unpacked_bytes(self, deb: Path) -> int:
        """What it takes on the disk, as it says itself; 0 where it says nothing."""
        told = run(["dpkg-deb", "-f", str(deb), "Installed-Size"])
        return int(told.text) * 1024 if told.ok and told.text.strip().isdecimal() else 0

    def install(self, deb: Path) -> Told:
        """Install it, older or newer, from this file alone."""
        kept = ["--force-confdef", "--force-confold", "--force-downgrade"]
        return self._dpkg(["dpkg", *kept, "--install", str(deb)])

    def configure(self) -> None:
        """End what was begun and cut off."""
        self._dpkg(["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"])

    def restart(self) -> None:
        """Start agent and kiosk anew, where they run; wait for neither."""
        run(["systemctl", "--no-block", "try-restart", *UNITS])

    def beat(self) -> Beat | None:
        """What the agent says now; None while none answers."""
        health, painted = self._ask("/health"), self._ask("/painted")
        if health is None or painted is None:
            return None
        ago = _whole(painted.get("ago_ms"))
        return Beat(
            str(health.get("package", "")),
            ago,
            _whole(painted.get("drawn_ago_ms", ago)),
            painted.get("dark") is True or not draws(),
        )

    def life(self) -> Life:
        """Which process the agent is, and how often it and the kiosk had to be started again."""
        told = run(["systemctl", "show", "-p", "MainPID,NRestarts", *UNITS]).text
        pairs = [line.partition("=") for line in told.split()]
        numbers = [(name, _whole(value)) for name, _, value in pairs]
        process = next((number for name, number in numbers if name == "MainPID"), 0)
        return Life(process, sum(number for name, number in numbers if name == "NRestarts"))

    def free_bytes(self, *folders: Path) -> int:
        """On the fullest of these folders' disks."""
        return min(shutil.disk_usage(folder).free for folder in folders)

    def boot(self) -> str:
        """This life of the machine."""
        return Machine(Path("/")).boot or "none"

    def now_ms(self) -> int | None:
        """The instant; None where nobody keeps the clock right (adjtimex(2))."""
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_ADJTIMEX_BYTES))
        return time.time_ns() // 1_000_000 if 0 <= state < TIME_ERROR else None

    def monotonic_s(self) -> float:
        """Seconds from anywhere."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def sync(self) -> None:
        """Put everything on the disks."""
        os.sync()

    def _dpkg(self, line: Sequence[str]) -> Told:
        deadline = time.monotonic() + LOCK_S
        line = ["env", *(f"{name}={value}" for name, value in QUIET.items()), *line]
        while True:
            told = run(line, DPKG_S)
            if told.ok or LOCKED not in told.text or time.monotonic() > deadline:
                return told
            time.sleep(LOCK_EVERY_S)

    def _ask(self, path: str) -> Mapping[str, Any] | None:
        try:
            with self._web.open(self._url + path, timeout=ASK_S) as answer:
                data = answer.read(MAX_ANSWER_BYTES)
        except urllib.error.HTTPError as wrong:  # an agent that is not well answers so too
            with wrong:
                data = wrong.read(MAX_ANSWER_BYTES)
        except OSError:
            return None
        try:
            told = json.loads(data)
        except ValueError:
            return None
        return told if isinstance(told, dict) else None


def _whole(value: object) -> int:
    text = str(value)
    return int(text[:15]) if text.isdecimal() else 0
