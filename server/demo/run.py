"""Starts the demo chain: the server's three processes, the world outside, one player; stops them
together.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from server.app import build_context, prepare
from server.config import Settings
from server.demo.screens import AGENT_SCREEN, SCREENS
from server.demo.seed import seed, settle_connectors
from server.processes import Group, Part, run_until_stopped
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.entry import people
from server.services.screens import pairing, watching

HOST = "127.0.0.1"
READY_S = 60.0
WATCH_LINK_LIFE_MS = 30 * 86_400_000


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
        """Seven ports in a row."""
        return cls(*range(first, first + 7))


class CannotStart(Exception):
    """Something outside stands in the way; the message says what, and what to do."""


def run(*, port: int, browser: bool, reset: bool, smoke: bool, webhook: bool = True) -> int:
    """Run the demo until it is stopped, or through its smoke test. Returns the exit code.

    `webhook` False: the smoke test's shop calls nobody, so that prices come by polling alone.
    """
    data = Path(".enseigne", "smoke" if smoke else "demo").absolute()
    try:
        ports = _free_row() if smoke else Ports.after(port)
        _check_free(ports)
        if reset or smoke:
            shutil.rmtree(data, ignore_errors=True)
        return _run(ports, data, browser=browser, smoke=smoke, webhook=webhook)
    except CannotStart as why:
        print(why, file=sys.stderr)
        return 1


def _run(ports: Ports, data: Path, *, browser: bool, smoke: bool, webhook: bool) -> int:
    env = _environment(ports, data)
    os.environ.update(env)
    settings = Settings()
    say = _say if not smoke else _whisper
    say("Preparing the record …")
    prepare(settings, say=None)
    context = build_context(settings)
    data.joinpath("logs").mkdir(exist_ok=True)
    with (
        data.joinpath("logs", "demo.log").open("a", encoding="utf-8") as log,
        Group(quiet=True, log=log) as group,
    ):
        secrets = seed(context)
        watch = watching.watch_token(context, SYSTEM, life_ms=WATCH_LINK_LIFE_MS)
        say("Starting the world outside and the server …")
        _start_world(group, ports, data, settings, secrets, watch)
        for name in ("worker", "door", "web"):
            group.start(Part(name, [sys.executable, "-m", "server.cli", name]))
        world = _world(group, data)
        settle_connectors(context, world, secrets)
        _wait(f"{settings.url}/api/v1/health/ready", group)
        say("Starting a player, and pairing it with the Lille window …")
        _start_player(group, ports, data, settings, context)
        if smoke:
            from server.demo.smoke import measure

            return measure(
                context=context,
                settings=settings,
                world=world,
                player_url=_player_url(ports),
                webhook=webhook,
            )
        say("Starting the other thirteen screens …")
        _start_screens(group, data, settings, context)
        link = people.owner_link(context)
        _tell(world, ports, link, data)
        if browser:
            webbrowser.open(str(world["page_url"]))
        return run_until_stopped(group)


def _environment(ports: Ports, data: Path) -> dict[str, str]:
    return {
        "ENSEIGNE_DATA_DIR": str(data),
        "ENSEIGNE_HOST": HOST,
        "ENSEIGNE_PORT": str(ports.web),
        "ENSEIGNE_DOOR_HOST": HOST,
        "ENSEIGNE_DOOR_PORT": str(ports.door),
        "ENSEIGNE_ALLOW_PRIVATE": "1",
        "ENSEIGNE_FRAME_ANCESTORS": f"http://{HOST}:{ports.world}",
    }


def _start_world(
    group: Group, ports: Ports, data: Path, settings: Settings, secrets: dict[str, str], watch: str
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
        "--counts-url": f"{settings.url}/counts/counters-http",
        "--server-url": settings.url,
        "--screens-path": f"/wall?embed=1&key={watch}",
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
                "ENSEIGNE_DEMO_WEBHOOK_SECRET": secrets["webhook"],
                "ENSEIGNE_DEMO_COUNTS_TOKEN": secrets["counts"],
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


def _start_player(
    group: Group, ports: Ports, data: Path, settings: Settings, context: Context
) -> None:
    """Start the agent; on its first start read the code that it shows and claim it."""
    group.start(
        Part(
            "player",
            [
                *(sys.executable, "-m", "player", "--server", settings.url),
                *("--data", str(data / "player"), "--port", str(ports.player), "--no-display"),
            ],
        )
    )
    url = _player_url(ports)
    _wait(f"{url}/health", group)
    _pair(url, AGENT_SCREEN, group, context)


def _start_screens(group: Group, data: Path, settings: Settings, context: Context) -> None:
    """Start the other screens' players, all in one process, and claim each one's code."""
    screens = [screen.id for screen in SCREENS if screen.id != AGENT_SCREEN]
    announce = data / "screens.json"
    announce.unlink(missing_ok=True)
    group.start(
        Part(
            "screens",
            [
                *(sys.executable, "-m", "player.several", "--server", settings.url),
                *("--data", str(data / "screens"), "--count", str(len(screens))),
                *("--announce", str(announce)),
            ],
        )
    )
    _until(announce.exists, group, "the screens' players")
    for url, screen in zip(json.loads(announce.read_text()), screens, strict=True):
        _pair(url, screen, group, context)


def _pair(url: str, screen: str, group: Group, context: Context) -> None:
    """Do what a person does in the shop: read the code off the screen, and claim it."""
    state: dict[str, Any] = {}

    def shows_something() -> bool:
        state.update(requests.get(f"{url}/state", timeout=5).json())
        return bool(state.get("screen") or state.get("pairing"))

    _until(shows_something, group, f"the player of {screen}")
    if not state.get("screen"):
        pairing.claim(context, SYSTEM, code=state["pairing"]["code"], screen_id=screen)


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
                raise CannotStart(
                    f"Port {port} is taken by another program. Stop it, or start the demo "
                    f"elsewhere: python3 start.py demo --port {port + 100}"
                ) from None


def _free_row() -> Ports:
    sockets = [socket.socket() for _ in range(7)]
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
  Pluvier is open: four shops, fourteen screens.

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
