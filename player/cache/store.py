"""Content-addressed files: admitted only complete, found again after a crash, evicted by budget.

A file's name is its sha256 and its length, so that a start sees damaged lengths at once and plays
before it has read a byte. Before a file is handed out for the first time, and whenever it looks as
if somebody had written to it, it is read through; `verify` does the same at leisure. A damaged file
is dropped, and `on_damage` called with its address: it lacks from then on, and is fetched again.
Unfinished downloads lie in `partial/` (player/cache/parts.py).
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from player.cache.files import full_or_same, put_in_place, sync_folder, write_atomic
from player.cache.parts import Parts, digest_of
from player.errors import Corrupt, NoRoom
from playlists.ids import Sha256, sha256

SMALL_DISK = 8
"""On a small disk the reserve is no more than one part of so many."""
_NAME = re.compile(r"([0-9a-f]{64})-([0-9]{1,15})")
_Look = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes that a store may hold, and bytes that it leaves free on the disk."""

    hold: int
    reserve: int = 0


class Store:
    """One folder of such files. Every method may be called from any thread."""

    def __init__(self, folder: Path, budget: Budget) -> None:
        self.on_damage: Callable[[Sha256], None] = lambda address: None
        self._folder = folder
        self._budget = budget
        self._lock = threading.Lock()
        self._sizes: dict[Sha256, int] = {}
        self._sound: dict[Sha256, _Look] = {}
        self._reading: dict[Sha256, threading.Lock] = {}
        self._parts = Parts(folder / "partial")
        self._find()

    def held(self) -> frozenset[Sha256]:
        """The addresses of complete files."""
        with self._lock:
            return frozenset(self._sizes)

    def path(self, address: Sha256) -> Path | None:
        """A complete file's path. It was read through since it last changed, at the latest now."""
        with self._lock:
            size = self._sizes.get(address)
            if size is None:
                return None
            reading = self._reading.setdefault(address, threading.Lock())
        place = self._place(address, size)
        with reading:
            look = _look(place)
            if look is not None and look == self._sound.get(address):
                return place
            return place if self.verify(address) else None

    def read(self, address: Sha256) -> bytes | None:
        """A complete file's bytes, checked now; a damaged one is dropped and None returned."""
        with self._lock:
            size = self._sizes.get(address)
        if size is None:
            return None
        try:
            data = self._place(address, size).read_bytes()
        except OSError:
            data = b""
        if sha256(data) == address:
            return data
        self._damaged(address)
        return None

    def put(self, address: Sha256, data: bytes, keep: Set[Sha256]) -> None:
        """Admit whole bytes. Raises Corrupt, or NoRoom if dropping all but `keep` is not enough."""
        if sha256(data) != address:
            raise Corrupt(f"These bytes are not {address}.")
        self.make_room(len(data), keep)
        write_atomic(self._place(address, len(data)), data)
        self._admitted(address, len(data))

    def part_size(self, address: Sha256, source: str = "") -> int:
        """Bytes of an unfinished download that are there."""
        return self._parts.size(address, source)

    def write_part(
        self,
        address: Sha256,
        span: tuple[int, int],
        blocks: Iterable[bytes],
        keep: Set[Sha256],
        source: str = "",
    ) -> None:
        """Write what fills `span` (from, until) of a download from the server, or from `source`.

        Raises NoRoom; what came stays.
        """
        self._parts.write(address, source, span, blocks, lambda size: self.make_room(size, keep))

    def admit_part(self, address: Sha256, source: str = "") -> None:
        """A finished download becomes a file. Raises Corrupt: then the download is thrown away."""
        part = self._parts.path(address, source)
        with self._parts.busy(address, source):
            try:
                found, size = digest_of(part)
            except OSError:
                found, size = "", 0
            if found != address:
                self._parts.drop(address, source)
                raise Corrupt(f"The download of {address} was damaged on its way.")
            try:
                put_in_place(part, self._place(address, size))
                sync_folder(part.parent)
            except OSError as wrong:
                raise full_or_same(wrong) from wrong
        self._parts.drop_all(address)
        self._admitted(address, size)

    def drop(self, address: Sha256) -> None:
        """Forget a file."""
        with self._lock:
            size = self._sizes.pop(address, None)
            self._sound.pop(address, None)
            self._reading.pop(address, None)
        if size is not None:
            with suppress(OSError):  # a disk that takes no change: found again at the next start
                self._place(address, size).unlink(missing_ok=True)

    def verify(self, address: Sha256, each: Callable[[], None] = lambda: None) -> bool:
        """Read a file through, `each` after every MiB; whether it is good. Else it is dropped."""
        with self._lock:
            size = self._sizes.get(address)
        if size is None:
            return False
        place = self._place(address, size)
        look = _look(place)
        try:
            good = digest_of(place, each)[0] == address
        except OSError:
            good = False
        if not good or look is None:
            self._damaged(address)
            return False
        with self._lock:
            self._sound[address] = look
        return True

    def let_go(self, addresses: Iterable[Sha256]) -> None:
        """They were needed until now; what was needed longest ago makes room first."""
        for address in addresses:
            with self._lock:
                size = self._sizes.get(address)
            if size is not None:
                self._touch(address, self._place(address, size))

    def make_room(self, size: int, keep: Set[Sha256]) -> None:
        """Make `size` more bytes fit: files outside `keep` go, those first that were needed longest
        ago, then unfinished downloads that rest. Raises NoRoom, and drops nothing, where all that
        is not enough.
        """
        short = self._short(size)
        if short <= 0:
            return
        loose = self._oldest(keep)
        idle = self._parts.idle()
        if sum(held for _, held in (*loose, *idle)) < short:
            raise NoRoom(f"{short} bytes are lacking for files that the plan names.")
        for address, held in loose:
            if short <= 0:
                return
            self.drop(address)
            short -= held
        for name, held in idle:
            if short <= 0:
                return
            self._parts.drop_named(name)
            short -= held

    def forget_parts(self, wanted: Set[Sha256]) -> None:
        """Throw away unfinished downloads that nobody wants any more."""
        self._parts.forget_but(wanted)

    def _short(self, size: int) -> int:
        with self._lock:
            held = sum(self._sizes.values())
        over = held + self._parts.total() + size - self._budget.hold
        if not self._budget.reserve:
            return over
        disk = shutil.disk_usage(self._folder)
        return max(over, size + min(self._budget.reserve, disk.total // SMALL_DISK) - disk.free)

    def _oldest(self, keep: Set[Sha256]) -> list[tuple[Sha256, int]]:
        with self._lock:
            loose = [(name, size) for name, size in self._sizes.items() if name not in keep]
        return sorted(loose, key=lambda row: _age(self._place(*row)))

    def _admitted(self, address: Sha256, size: int) -> None:
        look = _look(self._place(address, size))
        with self._lock:
            self._sizes[address] = size
            if look is not None:
                self._sound[address] = look

    def _damaged(self, address: Sha256) -> None:
        self.drop(address)
        self.on_damage(address)

    def _touch(self, address: Sha256, place: Path) -> None:
        before = _look(place)
        try:
            os.utime(place)
        except OSError:
            return
        after = _look(place)
        with self._lock:
            if after is not None and self._sound.get(address) == before:
                self._sound[address] = after

    def _find(self) -> None:
        for path in self._files():
            named = _NAME.fullmatch(path.name)
            with suppress(OSError):  # one that the disk does not give is fetched again
                if named and path.stat().st_size == int(named[2]):
                    self._sizes[Sha256(named[1])] = int(named[2])
                else:
                    path.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        for folder in self._folder.iterdir():
            with suppress(OSError):
                if folder.is_dir() and folder.name != "partial":
                    yield from folder.iterdir()

    def _place(self, address: Sha256, size: int) -> Path:
        return self._folder / address[:2] / f"{address}-{size}"


def _look(path: Path) -> _Look | None:
    """What of a file changes when somebody writes to it, None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
