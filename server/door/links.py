"""Who is connected: each connection as a link, and what it listens to."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from server.door.frames import Pushed
from server.door.limits import MESSAGES_AT_ONCE, MESSAGES_PER_S
from server.door.state import State


class Outlet(Protocol):
    """How messages leave: `Pipe`, or the library's own way."""

    def push(self, message: Pushed) -> None:
        """Send, never waiting."""

    def probe(self) -> None:
        """Ask for a sign of life."""

    def heard_since(self, instant: float) -> bool:
        """Whether anything came after `instant` (`time.monotonic()`)."""

    def finish(self, code: int) -> None:
        """Close politely, then cut."""


class Allowance:
    """So much at once, so much a second in the long run."""

    __slots__ = ("_at", "_left", "_most", "_rate")

    def __init__(self, most: float, rate: float) -> None:
        self._most = most
        self._rate = rate
        self._left = most
        self._at = time.monotonic()

    def take(self, amount: float) -> bool:
        """Whether `amount` is still allowed now."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if amount > self._left:
            return False
        self._left -= amount
        return True


@dataclass(slots=True, eq=False)
class Link:
    """One connection. `screen` once its key is proved, `watched` once its watch token is."""

    sid: str
    nonce: str
    outlet: Outlet
    messages: Allowance = field(default_factory=lambda: Allowance(MESSAGES_AT_ONCE, MESSAGES_PER_S))
    screen: str = ""
    key: bytes = b""
    """The raw public key that it proved."""
    watched: tuple[str, ...] = ()
    under: str = ""
    """What the leave to watch was given under: see Watch."""
    challenged: bool = False
    ended: bool = False
    topics: tuple[str, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether it said who it is."""
        return bool(self.screen or self.watched)

    @property
    def follows(self) -> tuple[str, ...]:
        """The screens whose messages it gets."""
        return (self.screen,) if self.screen else self.watched


class Links:
    """All connections, and the topics that they listen to."""

    def __init__(self) -> None:
        self.open: dict[str, Link] = {}
        self._topics: dict[str, dict[Link, None]] = {}

    def players_of(self, screen: str) -> list[Link]:
        """The links that proved this screen's key, oldest first."""
        return [link for link in self.of_screen(screen) if link.screen == screen]

    def of_screen(self, screen: str) -> list[Link]:
        """The screen's own links and those who watch it."""
        return list(self._topics.get(f"screen:{screen}", ()))

    def of_channel(self, channel: str) -> list[Link]:
        """Who gets a channel's offers."""
        return list(self._topics.get(f"channel:{channel}", ()))

    def of_store(self, store: str) -> list[Link]:
        """Who gets a store's freshness."""
        return list(self._topics.get(f"store:{store}", ()))

    def screens_up(self) -> list[str]:
        """The screens that have a link."""
        return list({link.screen: None for link in self.open.values() if link.screen})

    def subscribe(self, link: Link, state: State) -> None:
        """Have a proved link listen to what its screens read by now."""
        self.unsubscribe(link)
        topics = [f"screen:{name}" for name in link.follows]
        topics += [f"channel:{name}" for name in channels_of(state, link.follows)]
        topics += [f"store:{name}" for name in stores_of(state, link.follows)]
        for topic in topics:
            self._topics.setdefault(topic, {})[link] = None
        link.topics = tuple(topics)

    def unsubscribe(self, link: Link) -> None:
        """Have a link listen to nothing."""
        for topic in link.topics:
            links = self._topics[topic]
            del links[link]
            if not links:
                del self._topics[topic]
        link.topics = ()


def channels_of(state: State, screens: Iterable[str]) -> list[str]:
    """The channels that these screens read, each once."""
    found: dict[str, None] = {}
    for name in screens:
        screen = state.screens.get(name)
        if screen is not None:
            found.update(dict.fromkeys(screen.channels))
    return list(found)


def stores_of(state: State, screens: Iterable[str]) -> list[str]:
    """The stores that these screens stand in, each once."""
    return list({state.screens[name].store: None for name in screens if name in state.screens})
