"""Settings and signs of life."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from player.__main__ import _only_one, main
from player.config import MIB, BadConfig, read_config
from player.display.chromium import command, find_chromium
from player.health import Health


def test_the_command_line_overrides_the_environment(tmp_path: Path) -> None:
    environ = {"ENSEIGNE_PLAYER_SERVER": "https://one.test/", "ENSEIGNE_PLAYER_PORT": "1234"}
    config = read_config(["--data", str(tmp_path), "--port", "99", "--size", "1080x1920"], environ)
    assert (config.server, config.port, config.size) == ("https://one.test", 99, (1080, 1920))
    assert config.display
    assert config.assets_bytes == 8_192 * MIB
    assert not read_config([], environ | {"ENSEIGNE_PLAYER_NO_DISPLAY": "1"}).display


def test_a_turned_picture_is_upright_unless_its_size_is_given() -> None:
    turned = ["--server", "https://one.test", "--rotate", "270"]
    assert read_config(turned, {}).size == (1080, 1920)
    assert read_config([*turned, "--size", "2160x3840"], {}).size == (2160, 3840)
    assert read_config([], {}, needs_server=False).server == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--server", "signs.example"],
        ["--server", "ftp://signs.example"],
        ["--server", "http://a", "--port", "70000"],
        ["--server", "http://a", "--port", "x"],
        ["--server", "http://a", "--size", "1920"],
        ["--server", "http://a", "--rotate", "45"],
        ["--server", "http://a", "--ca", "/nowhere.pem"],
        ["--server", "http://a", "--door", "b"],
    ],
)
def test_a_wrong_setting_is_told_in_words(arguments: list[str]) -> None:
    with pytest.raises(BadConfig, match=r"--"):
        read_config(arguments, {})


def test_a_folder_is_held_also_where_its_disk_takes_no_byte(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("/dev/full")
    with _only_one(tmp_path), pytest.raises(BadConfig, match="Another player"):
        _only_one(tmp_path)


def test_a_start_that_cannot_be_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "device.pem").write_text("damaged")
    assert main(["--server", "http://a", "--data", str(tmp_path), "--port", "0"]) == 2
    assert "pair this screen anew" in capsys.readouterr().err
    assert main(["--data", str(tmp_path)]) == 2
    assert "--server" in capsys.readouterr().err


def test_the_kiosk_shows_the_page_and_nothing_else(tmp_path: Path) -> None:
    line = command("/usr/bin/chromium", "http://127.0.0.1:8090/", tmp_path, (1080, 1920))
    assert line[0] == "/usr/bin/chromium"
    assert {"--kiosk", "--app=http://127.0.0.1:8090/", "--window-size=1080,1920"} <= set(line)
    more = command("/usr/bin/chromium", "http://a/", tmp_path, (1, 1), ["--enable-features=Some"])
    assert "--enable-features=Some" in more
    assert find_chromium("nothing-of-that-name") is None
    assert find_chromium(sys.executable) == sys.executable


def test_systemd_hears_that_the_player_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    notifier = SimpleNamespace(SystemdNotifier=lambda: SimpleNamespace(notify=said.append))
    monkeypatch.setitem(sys.modules, "sdnotify", notifier)
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setenv("WATCHDOG_USEC", "2")
    health = Health()
    health.ready()
    health.turned()
    health.stopping()
    assert said == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_an_agent_that_hangs_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    health = Health()
    assert health.to_json()["ok"]
    monkeypatch.setattr("player.health.STALL_S", -1)
    assert not health.to_json()["ok"]


def test_it_says_what_it_can_be_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_config(["--help"])
    assert ended.value.code == 0
    assert "60 % of the memory" in " ".join(capsys.readouterr().out.split())
