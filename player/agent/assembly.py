"""Puts a player together from its settings: stores, link, local server, agent."""

from __future__ import annotations

import time
from dataclasses import dataclass

from player.agent.agent import Agent
from player.agent.events import Checked, DoorAt, Link, Parts, Post
from player.agent.work import Threads
from player.cache.kept import Kept
from player.cache.key import device_key
from player.cache.store import Budget, Store
from player.clock import Clock
from player.config import Config
from player.display.board import Board
from player.display.page import Page
from player.display.server import Behind, LocalServer
from player.errors import Missing, PlayerError
from player.health import Health
from player.link.door import Door
from player.link.http import Server
from player.spool import Spool
from playlists.ids import ScreenId
from playlists.wire.door import Cap
from playlists.wire.http import PairingRequest

CHECK_PAUSE_S = 0.02
"""Between two files read through after a start: playing comes first."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """A player, ready to start."""

    agent: Agent
    local: LocalServer
    url: str
    """Where the page is."""
    _parts: Parts

    def check_files(self) -> None:
        """Read every file through; damaged ones are dropped, and fetched again as they lack."""
        for store in (self._parts.objects, self._parts.assets):
            for address in store.held():
                if not store.verify(address):
                    self._parts.health.count("damaged_files")
                    self.agent.post(Checked())
                time.sleep(CHECK_PAUSE_S)

    def close(self) -> None:
        """Release the files."""
        self._parts.spool.close()
        self._parts.kept.close()


def assemble(config: Config, clock: Clock | None = None) -> Assembled:
    """Everything in `config.data`, nothing started yet.

    Raises OSError (a taken port, a folder that cannot be written), Invalid (a damaged device key)
    and NoRoom.
    """
    clock = clock or Clock()
    key = device_key(config.data / "device.pem")
    server = Server(config.server, key, config.ca)
    kept = Kept(config.data / "state.db")
    page = Page(config.page)
    caps = _caps(config)

    def make_link(screen: ScreenId, post: Post) -> Link:
        def address() -> str:
            return _door_address(config, server, kept, post)

        return Door(
            screen,
            key,
            address,
            post,
            clock.monotonic_ms,
            caps,
            ca=config.ca,
            dates=lambda: server.dates,
        )

    reserve = config.reserve_bytes
    parts = Parts(
        request=PairingRequest(key.x, config.name, config.size, caps),
        page=page.digest,
        kept=kept,
        objects=Store(config.data / "objects", Budget(config.objects_bytes)),
        assets=Store(config.data / "assets", Budget(config.assets_bytes, reserve)),
        spool=Spool(config.data / "plays.db"),
        server=server,
        clock=clock,
        board=Board({}),
        health=Health(),
        make_link=make_link,
        make_runner=Threads,
    )
    agent = Agent(parts)
    behind = Behind(
        board=parts.board,
        clock=agent.clock,
        file=lambda kind, sha: (parts.assets if kind == "assets" else parts.objects).path(sha),
        played=parts.spool.saw,
        health=agent.health,
    )
    local = LocalServer(config.host, config.port, page, behind)
    host = f"[{config.host}]" if ":" in config.host else config.host
    return Assembled(agent, local, f"http://{host}:{local.port}/", parts)


def _door_address(config: Config, server: Server, kept: Kept, post: Post) -> str:
    """Where to connect to: as set, as the server says, as it said last, or the same origin."""
    if config.door:
        return config.door
    try:
        url = server.door()
    except Missing:
        return config.server
    except PlayerError:
        return kept.memory.door or config.server
    post(DoorAt(url))
    return url


def _caps(config: Config) -> dict[str, Cap]:
    return {"agent": True, "width": config.size[0], "height": config.size[1]}
