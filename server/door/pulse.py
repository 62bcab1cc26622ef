"""The door's own pulse: how long the loop kept others waiting, and a tidy memory.

The collector of cyclic garbage walks every object of ten thousand connections, a pause of hundreds
of milliseconds. So it runs seldom by itself, never over what was there at the start, and in full
only when about as many connections have ended as are open.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from typing import Final

import gevent

TICK_S: Final = 0.005
KEEP_S: Final = 60
THRESHOLDS: Final = (50_000, 50, 1_000)
MIN_ENDED: Final = 1_000


class Pulse:
    """Ticks for ever in a greenlet; `worst_ms(n)` is the longest gap of the last n seconds."""

    def __init__(self) -> None:
        self._worst: deque[tuple[int, float]] = deque(maxlen=KEEP_S)
        self._ended = 0

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

    def ended(self, still_open: int) -> None:
        """A connection has ended; collect garbage when enough have."""
        self._ended += 1
        if self._ended > max(MIN_ENDED, still_open):
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
