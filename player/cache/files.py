"""Writing files so that a power cut leaves the old or the new, never a part."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from player.errors import NoRoom

FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def write_atomic(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put `data` at `path`, synced when this returns. Raises NoRoom: the old file stays."""
    made = path.with_name(path.name + ".new")
    try:
        make_folder(path.parent)
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(made, path)
    except OSError as wrong:
        made.unlink(missing_ok=True)
        raise full_or_same(wrong) from wrong


def put_in_place(made: Path, path: Path) -> None:
    """Rename a file whose bytes are on the disk, and put the new name on the disk too."""
    make_folder(path.parent)
    os.replace(made, path)
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Have a folder whose own name is on the disk too."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Put a folder's entries on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def full_or_same(wrong: OSError) -> Exception:
    """NoRoom for a full disk, any other error as it is."""
    if wrong.errno in FULL:
        return NoRoom(f"The disk is full: {wrong}. Free some space; the old plan goes on.")
    return wrong
