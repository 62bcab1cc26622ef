"""The whole chain as its processes: worker, door, web, the world outside, one player; each can be
killed and started again.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests

from playlists.ids import CampaignId, PlaylistId
from playlists.model import Campaign, Card, Item, Playlist
from server.app import build_context, prepare
from server.config import Settings
from server.db.models import ScreenStateRow
from server.demo.goods import BY_SLUG
from server.demo.screens import AGENT_SCREEN
from server.demo.seed import seed, settle_connectors
from server.processes import Group, Part
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish
from server.services.screens import pairing
from server.services.wishes import content
from tests.support.children import running_children
from tests.support.programs import answers, free_port

WITHIN_S = 50.0
"""Longer than a page waits that the door refused because it had not heard of its pairing yet."""
LOOK_S = 0.02
TURN_MS = 4_000
RAIN = "rain-lille"
FINE = "dry"
DRY_GOODS = "embrun"
"""The product that is shown while it is dry; it is one of the three shown when it rains."""
OFTEN = ("feed", "inventory", "weather")
"""Connectors that ask every second here, so that nobody waits for them."""


def until(ask: Callable[[], Any], what: str) -> Any:
    """Wait for something true and return it. Raises AssertionError with what was awaited."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        found = ask()
        if found:
            return found
        time.sleep(LOOK_S)
    raise AssertionError(f"waited {WITHIN_S:.0f} s in vain for {what}")


@dataclass
class Chain:
    """Pluvier, running: its record, its peers' addresses, its processes."""

    ctx: Context
    env: Mapping[str, str]
    player_url: str
    world: dict[str, Any]
    groups: dict[str, Group] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The web process."""
        return self.ctx.settings.url

    def start(self, *names: str) -> None:
        """Start parts of the server and wait until they answer."""
        for name in names:
            self.groups[name] = Group(quiet=True)
            self.groups[name].start(Part(name, server_command(name), self.env))
        settings = self.ctx.settings
        for name, port in (("door", settings.door_port), ("web", settings.port)):
            if name in names:
                until(lambda port=port: answers(port), name)

    def stop(self, *names: str) -> None:
        """Stop parts as a person would."""
        for name in names:
            self.groups.pop(name).stop()

    def kill(self, name: str) -> None:
        """kill -9 a part of the server."""
        tail = " ".join(server_command(name)[1:])
        found = [pid for pid, line in running_children().items() if line.endswith(tail)]
        assert len(found) == 1, found
        os.kill(found[0], signal.SIGKILL)
        until(lambda: not self.groups[name].alive(name), f"the end of {name}")

    def connected(self, *screens: str) -> bool:
        """Whether the record says that these screens stand in touch with the door."""
        with self.ctx.db.read() as session:
            states = [session.get(ScreenStateRow, screen) for screen in screens]
        return all(state is not None and state.connected for state in states)

    def act(self, peer: str, action: str, **body: Any) -> None:
        """Do something in the world outside."""
        answer = requests.post(f"{self.world[peer]}/admin/{action}", json=body, timeout=10)
        answer.raise_for_status()

    def price(self, sku: str, cents: int) -> None:
        """Change a price in the shop."""
        self.act("shop_url", "price", sku=sku, price=f"{cents // 100}.{cents % 100:02d}")

    def rain(self, millimetres: float) -> None:
        """Let it rain in Lille until tomorrow, or not."""
        until_hour = {"rain_until_hour": None} if not millimetres else {"rain_until_hour": 24}
        self.act(
            "weather_url",
            "set",
            place="lille",
            temperature_c=12,
            rain_mm=millimetres,
            **until_hour,
        )


def server_command(name: str) -> list[str]:
    """How a part of the server is started."""
    return [sys.executable, "-m", "server.cli", name]


@contextmanager
def running_chain(folder: Path) -> Iterator[Chain]:
    """Seed the demo's chain in `folder` (a short path: the bus lies in it) and start all of it."""
    env = {
        "ENSEIGNE_DATA_DIR": str(folder),
        "ENSEIGNE_PORT": str(free_port()),
        "ENSEIGNE_DOOR_PORT": str(free_port()),
        "ENSEIGNE_ALLOW_PRIVATE": "1",
    }
    settings = Settings(
        data_dir=folder,
        port=int(env["ENSEIGNE_PORT"]),
        door_port=int(env["ENSEIGNE_DOOR_PORT"]),
        allow_private=True,
        _env_file=None,  # type: ignore[call-arg]
    )
    prepare(settings, say=None)
    ctx = build_context(settings)
    shared = seed(ctx)
    _only_rain_and_dry(ctx)
    player_port = free_port()
    chain = Chain(ctx, env, f"http://127.0.0.1:{player_port}", {})
    try:
        _start_world(chain, folder, shared)
        chain.rain(0)
        settle_connectors(ctx, chain.world, shared)
        _ask_often(ctx)
        chain.start("worker", "door", "web")
        _start_player(chain, folder, player_port)
        yield chain
    finally:
        for group in reversed(chain.groups.values()):
            group.stop()
        ctx.db.close()


