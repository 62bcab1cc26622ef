"""How often someone may ask: by device where one is known, by address where none is, by failures.

A fleet of thousands behind one address comes back at once after a cut, so an address by itself is
never counted for what a known device asks. Counts lie in this process's memory: a restart forgets
them, and several web processes each count for themselves.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from server.errors import NotFound, TooMany, Unauthenticated

V6_PREFIX = 64
"""Bits of an IPv6 address that one household or shop is given whole."""


class Limits:
    """Windows of one minute, each named by what is asked and who asks."""

    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    def take(self, what: str, who: str, per_minute: int) -> None:
        """Count one request. Raises TooMany with the seconds after which to ask again."""
        rate = RateLimitItemPerMinute(per_minute)
        if not self._windows.hit(rate, what, who):
            raise self._too_many(rate, what, who)

    @contextmanager
    def failures(
        self, what: str, who: str, per_minute: int, *, guessable: bool = False
    ) -> Iterator[None]:
        """Count what fails inside (nobody, nothing there). Over the limit a failure is TooMany.

        Whoever shows what is good comes in all the same, unless it is `guessable`: then nobody may
        try on.
        """
        rate = RateLimitItemPerMinute(per_minute)
        if guessable and not self._windows.test(rate, what, who):
            raise self._too_many(rate, what, who)
        try:
            yield
        except (Unauthenticated, NotFound) as failed:
            if not self._windows.hit(rate, what, who):
                raise self._too_many(rate, what, who) from failed
            raise

    def _too_many(self, rate: RateLimitItemPerMinute, what: str, who: str) -> TooMany:
        free_at = self._windows.get_window_stats(rate, what, who).reset_time
        wait_s = max(1, math.ceil(free_at - time.time()))
        return TooMany(f"That was asked too often. Ask again in {wait_s} s.", retry_after_s=wait_s)


def origin(address: str | None) -> str:
    """An address as it is counted: an IPv6 one by its network, since its host part is free."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, V6_PREFIX), strict=False))
    return str(found)
