"""How files are fetched from the server: this player's own settings, and what its server signed.

Of both the stricter counts: the smaller number of bytes a second, and only hours that both allow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from player.agent.hours import Hours
from player.cache.orders import Orders
from playlists.errors import Invalid
from playlists.fields import Fields
from playlists.slot import Now
from playlists.wire.commands import FetchRule
from playlists.wire.door import Cap


class Pacing:
    """`limit` takes the bytes a second, 0 for as many as come. For the agent's thread alone."""

    def __init__(
        self,
        orders: Orders,
        limit: Callable[[int], None],
        bytes_s: int = 0,
        windows: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._orders, self._limit = orders, limit
        self._bytes_s, self._hours = bytes_s, Hours(windows)
        self._rule, self._issued_at = _held(orders.settings.get("fetch"))
        self._apply()

    def latest_need(self, now: Now, zone: str) -> int | None:
        """What is needed up to this (unix ms) may be fetched now; None: everything."""
        told = Hours(self._rule.windows)
        limits = (hours.latest_need(now, zone) for hours in (self._hours, told))
        return min((one for one in limits if one is not None), default=None)

    def follow(self, rule: FetchRule, issued_at: int) -> bool:
        """Keep to this rule from now on, unless a newer one is held. Raises NoRoom."""
        if issued_at < self._issued_at:
            return False
        self._orders.set("fetch", {**rule.to_json(), "issued_at": issued_at})
        self._rule, self._issued_at = rule, issued_at
        self._apply()
        return True

    def forget(self) -> None:
        """This device is no screen any more: only its own settings count."""
        self._rule, self._issued_at = FetchRule(), 0
        self._apply()

    def known(self) -> dict[str, Cap]:
        """As a report says it."""
        return {"fetch_rule": self._rule.id}

    def _apply(self) -> None:
        limits = [one for one in (self._bytes_s, self._rule.bytes_s) if one]
        self._limit(min(limits, default=0))


def _held(kept: object) -> tuple[FetchRule, int]:
    """The rule on the disk, and when it was signed; none that cannot be read."""
    try:
        return FetchRule.from_json(kept), Fields.of(kept).whole("issued_at")
    except Invalid:
        return FetchRule(), 0
