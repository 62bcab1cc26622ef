"""One key, one device: notices two live connections that prove the same screen's key.

A player that comes back after a cut overtakes the end of its old connection, so an overlap is
allowed for CLONE_GRACE_S. The older one is asked for a sign of life meanwhile: if it gives none it
was dead and ends; if it does, the key has been copied and both are held.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import gevent

from server.door.limits import CLONE_GRACE_S, MAX_LINKS_PER_KEY
from server.door.links import Link, Links

GOING_AWAY = 1001


class Clones:
    """`on_clone(screen)` is called once both are known to live. `held` stays until a new key."""

    def __init__(self, links: Links, on_clone: Callable[[str], None]) -> None:
        self._links = links
        self._on_clone = on_clone
        self.held: dict[str, bytes] = {}
        """Screens that are held, with the key that was copied."""

    def is_held(self, screen: str, key: bytes) -> bool:
        """Whether this screen's key is held; another key, given at a new pairing, is free."""
        return self.held.get(screen) == key

    def came(self, link: Link, key: bytes) -> None:
        """A link has proved its screen's key: look at the others that did."""
        others = [other for other in self._links.players_of(link.screen) if other is not link]
        if not others:
            return
        for other in others[: len(others) + 1 - MAX_LINKS_PER_KEY]:
            other.outlet.finish(GOING_AWAY)
        asked_at = time.monotonic()
        for other in others:
            other.outlet.probe()
        gevent.spawn_later(CLONE_GRACE_S, self._judge, link, others, asked_at, key)

    def _judge(self, link: Link, others: list[Link], asked_at: float, key: bytes) -> None:
        alive = [other for other in others if not other.ended]
        answered = [other for other in alive if other.outlet.heard_since(asked_at)]
        if answered and not link.ended and link.screen:
            self.held[link.screen] = key
            self._on_clone(link.screen)
            return
        for other in alive:
            other.outlet.finish(GOING_AWAY)
