"""Unfinished downloads: one file each in a folder, resumed, and thrown away when nobody wants them.

A part is named by the sha256 of what it is to become and, where its bytes come from another player
and not from the server, by who gives them: so bytes of two sources are never mixed, and one who
lies is known. Parts of other players are not taken up again after a restart.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from player.cache.files import full_or_same
from playlists.ids import Sha256

SYNC_BYTES = 2 * 1024 * 1024
"""A power cut takes at most so much of a download."""
_BLOCK = 1024 * 1024


class Parts:
    """A folder of parts. Every method may be called from any thread, one for each part at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}
        self._busy: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            with suppress(OSError):  # one that the disk does not give is begun anew
                if "." in path.name:
                    path.unlink(missing_ok=True)
                else:
                    self._sizes[path.name] = path.stat().st_size

    def path(self, address: Sha256, source: str = "") -> Path:
        """Where a part lies, or would."""
        return self._folder / _name(address, source)

    def size(self, address: Sha256, source: str = "") -> int:
        """Bytes that are there."""
        try:
            return self.path(address, source).stat().st_size
        except OSError:
            return 0

    def total(self) -> int:
        """Bytes of all parts, those included that are still to come of parts being written."""
        with self._lock:
            return sum(self._sizes.values())

    def write(
        self,
        address: Sha256,
        source: str,
        span: tuple[int, int],
        blocks: Iterable[bytes],
        make_room: Callable[[int], None],
    ) -> None:
        """Write `blocks`, which fill `span` (from, until). What came stays.

        Room for all of it is made before, and looked after while it comes: the disk has other
        users. Raises what `blocks` and `make_room` raise, and NoRoom.
        """
        name = _name(address, source)
        begin, end = span
        self._set(name, begin)
        with self.busy(address, source):
            make_room(end - begin)
            self._set(name, end)
            try:
                with (self._folder / name).open("r+b" if begin else "wb") as file:
                    file.seek(begin)
                    file.truncate()
                    try:
                        _fill(file, blocks, make_room)
                    finally:
                        _sync(file)
            except OSError as wrong:
                raise full_or_same(wrong) from wrong

    @contextmanager
    def busy(self, address: Sha256, source: str) -> Iterator[None]:
        """For the length of the block, a part is at work and makes no room for others."""
        name = _name(address, source)
        with self._lock:
            self._busy.add(name)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(name)
            self._measure(name)

    def drop(self, address: Sha256, source: str = "") -> None:
        """Throw a part away."""
        self.drop_named(_name(address, source))

    def drop_all(self, address: Sha256) -> None:
        """Throw all parts of a file away."""
        with self._lock:
            names = [name for name in self._sizes if name.startswith(address)]
        for name in names:
            self.drop_named(name)

    def drop_named(self, name: str) -> None:
        """Throw away the part of that name."""
        with self._lock:
            self._sizes.pop(name, None)
        with suppress(OSError):  # a disk that takes no change
            (self._folder / name).unlink(missing_ok=True)

    def idle(self) -> list[tuple[str, int]]:
        """Names and bytes of parts that rest, the smallest first."""
        with self._lock:
            idle = [(name, size) for name, size in self._sizes.items() if name not in self._busy]
        return sorted(idle, key=lambda row: row[1])

    def forget_but(self, wanted: Set[Sha256]) -> None:
        """Throw away what nobody wants any more."""
        with self._lock:
            names = [name for name in self._sizes if name.partition(".")[0] not in wanted]
        for name in names:
            self.drop_named(name)

    def _set(self, name: str, size: int) -> None:
        with self._lock:
            self._sizes[name] = size

    def _measure(self, name: str) -> None:
        try:
            self._set(name, (self._folder / name).stat().st_size)
        except OSError:
            with self._lock:
                self._sizes.pop(name, None)


def digest_of(path: Path, each: Callable[[], None] = lambda: None) -> tuple[str, int]:
    """A file's sha256 and length; `each` is called after every MiB. Raises OSError."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
            each()
    return digest.hexdigest(), size


def _name(address: Sha256, source: str) -> str:
    return f"{address}.{source}" if source else address


def _fill(file: BinaryIO, blocks: Iterable[bytes], make_room: Callable[[int], None]) -> None:
    synced = file.tell()
    for block in blocks:
        file.write(block)
        if file.tell() - synced >= SYNC_BYTES:
            synced = file.tell()
            _sync(file)
            make_room(0)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
