"""Several players in one process: each its own key, page and state; all end together."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from player.agent.events import Stop
from player.config import read_config
from player.several import Life, main
from tests.player.life import until
from tests.support.programs import end, free_port, wait_until


def test_each_player_has_its_own_page_and_key(tmp_path: Path) -> None:
    announce = tmp_path / "players.json"
    nobody = f"http://127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "player.several", "--server", nobody),
            *("--data", str(tmp_path / "data"), "--count", "3", "--announce", str(announce)),
        ],
        stderr=subprocess.PIPE,
    )
    try:
        wait_until(announce.exists, process, "the players")
        pages = json.loads(announce.read_text())
        states = [requests.get(f"{page.rstrip('/')}/state", timeout=5).json() for page in pages]
        assert len(set(pages)) == len(states) == 3
        assert [state["screen"] for state in states] == [None] * 3
        keys = {(tmp_path / "data" / str(n) / "device.pem").read_bytes() for n in (1, 2, 3)}
        assert len(keys) == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        end(process)


def test_one_that_is_told_to_begin_anew_does_so_at_its_address(tmp_path: Path) -> None:
    words = ["--server", "http://127.0.0.1:1", "--data", str(tmp_path), "--port", "0", "--no-share"]
    life = Life(read_config([*words, "--no-display", "--hands-port", "0"], {}))
    first = life.player
    life.start()
    try:
        first.agent.post(Stop(again=True))
        until(lambda: life.player is not first, "another begins")
        until(lambda: requests.get(f"{first.url}state", timeout=5).ok, "its page is there")
    finally:
        life.stop()


@pytest.mark.parametrize("count", ["0", "33"])
def test_too_many_or_none_is_said(
    count: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--server", "http://127.0.0.1:1", "--data", str(tmp_path), "--count", count]
    assert main(asked) == 2
    assert "--count is from 1 to 32." in capsys.readouterr().err
