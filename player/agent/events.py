"""What the agent hears, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from player.agent.body import Body
from player.agent.fetching import Fetch
from player.agent.work import Done, Runner
from player.cache.kept import Kept
from player.cache.store import Store
from player.clock import Clock
from player.display.board import Board
from player.display.wishes import Did
from player.health import Health
from player.link.door import News
from player.link.http import Server
from player.local.server import MakePage
from player.spool import Spool
from playlists.ids import ScreenId
from playlists.wire.door import Report
from playlists.wire.http import PairingRequest


@dataclass(frozen=True, slots=True)
class DoorAt:
    """The server said where its door is."""

    url: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Files on the disk were read through; damaged ones are gone."""


@dataclass(frozen=True, slots=True)
class Handed:
    """Somebody acted on the page of the shop's network."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the loop; `again`: to begin anew."""

    again: bool = False


Event = News | Done | Did | DoorAt | Checked | Handed | Stop
Post = Callable[[Event], None]


class Link(Protocol):
    """The door's socket, as far as the agent needs it."""

    @property
    def is_up(self) -> bool:
        """Whether the door has let this device in."""

    def start(self) -> None:
        """Connect, and stay connected."""

    def stop(self) -> None:
        """End it for good."""

    def drop(self) -> None:
        """It has fallen silent: make another."""

    def report(self, report: Report) -> bool:
        """Hand a report over; False where there is no link."""


@dataclass(frozen=True, slots=True)
class Parts:
    """All that the agent stands on. `page` is the hash of the page's code."""

    request: PairingRequest
    page: str
    kept: Kept
    objects: Store
    assets: Store
    fetch: Fetch
    body: Body
    spool: Spool
    server: Server
    clock: Clock
    board: Board
    health: Health
    make_link: Callable[[ScreenId, Post], Link]
    make_runner: Callable[[Callable[[Done], None]], Runner]
    records_every_ms: int = 3_600_000
    """Open plays become records at least this often."""
    away_ms: int = 90_000
    """The server is out of reach when it was not heard for so long."""
    make_page: MakePage | None = None
    """The page on the shop's network; None for none."""
