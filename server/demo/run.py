"""Starts the demo chain: the server's three processes, the world outside, the players; stops them
together.

Quick at the second start: what needs no record starts while the record is looked at, the players
wait until the studio answers, and the studio's link is told before the last screen is there.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from server.config import Settings
from server.demo import FEED_EVERY_S, MAX_PORT, PORTS
from server.demo.screens import AGENT_SCREEN, SCREENS
from server.processes import Group, Part, run_until_stopped

if TYPE_CHECKING:
    from server.demo.record import Record

HOST = "127.0.0.1"
READY_S = 60.0
RECORDS_EVERY_S = 60
"""Players end their play records so often, that figures made of them are not waited for long."""
RECORDS = ("--records-every-s", str(RECORDS_EVERY_S))


@dataclass(frozen=True)
class Ports:
    """The demo's ports: the studio's, and those that follow it."""

    web: int
    door: int
    world: int
    shop: int
    weather: int
    mqtt: int
    player: int

    @classmethod
    def after(cls, first: int) -> Ports:
        """PORTS in a row."""
        return cls(*range(first, first + PORTS))

    @property
    def hands(self) -> int:
        """The first of HANDS_PORTS that follow."""
        return self.player + 1


class CannotStart(Exception):
    """Something outside stands in the way; the message says what, and what to do."""

    exit_code = 1


class AlreadyRuns(CannotStart):
    """Another demo keeps its state in this folder."""

    exit_code = 2


def run(*, port: int, browser: bool, reset: bool, smoke: bool, webhook: bool = True) -> int:
    """Run the demo until it is stopped, or through its smoke test. Returns the exit code.

    `webhook` False: the smoke test's shop calls nobody, so that prices come by polling alone.
    """
    data = Path(".enseigne", "smoke" if smoke else "demo").absolute()
    # Stopped while it still starts, it takes what it has started along, as it does later.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        lock = data.with_suffix(".lock")
        if lock.exists():
            with _alone(lock, ""):
                pass
        ports = _free_row() if smoke else Ports.after(port)
        _check_free(ports)
        with _alone(lock, f"http://{HOST}:{ports.web}"):
            if reset or smoke:
                shutil.rmtree(data, ignore_errors=True)
            return _run(ports, data, browser=browser, smoke=smoke, webhook=webhook)
    except CannotStart as why:
        print(why, file=sys.stderr)
        return why.exit_code
    except KeyboardInterrupt:
        return 0


@contextmanager
def _alone(lock: Path, url: str) -> Iterator[None]:
    """Keep this folder's demo to ourselves; others are told that it runs at `url`. The kernel lets
    go of the lock however this process ends. Raises AlreadyRuns.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            raise AlreadyRuns(
                f"A demo already runs in this folder, at {held.read()}. Stop it first (Ctrl-C)."
            ) from None
        held.truncate(0)
        held.write(url)
        held.flush()
        yield


def _run(ports: Ports, data: Path, *, browser: bool, smoke: bool, webhook: bool) -> int:
    os.environ.update(_environment(ports, data))
    settings = Settings()
    say = _say if not smoke else _whisper
    say("Preparing the record …")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    data.joinpath("logs").mkdir(exist_ok=True)
    with (
        data.joinpath("logs", "demo.log").open("a", encoding="utf-8") as log,
        Group(quiet=True, log=log) as group,
    ):
        _start_server(group, "door")
        from server.demo.record import Record

        record = Record(settings)
        say("Starting the server and the world outside …")
        _start_server(group, "web", "worker")
        _start_world(group, ports, data, settings, record)
        world = _world(group, data)
        record.settle(world)
        _wait(f"{settings.url}/api/v1/health/ready", group)
        _start_player(group, ports, data, settings)
        if smoke:
            from server.demo.smoke import measure

            _pair(_player_url(ports), AGENT_SCREEN, group, record)
            return measure(
                context=record.context,
                settings=settings,
                world=world,
                player_url=_player_url(ports),
                webhook=webhook,
            )
        _start_screens(group, ports, data, settings)
        _until(record.pictured, group, "the shop's feed")
        _tell(world, ports, record.owner_link(), data)
        if browser:
            webbrowser.open(str(world["page_url"]))
        _pair_all(group, ports, data, record)
        return run_until_stopped(group)


def _start_server(group: Group, *names: str) -> None:
    for name in names:
        group.start(Part(name, [sys.executable, "-m", "server.cli", name]))


def _environment(ports: Ports, data: Path) -> dict[str, str]:
    return {
        "ENSEIGNE_DATA_DIR": str(data),
        "ENSEIGNE_HOST": HOST,
        "ENSEIGNE_PORT": str(ports.web),
        "ENSEIGNE_DOOR_HOST": HOST,
        "ENSEIGNE_DOOR_PORT": str(ports.door),
        "ENSEIGNE_ALLOW_PRIVATE": "1",
        "ENSEIGNE_PLAY_RECORDS_EVERY_S": str(RECORDS_EVERY_S),
        "ENSEIGNE_SOURCE_BACKOFF_S": str(FEED_EVERY_S),
        "ENSEIGNE_SOURCE_MENDING_S": str(FEED_EVERY_S),
        "ENSEIGNE_FRAME_ANCESTORS": f"http://{HOST}:{ports.world}",
    }


