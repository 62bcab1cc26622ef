"""When pictures and films that are not needed yet may be fetched: hours of the store's own day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from playlists.slot import Now

SOON_MS = 3_600_000
"""What is needed within this is fetched at any hour."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Windows as minutes of the day `(from, until)`, some over midnight; none at all: always."""

    windows: Sequence[tuple[int, int]] = ()

    def latest_need(self, now: Now, zone: str) -> int | None:
        """What is needed up to this (unix ms) may be fetched now; None: everything."""
        return None if self._open(now, zone) else now.ms + SOON_MS

    def _open(self, now: Now, zone: str) -> bool:
        if not self.windows:
            return True
        if now.uncertainty_ms is None:
            return False  # nobody knows what hour it is
        try:
            local = datetime.fromtimestamp(now.ms / 1000, ZoneInfo(zone))
        except (KeyError, ValueError, OSError):
            return False  # nor here: this system does not know the server's name of the zone
        minute = local.hour * 60 + local.minute
        return any(
            begin <= minute < end if begin < end else minute >= begin or minute < end
            for begin, end in self.windows
        )
