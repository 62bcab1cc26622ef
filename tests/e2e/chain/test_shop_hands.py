"""A store's hand on all of its screens while the line is cut: every process real, each player in a
network namespace of its own on one bridge, found by mDNS.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from player.cache.key import device_key
from player.errors import Unreachable
from player.link.lan_client import Neighbour, exchange
from player.local.shop import GREET, ORDER
from playlists.fields import Fields, parse_json
from playlists.ids import canonical
from playlists.wire.hands import CODE_LETTERS, code_proof
from playlists.wire.shop_hands import MAX_BYTES, Answer, Order
from server.db.models import ActorRow, AuditRow, HandCodeRow
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.chain.places import create_screen, create_store
from server.services.entry.roles import ROLES
from server.services.screens import bringing, hand_codes, pairing
from tests.e2e.chain.test_local_hands import (
    CASH,
    MIA,
    SCREEN,
    STORE,
    Line,
    given,
    serving,
    until,
)
from tests.support.programs import end

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("ip"), reason="network namespaces need root and ip"
    ),
]

NET, PORT, HANDS = "10.214.7", 8090, 8095
HERE = f"{NET}.1"
LEO = Actor("leo", "Léo", ROLES["manager"], frozenset({"roubaix"}))
TILL, DOOR, FAR = "lille-till", "lille-door", "roubaix-window"


@dataclass
class Player:
    """One player, in its own namespace."""

    screen: str
    at: str
    folder: Path
    child: subprocess.Popen[bytes]

    def state(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = requests.get(f"http://{self.at}:{PORT}/state", timeout=5).json()
        except requests.ConnectionError:
            return {}
        return found

    @property
    def is_open(self) -> bool:
        """Whether its page for the store's people is there."""
        try:
            return requests.get(f"http://{self.at}:{HANDS}/", timeout=5).ok
        except requests.ConnectionError:
            return False

    @property
    def overrides(self) -> list[Any]:
        return list(self.state()["overrides"])

    @property
    def peer(self) -> Neighbour:
        return Neighbour("0" * 16, self.at, 1, HANDS)

    def post(self, path: str, **form: str) -> requests.Response:
        origin, kind = f"http://{self.at}:{HANDS}", "application/x-www-form-urlencoded"
        headers = {"Origin": origin, "Content-Type": kind, "Accept-Language": "en"}
        return requests.post(origin + path, data=form, headers=headers, timeout=20)


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def bridge() -> Iterator[str]:
    """The shop's network, on which this machine is a phone and the way out."""
    name = f"ens{os.getpid()}"[:12]
    try:
        run("ip", "link", "add", name, "type", "bridge")
    except subprocess.CalledProcessError as wrong:
        pytest.skip(f"this machine lets nobody make a network: {wrong.stderr.decode().strip()}")
    try:
        run("ip", "address", "add", f"{HERE}/24", "dev", name)
        run("ip", "link", "set", name, "up")
        yield name
    finally:
        run("ip", "link", "del", name)


@contextmanager
def player(net: str, number: int, screen: str, line: Line, folder: Path) -> Iterator[Player]:
    space, at, data = f"{net}-{number}", f"{NET}.{10 + number}", folder / screen
    inside = ("ip", "netns", "exec", space)
    run("ip", "netns", "add", space)
    try:
        veth = f"{net}{number}"
        run("ip", "link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", space)
        run("ip", "link", "set", veth, "master", net, "up")
        run(*inside, "ip", "link", "set", "lo", "up")
        run(*inside, "ip", "address", "add", f"{at}/24", "dev", "eth0")
        run(*inside, "ip", "link", "set", "eth0", "up")
        run(*inside, "ip", "route", "add", "default", "via", HERE)
        web, door = (line.ports[port] for port in line.to)
        words = [sys.executable, "-m", "player", "--no-display", "--name", screen, "--host", at]
        words += ["--server", f"http://{HERE}:{web}", "--door", f"http://{HERE}:{door}"]
        words += ["--data", str(data), "--port", str(PORT), "--hands-after-s", "2"]
        environ = {
            name: it for name, it in os.environ.items() if name != "ENSEIGNE_PLAYER_NO_SHARE"
        }
        child = subprocess.Popen([*inside, *words], stdout=subprocess.DEVNULL, env=environ)
        try:
            yield Player(screen, at, data, child)
        finally:
            end(child)
    finally:
        run("ip", "netns", "del", space)


@dataclass
class Street:
    """Three screens of a store and one of another's, and the server behind the line."""

    ctx: Context
    line: Line
    players: dict[str, Player] = field(default_factory=dict)


