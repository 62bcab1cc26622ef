"""Faults at every call by which a player's state reaches its disk: kills, errors, power cuts.

A life is recorded with strace; each call on the player's folder is a point (call, what it is on,
how many-th). Then life after life on the same folder meets one of them: SIGKILL before the call
(`signal=KILL`), an error in its place (`error=EIO`, `error=ENOSPC`, once or from then on), or the
power is cut there: the player is stopped at the point, its ext4 is shut down without writing
anything back, mounted again and checked.
"""

from __future__ import annotations

import random
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.bench.faults_disks import CutDisk
from tests.bench.faults_life import BACK_S, LOOK_S, Judge, Life, Player
from tests.bench.faults_shop import Shop, places
from tests.fakes.server_peer import Peer
from tests.fakes.shop_content import SHOP

CALLS = (
    *("fsync", "fdatasync", "rename", "renameat", "renameat2", "unlink", "unlinkat"),
    *("ftruncate", "pwrite64", "write", "mkdir"),
)
TRACE = ("-e", "trace=" + ",".join("?" + call for call in CALLS))
FAILING = frozenset(("fsync", "fdatasync", "rename", "renameat2", "pwrite64", "write", "mkdir"))
CONVERGED_S = 6.0
TOLD_S = 30.0
_LINE = re.compile(r'(\d+) +(\w+)\((?:\d+<([^>]*)>|(?:AT_FDCWD<[^>]*>, )?"([^"]*)")')


@dataclass(frozen=True, slots=True)
class Point:
    """The `nth` time (of one thread) that a life makes `call` on `role`; a `first` life or not."""

    first: bool
    call: str
    role: str
    nth: int


@dataclass
class Fates:
    """What became of one player."""

    kills: int = 0
    errors: int = 0
    cuts: int = 0
    lives: int = 0
    own_ends: Counter[str] = field(default_factory=Counter)
    """Lives that ended by themselves, by the last line they said."""
    never_back: list[str] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)
    plays_lost: int = 0
    plays_doubled: int = 0
    chain_breaks: int = 0
    plays: int = 0
    points: set[Point] = field(default_factory=set)
    hit: set[Point] = field(default_factory=set)
    damaged: list[str] = field(default_factory=list)
    fsck: int = 0
    bits_flipped: int = 0
    disks_full: int = 0
    plays_rotten: int = 0
    looks: int = 0
    prices: int = 0


