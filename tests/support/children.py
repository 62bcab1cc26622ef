"""Processes that a test run started and left behind."""

import os
import time
from pathlib import Path

GONE_WITHIN_S = 5.0
OURS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


def running_children() -> dict[int, str]:
    """This process's living children, {pid: command line}; empty where there is no /proc."""
    pids: set[int] = set()
    for listing in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        pids.update(map(int, listing.read_text().split()))
    found = {pid: _command_line(pid) for pid in pids}
    return {pid: line for pid, line in found.items() if line and not any(o in line for o in OURS)}


def _command_line(pid: int) -> str:
    """The command line of a process; empty once it has ended."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode(errors="replace").strip()


def left_behind(before: dict[int, str], within_s: float = GONE_WITHIN_S) -> list[str]:
    """Command lines of children that are new since `before` and outlive that many seconds."""
    deadline = time.monotonic() + within_s
    while True:
        left = [line for pid, line in running_children().items() if pid not in before]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)
