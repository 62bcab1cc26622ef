"""A player in a network namespace of its own, behind a narrow line that is cut again and again.

Two pairs of virtual cards lead to it: one to its server (tbf makes it narrow, and it is cut), one
by which it is looked at. What a download costs is counted by the card that carried it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.bench.faults_disks import CutDisk
from tests.bench.faults_life import LOOK_S, Judge, Life
from tests.bench.faults_shop import MIB, Shop
from tests.fakes.server_peer import Peer

RATE = "16mbit"
MOST_S = 240.0
PLAIN_BYTES = 3 * MIB
SERVER, PLAYER = "10.213.77.1", "10.213.77.2"
WATCHER, WATCHED = "10.213.78.1", "10.213.78.2"


@dataclass
class Cost:
    """What became of a download over a line that failed."""

    bytes: int = 0
    carried: int = 0
    plain: float = 1.0
    """What the same line carries for a byte while nothing fails: heads of packets."""
    cuts: int = 0
    kills: int = 0
    power_cuts: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Bytes carried to what the same download carries over a line that never fails."""
        return round(self.carried / (self.bytes * self.plain), 3)


class Line:
    """A namespace, its two cards here."""

    def __init__(self) -> None:
        self.name = f"faults{os.getpid()}"
        self.card, self._watch = f"fl{os.getpid() % 100_000}", f"fw{os.getpid() % 100_000}"

    def carried(self) -> int:
        """Bytes that left for the player."""
        return int(Path(f"/sys/class/net/{self.card}/statistics/tx_bytes").read_text())

    def cut(self, *, dead: bool) -> None:
        """Pull the plug, or put it back."""
        _ip("link", "set", self.card, "down" if dead else "up")

    def make(self) -> None:
        """Raises subprocess.CalledProcessError where namespaces are not allowed."""
        _ip("netns", "add", self.name)
        for card, here, there in (
            (self.card, SERVER, PLAYER),
            (self._watch, WATCHER, WATCHED),
        ):
            _ip("link", "add", card, "type", "veth", "peer", "name", f"{card}p")
            _ip("link", "set", f"{card}p", "netns", self.name)
            _ip("addr", "add", f"{here}/30", "dev", card)
            _ip("link", "set", card, "up")
            _ip("-n", self.name, "addr", "add", f"{there}/30", "dev", f"{card}p")
            _ip("-n", self.name, "link", "set", f"{card}p", "up")
        _ip("-n", self.name, "link", "set", "lo", "up")
        shape = f"tc qdisc add dev {self.card} root tbf rate {RATE} burst 32k latency 200ms"
        subprocess.run(shape.split(), check=True, capture_output=True)

    def remove(self) -> None:
        """Take it all away."""
        for card in (self.card, self._watch):
            subprocess.run(["ip", "link", "del", card], check=False, capture_output=True)
        _ip("netns", "del", self.name)


@contextmanager
def line() -> Iterator[Line]:
    """One for the length of the block."""
    made = Line()
    try:
        made.make()
        yield made
    finally:
        made.remove()


def download(folder: Path, mib: int, every_s: float) -> Cost:
    """A film of so many MiB over a line that is cut every so many seconds for as long; the player
    is killed and its power cut on the way."""
    cost = Cost(mib * MIB)
    shop = Shop()
    disk = CutDisk(folder / "disk")
    disk.make()
    with line() as wire:
        peer = Peer(shop, host=SERVER)
        peer.start()
        try:
            _fetch(shop, peer, wire, disk, cost, every_s)
        finally:
            peer.stop()
            disk.remove()
    return cost


def _fetch(shop: Shop, peer: Peer, wire: Line, disk: CutDisk, cost: Cost, every_s: float) -> None:
    data = disk.folder / "data"
    judge = Judge(shop)

    def start() -> Life:
        inside = ("ip", "netns", "exec", wire.name)
        return Life(peer.url, data, before=inside, host=WATCHED, more=("--assets-mib", "64"))

    shop.change(pictures_bytes=PLAIN_BYTES)
    life = start()
    _await(life, shop)
    cost.plain = wire.carried() / PLAIN_BYTES
    shop.change(pictures_bytes=cost.bytes)
    peer.push("head", shop.head)
    began = time.monotonic()
    film = next(iter(shop.new_files))
    before = wire.carried()
    faults = ["line", "kill", "line", "power"]
    at = began + every_s
    while time.monotonic() < began + MOST_S:
        with suppress(requests.RequestException):
            if film in life.json("/state")["held"] and judge.look(life, "over a bad line"):
                break
        if time.monotonic() > at and faults:
            at = _break(faults.pop(0), life, wire, disk, cost, every_s)
            if not life.is_alive:
                life = start()
        elif time.monotonic() > at:
            at = _break("line", life, wire, disk, cost, every_s)
        time.sleep(LOOK_S)
    else:
        cost.wrong.append("the film never came")
    life.end(signal.SIGKILL)
    cost.carried = wire.carried() - before
    cost.seconds = round(time.monotonic() - began, 1)
    cost.wrong += judge.damaged


def _await(life: Life, shop: Shop) -> None:
    film = next(iter(shop.new_files))
    deadline = time.monotonic() + MOST_S
    while time.monotonic() < deadline:
        with suppress(requests.RequestException):
            if film in life.json("/state")["held"]:
                return
        time.sleep(LOOK_S)


def _break(fault: str, life: Life, wire: Line, disk: CutDisk, cost: Cost, every_s: float) -> float:
    """Let one thing fail; when the next may."""
    if fault == "line":
        wire.cut(dead=True)
        time.sleep(every_s)
        wire.cut(dead=False)
        cost.cuts += 1
    elif fault == "kill":
        life.end(signal.SIGKILL)
        cost.kills += 1
    else:
        disk.cut()
        life.end(signal.SIGKILL)
        disk.power_on()
        cost.power_cuts += 1
    return time.monotonic() + every_s


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