class Walk:
    """One player, its shop and its folder, from fault to fault."""

    def __init__(
        self,
        shop: Shop,
        peer: Peer,
        folder: Path,
        disk: CutDisk | None = None,
        data: Path | None = None,
    ) -> None:
        self.shop, self.peer = shop, peer
        self.folder = folder
        self.disk = disk
        self.data = disk.folder / "data" if disk else data or folder / "data"
        self.trace = folder / "trace"
        self.judge = Judge(shop)
        self.player = Player()
        self.fates = Fates()
        self.when = "start"
        self._given_up: set[int] = set()
        self._devices = 0

    def record(self) -> list[Point]:
        """The points of a first life and of a later one."""
        found: Counter[Point] = Counter()
        for first in (True, False):
            self.shop.change()
            self.live(("-o", str(self.trace), *TRACE))
            threads: Counter[tuple[str, str, str]] = Counter()
            for line in self.trace.read_text(errors="replace").splitlines():
                seen = _LINE.match(line)
                role = role_of(Path(seen[3] or seen[4]), self.data) if seen else ""
                if seen and role:
                    threads[seen[1], seen[2], role] += 1
                    found[Point(first, seen[2], role, threads[seen[1], seen[2], role])] += 1
        self.fates.points = set(found)
        return list(found)

    def kill(self, point: Point) -> bool:
        """One life that dies there, if it gets there."""
        killed = self._live_at(point, "signal=KILL", point.nth) == -signal.SIGKILL
        self.fates.kills += killed
        if killed:
            self.fates.hit.add(point)
        return killed

    def fail(self, point: Point, error: str, *, lasting: bool) -> None:
        """One life in which that call fails; once, or from then on."""
        self._live_at(point, f"error={error}", f"{point.nth}+" if lasting else point.nth)
        self.fates.errors += 1

    def cut(self, point: Point) -> bool:
        """One life whose disk loses power there, if it gets there."""
        cut = threading.Event()
        disk = self.disk
        assert disk

        def watch(life: Life) -> None:
            while life.is_alive and not cut.is_set():
                if self.trace.exists() and b"--- SIGSTOP" in self.trace.read_bytes():
                    disk.cut()
                    cut.set()
                    life.child.kill()
                time.sleep(0.005)

        self._live_at(point, "signal=STOP", point.nth, watch)
        if cut.is_set():
            self.fates.cuts += 1
            self.fates.fsck += not disk.power_on()
        return cut.is_set()

    def live(
        self, inject: Sequence[str] = (), watch: Callable[[Life], None] | None = None
    ) -> int | None:
        """News comes, turns are told, it is asked to end; the exit code, None if it lived without
        painting, or did not end."""
        self.trace.unlink(missing_ok=True)
        fates = self.fates
        fates.lives += 1
        life = Life(self.peer.url, self.data, inject, watch)
        painted = False
        try:
            painted = life.url != "" and self.painted(life)
            self.player.tell(life)
            self._converge(life)
            self.player.tell(life)
        except requests.RequestException:
            pass
        code = life.end(signal.SIGTERM)
        if life.hangs or (code == 0 and not painted):
            fates.never_back.append(self.when)
            return None
        self.ended(life, code)
        return code

    def ended(self, life: Life, code: int) -> None:
        """Note a life that ended by itself."""
        if code not in (0, -signal.SIGKILL):
            self.fates.own_ends[life.told[-1] if life.told else f"code {code}"] += 1

    def finish(self) -> Fates:
        """Live on without a fault until everything told has arrived, and sum up."""
        self.when = "after everything"
        life = Life(self.peer.url, self.data)
        try:
            if not self.painted(life):
                self.fates.never_back.append(self.when)
            deadline = time.monotonic() + TOLD_S
            while not self.player.tell(life, 1) and time.monotonic() < deadline:
                time.sleep(LOOK_S)
        finally:
            life.end(signal.SIGTERM)
        # What waits is told at the start.
        self._settle()
        fates = self.fates
        fates.plays = self.player.acknowledged
        fates.plays_lost = len(self._awaited())
        fates.plays_doubled = sum(count - 1 for count in self.shop.told().values())
        broken = max(0, self.shop.restarts - self._devices)
        fates.chain_breaks = broken + len(self.shop.wrong_plays)
        fates.damaged = self.judge.damaged
        fates.looks, fates.prices = self.judge.looks, self.judge.prices
        return fates

    def _live_at(
        self,
        point: Point,
        what: str,
        nth: int | str,
        watch: Callable[[Life], None] | None = None,
    ) -> int | None:
        self.when = f"{what} at {point}"
        if point.first:
            self._begin_anew()
        self.shop.change()
        paths = [it for it in self._paths() if role_of(it, self.data) == point.role]
        inject = ["-o", str(self.trace), "-e", f"trace={point.call}"]
        inject += ["-e", f"inject={point.call}:{what}:when={nth}"]
        for path in paths:
            inject += ["-P", str(path)]
        return self.live(inject, watch)

    def _begin_anew(self) -> None:
        """Another device: what the one before was told has arrived before it goes, but for the turn
        that it still held open."""
        if self.data.exists():
            self._settle()
            self._given_up.add(self.player.acknowledged)
            self._devices += 1
            for path in self.data.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.judge.revision = self.judge.version = 0

    def _settle(self) -> None:
        """Live until what was acknowledged has arrived, but the turn still open."""
        if not self._awaited():
            return
        life = Life(self.peer.url, self.data)
        deadline = time.monotonic() + TOLD_S
        while self._awaited() and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        life.end(signal.SIGTERM)

    def _awaited(self) -> set[int]:
        """Turns that were acknowledged and that the server was not told."""
        # The turn told last is still open: it may become a record later.
        return set(range(1, self.player.acknowledged)) - self._given_up - set(self.shop.told())

    def _paths(self) -> list[Path]:
        data = self.data
        names = [
            f"{name}.db{end}"
            for name in ("state", "plays", "orders")
            for end in ("", "-wal", "-journal")
        ]
        found = [data, *(data / name for name in (*names, "lock", "device.pem", "device.pem.new"))]
        files = places(data, self.shop)
        return [*found, *files, *{path.parent for path in files}]

    def painted(self, life: Life) -> bool:
        """Wait for it to paint, and note how long that took."""
        while life.is_alive and time.monotonic() < life.began + BACK_S:
            if self.judge.look(life, self.when):
                self.fates.back_s.append(time.monotonic() - life.began)
                return True
            time.sleep(LOOK_S)
        return False

    def _converge(self, life: Life) -> None:
        deadline = time.monotonic() + CONVERGED_S
        while life.is_alive and time.monotonic() < deadline:
            state = life.json("/state")
            plan, offers = state["plan"], state["offers"].get(SHOP)
            if (
                plan
                and offers
                and plan["revision"] == self.shop.revision
                and offers["version"] == self.shop.channel_version
                and next(iter(self.shop.new_files)) in state["held"]
            ):
                self.judge.look(life, self.when)
                return
            time.sleep(LOOK_S)


def role_of(path: Path, data: Path) -> str:
    """What a path in a player's folder is, whatever its name; "" for one that lies elsewhere."""
    if not path.is_relative_to(data):
        return ""
    parts = path.relative_to(data).parts
    if not parts:
        return "folder"
    if parts[0] not in ("objects", "assets"):
        return parts[0].removesuffix(".new")
    if len(parts) < 3:
        return f"{parts[0]} folder"
    return f"{parts[0]} {'download' if parts[1] == 'partial' else 'file'}"


def shuffled(points: Sequence[Point], seed: int) -> list[Point]:
    """In an order of its own, the later lives first: a first life begins a folder anew."""
    found = sorted(points, key=str)
    random.Random(seed).shuffle(found)
    return sorted(found, key=lambda point: point.first)
