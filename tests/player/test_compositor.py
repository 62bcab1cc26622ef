"""Which compositor holds the display, and what it is told."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from player.config import BadConfig
from player.display.compositor import begin, turn

INSIDE = ["/usr/bin/python3", "-m", "player.kiosk", "--inside", "--data", "/a b/c"]
OLD, NEW = "Usage:\\n -r\\t Rotate the output", "Usage:\\n -s\\t Switch"
OUTPUTS = """[ $# = 0 ] && printf 'HDMI-A-1 "A television"\\n  Enabled: yes\\nDP-1 "Another"\\n'"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def tool(folder: Path, name: str, script: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_cage_is_taken_where_chromium_lives_in_it(programs: Path, tmp_path: Path) -> None:
    tool(programs, "sway", "exit 1")
    cage = tool(programs, "cage", f"printf '{NEW}\\n'")
    assert begin(INSIDE, tmp_path / "kept") == [cage, "-d", "--", *INSIDE]


def test_where_cage_is_too_old_sway_runs_the_kiosk_and_ends_with_it(
    programs: Path, tmp_path: Path
) -> None:
    tool(programs, "cage", f"printf '{OLD}\\n'")
    sway = tool(programs, "sway", "exit 1")
    line = begin(INSIDE, tmp_path / "kept")
    assert line[0] == sway
    told = Path(line[-1]).read_text()
    assert "bindsym" not in told
    assert {"swaynag_command -", "input type:keyboard xkb_options srvrkeys:none"} <= {
        *told.splitlines()
    }
    run = next(row for row in told.splitlines() if row.startswith("exec "))
    inside, end = run.removeprefix('exec "').removesuffix('"').split("; ")
    assert shlex.split(inside) == INSIDE
    assert end == "swaymsg exit"


@pytest.mark.parametrize("cage", [True, False])
def test_with_nothing_that_can_show_it_says_what_to_install(
    programs: Path, tmp_path: Path, cage: bool
) -> None:
    if cage:
        tool(programs, "cage", f"printf '{OLD}\\n'")
    with pytest.raises(BadConfig, match=r"cage of version 0\.2 nor sway"):
        begin(INSIDE, tmp_path)


def test_every_output_is_turned(programs: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    tool(programs, "wlr-randr", f"{OUTPUTS}\necho $@ >> {said}")
    turn(0)
    assert not said.exists()
    turn(90)
    assert said.read_text().split("\n")[1:3] == [
        "--output HDMI-A-1 --transform 90",
        "--output DP-1 --transform 90",
    ]


def test_no_tool_and_a_tool_that_fails_keep_no_picture_away(programs: Path) -> None:
    turn(90)
    tool(programs, "wlr-randr", "exit 1")
    turn(90)
    (programs / "wlr-randr").write_text("no program")
    turn(90)
