"""The player's package: what is in it, and that it is the same whenever it is made."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import tarfile
import threading
from functools import cache
from pathlib import Path

import pytest

from server.errors import NotFound
from server.services.screens import package
from server.services.screens.deb import Entry, write_deb
from server.services.screens.package import AT_S, CODE, Package, build, player_package

ROOT = Path(__file__).parents[4]
PLAYER, DOMAIN = ROOT / "player", ROOT / "playlists"
WHILE_S = 0.1
"""Enough for the others to begin, if they do not wait."""
NEEDS_DPKG = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg")


def members(data: bytes) -> dict[str, bytes]:
    """The members of an ar archive."""
    assert data.startswith(b"!<arch>\n")
    found, at = {}, 8
    while at < len(data):
        name, size = data[at : at + 16].decode().strip(), int(data[at + 48 : at + 58])
        found[name] = data[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    return found


def files(package: Package) -> dict[str, tarfile.TarInfo]:
    """What it puts where, by path."""
    with tarfile.open(fileobj=io.BytesIO(members(package.data)["data.tar.gz"])) as tar:
        return {about.name.removeprefix("./"): about for about in tar if about.isfile()}


def unpack(package: Package, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(members(package.data)["data.tar.gz"])) as tar:
        tar.extractall(folder, filter="data")


def test_it_is_the_same_whoever_makes_it_when(tmp_path: Path) -> None:
    package = build(PLAYER, DOMAIN, "1.2", AT_S)
    for folder in (PLAYER, DOMAIN):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(folder, tmp_path / folder.name, ignore=ignored, copy_function=shutil.copy)
    again = build(tmp_path / "player", tmp_path / "playlists", "1.2", AT_S)
    assert again.data == package.data
    assert package.version.startswith("1.2+")
    (tmp_path / "player/clock.py").write_text("")
    assert (
        build(tmp_path / "player", tmp_path / "playlists", "1.2", AT_S).version != package.version
    )


def test_of_many_who_ask_at_once_one_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    other = threading.Event()

    def slow() -> Package:
        made.append("once")
        other.wait(WHILE_S)
        return Package("1", b"", "")

    monkeypatch.setattr(package, "_made", cache(slow))
    asking = [threading.Thread(target=lambda: player_package() and other.set()) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert made == ["once"]


def test_it_holds_the_player_and_only_what_that_imports() -> None:
    held = files(player_package())
    code = {path for path in held if path.startswith(CODE)}
    here = {path.relative_to(ROOT).as_posix() for path in PLAYER.rglob("*.py")}
    assert {path.removeprefix(f"{CODE}/") for path in code} >= here
    assert f"{CODE}/player/page/index.html" in code
    assert f"{CODE}/playlists/slot.py" in code
    assert not {path for path in code if "resolve" in path or "pycache" in path or "debian" in path}
    assert {(about.uname, about.gname, about.uid) for about in held.values()} == {
        ("root", "root", 0)
    }
    runs = {path for path, about in held.items() if about.mode & 0o111}
    assert runs == {"usr/sbin/enseigne-player-setup"}


def test_every_module_of_it_can_be_imported_where_nothing_else_is(tmp_path: Path) -> None:
    unpack(player_package(), tmp_path)
    code = tmp_path / CODE
    wanted = set()
    for path in code.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                wanted.add(node.module)
    ours = sorted(name for name in wanted if name.split(".")[0] in ("player", "playlists"))
    program = "import sys; [__import__(name) for name in sys.argv[1:]]"
    subprocess.run(
        [sys.executable, "-c", program, *ours], cwd=code, check=True, env={"PYTHONPATH": str(code)}
    )


def test_what_an_administrator_changed_is_kept_at_an_update() -> None:
    with tarfile.open(fileobj=io.BytesIO(members(player_package().data)["control.tar.gz"])) as tar:
        settings = tar.extractfile("./conffiles")
        control = tar.extractfile("./control")
        assert settings is not None
        assert control is not None
        assert b"/etc/enseigne-player/player.conf\n" in settings.read()
        said = control.read().decode()
    assert "@" not in said.replace("enseigne@", "")
    assert "Architecture: all\n" in said


def test_a_server_without_the_player_says_so(tmp_path: Path) -> None:
    (tmp_path / "player").mkdir()
    with pytest.raises(NotFound, match="without the player"):
        build(tmp_path / "player", DOMAIN, "1", AT_S)


@NEEDS_DPKG
def test_debian_reads_what_is_written(tmp_path: Path) -> None:
    entries = [Entry("usr/share/x/a", b"odd"), Entry("etc/x", b"set", is_setting=True)]
    control = "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n"
    path = tmp_path / "x.deb"
    path.write_bytes(write_deb(control, [Entry("postinst", b"#!/bin/sh\n", runs=True)], entries, 1))
    subprocess.run(["dpkg-deb", "--extract", path, tmp_path / "out"], check=True)
    assert (tmp_path / "out/usr/share/x/a").read_bytes() == b"odd"
    told = subprocess.run(["dpkg-deb", "-f", path, "Version"], check=True, capture_output=True)
    assert told.stdout == b"1\n"
