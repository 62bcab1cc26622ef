"""The boot file, what the player is told by it, and a computer that is made a screen and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from player.config import BadConfig, read_config
from player.unattended import boot, machine
from player.unattended.__main__ import main
from player.unattended.settings import as_environment_file, environment, read_pairs

CMDLINE = "console=tty1 root=PARTUUID=1-02 rootwait quiet\n"
FIRMWARE = "arm_64bit=1\n[pi4]\nmax_framebuffers=2\n"


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """The files of a Raspberry Pi."""
    firmware = tmp_path / "boot/firmware"
    firmware.mkdir(parents=True)
    (firmware / "cmdline.txt").write_text(CMDLINE)
    (firmware / "config.txt").write_text(FIRMWARE)
    return tmp_path


class Systemd:
    """Remembers what it is asked, and boots into a target."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.asked: list[str] = []

    def __call__(self, line: Sequence[str]) -> str:
        self.asked.append(" ".join(line))
        if "set-default" in line:
            self.target = line[-1]
        return self.target + "\n" if "get-default" in line else ""


def unquoted(text: str) -> dict[str, str]:
    """The variables as systemd reads them: a backslash in double quotes keeps what follows it."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, _, quoted = line.partition("=")
        assert quoted[0] == quoted[-1] == '"'
        value, rest = "", iter(quoted[1:-1])
        for char in rest:
            value += next(rest) if char == "\\" else char
        found[name] = value
    return found


def put(pi: Path, data: bytes) -> None:
    (pi / "boot/firmware/enseigne.txt").write_bytes(data)


def settings(pi: Path) -> dict[str, str]:
    return unquoted((pi / "etc/enseigne-player/player.conf.d/20-boot.conf").read_text())


def test_a_file_written_on_any_computer_tells_the_player(pi: Path) -> None:
    put(
        pi, "\ufeff# Vitrine\r\nServer = https://signs.example\r\nname=Vitrine « Été »\r\n".encode()
    )
    assert boot.apply(pi) == pi / "boot/firmware/enseigne.txt"
    config = read_config([], settings(pi))
    assert (config.server, config.name) == ("https://signs.example", "Vitrine « Été »")


def test_a_mistake_changes_nothing_and_is_told_beside_the_file(pi: Path) -> None:
    put(pi, b"server=https://signs.example\nrotate=90\n")
    boot.apply(pi)
    for wrong in (
        b"server=signs.example",
        b"rotate=45",
        b"serveur=x",
        b"server",
        b"\xff\xfe",
        b"#" * 70_000,
    ):
        put(pi, wrong)
        with pytest.raises(BadConfig):
            boot.apply(pi)
        assert (pi / "boot/firmware/enseigne-error.txt").read_text().strip()
        assert settings(pi)["ENSEIGNE_PLAYER_SERVER"] == "https://signs.example"
    put(pi, b"server=https://other.example\n")
    boot.apply(pi)
    assert not (pi / "boot/firmware/enseigne-error.txt").exists()
    assert settings(pi) == {"ENSEIGNE_PLAYER_SERVER": "https://other.example"}


def test_a_word_of_a_mistake_that_cannot_be_taken_away_keeps_no_setting(
    pi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **more: object) -> None:
        raise OSError(30, "read-only")

    put(pi, b"server=https://other.example\n")
    monkeypatch.setattr(Path, "unlink", refuses)
    boot.apply(pi)
    assert settings(pi) == {"ENSEIGNE_PLAYER_SERVER": "https://other.example"}


def test_without_a_file_what_was_set_stays(pi: Path) -> None:
    assert boot.apply(pi) is None
    assert main(["--root", str(pi), "boot"]) == 0
    assert not (pi / "etc").exists()


def test_the_same_again_writes_nothing(pi: Path) -> None:
    put(pi, b"server=https://signs.example\n")
    boot.apply(pi)
    path = pi / "etc/enseigne-player/player.conf.d/20-boot.conf"
    was = path.stat().st_ino
    boot.apply(pi)
    assert path.stat().st_ino == was


def test_a_certificate_authority_lies_on_the_card(pi: Path) -> None:
    (pi / "boot/firmware/our.pem").write_text("-----BEGIN CERTIFICATE-----")
    put(pi, b"server=https://signs.example\nca=our.pem\n")
    boot.apply(pi)
    assert settings(pi)["ENSEIGNE_PLAYER_CA"] == str(pi / "boot/firmware/our.pem")


@pytest.mark.parametrize("name", ['"; rm -rf "$HOME', "a\\b`c`", "50 % $(x)", "  inner  "])
def test_no_name_says_more_than_a_name(name: str) -> None:
    told = environment({"name": name}, Path())
    assert unquoted(as_environment_file(told, "why")) == {"ENSEIGNE_PLAYER_NAME": name}


def test_what_cannot_be_printed_is_no_setting() -> None:
    with pytest.raises(BadConfig, match="printed"):
        environment({"name": "a\x1bb"}, Path())
    assert read_pairs(["", " # name=x", "name=a=b"]) == {"name": "a=b"}


def test_a_screen_starts_quietly_and_without_a_desktop(pi: Path) -> None:
    systemd = Systemd(machine.DESKTOP)
    for _ in range(2):
        machine.take(pi, systemd)
    words = (pi / "boot/firmware/cmdline.txt").read_text().split()
    assert words[:4] == CMDLINE.split()
    assert all(words.count(word) == 1 for word in machine.KERNEL)
    assert (pi / "boot/firmware/config.txt").read_text().count("disable_splash=1") == 1
    assert systemd.target == machine.CONSOLE
    assert "systemctl --no-block stop display-manager.service" in systemd.asked


def test_everything_is_given_back(pi: Path) -> None:
    grub = pi / "usr/sbin/update-grub"
    grub.parent.mkdir(parents=True)
    grub.touch()
    systemd = Systemd(machine.DESKTOP)
    machine.take(pi, systemd)
    assert (pi / machine.GRUB).is_file()
    for _ in range(2):
        machine.give_back(pi, systemd)
    assert (pi / "boot/firmware/cmdline.txt").read_text() == CMDLINE
    assert (pi / "boot/firmware/config.txt").read_text() == FIRMWARE
    assert systemd.target == machine.DESKTOP
    assert not (pi / machine.GRUB).exists()
    assert systemd.asked.count("update-grub") == 2


def test_the_command_sets_and_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["--root", str(tmp_path)]
    assert main([*root, "set", "server=https://signs.example", "name=Vitrine"]) == 0
    path = tmp_path / "etc/enseigne-player/player.conf.d/10-installed.conf"
    assert unquoted(path.read_text())["ENSEIGNE_PLAYER_NAME"] == "Vitrine"
    assert main([*root, "set", "server=x"]) == 1
    assert "--server" in capsys.readouterr().err
    assert main([*root, "take"]) == main([*root, "give-back"]) == 0
