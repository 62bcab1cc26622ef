"""`python3 -m player.updating`: what the units of an update and the installer call, as root."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from player.config import BadConfig, read_config
from player.errors import PlayerError
from player.updating.handover import AGENT, ROOT
from player.updating.system import System
from player.updating.updater import Places, Updater
from player.updating.watching import Patience
from playlists.errors import DomainError

KEY = Path("/etc/enseigne-player/server-key")
"""The server's root key (raw Ed25519, base64url), as the installer had it from the server."""
CUT_OFF = "The update was cut off: the computer was restarted, or lost its power."


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one of its works. The exit code; a sentence says what is wrong."""
    parser = argparse.ArgumentParser(prog="python3 -m player.updating", description=__doc__)
    works = parser.add_subparsers(dest="work", required=True)
    works.add_parser("run", help="answer what the agent asks for")
    works.add_parser("undo", help="go back where an update was cut off")
    works.add_parser("keep", help="keep the package of what is installed").add_argument("deb")
    works.add_parser("pin", help="believe a server, by its root key").add_argument("key")
    works.add_parser("kept", help="the installed version, where its package is kept")
    given = parser.parse_args(arguments)
    try:
        os.umask(0o022)
        ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        with (ROOT / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Going back needs no settings, so that no mistake in them hinders it.
            config = read_config([], os.environ if given.work == "run" else {}, needs_server=False)
            patience = Patience(config.update_paint_s, config.update_settle_s)
            system = System(config.host, config.port)
            return _work(Updater(Places(AGENT, ROOT, KEY), system, patience), given)
    except (BadConfig, DomainError, PlayerError, OSError) as why:
        print(why, file=sys.stderr)
        return 1


def _work(updater: Updater, given: argparse.Namespace) -> int:
    if given.work == "run":
        if (result := updater.run()) is not None:
            print(f"{result.state}: {result.said}")
        return 0
    if given.work == "undo":
        return 0 if updater.undo(CUT_OFF) else 1
    if given.work == "pin":
        updater.pin(given.key)
        return 0
    if given.work == "keep":
        print(updater.keep(Path(given.deb)))
        return 0
    print(version := updater.kept())
    return 0 if version else 1


if __name__ == "__main__":
    sys.exit(main())
