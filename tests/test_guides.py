"""The guides are true: their commands exist, their configurations are taken, their code signs."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from player.config import PREFIX, _parser
from server.cli import app
from server.config import Settings
from server.connectors.registry import BUILT_IN, kinds
from server.connectors.shops import webhook
from server.connectors.source import SECRET, Delivery, Limits, Received, Setup
from tools import lawful_prices, limits

ROOT = Path(__file__).parent.parent
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs/guides").glob("*.md"))]
SHOP = (ROOT / "docs/guides/connect-a-shop.md").read_text()
TILLS = (ROOT / "docs/guides/tills.md").read_text()


def code(language: str) -> str:
    """The one block of the shop's guide in this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", SHOP, re.DOTALL)
    return str(found)


def bodies(path: str) -> list[dict[str, Any]]:
    """What the guides of shops and tills send to a path of the API."""
    said = re.findall(rf"ask {path} -d '(.*?)'", SHOP + TILLS, re.DOTALL)
    return [json.loads(body) for body in said]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_command_and_setting_exists(guide: Path) -> None:
    text = guide.read_text()
    known = get_command(app).commands  # type: ignore[attr-defined]
    said = set(re.findall(r"(?:start\.py run|`run) ([a-z][a-z-]+)", text))
    assert said <= set(known), said - set(known)
    settings = {f"ENSEIGNE_{name.upper()}" for name in Settings.model_fields}
    options = {option for action in _parser({})._actions for option in action.option_strings}
    settings |= {PREFIX + option.removeprefix("--").upper().replace("-", "_") for option in options}
    named = {name for name in re.findall(r"ENSEIGNE_[A-Z_]*[A-Z]", text) if name + "_…" not in text}
    assert named <= settings, named - settings


def test_the_tables_of_lawful_prices_are_those_of_the_rules_and_the_cases() -> None:
    assert lawful_prices.stale() == [], "run tools/lawful_prices.py"


def test_every_limit_stands_in_the_guide_with_its_unit_and_default() -> None:
    assert limits.in_guide() == limits.table(), "run tools/limits.py"
    for name, (unit, default, said) in limits.limits().items():
        assert said, f"{name} says nothing of what it bounds"
        assert unit or default, name


def test_every_file_that_a_guide_links_to_is_there() -> None:
    for guide in (*GUIDES, *sorted((ROOT / "docs").rglob("*.md"))):
        for link in re.findall(r"\]\(([^)#:]+)\)", guide.read_text()):
            assert (guide.parent / link).exists(), f"{guide.name} links to {link}"


def test_every_kind_of_connector_is_shown_as_it_is_taken() -> None:
    shown = bodies("/connectors")
    assert {one["kind"] for one in shown} == set(BUILT_IN)
    for one in shown:
        kind = kinds()[one["kind"]]
        kind.config.model_validate(one["config"])
        given = {SECRET: one["secret"]} if "secret" in one else one.get("secrets", {})
        assert set(given) <= {secret.name for secret in kind.secrets}
        for secret in kind.secrets:
            assert len(given.get(secret.name, "")) >= secret.min_characters


class Hook(BaseHTTPRequestHandler):
    """Takes one call and keeps it."""

    calls: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        """Keep the call."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


RUN = {
    "python": (sys.executable, "call.py"),
    "javascript": ("node", "call.mjs"),
    "php": ("php", "call.php"),
}
"""What runs an example, from which file."""
SHARED = "a-long-random-secret"


@pytest.mark.parametrize("language", RUN)
def test_each_example_calls_as_the_server_takes_it(language: str, tmp_path: Path) -> None:
    program, name = RUN[language]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed; its headers are looked at below")
    Hook.calls = []
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        example = tmp_path / name
        url = f"http://127.0.0.1:{server.server_port}/"
        example.write_text(code(language).replace("https://signs.example/hooks/shop-calls", url))
        done = subprocess.run(
            [program, str(example)], check=True, timeout=30, capture_output=True, text=True
        )
    finally:
        server.shutdown()
        server.server_close()
    ((headers, body),) = Hook.calls
    assert "202" in done.stdout
    received = taken(headers, body, int(headers[webhook.TIMESTAMP]) * 1000)
    assert [(one.sku, one.price, one.version) for one in received.batch.products] == [
        ("COAT-01", 7_990, "42")
    ]
    assert f"id={headers[webhook.DELIVERY]}" in received.once


def taken(headers: dict[str, str], body: bytes, at: int) -> Received:
    """What the server makes of a call."""
    config = webhook.WebhookConfig(shop="pluvier")
    setup = Setup("shop", config, {SECRET: SHARED}, {}, (), lambda: at, Limits())
    return webhook.receive(setup, Delivery(headers, body, at))


def test_the_call_to_try_ones_own_code_with_is_signed_as_it_says() -> None:
    (timestamp,) = re.findall(r"at `X-Enseigne-Timestamp: (\d+)`", SHOP)
    (body,) = re.findall(r"^    (\{\"shop.*)$", SHOP, re.MULTILINE)
    (signed,) = re.findall(r"is signed `(sha256=[0-9a-f]{64})`", SHOP)
    headers = {webhook.TIMESTAMP: timestamp, webhook.SIGNATURE: signed}
    assert taken(headers, body.encode(), int(timestamp) * 1000).batch.products


@pytest.mark.parametrize("language", ["python", "javascript", "php"])
def test_every_example_sends_the_headers_that_the_server_reads(language: str) -> None:
    example = code(language)
    for header in (webhook.TIMESTAMP, webhook.SIGNATURE, webhook.DELIVERY):
        assert header in example.lower()
    assert "curl_" not in example, "PHP has that only with an extension"


OPERATE = (ROOT / "docs/guides/operate.md").read_text()
NEEDED_OF_A_PROXY = {
    "nginx": ("proxy_http_version 1.1", "$http_upgrade", "X-Forwarded-For $remote_addr"),
    "signs.example {": (),
}


@pytest.mark.parametrize("begins", NEEDED_OF_A_PROXY)
def test_the_proxies_lead_sockets_to_the_door_and_all_else_to_web(begins: str) -> None:
    opening = f"```{begins}\n" if begins == "nginx" else f"```\n{begins}\n"
    block = OPERATE.split(opening, 1)[1].split("```", 1)[0]
    settings = {name: field.default for name, field in Settings.model_fields.items()}
    door, web = block.index(f":{settings['door_port']}"), block.index(f":{settings['port']}")
    assert block.index("/socket.io/") < door < web
    assert all(words in block for words in NEEDED_OF_A_PROXY[begins])


def test_the_unit_starts_what_is_there() -> None:
    (text,) = re.findall(r"```ini\n(.*?)```", OPERATE, re.DOTALL)
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    service = unit["Service"]
    folder = service["WorkingDirectory"]
    assert service["Restart"] == "always"
    words = service["ExecStart"].replace(folder, str(ROOT)).split()[1:]
    assert words == [str(ROOT / "start.py"), "run", "serve"]
    assert Path(words[0]).exists()
