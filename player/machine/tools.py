"""Programs of the machine: asked with a limit of time, their words kept short."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

TIMEOUT_S = 10.0
MAX_CHARS = 200


class Told(NamedTuple):
    """How a program ended, and what it said."""

    ok: bool
    text: str


def has(program: str) -> bool:
    """Whether it is installed."""
    return shutil.which(program) is not None


def run(line: Sequence[str], timeout_s: float = TIMEOUT_S) -> Told:
    """Run a program to its end; its words whole."""
    try:
        done = subprocess.run(
            line,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        return Told(False, str(why))
    return Told(done.returncode == 0, done.stdout + done.stderr)


def short(text: str) -> str:
    """Words on one line."""
    return " ".join(text.split())[:MAX_CHARS]
