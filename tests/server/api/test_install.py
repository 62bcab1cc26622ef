"""A computer that is no screen yet: the script and the package that a server gives to anybody."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from server.app import create_app
from server.services.base.context import Context

DEB = "/player/enseigne-player.deb"
SCRIPT = "/player/install"


def test_the_script_names_this_server_and_the_package_that_it_serves(client: FlaskClient) -> None:
    script = client.get(SCRIPT)
    assert script.mimetype == "text/x-shellscript"
    text = script.get_data(as_text=True)
    assert "@" not in re.sub(r"\$@", "", text)
    package = client.get(DEB)
    assert package.data.startswith(b"!<arch>\n")
    assert f"SHA256='{hashlib.sha256(package.data).hexdigest()}'" in text
    (version,) = re.findall(r"^VERSION='(.+)'$", text, re.MULTILINE)
    assert f"enseigne-player_{version}_all.deb" in package.headers["Content-Disposition"]
    again = client.get(DEB, headers={"If-None-Match": package.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_an_address_runs_nothing(ctx: Context, tmp_path: Path) -> None:
    url = "https://signs.example/';touch${IFS}broken;'"
    settings = ctx.settings.model_copy(update={"public_url": url})
    text = create_app(replace(ctx, settings=settings)).test_client().get(SCRIPT).text
    words = text.partition("\nVERSION=")[0].partition("SERVER=")[2]
    here = tmp_path / "here"
    here.mkdir()
    shown = subprocess.run(
        ["sh", "-c", f'SERVER={words}; printf %s "$SERVER"'],
        cwd=here, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout == url
    assert not list(here.iterdir())


def test_nobody_asks_without_end(ctx: Context) -> None:
    settings = ctx.settings.model_copy(update={"stranger_per_minute": 2})
    client = create_app(replace(ctx, settings=settings)).test_client()
    assert [client.get(SCRIPT).status_code for _ in range(3)] == [200, 200, 429]


@pytest.fixture
def machine(tmp_path: Path, client: FlaskClient) -> Path:
    """A computer of stand-ins: each notes its call."""
    tools = tmp_path / "tools"
    tools.mkdir()
    notes = f'echo "$(basename "$0") $*" >> {tmp_path}/calls'
    (tmp_path / "served.deb").write_bytes(client.get(DEB).data)
    for name, does in {
        "id": "echo ${UID_NOW:-0}",
        "dpkg": "echo ${ARCH:-arm64}",
        "dpkg-query": "printf '%s' \"${INSTALLED:-}\"",
        "apt-get": notes,
        "curl": f'{notes}; while [ "$1" != -o ]; do shift; done; cp {tmp_path}/served.deb "$2"',
        "enseigne-player-setup": f'{notes}; [ "$1" != kept ] || printf %s "${{KEPT:-}}"',
        "systemctl": notes,
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{does}\n")
        (tools / name).chmod(0o755)
    (tmp_path / "install").write_text(client.get(SCRIPT).text)
    return tmp_path


def run(machine: Path, *words: str, **environ: str) -> tuple[int, str, str]:
    """The exit code, what it says, and what it called."""
    path = f"{machine}/tools{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", machine / "install", *words],
        env={"PATH": path, **environ}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    calls = machine / "calls"
    return done.returncode, done.stdout + done.stderr, calls.read_text() if calls.exists() else ""


def test_one_command_installs_sets_and_starts(machine: Path) -> None:
    code, said, calls = run(machine, "--name", "Window 'A'", "--rotate", "90")
    assert code == 0, said
    assert "type it at" in said
    assert "install --allow-downgrades" in calls
    assert "setup set server=http://127.0.0.1:8080 name=Window 'A' rotate=90\n" in calls
    assert re.search("setup pin [-_A-Za-z0-9]{43}\n", calls)
    assert calls.index("apt-get") < calls.index("set server") < calls.index("setup take")


def test_what_is_installed_already_is_not_fetched_again(machine: Path) -> None:
    (version,) = re.findall(r"^VERSION='(.+)'$", (machine / "install").read_text(), re.MULTILINE)
    code, said, calls = run(machine, INSTALLED=f"installed {version}", KEPT=version)
    assert (code, "apt-get" in calls, "curl" in calls) == (0, False, False), said
    assert "set server=" in calls


def test_what_is_installed_and_has_no_way_back_is_fetched_and_kept(machine: Path) -> None:
    (version,) = re.findall(r"^VERSION='(.+)'$", (machine / "install").read_text(), re.MULTILINE)
    code, said, calls = run(machine, INSTALLED=f"installed {version}")
    assert (code, "apt-get" in calls, "setup keep" in calls) == (0, False, True), said


def test_what_was_changed_on_the_way_is_not_installed(machine: Path) -> None:
    (machine / "served.deb").write_bytes(b"!<arch>\nsomething else")
    code, said, calls = run(machine)
    assert code == 1
    assert "not what was announced" in said
    assert "apt-get" not in calls


@pytest.mark.parametrize(
    ("words", "environ", "says"),
    [
        ((), {"UID_NOW": "1000"}, "root"),
        ((), {"ARCH": "armhf"}, "64-bit"),
        (("--frobnicate",), {}, "What is --frobnicate?"),
        (("--name",), {}, "needs a value"),
        (("--ca", "/nowhere.pem"), {}, "no file"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_done(
    machine: Path, words: tuple[str, ...], environ: dict[str, str], says: str
) -> None:
    code, said, calls = run(machine, *words, **environ)
    assert (code, calls) == (1, "")
    assert says in said


def test_it_is_taken_away_again(machine: Path) -> None:
    code, said, calls = run(machine, "--uninstall", INSTALLED="installed 1")
    assert code == 0
    assert "purge enseigne-player" in calls
    assert "autoremove" in said
    (machine / "calls").unlink()
    assert run(machine, "--uninstall")[2] == ""
