"""The outside world as a real process: it announces itself, works, and stops cleanly."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.server.demo.conftest import Receiver

START_S = 15.0
STOP_S = 8.0
ROOT = Path(__file__).resolve().parents[3]


def wait_until(true: Callable[[], bool], limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def command(folder: Path, *more: str) -> list[str]:
    places = ["--state", str(folder / "state"), "--announce", str(folder / "ports.json")]
    return [sys.executable, "-m", "server.demo.world", *places, *more]


@contextmanager
def world(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    process = subprocess.Popen(command(folder, *more), cwd=ROOT)
    try:
        announced = folder / "ports.json"
        wait_until(lambda: announced.exists() or process.poll() is not None, START_S)
        yield process, json.loads(announced.read_text(encoding="utf-8"))
    finally:
        process.kill()
        process.wait()


def test_it_starts_works_and_stops_on_sigterm_and_keeps_what_was_set(
    tmp_path: Path, receiver: Receiver
) -> None:
    hook = ("--webhook-url", f"{receiver.url}/hook", "--webhook-secret", "s")
    with socket.create_server(("127.0.0.1", 0)) as free:
        page_port = free.getsockname()[1]
    asked = (*hook, "--server-url", "http://127.0.0.1:8099", "--page-port", str(page_port))
    with world(tmp_path, *asked) as (process, ports):
        # The studio lets itself be framed by the page at this port alone.
        assert ports["page_port"] == page_port
        shop = ports["shop_url"]
        changed = {"sku": "PLV-BRUINE", "price": "139.90"}
        assert requests.post(f"{shop}/admin/price", json=changed, timeout=5).ok
        receiver.wait_for(lambda calls: any(b'"139.90"' in call.body for call in calls))
        where = {"latitude": "50.6", "longitude": "3.1", "hourly": "rain"}
        sky = requests.get(f"{ports['weather_url']}/v1/forecast", params=where, timeout=5)
        assert len(sky.json()["hourly"]["rain"]) == 7 * 24
        assert "127.0.0.1:8099/wall?embed=1" in requests.get(ports["page_url"], timeout=5).text
        socket.create_connection(("127.0.0.1", ports["mqtt_port"]), timeout=5).close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) == 0
    (tmp_path / "ports.json").unlink()
    with world(tmp_path) as (process, ports):
        feed = requests.get(f"{ports['shop_url']}/feed.xml", timeout=5).text
        assert "139.90 EUR" in feed
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_S) == 0


def test_it_stops_when_its_parent_dies(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])",
         *command(tmp_path)],
        cwd=ROOT,
    )  # fmt: skip
    announced = tmp_path / "ports.json"
    wait_until(announced.exists, START_S)
    child = json.loads(announced.read_text(encoding="utf-8"))["pid"]
    parent.kill()
    parent.wait()
    wait_until(lambda: not alive(child), STOP_S)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        os.kill(pid, 0)
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_taken_port_is_said_and_nothing_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        tried = subprocess.run(
            command(tmp_path, "--shop-port", str(port)),
            cwd=ROOT, capture_output=True, text=True, timeout=START_S, check=False,
        )  # fmt: skip
    assert tried.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken" in tried.stderr
    assert not (tmp_path / "ports.json").exists()
