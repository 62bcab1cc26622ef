"""What measurements have in common: percentiles, and what a program that rests costs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psutil

MIB = 1024 * 1024


def percentile(values: Sequence[float], part: float) -> float:
    """The nearest rank: of 20 values the 95th is the 19th."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(part * 100) // 100) - 1)]


def spread(values: Sequence[float]) -> dict[str, float]:
    """The middle, the 99th percentile and the most, to a tenth."""
    found = {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "max": max(values)}
    return {name: round(value, 1) for name, value in found.items()}


class Resting:
    """A process from now on: what it holds, by how much that grew, and its share of a core."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._begun, self._spent = time.monotonic(), self._cpu()
        self._first = self._process.memory_info().rss

    def figures(self) -> dict[str, float]:
        """So far."""
        passed = time.monotonic() - self._begun
        last = self._process.memory_info().rss
        return {
            "memory_mib": round(last / MIB, 1),
            "grown_mib": round((last - self._first) / MIB, 2),
            "cpu_percent": round(100 * (self._cpu() - self._spent) / passed, 2),
            "seconds": round(passed, 1),
        }

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)
