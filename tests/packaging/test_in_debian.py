"""The player's package in clean systems of Debian: one command installs it from a real server, it
starts by its own units, is paired through the API, plays, and goes without a trace.

Real: Debian's systemd, Python and libraries of each release, the units with all their limits, the
installer, apt and dpkg. Not real: cage and Chromium, which a stand-in provides that notes how it
was started and asks for the page as a browser would; and there is no seat and no tty1.
"""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from server.app import build_context, prepare
from server.config import Settings
from server.processes import Group, Part
from server.services.base.actors import ALL_SCOPES, SYSTEM
from server.services.entry import people
from server.services.screens.deb import Entry, write_deb
from tests.e2e.chain.running import server_command
from tests.packaging.debian_root import STAND_INS, System, running
from tests.packaging.updating import try_updates
from tests.support.programs import answers, free_port

pytestmark = [pytest.mark.debian, pytest.mark.timeout(900)]

WITHIN_S = 60.0
CAGE = """#!/bin/sh
# Stands in for cage: -h as that Debian's says it, else starts what comes after -- as its client.
if [ "$1" = -h ]; then printf ' -@KEY@\\t ...\\n'; exit 0; fi
echo "$@" > "$CACHE_DIRECTORY/said-compositor"
while [ "$1" != -- ]; do shift; done
shift
WAYLAND_DISPLAY=wayland-0 exec "$@"
"""
SWAY = """#!/bin/sh
# Stands in for sway: starts the client that its settings name.
echo "$@" > "$CACHE_DIRECTORY/said-compositor"
while [ "$1" != -c ]; do shift; done
WAYLAND_DISPLAY=wayland-0 exec sh -c "exec $(sed -n 's/^exec "\\(.*\\); swaymsg exit"$/\\1/p' "$2")"
"""
CHROMIUM = """#!/usr/bin/python3
# Stands in for Chromium: asks for the page, and says that it paints.
import json, os, sys, time, urllib.request
app = next(word for word in sys.argv if word.startswith("--app="))[6:]
path = os.environ["CACHE_DIRECTORY"] + "/said-chromium"
with open(path + ".new", "w") as file:
    json.dump(sys.argv, file)
os.rename(path + ".new", path)
frames = 0
while True:
    frames += 1
    if app.startswith("http"):
        page = urllib.request.urlopen(app, timeout=5).read()
        assert b"enseigne-source" in page
        kind = {"Content-Type": "application/json"}
        beat = b'{"frames": %d, "dark": false}' % frames
        urllib.request.urlopen(urllib.request.Request(app + "painted", beat, kind), timeout=5)
    time.sleep(0.5)
"""
WITHOUT_A_SEAT = """[Unit]
ConditionPathExists=
[Service]
PAMName=
TTYPath=
StandardInput=null
TTYReset=no
TTYVHangup=no
TTYVTDisallocate=no
UtmpIdentifier=
"""


def until(true: Callable[[], Any], what: str) -> Any:
    """Wait for something true and return it."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            found = true()
        except requests.RequestException as why:
            found, what = None, f"{what} ({why})"
        if found:
            return found
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


class Api:
    """A program with every right, over HTTP."""

    def __init__(self, settings: Settings, token: str) -> None:
        self.settings, self.url = settings, settings.url
        self._headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The JSON of a request that must succeed."""
        answer = requests.request(
            method,
            f"{self.url}/api/v1{path}",
            json=body,
            headers={**self._headers, **headers},
            timeout=20,
        )
        assert answer.ok, answer.text
        return answer.json()


