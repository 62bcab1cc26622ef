"""The door's own pulse: how long the loop kept others waiting, and a tidy memory.

The collector of cyclic garbage walks every object of ten thousand connections, a pause of hundreds
of milliseconds. Connections leave no such garbage when they end, so it runs seldom by itself, never
over what was there at the start, and in full only in a quiet moment after many have ended.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from typing import Final

import gevent

TICK_S: Final = 0.005
KEEP_S: Final = 60
THRESHOLDS: Final = (10_000, 1_000, 1_000)
MIN_ENDED: Final = 20_000
QUIET_S: Final = 5.0


class Pulse:
    """Ticks for ever in a greenlet; `worst_ms(n)` is the longest gap of the last n seconds."""

    def __init__(self) -> None:
        self._worst: deque[tuple[int, float]] = deque(maxlen=KEEP_S)
        self._ended = 0
        self._last_end = 0.0

    def start(self) -> None:
        """Freeze what is there, and begin to tick."""
        gc.set_threshold(*THRESHOLDS)
        gc.collect()
        gc.freeze()
        gevent.spawn(self._run)

    def worst_ms(self, seconds: int) -> float:
        """The longest time between two ticks, milliseconds; TICK_S itself is part of it."""
        since = int(time.monotonic()) - seconds
        return max((gap for second, gap in self._worst if second >= since), default=0.0) * 1000

    def ended(self) -> None:
        """A connection has ended."""
        self._ended += 1
        self._last_end = time.monotonic()

    def tidy(self, still_open: int) -> None:
        """Collect garbage if enough connections have ended, and none just now."""
        enough = self._ended > max(MIN_ENDED, 2 * still_open)
        if enough and time.monotonic() - self._last_end > QUIET_S:
            self._ended = 0
            gc.collect()

    def _run(self) -> None:
        before = time.monotonic()
        while True:
            gevent.sleep(TICK_S)
            now = time.monotonic()
            second, gap = int(now), now - before
            before = now
            if not self._worst or self._worst[-1][0] != second:
                self._worst.append((second, gap))
            elif gap > self._worst[-1][1]:
                self._worst[-1] = (second, gap)
