"""Starts a player: `python -m player --server https://signs.example`; SIGINT or SIGTERM ends it."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from player.agent.assembly import Assembled, assemble
from player.agent.events import Stop
from player.config import BadConfig, Config, read_config
from player.display.chromium import find_chromium
from player.display.hands import Hands
from player.display.kiosk import Kiosk
from player.display.view import View
from player.errors import PlayerError
from playlists.errors import Invalid

CANNOT_START = 2
BY_SYSTEMD = "INVOCATION_ID"
"""Where it is set, systemd starts this again (Restart=always; systemd.exec(5))."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until it is told to end. The exit code; a sentence says why it cannot start."""
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        config = read_config(given)
        config.data.mkdir(parents=True, exist_ok=True)
        with _only_one(config.data):
            return _run(config, given)
    except (BadConfig, Invalid, PlayerError, OSError) as why:
        print(f"The player cannot start: {why}", file=sys.stderr)
        return CANNOT_START


def _run(config: Config, arguments: Sequence[str]) -> int:
    kiosk: Kiosk | None = None
    assembled = assemble(config)
    agent, local = assembled.agent, assembled.local
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: agent.post(Stop()))
    agent.start()
    local.start()
    print(f"The page is at {assembled.url}", flush=True)
    if config.display:
        kiosk = _start_kiosk(config, assembled)
    check = threading.Thread(target=assembled.check_files, name="check", daemon=True)
    check.start()
    again = False
    try:
        again = agent.run()
    finally:
        if kiosk:
            kiosk.stop()
        local.stop()
        assembled.close()
    if again and BY_SYSTEMD not in os.environ:
        os.execv(sys.executable, [sys.executable, "-m", "player", *arguments])
    return 0


def _start_kiosk(config: Config, assembled: Assembled) -> Kiosk:
    program = find_chromium(config.chromium)
    if program is None:
        raise BadConfig(
            "There is no Chromium: install chromium, or give --chromium or --no-display."
        )
    view = View(replace(config, port=assembled.local.port), program)
    kiosk = Kiosk(view, config.chromium_mib)
    kiosk.start()
    Hands(view.agent, kiosk.picture).start()
    return kiosk


def _only_one(data: Path) -> IO[str]:
    """Hold the folder: two players in one would forget each other's state. Nothing is written: a
    full disk keeps no player from its start. Raises BadConfig.
    """
    lock = (data / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise BadConfig(f"Another player uses {data}. Stop it, or give this one --data.") from None
    return lock


if __name__ == "__main__":
    sys.exit(main())