def _only_rain_and_dry(ctx: Context) -> None:
    """In Lille one good takes all screens while it is dry; the demo's own rain campaign takes them
    when it is not. Short turns, so that nobody waits long for a slot's end.
    """
    rain = content.get_campaign(ctx, SYSTEM, RAIN).value
    wet = content.get_playlist(ctx, SYSTEM, RAIN).value
    card = wet.items[0].content
    assert isinstance(card, Card)
    good = next(one for one in card.goods if one.sku == BY_SLUG[DRY_GOODS].sku)
    dry = Item(wet.items[0].id, Card("price", goods=(good,)), TURN_MS)
    content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId(FINE), "Sec", (dry,)))
    content.create_campaign(
        ctx,
        SYSTEM,
        Campaign(CampaignId(FINE), "Sec", PlaylistId(FINE), rain.target, layer="takeover"),
    )
    turns = tuple(replace(item, duration_ms=TURN_MS) for item in wet.items)
    content.update_playlist(ctx, SYSTEM, replace(wet, items=turns))
    content.update_campaign(ctx, SYSTEM, replace(rain, layer="takeover", priority=5))


def _start_world(chain: Chain, folder: Path, shared: dict[str, str]) -> None:
    announce = folder / "world.json"
    options = {
        "--webhook-url": f"{chain.url}/hooks/shop",
        "--counts-url": f"{chain.url}/counts/counters-http",
        "--server-url": chain.url,
        "--announce": str(announce),
    }
    command = [sys.executable, "-m", "server.demo.world"]
    for name, value in options.items():
        command += [name, value]
    secrets = {
        "ENSEIGNE_DEMO_WEBHOOK_SECRET": shared["webhook"],
        "ENSEIGNE_DEMO_COUNTS_TOKEN": shared["counts"],
    }
    chain.groups["world"] = Group(quiet=True)
    chain.groups["world"].start(Part("world", command, secrets))
    until(announce.exists, "the world outside")
    chain.world = json.loads(announce.read_text())


def _ask_often(ctx: Context) -> None:
    for name in OFTEN:
        seen = connectors.get_connector(ctx, SYSTEM, name).value
        wish = ConnectorWish(seen.kind, seen.name, seen.config, every_s=1)
        connectors.update_connector(ctx, SYSTEM, name, wish)


def _start_player(chain: Chain, folder: Path, port: int) -> None:
    command = [sys.executable, "-m", "player", "--server", chain.url, "--no-display"]
    command += ["--data", str(folder / "player"), "--port", str(port)]
    chain.groups["player"] = Group(quiet=True)
    chain.groups["player"].start(Part("player", command))
    until(lambda: answers(port), "the player")

    def code() -> str:
        state = requests.get(f"{chain.player_url}/state", timeout=5).json()
        return str((state.get("pairing") or {}).get("code") or "")

    pairing.claim(chain.ctx, SYSTEM, code=until(code, "the code"), screen_id=AGENT_SCREEN)