@contextmanager
def serving(folder: Path) -> Iterator[Api]:
    """A real server with a store, a screen and something to show."""
    ports = {"ENSEIGNE_PORT": free_port(), "ENSEIGNE_DOOR_PORT": free_port()}
    env = {"ENSEIGNE_DATA_DIR": str(folder), **{name: str(port) for name, port in ports.items()}}
    settings = Settings(
        data_dir=folder,
        port=ports["ENSEIGNE_PORT"],
        door_port=ports["ENSEIGNE_DOOR_PORT"],
        _env_file=None,  # type: ignore[call-arg]
    )
    prepare(settings, say=None)
    ctx = build_context(settings)
    token = people.create_token(ctx, SYSTEM, "installer", ALL_SCOPES, None).secret
    ctx.db.close()
    with Group(quiet=True) as group:
        for name in ("worker", "door", "web"):
            group.start(Part(name, server_command(name), env))
        for port in ports.values():
            until(lambda port=port: answers(port), "the server")
        api = Api(settings, token)
        card = {"template": "message", "texts": {"headline": {"fr": "Bonjour"}}}
        items = [{"id": "a", "content": {"card": card}}]
        api.call("POST", "/stores", {"id": "lille", "name": "Lille", "zone": "Europe/Paris"})
        api.call("POST", "/screens", {"id": "window", "name": "Window", "store": "lille"})
        api.call("POST", "/playlists", {"id": "hello", "name": "Hello", "items": items})
        base = {"playlist": "hello"}
        api.call("PUT", "/bases/store/lille/main", base, **{"If-Match": "*"})
        yield api


def stand_ins(suite: str) -> bytes:
    """A package that provides what is too large to install each time, as that Debian has it."""
    is_old = suite == "bookworm"
    provided = [f"cage (= {'0.1.4' if is_old else '0.2.0'})", *sorted({*STAND_INS} - {"cage"})]
    control = (
        "Package: enseigne-stand-ins\nVersion: 1\nArchitecture: all\n"
        f"Provides: {', '.join(provided)}\n"
        "Maintainer: Enseigne <enseigne@localhost>\nDescription: stand-ins for a trial\n"
    )
    cage = CAGE.replace("@KEY@", "r" if is_old else "s")
    tools = (("cage", cage), ("sway", SWAY), ("chromium", CHROMIUM))
    return write_deb(
        control, [], [Entry(f"usr/bin/{name}", text.encode(), runs=True) for name, text in tools], 0
    )


def prepare_system(system: System, suite: str, port: int) -> None:
    """Put the stand-ins in place, and a port that nobody else has: the network is the host's."""
    path = Path(f"/proc/{system.pid}/root/var/tmp/stand-ins.deb")
    path.write_bytes(stand_ins(suite))
    system.run("dpkg", "-i", "/var/tmp/stand-ins.deb")
    settings = f"ENSEIGNE_PLAYER_PORT={port}\n"
    system.write("/etc/enseigne-player/player.conf.d/00-trial.conf", settings)
    system.write("/etc/systemd/system/enseigne-kiosk.service.d/trial.conf", WITHOUT_A_SEAT)


def install(system: System, api: Api, *words: str) -> str:
    """The one command, as a person types it."""
    line = f"curl -fsSL {api.url}/player/install | sh -s -- {shlex.join(words)}"
    return system.run("bash", "-o", "pipefail", "-c", line)


def shown(system: System, unit: str) -> dict[str, str]:
    """What systemd says of a unit."""
    names = "MainPID,User,Type,WatchdogUSec,NRestarts,MemoryMax,SubState"
    lines = system.run("systemctl", "show", "-p", names, unit).splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(("suite", "release"), [("bookworm", "12"), ("trixie", "13")])
