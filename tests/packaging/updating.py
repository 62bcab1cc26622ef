"""Updates of the player in a clean Debian: versions made of this tree, ordered as a server orders
them, tried by root's own units with real dpkg and systemd.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select

import player
import playlists
from playlists.signing import kid_of
from server.app import build_context
from server.config import Settings
from server.db.models import CommandRow, DeviceRow, UpdateRow
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens import rollout_beat, rollouts
from server.services.screens.commands import issue
from server.services.screens.package import AT_S, Package, build
from server.services.screens.packages import keep
from server.services.screens.rollouts import Wish
from tests.packaging.debian_root import System

PLAYER, DOMAIN = Path(player.__file__).parent, Path(playlists.__file__).parent
CONF = "/etc/enseigne-player/player.conf.d/05-trial.conf"
HOUR_MS = 3_600_000
Until = Callable[[Callable[[], Any], str], Any]


class Trial:
    """One installed and paired screen, at `url`, and the data folder of its server."""

    def __init__(self, system: System, settings: Settings, url: str, until: Until) -> None:
        self._system, self._settings, self._url, self._until = system, settings, url, until

    def roll_out(self, package: Package) -> str:
        """Have the server begin a rollout with this screen, now; the command's id."""
        with self._server() as ctx:
            self._keep(ctx, package)
            wish = Wish(package.sha256, screens=("window",), now=True)
            rollouts.start(ctx, SYSTEM, wish)
            rollout_beat.bring(ctx, 0)
            with ctx.db.read() as session:
                command = session.scalar(select(UpdateRow.command_id))
        assert command
        return command

    def is_rolled_out(self) -> bool:
        """Whether the server, at its next beat, knows that the screen runs it."""
        with self._server() as ctx:
            rollout_beat.bring(ctx, 0)
            with ctx.db.read() as session:
                return session.scalar(select(UpdateRow.stage)) == "has"

    def order(self, package: Package, paint_s: int) -> str:
        """Have the server order this version, which may paint nothing for so long; the command's
        id.
        """
        self.set(paint_s, 2)
        arguments = {
            "version": package.version,
            "sha256": package.sha256,
            "bytes": len(package.data),
        }
        with self._server() as ctx:
            self._keep(ctx, package)
            now = ctx.clock()
            with ctx.db.write() as session:
                row = issue(ctx, session, "window", "update", arguments, "", now, now + HOUR_MS)
                command = row.id
            ctx.wake()
        return command

    def set(self, paint_s: int, settle_s: int) -> None:
        """Set the patience of root's side."""
        names = {"UPDATE_PAINT_S": paint_s, "UPDATE_SETTLE_S": settle_s}
        lines = (f"ENSEIGNE_PLAYER_{name}={value}\n" for name, value in names.items())
        self._system.write(CONF, "".join(lines))

    def answer(self, command: str) -> CommandRow:
        """What the device answers, in the end."""

        def answered() -> CommandRow | None:
            with self._server() as ctx, ctx.db.read() as session:
                row = session.get(CommandRow, command)
            return row if row is not None and row.state else None

        found: CommandRow = self._until(answered, "the answer to an update")
        return found

    def running(self) -> str:
        """The version whose page is painted and plays now, "" for none."""
        health = requests.get(f"{self._url}/health", timeout=5).json()
        painted = requests.get(f"{self._url}/painted", timeout=5).json()["ago_ms"] < 2_000
        plays = requests.get(f"{self._url}/state", timeout=5).json()["plan"] is not None
        return str(health["package"]) if painted and plays else ""

    def installed(self) -> str:
        """What dpkg says."""
        form = "${db:Status-Status} ${Version}"
        return self._system.run("dpkg-query", "-W", "-f", form, "enseigne-player")

    def known_as(self) -> str:
        """Which computer root takes this one for."""
        record = json.loads(self._system.run("cat", "/var/lib/enseigne-update/record.json"))
        return str(record["device"])

    def device(self) -> str:
        """The id of the key that the server paired."""
        with self._server() as ctx, ctx.db.read() as session:
            return kid_of(session.get_one(DeviceRow, "window").public_key)

    @contextmanager
    def _server(self) -> Iterator[Context]:
        ctx = build_context(self._settings)
        try:
            yield ctx
        finally:
            ctx.db.close()

    @staticmethod
    def _keep(ctx: Context, package: Package) -> None:
        with ctx.db.write() as session:
            keep(session, package, ctx.clock())


def version(folder: Path, name: str, path: str, old: str, new: str) -> Package:
    """The package of this tree with one change in it."""
    code = folder / name / "player"
    shutil.copytree(PLAYER, code, ignore=shutil.ignore_patterns("__pycache__"))
    text = (code / path).read_text()
    assert old in text
    (code / path).write_text(text.replace(old, new))
    return build(code, DOMAIN, f"0.2{name}", AT_S)


def try_updates(
    system: System, settings: Settings, url: str, folder: Path, until: Until, at_first: str
) -> None:
    """A good version stays; one that does not paint, and one whose trial is cut off, do not."""
    trial = Trial(system, settings, url, until)
    good = version(folder, "good", "__init__.py", '"0.1.0"', '"0.2.0"')
    trial.set(60, 2)
    answer = trial.answer(trial.roll_out(good))
    assert (answer.state, answer.detail) == (
        "done",
        {"version": good.version, "from": at_first},
    ), answer.said
    assert trial.installed() == f"installed {good.version}"
    assert trial.known_as() == trial.device(), "root knows which computer this is from now on"
    until(lambda: trial.running() == good.version, "the new version's page")

    # Its agent answers, its page never says that it lives.
    bad = version(folder, "bad", "page/index.html", "enseigne-source", "nothing")
    began = time.monotonic()
    answer = trial.answer(trial.order(bad, 12))
    lasted = time.monotonic() - began
    assert (answer.state, answer.detail) == (
        "failed",
        {"version": bad.version, "from": good.version, "rolled_back": True},
    ), answer.said
    assert "did not paint within 12 s" in answer.said
    assert lasted > 12
    assert trial.installed() == f"installed {good.version}"
    until(lambda: trial.running() == good.version, "the old version's page")

    # The updater and dpkg are killed in the middle of it.
    command = trial.order(bad, 60)
    until(lambda: trial.installed() != f"installed {good.version}", "dpkg at its work")
    system.run("systemctl", "kill", "-s", "KILL", "enseigne-update.service")
    answer = trial.answer(command)
    assert (answer.state, answer.detail["rolled_back"]) == ("failed", True), answer.said
    assert trial.installed() == f"installed {good.version}"
    until(lambda: trial.running() == good.version, "the old version's page again")
    assert system.run("dpkg", "--audit") == system.run("dpkg", "--verify", "enseigne-player") == ""
    assert "code" not in system.run("ls", "/var/lib/enseigne-update").split()
    until(trial.is_rolled_out, "the server's word that the good version is there")
