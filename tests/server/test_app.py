"""The web process as it is started: it serves, takes uploads, refuses what is too large."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from PIL import Image

from server.app import build_context, prepare
from server.config import Settings
from server.services import people
from server.services.actors import SYSTEM
from tests.support.programs import answers, end, free_port, wait_until

BIG = 3 * 1024 * 1024


@dataclass(frozen=True)
class Web:
    """A running web process and a token for it."""

    url: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """`enseigne web` on a free port, over a prepared record, without worker and door."""
    with tempfile.TemporaryDirectory(prefix="ens-web-") as folder:
        port, door = free_port(), free_port()
        env = {
            "ENSEIGNE_DATA_DIR": folder,
            "ENSEIGNE_PORT": str(port),
            "ENSEIGNE_DOOR_PORT": str(door),
            "ENSEIGNE_MAX_UPLOAD_BYTES": str(BIG),
        }
        settings = Settings(data_dir=Path(folder), _env_file=None)  # type: ignore[call-arg]
        prepare(settings, None)
        context = build_context(settings)
        secret = people.create_token(context, SYSTEM, "test", SYSTEM.scopes).secret
        context.db.close()
        with (Path(folder) / "log").open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "server.cli", "web"],
                env={**os.environ, **env},
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(lambda: answers(port), child, "the web process")
            yield Web(f"http://127.0.0.1:{port}/api/v1", {"Authorization": f"Bearer {secret}"})
        finally:
            end(child)


def picture() -> bytes:
    """A picture that does not compress: some hundred kilobytes."""
    out = io.BytesIO()
    Image.frombytes("RGB", (256, 256), os.urandom(256 * 256 * 3)).save(out, "PNG")
    return out.getvalue()


def test_it_is_alive_and_says_that_worker_and_door_are_away(web: Web) -> None:
    assert requests.get(f"{web.url}/health/live", timeout=10).json() == {"status": "ok"}
    ready = requests.get(f"{web.url}/health/ready", timeout=10)
    assert ready.status_code == 503
    assert ready.json()["parts"] == {"record": "ok", "worker": "away", "door": "away"}


def test_an_upload_may_come_in_chunks_of_unknown_length(web: Web) -> None:
    data = picture()
    pieces = (data[start : start + 10_000] for start in range(0, len(data), 10_000))
    answer = requests.post(
        f"{web.url}/assets?name=noise.png",
        data=pieces,
        headers={**web.headers, "Content-Type": "application/octet-stream"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["bytes"] == len(data)


def test_what_is_too_large_is_told_so_and_the_server_lives_on(web: Web) -> None:
    octets = {**web.headers, "Content-Type": "application/octet-stream"}
    answer = requests.post(f"{web.url}/assets", data=b"x" * (BIG + 1), headers=octets, timeout=30)
    assert answer.status_code == 413
    body = b'{"name": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    json = {**web.headers, "Content-Type": "application/json"}
    answer = requests.post(f"{web.url}/stores", data=body, headers=json, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert requests.get(f"{web.url}/stores", headers=web.headers, timeout=10).ok
