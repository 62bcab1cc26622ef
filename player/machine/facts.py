"""What the device knows of itself, read from the kernel's files and a few tools, and what is wrong.

Linux: sysfs thermal, hwmon, drm; procfs meminfo and net/wireless. Raspberry Pi: `vcgencmd
get_throttled` (bits 0 under-voltage, 2 throttled, 3 soft limit of temperature, as its documentation
has them), and the hwmon alarm of under-voltage where that tool may not be asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from player import __version__
from player.machine.tools import has, run
from playlists.wire.door import Cap

HOT_C = 80
"""From here a Raspberry Pi slows down (its documentation: soft limit 80 °C)."""
DISK_LOW_MIB = 256
MEMORY_LOW_PERCENT = 5
_LIMITS = {0: "undervoltage", 2: "throttled", 3: "throttled"}
_VERSION_TIMEOUT_S = 30.0
TROUBLES: Mapping[str, str] = {
    "too_hot": "The machine is too hot: give it air.",
    "undervoltage": "The power supply is too weak: use the machine's own.",
    "throttled": "The machine is slowed down by heat or power.",
    "disk_low": "The disk is nearly full.",
    "memory_low": "The memory is nearly full.",
    "no_display": "No display is connected.",
}
"""What may be wrong with the machine."""


class Machine:
    """`data` is the folder whose disk counts; `root` is / but in tests."""

    def __init__(self, data: Path, chromium: str = "", root: Path = Path("/")) -> None:
        self._data = data
        self._root = root
        self._chromium = chromium
        self._versions: dict[str, Cap] | None = None
        self.page_port: int | None = None
        """Where the screen's page is open to people at the server, who sit at this machine."""

    def facts(self) -> dict[str, Cap]:
        """All that can be known now, by name; what cannot be known is left out."""
        found: dict[str, Cap | None] = {
            "temperature": self._temperature(),
            "limits": " ".join(self._limits()),
            "wifi_dbm": self._wifi(),
            "model": self._text("proc/device-tree/model"),
            "page_port": self.page_port,
            **self._disk(),
            **self._memory(),
            **self._displays(),
            **self._known_versions(),
        }
        return {name: value for name, value in found.items() if value not in (None, "")}

    @property
    def boot(self) -> str:
        """This life of the machine."""
        return self._text("proc/sys/kernel/random/boot_id")

    def _temperature(self) -> int | None:
        """Degrees Celsius of the warmest sensor."""
        read = [self._number(path) for path in self._all("sys/class/thermal/*/temp")]
        degrees = [value // 1000 for value in read if value is not None]
        return max(degrees, default=None)

    def _limits(self) -> list[str]:
        told = run(["vcgencmd", "get_throttled"]).text if has("vcgencmd") else ""
        bits = re.search(r"throttled=0x([0-9a-fA-F]+)", told)
        names = {name for bit, name in _LIMITS.items() if bits and int(bits[1], 16) >> bit & 1}
        if any(self._number(path) for path in self._all("sys/class/hwmon/*/in0_lcrit_alarm")):
            names.add("undervoltage")
        return sorted(names)

    def _wifi(self) -> int | None:
        """The signal's level in dBm, of the first interface."""
        rows = self._text("proc/net/wireless").splitlines()[2:]
        found = re.findall(r"^\s*\S+:\s+\S+\s+\S+\s+(-?\d+)", rows[0]) if rows else []
        return int(found[0]) if found else None

    def _disk(self) -> dict[str, Cap | None]:
        try:
            disk = os.statvfs(self._data)
        except OSError:
            return {}
        mib = 1024 * 1024
        return {
            "disk_mib": disk.f_blocks * disk.f_frsize // mib,
            "disk_free_mib": disk.f_bavail * disk.f_frsize // mib,
        }

    def _memory(self) -> dict[str, Cap | None]:
        told: dict[str, str] = dict(
            re.findall(r"^(\w+):\s+(\d+) kB", self._text("proc/meminfo"), re.MULTILINE)
        )
        if "MemTotal" not in told:
            return {}
        available = int(told.get("MemAvailable", told.get("MemFree", "0")))
        return {
            "memory_mib": int(told["MemTotal"]) // 1024,
            "memory_free_mib": available // 1024,
        }

    def _displays(self) -> dict[str, Cap | None]:
        outputs = {path.parent.name: self._at(path) for path in self._all("sys/class/drm/*/status")}
        if not outputs:
            return {}
        there = sorted(name for name, status in outputs.items() if status == "connected")
        modes = self._text(f"sys/class/drm/{there[0]}/modes").splitlines() if there else []
        return {
            "displays": len(there),
            "display": there[0].partition("-")[2] if there else "",
            "display_mode": modes[0] if modes else "",
        }

    def _known_versions(self) -> dict[str, Cap]:
        """Read once: asking Chromium takes a while, and it does not change under a running one."""
        if self._versions is None:
            self._versions = {"agent": __version__}
            if self._chromium:
                told = run([self._chromium, "--version"], _VERSION_TIMEOUT_S)
                found = re.search(r"\d+(\.\d+)+", told.text)
                self._versions["chromium"] = found[0] if told.ok and found else ""
        return self._versions

    def _all(self, pattern: str) -> list[Path]:
        return sorted(self._root.glob(pattern))

    def _text(self, path: str) -> str:
        return self._at(self._root / path)

    def _at(self, path: Path) -> str:
        try:
            return path.read_text(errors="replace").strip().strip("\0")
        except OSError:
            return ""

    def _number(self, path: Path) -> int | None:
        text = self._at(path)
        return int(text) if re.fullmatch(r"-?\d+", text) else None


def draws(root: Path = Path("/")) -> bool:
    """Whether a display asks for pictures: connected and switched on, as far as the kernel tells
    (drm: `status`, `dpms`). True where it tells nothing.
    """
    states = []
    for status in root.glob("sys/class/drm/*/status"):
        try:
            is_there = status.read_text().strip() == "connected"
            power = status.with_name("dpms").read_text().strip() if is_there else "Off"
        except OSError:
            continue
        states.append(power == "On")
    return any(states) or not states


def troubles_of(facts: Mapping[str, Cap]) -> dict[str, str]:
    """What is wrong with the machine, by code, with what to do."""

    def at_least(name: str, value: int) -> int:
        found = facts.get(name, value)
        return found if isinstance(found, int) else value

    limits = str(facts.get("limits", "")).split()
    free, memory = at_least("memory_free_mib", 1), at_least("memory_mib", 1)
    wrong = {
        "too_hot": at_least("temperature", 0) >= HOT_C,
        "undervoltage": "undervoltage" in limits,
        "throttled": "throttled" in limits,
        "disk_low": at_least("disk_free_mib", DISK_LOW_MIB) < DISK_LOW_MIB,
        "memory_low": free * 100 < memory * MEMORY_LOW_PERCENT,
        "no_display": at_least("displays", 1) == 0,
    }
    return {code: TROUBLES[code] for code, is_so in wrong.items() if is_so}
