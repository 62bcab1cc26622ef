"""Which compositor holds the display, how it begins with the kiosk inside, and how its picture is
turned.

cage shows one thing and nothing else. Debian 12's (0.1.4) lacks wp_viewporter, without which
Chromium ends as it draws, and output management, by which displays are turned and switched off.
There sway stands in: no bar, no border, no key, no dialog.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from player.config import BadConfig

TOOL_TIMEOUT_S = 5.0
SWAY = """\
# Written at each start of the kiosk.
swaynag_command -
xwayland disable
default_border none
default_floating_border none
focus_follows_mouse no
seat * hide_cursor 100
# Ctrl+Alt+F2 leads to no login.
input type:keyboard xkb_options srvrkeys:none
# Floating: the window beneath keeps the whole display.
for_window [app_id="(?i)chrom"] floating enable, fullscreen enable
exec "{inside}; swaymsg exit"
"""


def begin(inside: Sequence[str], folder: Path) -> list[str]:
    """The command that starts it, in it `inside`, with which it ends. `folder`: for what it reads.
    Raises BadConfig where there is none, OSError.
    """
    cage, sway = shutil.which("cage"), shutil.which("sway")
    if cage and not _is_too_old(cage):
        return [cage, "-d", "--", *inside]
    if sway is None:
        raise BadConfig(
            "There is neither cage of version 0.2 nor sway: install one of them, or open the"
            " player's page in a browser."
        )
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "sway.conf"
    settings.write_text(SWAY.format(inside=shlex.join(inside)), encoding="utf-8")
    return [sway, "--unsupported-gpu", "-c", str(settings)]


def turn(degrees: int) -> None:
    """Turn every output clockwise, where wlr-randr can: the picture is shown in any case."""
    program = shutil.which("wlr-randr")
    if not degrees or program is None:
        return
    for output in re.findall(r"^(\S+)", _told([program]), re.MULTILINE):
        _told([program, "--output", output, "--transform", str(degrees)])


def _is_too_old(cage: str) -> bool:
    """0.1 turns the picture itself (-r), later ones leave that to wlr-randr."""
    return re.search(r"^\s*-r\s", _told([cage, "-h"]), re.MULTILINE) is not None


def _told(line: Sequence[str]) -> str:
    """What a tool prints; nothing where it cannot."""
    try:
        done = subprocess.run(
            line, capture_output=True, text=True, timeout=TOOL_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        print(f"{line[0]} could not be asked: {why}", file=sys.stderr)
        return ""
    return done.stdout + done.stderr
