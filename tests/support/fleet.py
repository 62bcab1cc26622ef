"""Players all over the place that report their version and obey updates, on a clock that the test
sets: no process, no network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from playlists.signing import verify
from playlists.wire.commands import Answer, Answers, Command, State
from playlists.wire.door import Cap
from server.db.models import DeviceRow, RolloutRow, UpdateRow
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.entry.roles import ROLES
from server.services.screens import answering, commands, packages, rollout_beat, rollouts
from server.services.screens.devices import Viewer
from server.services.screens.package import Package
from server.services.screens.rollouts import Wish
from server.services.screens.screen_states import record_reports
from tests.support.record import TestClock, prepared

IT = Actor("ivo", "Ivo", ROLES["it"])
SHOP_DAY = (((600, 1_140),),) * 6 + ((),)
"""10:00 to 19:00, closed on Sundays."""
STORES: Mapping[str, tuple[str, bool, int]] = {
    "lille": ("Europe/Paris", True, 4),
    "prado": ("Europe/Paris", True, 1),
    "hudson": ("America/New_York", True, 3),
    "kiosk": ("Europe/Paris", False, 2),
}
"""Zone, whether it has hours, how many screens."""
PARIS = ZoneInfo("Europe/Paris")


def package(name: str) -> Package:
    """A version of the player, as far as the server minds."""
    data = f"!<arch>\n{name}".encode()
    return Package(f"0.1.0+{name}", data, hashlib.sha256(data).hexdigest())


OLD, NEW, NEWER = package("old"), package("new"), package("newer")


def paris(text: str) -> int:
    """The unix milliseconds of a time in Paris."""
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp() * 1000)


@dataclass
class Pi:
    """A player in a shop: the version it runs, whether it is online, what updates come to."""

    version: str
    online: bool = True
    comes_to: str = "done"
    asked: list[Command] = field(default_factory=list)
    obeys_at: list[int] = field(default_factory=list)


@prepared
def _lay_out(ctx: Context) -> None:
    for store, (zone, has_hours, screens) in STORES.items():
        hours = SHOP_DAY if has_hours else ((),) * 7
        places.create_store(ctx, SYSTEM, StoreWish(store.title(), zone, hours=hours), store)
        for number in range(screens):
            name = f"{store}-{number}"
            places.create_screen(ctx, SYSTEM, ScreenWish(f"Screen {number}", store), name)
            with ctx.db.write() as session:
                key = hashlib.sha256(name.encode()).digest()
                session.add(
                    DeviceRow(
                        screen_id=name,
                        public_key=key,
                        name="Pi",
                        caps={"agent": True},
                        paired_at=1,
                    )
                )


class Fleet:
    """All of them, all of the old version, on a server of the `own` one."""

    def __init__(self, ctx: Context, clock: TestClock, own: Package = NEW) -> None:
        _lay_out(ctx)
        self.ctx, self.clock, self.own = ctx, clock, own
        self.pis = {
            f"{store}-{number}": Pi(OLD.version)
            for store, (_, _, screens) in STORES.items()
            for number in range(screens)
        }
        with ctx.db.write() as session:
            packages.keep(session, OLD, 1)
            packages.keep(session, own, 2)
        self.restart()
        self.report()

    def restart(self) -> None:
        """The server begins anew."""
        self.beat = rollout_beat.Rollouts(self.ctx)

    def start(self, now: bool = False, actor: Actor = IT, **wish: object) -> str:
        """A person rolls out the server's own version."""
        made = Wish(self.own.sha256, now=now, **wish)  # type: ignore[arg-type]
        return rollouts.start(self.ctx, actor, made)

    def at(self, *times: str) -> None:
        """It becomes these times, in Paris, one after the other; everybody does what is theirs."""
        for text in times:
            self.clock.now = paris(text)
            self.report()
            self.beat()
            self._obey()
            self.report()
            self.beat()

    def report(self) -> None:
        """Who is online says what it runs."""
        said = {
            name: (self.clock(), {"device": {"package": pi.version} if pi.version else {}})
            for name, pi in self.pis.items()
            if pi.online
        }
        record_reports(self.ctx, said)

    def running(self, version: Package) -> set[str]:
        """The screens that run it."""
        return {name for name, pi in self.pis.items() if pi.version == version.version}

    def row(self, rollout: str) -> RolloutRow:
        """As it is kept."""
        with self.ctx.db.read() as session:
            return session.get_one(RolloutRow, rollout)

    def state(self, rollout: str) -> tuple[str, str, str]:
        """How far it is, and why it stands still."""
        row = self.row(rollout)
        return row.state, row.held, row.why

    def stages(self, rollout: str) -> dict[str, str]:
        """How its screens stand."""
        with self.ctx.db.read() as session:
            rows = session.scalars(select(UpdateRow).where(UpdateRow.rollout_id == rollout))
            return {row.screen_id: row.stage for row in rows}

    def _obey(self) -> None:
        with self.ctx.db.read() as session:
            waiting = commands.open_commands(session, self.clock())
        for one in waiting:
            pi = self.pis[one.screen]
            command = Command.from_json(
                verify(one.jws, "command", self.ctx.keys.ring, self.clock())
            )
            if pi.online and command.kind == "update":
                pi.asked.append(command)
                pi.obeys_at.append(self.clock())
                self._answer(one.screen, pi, command)

    def _answer(self, screen: str, pi: Pi, command: Command) -> None:
        version, came_from = str(command.arguments["version"]), pi.version
        ways: Mapping[str, Callable[[], tuple[State, str, bool]]] = {
            "done": lambda: ("done", "", False),
            "dies": lambda: ("done", "", False),
            "back": lambda: ("failed", "The new version painted nothing in 60 s.", True),
            "failed": lambda: ("failed", "The package cannot be fetched.", False),
            "refused": lambda: ("refused", "This player runs from its source.", False),
            "unknown": lambda: ("unknown", "", False),
        }
        if pi.comes_to == "late":
            return
        state, said, rolled_back = ways[pi.comes_to]()
        if state == "done":
            pi.version = version
        if pi.comes_to == "dies":
            pi.online = False
            return
        detail: dict[str, Cap] = {"version": version, "from": came_from}
        detail["rolled_back"] = rolled_back
        told = Answer(command.id, state, said, self.clock(), detail)
        answering.take(self.ctx, Viewer((screen,), "d" * 16), Answers((told,)))
