"""What programs hold of the machine's memory, by the kernel's files (proc_pid_statm(5))."""

from __future__ import annotations

import os
from pathlib import Path

MIB = 1024 * 1024
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def held_mib(group: int, proc: Path = Path("/proc")) -> int:
    """MiB that the processes of a process group hold for themselves alone, files left out.

    Of smaps that would be exact, but a sandboxed process does not let others of its own user read
    those.
    """
    pages = 0
    for folder in proc.iterdir():
        if folder.name.isdecimal():
            pages += _private_pages(folder, group)
    return pages * PAGE_BYTES // MIB


def total_mib(proc: Path = Path("/proc")) -> int:
    """MiB of the whole machine, 0 where the kernel does not tell."""
    return _told_mib("MemTotal:", proc)


def available_mib(proc: Path = Path("/proc")) -> int:
    """MiB that programs could have now, 0 where the kernel does not tell."""
    return _told_mib("MemAvailable:", proc)


def _told_mib(name: str, proc: Path) -> int:
    """Of /proc/meminfo (proc_meminfo(5))."""
    try:
        told = (proc / "meminfo").read_text().split(name)[1].split()[0]
    except (OSError, IndexError):
        return 0
    return int(told) // 1024


def _private_pages(folder: Path, group: int) -> int:
    try:
        # The name of a program may hold spaces and brackets: what follows the last one counts.
        if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) != group:
            return 0
        resident, shared = (folder / "statm").read_text().split()[1:3]
    except (OSError, ValueError, IndexError):
        return 0  # it ended meanwhile
    return int(resident) - int(shared)