def _start_world(
    group: Group, ports: Ports, data: Path, settings: Settings, record: Record
) -> None:
    announce = _announce(data)
    announce.unlink(missing_ok=True)
    command = [sys.executable, "-m", "server.demo.world"]
    options = {
        "--shop-port": ports.shop,
        "--weather-port": ports.weather,
        "--mqtt-port": ports.mqtt,
        "--page-port": ports.world,
        "--webhook-url": f"{settings.url}/hooks/shop",
        "--till-url": f"{settings.url}/hooks/tills",
        "--counts-url": f"{settings.url}/counts/counters-http",
        "--server-url": settings.url,
        "--screens-path": f"/wall?embed=1&key={record.watch_token()}",
        "--state": data / "world",
        "--announce": announce,
    }
    for name, value in options.items():
        command += [name, str(value)]
    group.start(
        Part(
            "world",
            command,
            {
                "ENSEIGNE_DEMO_WEBHOOK_SECRET": record.secrets["webhook"],
                "ENSEIGNE_DEMO_COUNTS_TOKEN": record.secrets["counts"],
                "ENSEIGNE_DEMO_TILL_SECRET": record.secrets["till"],
            },
        )
    )


def _announce(data: Path) -> Path:
    return data / "world.json"


def _world(group: Group, data: Path) -> dict[str, Any]:
    """What the world outside says of itself once it is there."""
    _until(_announce(data).exists, group, "the world outside")
    world: dict[str, Any] = json.loads(_announce(data).read_text())
    return world


def _start_player(group: Group, ports: Ports, data: Path, settings: Settings) -> None:
    """Start the agent behind the Lille window."""
    group.start(
        Part(
            "player",
            [
                *(sys.executable, "-m", "player", "--server", settings.url),
                *("--data", str(data / "player"), "--port", str(ports.player)),
                *("--no-display", "--no-share", "--hands-port", str(ports.hands), *RECORDS),
            ],
        )
    )


def _start_screens(group: Group, ports: Ports, data: Path, settings: Settings) -> None:
    """Start the other screens' players, all in one process."""
    announce = data / "screens.json"
    announce.unlink(missing_ok=True)
    group.start(
        Part(
            "screens",
            [
                *(sys.executable, "-m", "player.several", "--server", settings.url),
                *("--data", str(data / "screens"), "--count", str(len(SCREENS) - 1)),
                *("--announce", str(announce), "--hands-port", str(ports.hands + 1), *RECORDS),
            ],
        )
    )


def _pair_all(group: Group, ports: Ports, data: Path, record: Record) -> None:
    """Hang every player that is new as the screen it is meant for."""
    _pair(_player_url(ports), AGENT_SCREEN, group, record)
    announce = data / "screens.json"
    _until(announce.exists, group, "the screens' players")
    screens = [screen.id for screen in SCREENS if screen.id != AGENT_SCREEN]
    for url, screen in zip(json.loads(announce.read_text()), screens, strict=True):
        _pair(url, screen, group, record)


def _pair(url: str, screen: str, group: Group, record: Record) -> None:
    """Do what a person does in the shop: read the code off the screen, and claim it."""
    state: dict[str, Any] = {}

    def shows_something() -> bool:
        try:
            state.update(requests.get(f"{url}/state", timeout=5).json())
        except requests.RequestException:
            return False
        return bool(state.get("screen") or state.get("pairing"))

    _until(shows_something, group, f"the player of {screen}")
    if not state.get("screen"):
        record.claim(state["pairing"]["code"], screen)


def _player_url(ports: Ports) -> str:
    return f"http://{HOST}:{ports.player}"


def _wait(url: str, group: Group) -> None:
    def answers() -> bool:
        try:
            return requests.get(url, timeout=2).ok
        except requests.RequestException:
            return False

    _until(answers, group, url)


def _until(ready: Callable[[], bool], group: Group, what: str) -> None:
    deadline = time.monotonic() + READY_S
    while not ready():
        dead = group.first_dead()
        if dead is not None:
            raise CannotStart(
                f"The {dead[0]} process ended at once; its words are in logs/demo.log."
            )
        if time.monotonic() > deadline:
            raise CannotStart(f"No answer from {what} within {READY_S:.0f} s; see logs/demo.log.")
        time.sleep(0.05)


def _check_free(ports: Ports) -> None:
    for port in vars(ports).values():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                elsewhere = ports.web + (100 if ports.web + 100 <= MAX_PORT else -100)
                raise CannotStart(
                    f"Port {port} is taken by another program. Stop it, or start the demo "
                    f"elsewhere: python3 start.py demo --port {elsewhere}"
                ) from None


def _free_row() -> Ports:
    sockets = [socket.socket() for _ in range(PORTS)]
    try:
        for one in sockets:
            one.bind((HOST, 0))
        return Ports(*(one.getsockname()[1] for one in sockets))
    finally:
        for one in sockets:
            one.close()


def _tell(world: dict[str, Any], ports: Ports, link: str, data: Path) -> None:
    _say(
        f"""
  Pluvier is open: four shops, fourteen screens (the last of them switch on in a moment).

    The outside world   {world["page_url"]}     move a price, the rain, a crowd
    The studio          {link}
                        (this link signs you in as the owner, once)
    A player's screen   {_player_url(ports)}     the Lille window, behind its own agent

  State and logs are kept in {data}. Ctrl-C stops everything.
"""
    )


def _say(text: str) -> None:
    print(text, flush=True)


def _whisper(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
