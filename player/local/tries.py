"""Wrong codes in a row, and the pauses that they make, which a restart does not forget."""

from __future__ import annotations

from player.cache.orders import Orders
from playlists.errors import Invalid
from playlists.fields import Fields

WRONG_FREE = 5
"""Wrong codes in a row before the first pause; each further one doubles it."""
PAUSE_MS = 60_000
MOST_PAUSE_MS = 3_600_000


class Tries:
    """Of those who come one way, under a name of their own. Instants in ms."""

    def __init__(self, orders: Orders, name: str) -> None:
        self._orders, self._name = orders, name

    def pause(self, now: int) -> int:
        """For how long nobody may try; 0 where they may."""
        wrong, at = self._read()
        if wrong < WRONG_FREE:
            return 0
        pause = min(PAUSE_MS << min(wrong - WRONG_FREE, 16), MOST_PAUSE_MS)
        # A clock that fell back makes no pause longer.
        return min(pause, max(0, at + pause - now))

    def tried(self, right: bool, now: int) -> None:
        """Count one; the right code makes a new beginning. Raises NoRoom."""
        wrong, _ = self._read()
        if not right or wrong:
            self._orders.set(self._name, None if right else {"wrong": wrong + 1, "at": now})

    def _read(self) -> tuple[int, int]:
        """Wrong ones in a row, and the instant of the last."""
        try:
            given = Fields.of(self._orders.settings.get(self._name))
            return given.whole("wrong"), given.whole("at")
        except Invalid:
            return 0, 0
