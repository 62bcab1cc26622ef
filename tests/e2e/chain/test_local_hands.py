"""A store's hand on a screen while its line is cut, with every process real."""

from __future__ import annotations

import re
import select as selecting
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from playlists.ids import ItemId, PlaylistId
from playlists.model import Base, Card, Item, Playlist
from playlists.wire.hands import CODE_LETTERS
from server.app import build_context, prepare
from server.config import Settings
from server.db.models import ActorRow, AuditRow, OverrideRow
from server.processes import Group, Part
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.chain.places import create_screen, create_store
from server.services.entry.roles import ROLES
from server.services.screens import bringing, hand_codes, pairing
from server.services.wishes import bases, content, overrides
from server.services.wishes.local_use import set_local_use
from tests.support.programs import answers, end, free_port

pytestmark = pytest.mark.slow

STORE, SCREEN, CASH = "lille", "lille-window", "cash-only"
MIA = Actor("mia", "Mia", ROLES["manager"], frozenset({STORE}))
WITHIN_S = 40.0


def until(ask: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + WITHIN_S
    while not (found := ask()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)
    return found


@dataclass
class Line:
    """The shop's line: to each port of the server one of its own, until it is cut."""

    to: tuple[int, ...]
    host: str = "127.0.0.1"
    is_cut: bool = False
    ports: dict[int, int] = field(default_factory=dict)
    _open: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        for port in self.to:
            listening = socket.create_server((self.host, 0))
            self.ports[port] = listening.getsockname()[1]
            threading.Thread(target=self._serve, args=(listening, port), daemon=True).start()

    def cut(self) -> None:
        self.is_cut = True
        for one in self._open:
            one.close()

    def mend(self) -> None:
        self._open.clear()
        self.is_cut = False

    def _serve(self, listening: socket.socket, port: int) -> None:
        while True:
            near, _ = listening.accept()
            if self.is_cut:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", port))
            self._open += [near, far]
            threading.Thread(target=_carry, args=(near, far), daemon=True).start()


def _carry(near: socket.socket, far: socket.socket) -> None:
    try:
        while True:
            for source in selecting.select([near, far], [], [], 0.2)[0]:
                data = source.recv(65_536)
                (far if source is near else near).sendall(data)
                if not data:
                    return
    except (OSError, ValueError):
        return
    finally:
        near.close()
        far.close()


def text(name: str, headline: str) -> Playlist:
    card = Card("message", {"sky": "mist"}, {"headline": {"fr": headline}})
    return Playlist(PlaylistId(name), headline, (Item(ItemId(name), card, 2_000),))


def lay_out(ctx: Context) -> None:
    """One screen that plays something, and something for every store's use."""
    create_store(ctx, SYSTEM, StoreWish("Lille", "Europe/Paris"), STORE)
    create_screen(ctx, SYSTEM, ScreenWish("Vitrine", STORE, language="fr"), SCREEN)
    for playlist in (text("usual", "Bonjour"), text(CASH, "Espèces seulement")):
        content.create_playlist(ctx, SYSTEM, playlist)
    bases.set_base(ctx, SYSTEM, Base("store", STORE, PlaylistId("usual")))
    set_local_use(ctx, SYSTEM, [CASH])
    with ctx.db.write() as session:
        session.add(
            ActorRow(id="mia", name="Mia", scopes=[], stores=[STORE], created_at=0, role="manager")
        )


@dataclass
class Shop:
    """The server, its line, and the player behind it."""

    ctx: Context
    line: Line
    folder: Path
    hands: int
    player: subprocess.Popen[bytes] | None = None
    port: int = 0

    def start(self) -> None:
        web, door = (self.line.ports[port] for port in self.line.to)
        self.port = free_port()
        line = [sys.executable, "-m", "player", "--no-display", "--no-share", "--name", "test"]
        line += ["--server", f"http://127.0.0.1:{web}", "--door", f"http://127.0.0.1:{door}"]
        line += ["--data", str(self.folder / "player"), "--port", str(self.port)]
        line += ["--hands-port", str(self.hands), "--hands-after-s", "2"]
        self.player = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        until(lambda: answers(self.port), "the player's page")

    def restart(self) -> None:
        assert self.player
        self.player.send_signal(signal.SIGKILL)
        self.player.wait()
        self.start()

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(
            f"http://127.0.0.1:{self.port}/state", timeout=5
        ).json()
        return found

    def post(self, path: str, **form: str) -> requests.Response:
        origin = f"http://127.0.0.1:{self.hands}"
        headers = {"Origin": origin, "Content-Type": "application/x-www-form-urlencoded"}
        return requests.post(origin + path, data=form, headers=headers, timeout=5)


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[tuple[Context, Line, Path]]:
    """The server, the line that leads to it from `host`, and a folder."""
    folder = Path(tempfile.mkdtemp(prefix="ens-"))
    web, door = free_port(), free_port()
    settings = Settings(data_dir=folder, port=web, door_port=door, _env_file=None)  # type: ignore[call-arg]
    prepare(settings, say=None)
    ctx = build_context(settings)
    lay_out(ctx)
    group = Group(quiet=True)
    env = {
        "ENSEIGNE_DATA_DIR": str(folder),
        "ENSEIGNE_PORT": str(web),
        "ENSEIGNE_DOOR_PORT": str(door),
    }
    try:
        for name in ("worker", "door", "web"):
            group.start(Part(name, [sys.executable, "-m", "server.cli", name], env))
        until(lambda: answers(web) and answers(door), "the server")
        yield ctx, Line((web, door), host), folder
    finally:
        group.stop()
        ctx.db.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with serving() as (ctx, line, folder):
        made = Shop(ctx, line, folder, free_port())
        try:
            made.start()
            yield made
        finally:
            if made.player:
                end(made.player)


def told(shop: Shop) -> bool:
    """Whether the device knows who may."""
    bringing.bring(shop.ctx)
    return answers(shop.hands)


def given(page: requests.Response) -> str:
    found = re.search(r'name="pass" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def actions(ctx: Context, subject: str) -> list[tuple[str, str]]:
    with ctx.db.read() as session:
        rows = select(AuditRow.action, AuditRow.actor_id).where(AuditRow.subject == subject)
        return [tuple(row) for row in session.execute(rows)]  # type: ignore[misc]


def test_a_hold_made_without_the_line_outlives_a_restart_and_ends_in_the_studio(shop: Shop) -> None:
    ctx = shop.ctx
    pairs = until(lambda: shop.state()["pairing"], "a code")
    pairing.claim(ctx, SYSTEM, code=pairs["code"], screen_id=SCREEN)
    code = hand_codes.issue(ctx, MIA, STORE)
    until(lambda: shop.state()["plan"], "a plan")
    until(lambda: told(shop), "that the device knows who may")

    shop.line.cut()
    until(lambda: shop.post("/show").status_code == 200, "that the server is away")
    token = until(lambda: shop.state()["device"]["scan"], "the code on the screen")["token"]
    other = "2" if code[-1] != "2" else CODE_LETTERS[-1]
    for _ in range(3):
        assert shop.post("/enter", token=token, code=code[:-1] + other).status_code == 403
    mine = given(shop.post("/enter", token=token, code=code))
    assert shop.post("/hold", **{"pass": mine}, choice=CASH, minutes="60").status_code == 200
    (hold,) = until(lambda: shop.state()["overrides"], "the hold")
    assert hold["body"]["p"]["headline"] == "Espèces seulement"

    shop.restart()
    assert shop.state()["overrides"] == [hold], "it is there from the first moment"

    shop.line.mend()
    subject = f"override:{hold['id']}"
    until(lambda: actions(ctx, subject), "that the server knows")
    assert actions(ctx, subject) == [("override.create", "mia")]
    until(lambda: not shop.state()["overrides"], "that the server's own override plays")
    before = shop.state()["plan"]["revision"]
    found = overrides.get_override(ctx, MIA, hold["id"]).value
    assert (found.by, found.until_ms) == ("Mia", hold["until"])
    overrides.end_override(ctx, MIA, hold["id"])
    until(lambda: shop.state()["plan"]["revision"] > before, "the plan without it")
    assert shop.state()["overrides"] == []
    assert actions(ctx, subject)[-1] == ("override.end", "mia")
    with ctx.db.read() as session:
        assert session.get_one(OverrideRow, hold["id"]).until_ms < hold["until"]