def test_one_command_makes_a_clean_debian_a_screen_that_plays(
    suite: str, release: str, tmp_path: Path
) -> None:
    with running(suite) as system, serving(tmp_path) as api:
        assert f'VERSION_ID="{release}"' in system.read("/etc/os-release")
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        prepare_system(system, suite, port)

        said = install(system, api, "--name", "Vitrine « A »")
        assert "type it at" in said
        assert "pip" not in system.run("dpkg-query", "-W", "-f", "${Package}\n")
        found = system.run("python3", "-c", "import socketio; print(socketio.__file__)")
        assert found.startswith("/usr/lib/python3/dist-packages/")

        # It runs by its unit, as its own user, and shows a code; the API pairs it; it plays.
        agent = shown(system, "enseigne-player.service")
        assert (agent["User"], agent["Type"]) == ("enseigne-player", "notify")
        assert agent["WatchdogUSec"] != "0"
        code = until(
            lambda: (requests.get(f"{url}/state", timeout=5).json()["pairing"] or {}).get("code"),
            "a code to pair by",
        )
        api.call("POST", "/pairings", {"code": code, "screen": "window"})
        plan = until(lambda: requests.get(f"{url}/state", timeout=5).json()["plan"], "a plan")
        assert plan["revision"] > 0
        health = until(
            lambda: (told := requests.get(f"{url}/health", timeout=5).json())["link"] and told,
            "the way to the door",
        )
        assert (health["ok"], health["screen"], health["missing"]) == (True, "window", 0)
        assert "enseigne-source" in requests.get(url, timeout=5).text
        assert "Vitrine « A »" in json.dumps(
            api.call("GET", "/screens/window/device"), ensure_ascii=False
        )

        # The kiosk: compositor, in it the supervisor, in it Chromium on the agent's page.
        until(lambda: system.active("enseigne-kiosk.service") == "active", "the kiosk")
        said = "/var/cache/enseigne-kiosk/said-"
        until(lambda: system.run("ls", f"{said}chromium", check=False).startswith("/"), "Chromium")
        line = json.loads(system.read(f"{said}chromium"))
        assert {"--kiosk", "--ozone-platform=wayland", f"--app={url}/"} <= set(line)
        compositor = {"12": "--unsupported-gpu -c /", "13": "-d -- /usr/bin/python3"}[release]
        assert system.read(f"{said}compositor").startswith(compositor)
        until(lambda: requests.get(f"{url}/painted", timeout=5).json()["ago_ms"] < 1_000, "paint")

        # Killed, it is back with what it held, and the kiosk did not go.
        kiosk = shown(system, "enseigne-kiosk.service")["MainPID"]
        system.run("systemctl", "kill", "-s", "KILL", "enseigne-player.service")
        until(
            lambda: (
                shown(system, "enseigne-player.service")["MainPID"] not in ("0", agent["MainPID"])
                and requests.get(f"{url}/state", timeout=5).json()["plan"]
            ),
            "the agent again",
        )
        assert shown(system, "enseigne-kiosk.service")["MainPID"] == kiosk

        # The same command again changes nothing; the boot file does, and a mistake in it does not.
        assert "installed already" in install(system, api)
        system.write("/boot/enseigne.txt", f"server={api.url}\nname=From the card\n")
        system.run("systemctl", "restart", "enseigne-boot.service")
        boot = "/etc/enseigne-player/player.conf.d/20-boot.conf"
        assert 'NAME="From the card"' in system.read(boot)
        system.write("/boot/enseigne.txt", "server=nonsense\n")
        system.run("systemctl", "restart", "enseigne-boot.service", check=False)
        assert 'NAME="From the card"' in system.read(boot)
        assert "--server" in system.read("/boot/enseigne-error.txt")

        # Other versions of the player, ordered by the server.
        for unit in ("enseigne-update.path", "enseigne-update-undo.service"):
            assert system.run("systemctl", "is-enabled", unit) == "enabled"
        version = system.run("dpkg-query", "-W", "-f", "${Version}", "enseigne-player")
        try_updates(system, api.settings, url, tmp_path, until, version)

        # Debian's own judgement of the units, with the programs that they name in place.
        names = ("player", "kiosk", "boot", "update", "update-undo")
        units = [f"/usr/lib/systemd/system/enseigne-{name}.service" for name in names]
        units.append("/usr/lib/systemd/system/enseigne-update.path")
        assert system.run("systemd-analyze", "verify", *units) == ""
        exposure = system.run(
            "systemd-analyze", "security", "enseigne-player.service", "--no-pager"
        )
        (score,) = re.findall(r"exposure level for \S+ (\d+\.\d)", exposure)
        assert float(score) < 4

        install(system, api, "--uninstall")
        assert system.active("enseigne-player.service") == "inactive"
        for gone in (
            "/var/lib/enseigne-player",
            "/var/lib/enseigne-update",
            "/etc/enseigne-player",
            "/usr/lib/enseigne-player",
        ):
            assert system.run("test", "!", "-e", gone) == ""
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)
