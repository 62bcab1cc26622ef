"""Files that arrive in pieces: bytes on disk, so that whoever was cut off goes on where it ended.

An upload is a folder in the store's `incoming`: `about.json`, and `data` as far as it came. What
nobody goes on with goes by `sweep`, as all that lies there. The folder is on this machine's disk:
the pieces of one upload must come to the same machine.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ID = re.compile(r"[0-9a-f]{32}")
_PREFIX = "upload-"


class NoSuchUpload(Exception):
    """It never was, or it is over."""


class Busy(Exception):
    """Another request writes this upload right now."""


class OffsetDiffers(Exception):
    """The piece does not begin where the last one ended."""


class TooMuch(Exception):
    """More bytes came than were announced."""


@dataclass(frozen=True, slots=True)
class Piecemeal:
    """An upload: its id, the bytes that were announced, and what was said of it."""

    id: str
    length: int
    about: Mapping[str, Any]


class Incoming:
    """The uploads that arrive in pieces, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, length: int, about: Mapping[str, Any]) -> str:
        """Begin an upload of `length` bytes; its id, which nobody guesses."""
        name = secrets.token_hex(16)
        home = self._home(name)
        home.mkdir(parents=True)
        (home / "data").touch()
        self._write(home, {"length": length, "about": dict(about)})
        return name

    def get(self, name: str) -> Piecemeal:
        """An upload. Raises NoSuchUpload."""
        try:
            said = json.loads((self._home(name) / "about.json").read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise NoSuchUpload from None
        return Piecemeal(name, said["length"], said["about"])

    def all(self) -> list[Piecemeal]:
        """Every upload that is there."""
        found = []
        for home in self._folder.glob(f"{_PREFIX}*"):
            try:
                found.append(self.get(home.name.removeprefix(_PREFIX)))
            except NoSuchUpload:  # it ended this very moment
                continue
        return found

    @contextmanager
    def alone(self, name: str) -> Iterator[Path]:
        """Hold an upload; its bytes' path. Raises NoSuchUpload, Busy."""
        path = self._home(name) / "data"
        try:
            file = path.open("r+b")
        except FileNotFoundError:
            raise NoSuchUpload from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy from None
            yield path

    def append(self, path: Path, offset: int, chunks: Iterable[bytes], length: int) -> int:
        """Add a piece that begins at `offset` to an upload that is held; how many bytes there are
        then. What came before a cut stays. Raises OffsetDiffers, TooMuch (nothing is then added).
        """
        if path.stat().st_size != offset:
            raise OffsetDiffers
        size = offset
        with path.open("r+b") as file:
            file.seek(offset)
            try:
                for chunk in chunks:
                    size += len(chunk)
                    if size > length:
                        file.truncate(offset)
                        raise TooMuch
                    file.write(chunk)
            finally:
                file.flush()
                os.fsync(file.fileno())
                os.utime(path.parent)
        return size

    def shorten(self, path: Path, size: int) -> None:
        """Keep only the first `size` bytes of an upload that is held."""
        os.truncate(path, size)

    def settle(self, name: str, about: Mapping[str, Any]) -> None:
        """Keep what became of an upload in place of its bytes."""
        kept = self.get(name)
        home = self._home(name)
        self._write(home, {"length": kept.length, "about": dict(about)})
        (home / "data").unlink()

    def drop(self, name: str) -> None:
        """Forget an upload; no error when it is not there."""
        shutil.rmtree(self._home(name), ignore_errors=True)

    def sweep(self, before_ms: int) -> None:
        """Forget the uploads that nobody went on with since ``before_ms`` (unix ms)."""
        for home in self._folder.glob(f"{_PREFIX}*"):
            if home.stat().st_mtime_ns < before_ms * 1_000_000:
                shutil.rmtree(home, ignore_errors=True)

    def _home(self, name: str) -> Path:
        if not _ID.fullmatch(name):
            raise NoSuchUpload
        return self._folder / f"{_PREFIX}{name}"

    def _write(self, home: Path, said: Mapping[str, Any]) -> None:
        aside = home / "about.new"
        aside.write_text(json.dumps(said))
        aside.replace(home / "about.json")
