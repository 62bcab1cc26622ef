"""Disks that fail as disks do: one that loses power, one that is full, one whose bits flip."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN, `_IOR('X', 125, __u32)` (linux/fs/ext4/ext4.h)."""
NO_LOG_FLUSH = 2
"""Neither data nor journal is written back: what was not synced is gone."""
IMAGE_BYTES = 96 * 1024 * 1024


class CutDisk:
    """An ext4 in a file, mounted at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._image = folder.with_suffix(".img")
        self._loop = ""

    def make(self) -> None:
        """Make and mount it. Raises subprocess.CalledProcessError where that is not allowed."""
        self.folder.mkdir()
        with self._image.open("wb") as image:
            image.truncate(IMAGE_BYTES)
        _run("mkfs.ext4", "-q", str(self._image))
        self._mount()

    def cut(self) -> None:
        """Cut its power: nothing reaches it any more."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def power_on(self) -> bool:
        """Mount it again, as it was on the platter; whether fsck finds it whole."""
        self._unmount()
        self._mount()
        self._unmount()
        whole = subprocess.run(
            ["e2fsck", "-fn", str(self._image)], check=False, capture_output=True
        )
        self._mount()
        return whole.returncode == 0

    def remove(self) -> None:
        """Unmount it."""
        self._unmount()
        self._image.unlink()

    def _mount(self) -> None:
        # A device of its own each time: another mount namespace may still hold the one before, and
        # with it the file system that was shut down.
        self._loop = _run("losetup", "--find", "--show", str(self._image)).strip()
        _run("mount", self._loop, str(self.folder))

    def _unmount(self) -> None:
        _run("umount", str(self.folder))
        _run("losetup", "--detach", self._loop)


@contextmanager
def tmpfs(folder: Path, mib: int) -> Iterator[Path]:
    """A disk of so many MiB in memory."""
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _run("umount", str(folder))


def flip(path: Path, bit: int) -> None:
    """Turn one bit of a file, as a worn card does: neither its length nor its time changes."""
    stat = path.stat()
    with path.open("r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
