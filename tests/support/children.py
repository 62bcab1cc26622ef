"""Processes that a test run started and left behind."""

import time

import psutil

GONE_WITHIN_S = 5.0
OURS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


def running_children() -> dict[int, str]:
    """This process's living children, {pid: command line}."""
    found = {child.pid: _command_line(child) for child in psutil.Process().children()}
    return {pid: line for pid, line in found.items() if line and not any(o in line for o in OURS)}


def _command_line(child: psutil.Process) -> str:
    """The command line of a process; empty once it has ended."""
    try:
        return " ".join(child.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def left_behind(before: dict[int, str], within_s: float = GONE_WITHIN_S) -> list[str]:
    """Command lines of children that are new since `before` and outlive that many seconds."""
    deadline = time.monotonic() + within_s
    while True:
        left = [line for pid, line in running_children().items() if pid not in before]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)
