"""The only place in the player that reads clocks; what time it is follows from signed answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from playlists.slot import Now
from playlists.trusted_time import TrustedTime

AGREES_MS = 3_600_000
"""A wall clock within this of the trusted time may judge certificates' dates."""


def _monotonic_ms() -> int:
    # CLOCK_BOOTTIME goes on while the machine sleeps; CLOCK_MONOTONIC would fall behind.
    source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(source) // 1_000_000


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """`monotonic_ms` counts from an unknown origin and never jumps; `wall_ms` may be years off."""

    monotonic_ms: Callable[[], int] = _monotonic_ms
    wall_ms: Callable[[], int] = _wall_ms

    def now(self, trusted: TrustedTime) -> Now:
        """The instant, with its uncertainty."""
        return trusted.now(self.monotonic_ms(), self.wall_ms())

    def wall_agrees(self, trusted: TrustedTime) -> bool:
        """Whether the wall clock is known to be about right."""
        now = self.now(trusted)
        return now.uncertainty_ms is not None and abs(self.wall_ms() - now.ms) < AGREES_MS
