"""The page's JavaScript reads, verifies and admits as Python does: in Node and in Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from playlists import credentials, fields, signing
from playlists.errors import DomainError
from playlists.wire.http import SessionProof, refusal_nonce
from tests.contract import admission_scenarios

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
PRIMITIVES = json.loads((HERE / "primitives.json").read_text())
NODE = shutil.which("node")
ENOUGH = 300
"""Checks that a run makes at the least, so that an empty run is no success."""


def test_the_scenarios_in_the_file_are_those_told_in_python() -> None:
    current = admission_scenarios.FILE.read_text() == admission_scenarios.text()
    assert current, "run: python -m tests.contract.admission_scenarios"


@pytest.mark.parametrize(("text", "data"), PRIMITIVES["base64url"])
def test_base64url_in_python(text: str, data: list[int] | None) -> None:
    if data is not None:
        assert list(signing.unb64(text)) == data
        return
    with pytest.raises(DomainError):
        signing.unb64(text)


@pytest.mark.parametrize(("text", "good"), PRIMITIVES["json"])
def test_json_in_python(text: str, good: bool) -> None:
    if good:
        fields.parse_json(text.encode())
        return
    with pytest.raises(DomainError):
        fields.parse_json(text.encode())


def test_keys_and_proofs_in_python() -> None:
    for key in PRIMITIVES["keys"]:
        assert signing.kid_of(signing.public_key(key["x"])) == key["kid"]
        assert credentials.fingerprint(key["x"]) == key["fingerprint"]
    proof, device = PRIMITIVES["proof"], signing.public_key(PRIMITIVES["keys"][0]["x"])
    assert credentials.check_proof(device, proof["nonce"], proof["screen"], proof["signature"])
    sent = SessionProof(proof["screen"], proof["nonce"], proof["signature"])
    assert refusal_nonce("bad_signature", sent) == proof["refusal"]


# Chromium is the proof; Node, where it happens to be, says the same in a tenth of the time.
if NODE is not None:

    def test_the_page_in_node() -> None:
        engine = REPOSITORY / "player/page/engine"
        command = [str(NODE), str(HERE / "messages.mjs"), str(engine), str(HERE)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        judge(json.loads(done.stdout))


@pytest.mark.chromium
def test_the_page_in_chromium(site: str, page: Any) -> None:
    page.goto(f"{site}/tests/contract/wire/head.json")
    judge(
        page.evaluate(
            """async () => {
              const { run } = await import("/tests/contract/messages.mjs");
              const load = async (path) => (await fetch(`/tests/contract/${path}`)).json();
              return run("/player/page/engine", load);
            }"""
        )
    )


@pytest.fixture
def site() -> Iterator[str]:
    """The repository over HTTP on localhost, which browsers count as secure."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(REPOSITORY)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def judge(result: dict[str, Any]) -> None:
    assert result["wrong"] == []
    assert result["count"] >= ENOUGH
