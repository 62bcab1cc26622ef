"""What the device knows of itself, from stand-ins for the kernel's files; its bundle of logs."""

from __future__ import annotations

import io
import json
import random
import tarfile
from pathlib import Path

import pytest

from player import __version__
from player.agent.assembly import assemble
from player.config import read_config
from player.machine import facts, logs
from player.machine.facts import TROUBLES, Machine, troubles_of
from player.machine.tools import Told, run

ROOT = Path(__file__).parents[2]
WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets
 face | tus | link level noise |  nwid  crypt   frag
 wlan0: 0000   52.  -58.  -256        0      0      0
"""


def put(root: Path, **files: str) -> None:
    """Files by name, __ for a slash."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("HDMI", "card1-HDMI-A-1")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def pi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A Raspberry Pi that is well."""
    monkeypatch.setattr(facts, "has", lambda program: program == "vcgencmd")
    monkeypatch.setattr(facts, "run", lambda line, timeout_s=0.0: Told(True, "throttled=0x0"))
    put(
        tmp_path,
        sys__class__thermal__thermal_zone0__temp="61234\n",
        proc__net__wireless=WIRELESS,
        proc__meminfo="MemTotal: 4000000 kB\nMemFree: 10 kB\nMemAvailable: 2000000 kB\n",
        sys__class__drm__HDMI__status="connected\n",
        sys__class__drm__HDMI__modes="1920x1080\n1280x720\n",
    )
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5\0")
    return Machine(tmp_path, root=tmp_path)


def test_a_device_says_what_it_knows(pi: Machine) -> None:
    known = pi.facts()
    assert {name: known[name] for name in known if not name.startswith("disk")} == {
        "temperature": 61,
        "wifi_dbm": -58,
        "model": "Raspberry Pi 5",
        "memory_mib": 3906,
        "memory_free_mib": 1953,
        "displays": 1,
        "display": "HDMI-A-1",
        "display_mode": "1920x1080",
        "agent": __version__,
    }
    assert troubles_of({**known, "disk_free_mib": 9_000}) == {}


def test_what_cannot_be_known_is_left_out_and_no_trouble(tmp_path: Path) -> None:
    known = Machine(tmp_path / "gone", root=tmp_path).facts()
    assert known == {"agent": __version__}
    assert troubles_of(known) == {}


def test_what_is_wrong_is_told(
    pi: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "run", lambda line: Told(True, "throttled=0x50005"))
    put(
        tmp_path,
        sys__class__thermal__thermal_zone0__temp="83000",
        proc__meminfo="MemTotal: 4000000 kB\nMemAvailable: 100000 kB\n",
        sys__class__drm__HDMI__status="disconnected",
    )
    known = {**pi.facts(), "disk_free_mib": 10}
    assert known["limits"] == "throttled undervoltage"
    assert set(troubles_of(known)) == set(TROUBLES)


def test_a_weak_supply_is_known_without_the_tool(
    pi: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "has", lambda program: False)
    put(tmp_path, sys__class__hwmon__hwmon1__in0_lcrit_alarm="1")
    assert pi.facts()["limits"] == "undervoltage"


def test_the_player_says_its_version() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_logs_are_bounded_and_their_end_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = random.Random(1).randbytes(400_000).hex() + "the end"
    asked: list[str] = []
    monkeypatch.setattr(
        logs, "run", lambda line, timeout_s: asked.extend(line) or Told(True, noise)
    )
    monkeypatch.setattr(logs, "MAX_BYTES", 200_000)
    packed = logs.bundle({"health": {"ok": True}})
    assert len(packed) <= 200_000
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    assert json.loads(files["health.json"]) == {"ok": True}
    assert files["journal.txt"].endswith(b"the end")
    assert asked[asked.index("--lines") + 1] == str(logs.MAX_LINES), "of a journal of any size"


def test_a_tool_that_is_missing_or_hangs_is_told() -> None:
    assert not run(["no-such-tool-anywhere"]).ok
    assert not run(["sleep", "5"], timeout_s=0.05).ok


@pytest.mark.parametrize(
    ("server", "told"), [("http://localhost:1", True), ("https://signs.example", False)]
)
def test_only_beside_the_server_it_says_where_its_page_is(
    server: str, told: bool, tmp_path: Path
) -> None:
    player = assemble(
        read_config(["--server", server, "--data", str(tmp_path), "--port", "0", "--no-share"])
    )
    try:
        port = player._parts.body.machine.page_port
        assert port == (player.local.port if told else None)
    finally:
        player.close()
