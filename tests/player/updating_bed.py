"""A computer in a folder: what is installed, what a version does, and a server that signs updates.

Packages are JSON here: {"name", "version", "does"}; what they `do` is play (paint), mute (answer
and paint nothing), die (again and again) or nap (die now and then, and paint nothing). dpkg's own
work is two writes here, half and whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from player.cache.files import write_atomic
from player.machine.tools import Told
from player.updating.handover import NAME, PACKAGES, REQUEST, RESULT, Request, Result
from player.updating.record import load
from player.updating.system import Beat, Life, System
from player.updating.updater import Places, Updater
from player.updating.watching import Patience
from playlists.fields import parse_json
from playlists.ids import ScreenId, sha256
from playlists.signing import KeyDocument, OnlineKey, SigningKey, sign
from playlists.wire.commands import Command

NOW = 1_800_000_000_000
HOUR_MS = 3_600_000
FOREVER_MS = 4_000_000_000_000
DEVICE = "d" * 16
PATIENCE = Patience(paint_s=60, settle_s=120, restarts=2)


def package(version: str, does: str = "play", name: str = NAME) -> bytes:
    """A package's bytes."""
    return json.dumps({"name": name, "version": version, "does": does}).encode()


class Folder(System):
    """The computer. Time passes when it is slept; what is installed is in a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock_ms: int | None = NOW
        self.free = 10**12
        self.seconds = 0.0
        self.started_s = -1_000.0
        self.ends = 0
        self.dark = False
        self.life_of_machine = "first"
        self.dpkg_works = True
        self.asked: list[str] = []

    @property
    def state(self) -> tuple[str, str]:
        """How much of which package is installed: none, half or whole; its bytes."""
        try:
            state, _, text = (self.folder / "installed").read_text().partition(" ")
        except FileNotFoundError:
            return "none", ""
        return state, text

    def put(self, data: bytes, state: str = "whole") -> None:
        write_atomic(self.folder / "installed", f"{state} {data.decode()}".encode())

    def installed(self) -> str:
        state, text = self.state
        return str(json.loads(text)["version"]) if state == "whole" else ""

    def about(self, deb: Path) -> tuple[str, str]:
        try:
            told = json.loads(deb.read_bytes())
        except (OSError, ValueError):
            return "", ""
        return told["name"], told["version"]

    def unpacked_bytes(self, deb: Path) -> int:
        return 10_000_000

    def install(self, deb: Path) -> Told:
        self.asked.append(f"install {self.about(deb)[1]}")
        if not self.dpkg_works:
            return Told(False, "dpkg: dependency problems")
        self.put(deb.read_bytes(), "half")
        self.put(deb.read_bytes())
        return Told(True, "")

    def configure(self) -> None:
        state, text = self.state
        if state == "half" and self.dpkg_works:
            self.put(text.encode())

    def restart(self) -> None:
        self.asked.append("restart")
        self.started_s = self.seconds

    def beat(self) -> Beat | None:
        version, does = self.installed(), self.does
        lived_s = self.seconds - self.started_s
        if not version or lived_s < 3:
            return None
        # A new agent says "just now" of a page that it has never heard.
        ago_ms = int(lived_s * 1000) if does in ("mute", "nap") or lived_s < 6 else 900
        return Beat(version, ago_ms, int(lived_s * 1000) if self.dark else ago_ms, self.dark)

    def life(self) -> Life:
        lives_s = {"die": 7, "nap": 25}.get(self.does, 10**9)
        if self.seconds - self.started_s > lives_s:
            self.ends, self.started_s = self.ends + 1, self.seconds
        return Life(100 + self.ends, self.ends)

    @property
    def does(self) -> str:
        return str(json.loads(self.state[1])["does"])

    def free_bytes(self, *folders: Path) -> int:
        return self.free

    def boot(self) -> str:
        return self.life_of_machine

    def now_ms(self) -> int | None:
        return self.clock_ms

    def monotonic_s(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def sync(self) -> None:
        """Nothing here is unsynced."""


@dataclass
class Bed:
    """One computer with the version 1 on it, and its server."""

    folder: Path
    root: SigningKey = field(default_factory=SigningKey.generate)
    online: SigningKey = field(default_factory=SigningKey.generate)
    keys_version: int = 1

    def __post_init__(self) -> None:
        for name in ("agent", "agent/packages", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.places = Places(self.agent, self.own, self.folder / "server-key")
        self.system = Folder(self.folder)
        if not (self.folder / "installed").exists():
            self.places.key.write_text(f"{self.root.x}\n")
            self.system.put(package("1"))
            first = self.folder / "first.deb"
            first.write_bytes(package("1"))
            assert self.updater.keep(first) == "1"

    @property
    def agent(self) -> Path:
        return self.folder / "agent"

    @property
    def own(self) -> Path:
        return self.folder / "root"

    @property
    def updater(self) -> Updater:
        return Updater(self.places, self.system, PATIENCE)

    def keys(self) -> str:
        """The signed keys document."""
        uses = frozenset({"command"})
        online = (OnlineKey(self.online.public, uses, 0, FOREVER_MS),)
        document = KeyDocument(self.keys_version, self.keys_version, online)
        return sign("keys", document.to_json(), self.root)

    def ask(
        self, version: str = "2", does: str = "play", data: bytes | None = None, **other: Any
    ) -> Request:
        """The agent hands an update over, as its server signed it; `other` differs from that."""
        data = package(version, does) if data is None else data
        arguments: Mapping[str, Any] = {
            "version": version,
            "sha256": other.get("sha256", sha256(data)),
            "bytes": other.get("bytes", len(data)),
            "device": other.get("device", DEVICE),
        }
        issued_at = other.get("issued_at", NOW)
        command = Command(
            "c1",
            ScreenId(other.get("screen", "lille-1")),
            other.get("kind", "update"),
            arguments,
            issued_at,
            issued_at + other.get("life_ms", HOUR_MS),
        )
        token = sign("command", command.to_json(), other.get("key", self.online))
        boot = self.system.life_of_machine
        request = Request(token, other.get("keys", self.keys()), boot)
        (self.agent / PACKAGES / arguments["sha256"]).write_bytes(data)
        self.hand(request)
        return request

    def hand(self, request: Request) -> None:
        """Put it where the agent does."""
        write_atomic(self.agent / REQUEST, request.to_bytes())

    def run(self) -> Result:
        """Root's service."""
        result = self.updater.run()
        assert result is not None
        assert self.told() == result
        assert not (self.agent / REQUEST).exists()
        assert load(self.own).attempt is None
        assert not (self.own / "code").exists()
        return result

    def told(self) -> Result:
        """What the agent reads."""
        return Result.from_json(parse_json((self.own / RESULT).read_bytes()))
