"""The web process as it is started: it serves, takes uploads, refuses what is too large."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from PIL import Image

from playlists.signing import SigningKey
from server.app import build_context, prepare
from server.config import Settings
from server.services.base.actors import SYSTEM
from server.services.entry import people
from server.services.screens.pairing import MAX_WAITING_PER_ORIGIN
from tests.support.programs import answers, end, free_port, wait_until

BIG = 3 * 1024 * 1024


@dataclass(frozen=True)
class Web:
    """A running web process and a token for it."""

    url: str
    headers: dict[str, str]


@contextmanager
def running(**more: str) -> Iterator[Web]:
    """`enseigne web` on a free port, over a prepared record, without worker and door."""
    with tempfile.TemporaryDirectory(prefix="ens-web-") as folder:
        port, door = free_port(), free_port()
        env = {
            "ENSEIGNE_DATA_DIR": folder,
            "ENSEIGNE_PORT": str(port),
            "ENSEIGNE_DOOR_PORT": str(door),
            "ENSEIGNE_MAX_UPLOAD_BYTES": str(BIG),
            **more,
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


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """The web process as most run it."""
    with running() as found:
        yield found


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


def ask_for_code(web: Web, said: str) -> int:
    """A new device asks for a code, from the address that X-Forwarded-For names; the status."""
    key = SigningKey.generate().x
    body = {"device_key": key, "name": "Pi", "size": [1080, 1920], "caps": {}}
    url = web.url.replace("/api/v1", "/player/v1/pairings")
    return requests.post(url, json=body, headers={"X-Forwarded-For": said}, timeout=10).status_code


def test_nobody_talks_past_the_limit_of_an_address(web: Web) -> None:
    asked = [ask_for_code(web, f"192.0.2.{n}") for n in range(MAX_WAITING_PER_ORIGIN + 1)]
    assert asked == [201] * MAX_WAITING_PER_ORIGIN + [429]


def test_behind_the_proxy_that_is_trusted_each_address_has_its_own_limit() -> None:
    with running(ENSEIGNE_TRUSTED_PROXY="127.0.0.1") as web:
        crowd = [ask_for_code(web, "192.0.2.1") for _ in range(MAX_WAITING_PER_ORIGIN + 1)]
        assert crowd == [201] * MAX_WAITING_PER_ORIGIN + [429]
        assert ask_for_code(web, "192.0.2.2") == 201
