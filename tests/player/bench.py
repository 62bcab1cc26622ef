"""A player over the simulator without threads or sockets: time goes on only when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from player.agent.agent import Agent
from player.agent.body import Body
from player.agent.events import Event, Parts, Post
from player.agent.fetching import Fetch
from player.agent.needs import Need
from player.agent.pacing import Pacing
from player.agent.updates import Updates
from player.agent.work import Done, attempt
from player.cache.kept import Kept
from player.cache.key import device_key
from player.cache.orders import Orders
from player.cache.store import Budget, Store
from player.clock import Clock
from player.display.board import Board
from player.display.wishes import Wishes
from player.health import Health
from player.link import http
from player.link.door import Heard
from player.machine.facts import Machine
from player.spool import Spool
from playlists.ids import ScreenId
from playlists.slot import Shown, slot_at
from playlists.wire.door import Report
from playlists.wire.http import PairingRequest
from tests.fakes.in_memory import URL, session
from tests.fakes.server_sim import Sim
from tests.fakes.shop_content import NOON, STORE, boot_offer, content

MIB = 1024 * 1024


@dataclass
class Clocks:
    """One true time for server and player; the player's own wall clock may be `wrong_ms` off."""

    true_ms: int = NOON
    booted_ms: int = NOON - 1_000
    wrong_ms: int = 0

    def clock(self) -> Clock:
        """The player's."""
        return Clock(lambda: self.true_ms - self.booted_ms, lambda: self.true_ms + self.wrong_ms)


class Wire:
    """A door's socket that stands only when a test lets it."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.is_up = False
        self.reports: list[Report] = []
        self.drops = 0

    def start(self) -> None:
        """Nothing to connect."""

    def stop(self) -> None:
        """Nothing to end."""

    def drop(self) -> None:
        """The agent gave it up."""
        self.drops += 1
        self.is_up = False

    def report(self, report: Report) -> bool:
        """Take a report."""
        if self.is_up:
            self.reports.append(report)
        return self.is_up


class Inline:
    """Runs each job at once."""

    def __init__(self, done: Callable[[Done], None]) -> None:
        self._done = done

    def submit(self, need: Need, job: Callable[[], object]) -> None:
        """Run it."""
        self._done(attempt(need, job))

    def stop(self) -> None:
        """Nothing runs."""


class Bench:
    """One player on one disk; `boot` starts it again from what the disk holds."""

    def __init__(
        self, folder: Path, sim: Sim, clocks: Clocks, assets_bytes: int = 64 * MIB
    ) -> None:
        self.folder, self.sim, self.clocks = folder, sim, clocks
        self.assets_bytes = assets_bytes
        self.orders: Orders | None = None
        self.version = ""
        """Of the package that it runs from; "" for a clone."""
        self.boot()

    def boot(self) -> None:
        """Power on."""
        if self.orders:
            self.orders.close()
        self.orders = Orders(self.folder / "orders.db")
        clock, health = self.clocks.clock(), Health()
        key = device_key(self.folder / "device.pem")
        self.parts = Parts(
            request=PairingRequest(key.x, "test", (1920, 1080)),
            page="",
            kept=Kept(self.folder / "state.db"),
            objects=Store(self.folder / "objects", Budget(8 * MIB)),
            assets=(assets := Store(self.folder / "assets", Budget(self.assets_bytes))),
            fetch=(fetch := Fetch(server := http.Server(URL, key), assets, health)),
            body=Body(
                self.orders,
                Wishes(),
                (machine := Machine(self.folder, root=self.folder)),
                Pacing(self.orders, fetch.limit),
                Updates(
                    *(self.folder, self.orders, fetch, self.version),
                    *(machine, self.folder / "root"),
                ),
            ),
            spool=Spool(self.folder / "plays.db"),
            server=server,
            clock=clock,
            board=Board({}),
            health=health,
            make_link=self._link,
            make_runner=Inline,
        )
        self.wire: Wire | None = None
        self.agent = Agent(self.parts)
        self.agent.start()

    def reboot(self, off_ms: int = 5_000) -> None:
        """Power off without a word, and on again: monotonic time begins anew."""
        self.parts.kept.close()
        self.parts.spool.close()
        self.clocks.true_ms += off_ms
        self.clocks.booted_ms = self.clocks.true_ms - 1_000
        self.boot()

    def settle(self) -> None:
        """Let the agent do all there is to do now."""
        self.agent.settle()

    def wait(self, ms: int, step_ms: int = 1_000) -> None:
        """Let time go by, the agent turning all along."""
        end = self.clocks.true_ms + ms
        while self.clocks.true_ms < end:
            self.clocks.true_ms = min(end, self.clocks.true_ms + step_ms)
            self.agent.settle()

    def hear(self, kind: str, token: str) -> None:
        """A push over the socket."""
        self.post(Heard(kind, token))

    def post(self, *events: Event) -> None:
        """Tell the agent, and let it act."""
        for event in events:
            self.agent.post(event)
        self.agent.settle()

    @property
    def state(self) -> dict[str, Any]:
        """What the page is told."""
        told = self.parts.board.since(0)
        assert told is not None
        return told[1]

    @property
    def counts(self) -> dict[str, int]:
        """What happened."""
        counts: dict[str, int] = self.agent.health()["counts"]
        return counts

    @property
    def notes(self) -> dict[str, str]:
        """What is wrong."""
        notes: dict[str, str] = self.agent.health()["notes"]
        return notes

    def shown(self) -> Shown:
        """What the screen shows now, by the one pure function."""
        memory = self.parts.kept.memory
        assert memory.trusted
        trusted = memory.trusted
        plan = self.agent._playback.plan
        now = self.parts.clock.now(trusted.time)
        held = self.parts.assets.held()
        fresh = trusted.freshness_of(STORE)
        return slot_at(plan, trusted.offers, fresh, held, (), now)["main"]  # type: ignore[index]

    def prices(self) -> list[int]:
        """The prices on screen over the next half minute."""
        found = []
        trusted = self.parts.kept.memory.trusted
        assert trusted
        before = self.clocks.true_ms
        for _ in range(3):
            for priced in self.shown().prices:
                steps = trusted.offers[priced.channel].offers[priced.sku].steps
                found.append(steps[priced.step].price)
            self.clocks.true_ms += 10_000
        self.clocks.true_ms = before
        return found

    def _link(self, screen: ScreenId, post: Post) -> Wire:
        self.wire = Wire(post)
        return self.wire


def paired(bench: Bench) -> Bench:
    """After a person typed the code, and everything was fetched."""
    bench.settle()
    bench.sim.accept(bench.state["pairing"]["code"])
    bench.wait(8_000)
    return bench


def stocked(sim: Sim) -> Sim:
    """A server that has something to show: two headlines and a boot at 89,90."""
    sim.price(boot_offer())
    sim.publish(content("Bonjour", "Il pleut"))
    sim.renew()
    return sim


def new_bench(folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Bench:
    """An unpaired player on an empty disk, and a stocked server."""
    clocks = Clocks(**more)
    sim = stocked(Sim(lambda: clocks.true_ms))
    monkeypatch.setattr(http, "http_session", lambda ca, dates: session(sim))
    return Bench(folder, sim, clocks)
