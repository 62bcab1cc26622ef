"""All peers of the outside world together: built in order, started, and stopped in reverse."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from server.demo.world.breakage import Breakage
from server.demo.world.broker import DemoBroker
from server.demo.world.climate import Climate
from server.demo.world.counters import Reporter
from server.demo.world.crowd import Crowd
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.page import page_app
from server.demo.world.peer import LOOPBACK, HttpPeer
from server.demo.world.shop import Shop, shop_app
from server.demo.world.stall import Stall
from server.demo.world.till import Till, till_app
from server.demo.world.weather import weather_app
from server.demo.world.webhook import Webhook


@dataclass(frozen=True)
class Ports:
    """The ports asked for; 0 takes a free one."""

    shop: int = 0
    weather: int = 0
    mqtt: int = 0
    till: int = 0
    page: int = 0


@dataclass(frozen=True)
class Server:
    """What the world knows of the signage server: addresses and shared secrets."""

    screens_url: str = "http://127.0.0.1:8080/wall?embed=1"
    webhook_url: str | None = None
    webhook_secret: str = ""
    counts_url: str | None = None
    counts_token: str = ""
    till_url: str | None = None
    till_secret: str = ""


class World:
    """The shop, the weather service, the counters with their broker, a store's tills, and the page
    over them.
    """

    def __init__(
        self, state: Path | None, ports: Ports, server: Server, counts_interval_s: float
    ) -> None:
        """Bind every port. Raises `OSError` (port taken) or `ValueError` (webhook, no secret)."""
        self._server = server
        journal = Journal()
        self.stall = Stall(_file(state, "shop"), journal)
        self._webhook = Webhook(server.webhook_url, server.webhook_secret, self.stall, journal)
        self.stall.listen(self._webhook.tell)
        shop = Shop(self.stall, Breakage(journal), self._webhook)
        climate = Climate(_file(state, "weather"), journal)
        crowd = Crowd(_file(state, "counters"), journal)
        self._reporter = Reporter(crowd, journal, counts_interval_s)
        self._shop = HttpPeer(shop_app(shop), ports.shop)
        self._weather = HttpPeer(weather_app(climate), ports.weather)
        self._tills = Till(server.till_url, server.till_secret, self.stall, journal)
        self._till = HttpPeer(till_app(self._tills), ports.till)
        page = page_app(shop, climate, crowd, journal, server.screens_url)
        self._page = HttpPeer(page, ports.page)
        self._broker = DemoBroker(ports.mqtt)
        self._broker.start()

    def start(self) -> None:
        """Begin to answer, to report and to call."""
        for peer in (self._shop, self._weather, self._page, self._till):
            peer.start()
        self._webhook.start()
        if self._server.till_url:
            self._tills.start()
        server = self._server
        self._reporter.start(self._broker.port, server.counts_url, server.counts_token)

    def stop(self) -> None:
        """Stop all peers and free their ports."""
        self._reporter.stop()
        self._webhook.stop()
        if self._server.till_url:
            self._tills.stop()
        for peer in (self._till, self._page, self._weather, self._shop):
            peer.stop()
        self._broker.stop()

    def announcement(self) -> dict[str, object]:
        """Process id, first day, and every port and address."""
        return {
            "pid": os.getpid(),
            "first_day": self.stall.first_day.isoformat(),
            "shop_port": self._shop.port,
            "weather_port": self._weather.port,
            "mqtt_port": self._broker.port,
            "page_port": self._page.port,
            "till_port": self._till.port,
            "shop_url": self._shop.url,
            "weather_url": self._weather.url,
            "mqtt_url": f"mqtt://{LOOPBACK}:{self._broker.port}",
            "page_url": self._page.url,
            "till_url": self._till.url,
        }


def _file(state: Path | None, name: str) -> JsonFile:
    return JsonFile(state / f"{name}.json" if state else None)
