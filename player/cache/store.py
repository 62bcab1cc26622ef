"""Content-addressed files: admitted only complete, found again after a crash, evicted by budget.

A file's name is its sha256 and its length, so that a start sees damaged lengths at once and plays
before it has read a byte; `verify` reads them all later. Unfinished downloads lie in `partial/`
under their sha256 and are resumed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from player.cache.files import full_or_same, put_in_place, sync_folder, write_atomic
from player.errors import Corrupt, NoRoom
from playlists.ids import Sha256, sha256

_NAME = re.compile(r"([0-9a-f]{64})-([0-9]{1,15})")
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes that a store may hold, and bytes that it leaves free on the disk."""

    hold: int
    reserve: int = 0


class Store:
    """One folder of such files. Every method may be called from any thread."""

    def __init__(self, folder: Path, budget: Budget) -> None:
        self._folder = folder
        self._budget = budget
        self._lock = threading.Lock()
        self._sizes: dict[Sha256, int] = {}
        self._partial = folder / "partial"
        self._partial.mkdir(parents=True, exist_ok=True)
        self._find()

    def held(self) -> frozenset[Sha256]:
        """The addresses of complete files."""
        with self._lock:
            return frozenset(self._sizes)

    def path(self, address: Sha256) -> Path | None:
        """A complete file's path; its length is right, its bytes were when it was admitted."""
        with self._lock:
            size = self._sizes.get(address)
        return None if size is None else self._place(address, size)

    def read(self, address: Sha256) -> bytes | None:
        """A complete file's bytes, checked now; a damaged one is dropped and None returned."""
        path = self.path(address)
        try:
            data = None if path is None else path.read_bytes()
        except OSError:
            data = None
        if data is not None and sha256(data) == address:
            return data
        self.drop(address)
        return None

    def put(self, address: Sha256, data: bytes, keep: Set[Sha256]) -> None:
        """Admit whole bytes. Raises Corrupt, or NoRoom if dropping all but `keep` is not enough."""
        if sha256(data) != address:
            raise Corrupt(f"These bytes are not {address}.")
        self.make_room(len(data), keep)
        place = self._place(address, len(data))
        place.parent.mkdir(exist_ok=True)
        write_atomic(place, data)
        with self._lock:
            self._sizes[address] = len(data)

    def part_size(self, address: Sha256) -> int:
        """Bytes of an unfinished download that are there."""
        try:
            return self._part(address).stat().st_size
        except OSError:
            return 0

    def write_part(
        self, address: Sha256, offset: int, blocks: Iterable[bytes], keep: Set[Sha256]
    ) -> None:
        """Write an unfinished download from `offset` on. Raises NoRoom; what came stays."""
        try:
            with self._part(address).open("r+b" if offset else "wb") as file:
                file.seek(offset)
                file.truncate()
                for block in blocks:
                    self.make_room(len(block), keep)
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
        except OSError as wrong:
            raise full_or_same(wrong) from wrong

    def admit_part(self, address: Sha256) -> None:
        """A finished download becomes a file. Raises Corrupt: then the download is thrown away."""
        part = self._part(address)
        try:
            found, size = _hash(part)
        except OSError:
            found, size = "", 0
        if found != address:
            self.drop_part(address)
            raise Corrupt(f"The download of {address} was damaged on its way.")
        try:
            put_in_place(part, self._place(address, size))
            sync_folder(self._partial)
        except OSError as wrong:
            raise full_or_same(wrong) from wrong
        with self._lock:
            self._sizes[address] = size

    def drop_part(self, address: Sha256) -> None:
        """Throw an unfinished download away."""
        self._part(address).unlink(missing_ok=True)

    def drop(self, address: Sha256) -> None:
        """Forget a file."""
        with self._lock:
            size = self._sizes.pop(address, None)
        if size is not None:
            self._place(address, size).unlink(missing_ok=True)

    def verify(self, address: Sha256) -> bool:
        """Read a file and drop it if its bytes are damaged; whether it is good."""
        path = self.path(address)
        try:
            good = path is not None and _hash(path)[0] == address
        except OSError:
            good = False
        if not good:
            self.drop(address)
        return good

    def make_room(self, size: int, keep: Set[Sha256]) -> None:
        """Make `size` more bytes fit, dropping the oldest files outside `keep`. Raises NoRoom."""
        short = self._short(size)
        if short <= 0:
            return
        for address, held in self._oldest(keep):
            self.drop(address)
            short -= held
            if short <= 0:
                return
        raise NoRoom(f"{short} bytes are lacking for files that the plan names.")

    def forget_parts(self, wanted: Set[Sha256]) -> None:
        """Throw away unfinished downloads that nobody wants any more."""
        for part in self._partial.iterdir():
            if part.name not in wanted:
                part.unlink(missing_ok=True)

    def _short(self, size: int) -> int:
        # Another thread may finish a part between its name and its size.
        parts = sum(self.part_size(Sha256(part.name)) for part in self._partial.iterdir())
        with self._lock:
            over = sum(self._sizes.values()) + parts + size - self._budget.hold
        if not self._budget.reserve:
            return over
        free = shutil.disk_usage(self._folder).free
        return max(over, size + self._budget.reserve - free)

    def _oldest(self, keep: Set[Sha256]) -> list[tuple[Sha256, int]]:
        with self._lock:
            loose = [(name, size) for name, size in self._sizes.items() if name not in keep]
        return sorted(loose, key=lambda row: _age(self._place(*row)))

    def _find(self) -> None:
        for path in self._files():
            named = _NAME.fullmatch(path.name)
            if named and path.stat().st_size == int(named[2]):
                self._sizes[Sha256(named[1])] = int(named[2])
            else:
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder != self._partial:
                yield from folder.iterdir()

    def _place(self, address: Sha256, size: int) -> Path:
        return self._folder / address[:2] / f"{address}-{size}"

    def _part(self, address: Sha256) -> Path:
        return self._partial / address


def _hash(path: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