@pytest.fixture
def street() -> Iterator[Street]:
    with ExitStack() as stack:
        net = stack.enter_context(bridge())
        ctx, line, folder = stack.enter_context(serving(HERE))
        create_store(ctx, SYSTEM, StoreWish("Roubaix", "Europe/Paris"), "roubaix")
        for screen, store in ((TILL, STORE), (DOOR, STORE), (FAR, "roubaix")):
            create_screen(ctx, SYSTEM, ScreenWish(screen, store, language="fr"), screen)
        with ctx.db.write() as session:
            row = {"id": "leo", "name": "Léo", "stores": ["roubaix"], "role": "manager"}
            session.add(ActorRow(**row, scopes=[], created_at=0))
        made = Street(ctx, line)
        for number, screen in enumerate((SCREEN, TILL, DOOR, FAR), 1):
            its = player(net, number, screen, line, folder)
            made.players[screen] = stack.enter_context(its)
        for one in made.players.values():
            code = until(lambda one=one: one.state().get("pairing"), f"a code of {one.screen}")
            pairing.claim(ctx, SYSTEM, code=code["code"], screen_id=one.screen)
        yield made


def rows(page: requests.Response) -> dict[str, str]:
    """What the page says of each screen."""
    return dict(re.findall(r"<li[^>]*><p><b>([^<]*)</b>.*?<small>([^<]*)</small>", page.text))


def carried(ctx: Context) -> set[tuple[str, str | None]]:
    """Of each act that the log knows: who, and before which screen they stood."""
    with ctx.db.read() as session:
        made = select(AuditRow).where(AuditRow.action == "override.create")
        found = session.scalars(made)
        return {(row.actor_id, (row.after or {}).get("via")) for row in found}


def test_one_person_holds_the_shop_and_nobody_else_does(street: Street) -> None:
    ctx, players = street.ctx, street.players
    window, till, door, far = (players[name] for name in (SCREEN, TILL, DOOR, FAR))
    code = hand_codes.issue(ctx, MIA, STORE)
    hand_codes.issue(ctx, LEO, "roubaix")

    def told() -> bool:
        bringing.bring(ctx)
        return all(one.state().get("plan") and one.is_open for one in players.values())

    until(told, "that all know who may")
    street.line.cut()
    until(lambda: window.post("/show").status_code == 200, "that the server is away")
    token = until(lambda: window.state()["device"]["scan"], "the code on the screen")["token"]
    other = "2" if code[-1] != "2" else CODE_LETTERS[-1]
    assert window.post("/enter", token=token, code=code[:-1] + other).status_code == 403
    end(door.child)

    page = window.post("/enter", token=token, code=code)
    mine = {"pass": given(page)}
    until(lambda: till.post("/show").status_code == 200, "that the till's is, too")
    page = window.post("/hold", **mine, choice=CASH, minutes="60", scope="all")
    said = rows(page)
    assert said.keys() == {"Vitrine", TILL, DOOR}, "no screen of another store"
    assert said[TILL].startswith("Shown. Espèces seulement, until ")
    assert said[DOOR].startswith("Not shown. Does not answer.")
    until(lambda: window.overrides and till.overrides, "that both show it")
    assert far.overrides == []

    thief(ctx, code, window, till, far)

    assert rows(window.post("/end", **mine, scope="all"))[TILL] == "Ended. Plays to plan."
    until(lambda: not window.overrides and not till.overrides, "that both ended")
    street.line.mend()
    until(lambda: carried(ctx) == {("mia", None), ("mia", SCREEN)}, "that the log has both")


def thief(ctx: Context, code: str, window: Player, till: Player, far: Player) -> None:
    """Somebody with the window's card without the code; with it, but at another store; and one who
    sends again what they heard.
    """
    with ctx.db.read() as session:
        salt = session.get_one(HandCodeRow, (STORE, "mia")).salt
    mia, stolen = code_proof(code, salt)[1], device_key(window.folder / "device.pem")

    def ordered(to: Player, by: Any) -> bytes:
        asked = "a" * 20
        greeted = exchange(to.peer, GREET, canonical({"asked": asked}), MAX_BYTES)
        nonce = Fields.of(parse_json(greeted)).text("nonce")
        key = device_key(to.folder / "device.pem").x
        return Order(key, stolen.x, nonce, asked, "mia", "look").sealed(by, stolen)

    def why(to: Player, body: bytes) -> str:
        said = exchange(to.peer, ORDER, body, MAX_BYTES)
        return Answer.opened(said, device_key(to.folder / "device.pem").x, "a" * 20).why

    assert why(till, ordered(till, stolen)) == "code"
    assert why(far, ordered(far, mia)) == "stranger"
    heard = ordered(till, mia)
    assert why(till, heard) == ""
    with pytest.raises(Unreachable):
        why(till, heard)
    assert till.overrides
