"""`enseigne-player-setup`: what the installer, the boot unit and the package itself call."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from player.config import BadConfig
from player.errors import PlayerError
from player.unattended import boot, machine
from player.unattended.settings import KEYS, environment, read_pairs

TIMEOUT_S = 300
"""update-grub looks through all disks."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one of its works. The exit code; a sentence says what is wrong."""
    given = _parser().parse_args(arguments)
    root = Path(given.root)
    run = _run if root == Path("/") else _nothing
    try:
        if given.work == "set":
            told = environment(read_pairs(given.pair), Path.cwd())
            boot.put(root, "10-installed.conf", told, "From enseigne-player-setup set.")
        elif given.work == "boot":
            if boot.apply(root) is not None:
                machine.take(root, run)
        elif given.work == "take":
            machine.take(root, run)
        else:
            machine.give_back(root, run)
    except (BadConfig, PlayerError, OSError) as why:
        print(why, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="enseigne-player-setup", description="Makes this computer a screen of Enseigne."
    )
    parser.add_argument("--root", default="/", help="where the system lies; for tests and images")
    works = parser.add_subparsers(dest="work", required=True)
    pairs = works.add_parser("set", help="set what the player is told")
    pairs.add_argument("pair", nargs="+", help=", ".join(f"{key}=…" for key in KEYS))
    works.add_parser("boot", help="put enseigne.txt of the boot partition in force")
    works.add_parser("take", help="no desktop, a quiet start")
    works.add_parser("give-back", help="undo take")
    return parser


def _nothing(_: Sequence[str]) -> str:
    """In an image, this computer's own systemd and GRUB are not asked."""
    return ""


def _run(line: Sequence[str]) -> str:
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
