"""Takes the agent's files as a stranger's: no link is followed, nothing grows without an end.

Root copies first and looks at its own copy only, so that nothing can change under its eyes.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playlists.errors import Refused
from playlists.ids import Sha256

_BLOCK = 1024 * 1024
_SAFELY = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = _SAFELY | os.O_DIRECTORY


def read_request(folder: Path, name: str, most: int) -> bytes | None:
    """The bytes of a file that the agent put there; None where there is none. Raises Refused."""
    try:
        with _opened(folder, [name]) as descriptor:
            return b"".join(_blocks(descriptor, most))
    except FileNotFoundError:
        return None


def take_package(folder: Path, names: Sequence[str], most: int, to: Path) -> Sha256:
    """Copy a file below the agent's folder to `to`, synced; its sha256. Raises Refused, OSError."""
    digest = hashlib.sha256()
    try:
        with _opened(folder, names) as descriptor, to.open("wb") as copy:
            for block in _blocks(descriptor, most):
                digest.update(block)
                copy.write(block)
            copy.flush()
            os.fsync(copy.fileno())
    except FileNotFoundError:
        raise Refused("missing", "The package is not where the agent puts it.") from None
    return Sha256(digest.hexdigest())


def remove_request(folder: Path, name: str) -> None:
    """It is answered. Whatever lies there goes, and nothing else."""
    descriptor = os.open(folder, _FOLDER)
    try:
        os.unlink(name, dir_fd=descriptor)
    except FileNotFoundError:
        pass
    except (IsADirectoryError, PermissionError):
        os.rename(name, f"{name}.refused", src_dir_fd=descriptor, dst_dir_fd=descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _opened(folder: Path, names: Sequence[str]) -> Iterator[int]:
    """A plain file below `folder`, opened step by step so that no step can be a link."""
    opened = [_open(folder, _FOLDER)]
    try:
        for name in names[:-1]:
            opened.append(_open(name, _FOLDER, opened[-1]))
        # A pipe would make the opening wait for its other end.
        opened.append(_open(names[-1], _SAFELY | os.O_NONBLOCK, opened[-1]))
        if not stat.S_ISREG(os.fstat(opened[-1]).st_mode):
            raise Refused("no_file", "What the agent handed over is no plain file.")
        yield opened[-1]
    finally:
        for descriptor in reversed(opened):
            os.close(descriptor)


def _open(name: Path | str, flags: int, below: int | None = None) -> int:
    try:
        return os.open(name, flags, dir_fd=below)
    except FileNotFoundError:
        raise
    except OSError as wrong:
        raise Refused("no_file", "What the agent handed over is no plain file.") from wrong


def _blocks(descriptor: int, most: int) -> Iterator[bytes]:
    left = most
    while block := os.read(descriptor, _BLOCK):
        left -= len(block)
        if left < 0:
            raise Refused("too_large", f"What the agent handed over has over {most} bytes.")
        yield block
