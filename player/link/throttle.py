"""No more than so many bytes a second, over all that shares one of these."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator

from player.errors import Unreachable

BURST_S = 0.25
"""What was not used is kept for so long."""


class Throttle:
    """`rate` in bytes a second, 0 for as fast as it goes. For any thread."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._lock = threading.Lock()
        self._free_at = 0.0
        self._ended = threading.Event()

    def end(self) -> None:
        """Let nobody go on: this player ends."""
        self._ended.set()

    def through(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The blocks, each once there is room for it. Raises Unreachable after `end`."""
        for block in blocks:
            if self._ended.wait(self._delay(len(block))):
                raise Unreachable("This player is ending.")
            yield block

    def _delay(self, size: int) -> float:
        rate = self.rate
        if not rate:
            return 0.0
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - BURST_S) + size / rate
            return max(0.0, self._free_at - now)
