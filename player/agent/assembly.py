"""Puts a player together from its settings: stores, link, local server, agent."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from player.agent.agent import Agent
from player.agent.body import Body
from player.agent.events import Checked, DoorAt, Link, Parts, Post
from player.agent.fetching import Fetch
from player.agent.pacing import Pacing
from player.agent.sharing import Sharing
from player.agent.updates import Updates
from player.agent.work import Threads
from player.cache.kept import Kept
from player.cache.key import device_key
from player.cache.orders import Orders
from player.cache.store import Budget, Store
from player.clock import Clock
from player.config import Config
from player.display.board import Board
from player.display.chromium import find_chromium
from player.display.page import Page
from player.display.server import Behind, LocalServer
from player.display.wishes import Wishes
from player.errors import Missing, PlayerError
from player.health import Health
from player.link.door import Door
from player.link.http import Server
from player.link.lan import Lan, is_possible
from player.link.lan_server import LanServer
from player.local.hands import Hands
from player.local.server import HandsServer, MakePage
from player.local.shop import Shop
from player.machine.facts import Machine
from player.machine.package import PACKAGE
from player.spool import Spool
from player.updating.handover import AGENT
from playlists.ids import ScreenId, Sha256
from playlists.signing import SigningKey
from playlists.wire.door import Cap
from playlists.wire.http import PairingRequest

CHECK_PAUSE_S = 0.02
"""Between two files, and two MiB of a file, that are read through: playing comes first."""
CHECK_EVERY_S = 86_400

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Assembled:
    """A player, ready to start."""

    agent: Agent
    local: LocalServer
    url: str
    """Where the page is."""
    _parts: Parts
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        for store in self._stores():
            store.on_damage = self._damaged

    def check_files(self) -> None:
        """Read every file through, then each again about once a day, for as long as this runs.
        Damaged ones are dropped, and fetched again as they lack.
        """
        pause_s = CHECK_PAUSE_S
        while not self._ended.is_set():
            files = [(it, name) for it in self._stores() for name in it.held()]
            for store, address in files:
                store.verify(address, each=lambda: self._pause(CHECK_PAUSE_S))
                self._pause(pause_s)
            pause_s = max(CHECK_PAUSE_S, CHECK_EVERY_S / max(1, len(files)))
            if not files:
                self._pause(pause_s)

    def close(self) -> None:
        """Release the files."""
        self._ended.set()
        self._parts.fetch.stop()
        self._parts.body.orders.close()
        self._parts.spool.close()
        self._parts.kept.close()

    def _stores(self) -> tuple[Store, Store]:
        return self._parts.objects, self._parts.assets

    def _pause(self, seconds: float) -> None:
        self._ended.wait(seconds)

    def _damaged(self, address: Sha256) -> None:
        self._parts.health.count("damaged_files")
        self.agent.post(Checked())


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

    health = Health()
    assets = Store(config.data / "assets", Budget(config.assets_bytes, config.reserve_bytes))
    sharing = _sharing(config, assets, clock)
    fetch = Fetch(server, assets, health, sharing)
    orders = Orders(config.data / "orders.db")
    machine = Machine(config.data, find_chromium(config.chromium) or "")
    parts = Parts(
        request=PairingRequest(key.x, config.name, config.size, caps),
        page=page.digest,
        kept=kept,
        objects=Store(config.data / "objects", Budget(config.objects_bytes)),
        assets=assets,
        fetch=fetch,
        body=Body(
            orders,
            Wishes(),
            machine,
            Pacing(orders, fetch.limit, config.fetch_bytes_s, config.fetch_hours),
            # Root looks for what the service's own agent asks, and for nobody else's.
            Updates(config.data, orders, fetch, PACKAGE if config.data == AGENT else "", machine),
        ),
        spool=Spool(config.data / "plays.db"),
        server=server,
        clock=clock,
        board=Board({}),
        health=health,
        make_link=make_link,
        make_runner=Threads,
        records_every_ms=config.records_every_s * 1_000,
        away_ms=config.hands_after_s * 1_000,
        make_page=_hands_page(config, key, sharing),
    )
    if parts.spool.damaged:
        health.note("plays_damaged", "The disk changed play records: those that hold are told.")
    agent = Agent(parts)
    behind = Behind(
        board=parts.board,
        clock=agent.clock,
        file=lambda kind, sha: (parts.assets if kind == "assets" else parts.objects).path(sha),
        played=parts.spool.saw,
        health=agent.health,
        wishes=parts.body.wishes,
    )
    local = LocalServer(config.host, config.port, page, behind)
    if server.is_here and config.host == LOOPBACK:
        machine.page_port = local.port
    host = f"[{config.host}]" if ":" in config.host else config.host
    return Assembled(agent, local, f"http://{host}:{local.port}/", parts)


def _sharing(config: Config, assets: Store, clock: Clock) -> Sharing | None:
    if not config.share or not is_possible():
        return None
    return Sharing(
        lambda arrived: Lan(LanServer(config.share_port, assets.path, arrived), config.hands_port),
        assets.part_size,
        clock.monotonic_ms,
    )


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


def _hands_page(config: Config, key: SigningKey, sharing: Sharing | None) -> MakePage | None:
    if not config.hands_port:
        return None

    def make(hands: Hands) -> HandsServer:
        shop = Shop(hands, key, sharing.neighbours if sharing else tuple)
        return HandsServer(config.hands_port, hands, shop, config.page / "look")

    return make


def _caps(config: Config) -> dict[str, Cap]:
    return {"agent": True, "width": config.size[0], "height": config.size[1]}
