"""Several players in one process, each with its folder, key and page: for one computer behind
several displays.

`python -m player.several --server https://signs.example --data DIR --count 4 --announce FILE`
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from player.agent.assembly import assemble
from player.agent.events import Stop
from player.cache.files import write_atomic
from player.config import BadConfig, Config, read_config
from player.errors import PlayerError
from playlists.errors import Invalid

MAX_PLAYERS = 32
CANNOT_START = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them until SIGINT or SIGTERM. The exit code; a sentence says why they cannot start."""
    parser = argparse.ArgumentParser(prog="python -m player.several", description=__doc__)
    parser.add_argument("--count", type=int, required=True, help=f"1 to {MAX_PLAYERS} players")
    parser.add_argument("--announce", help="a file that is told each player's page, as a JSON list")
    given, rest = parser.parse_known_args(arguments)
    try:
        if not 1 <= given.count <= MAX_PLAYERS:
            raise BadConfig(f"--count is from 1 to {MAX_PLAYERS}.")
        config = read_config([*rest, "--port", "0", "--no-display", "--no-share"])
        players = []
        for number in range(1, given.count + 1):
            folder = config.data / str(number)
            folder.mkdir(parents=True, exist_ok=True)
            hands = config.hands_port and config.hands_port + number - 1
            players.append(Life(replace(config, data=folder, hands_port=hands)))
    except (BadConfig, Invalid, PlayerError, OSError) as why:
        print(f"The players cannot start: {why}", file=sys.stderr)
        return CANNOT_START
    _run(players, given.announce)
    return 0


class Life:
    """One player, begun anew at the same address whenever it is told to. Raises as `assemble`."""

    def __init__(self, config: Config) -> None:
        self.player = assemble(config)
        self._config = replace(config, port=self.player.local.port)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=config.data.name, daemon=True)

    def start(self) -> None:
        """Play, in a thread of its own."""
        self._begin()
        self._thread.start()

    def stop(self) -> None:
        """End for good."""
        self._ending.set()
        self.player.agent.post(Stop())
        self._thread.join()

    def _begin(self) -> None:
        self.player.agent.start()
        self.player.local.start()

    def _run(self) -> None:
        while True:
            again = self.player.agent.run()
            self.player.local.stop()
            self.player.close()
            if not again or self._ending.is_set():
                return
            self.player = assemble(self._config)
            self._begin()
            if self._ending.is_set():
                self.player.agent.post(Stop())


def _run(players: Sequence[Life], announce: str | None) -> None:
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    for player in players:
        player.start()
    if announce:
        pages = [one.player.url for one in players]
        write_atomic(Path(announce), json.dumps(pages).encode())
    ending.wait()
    for player in players:
        player.stop()


if __name__ == "__main__":
    sys.exit(main())
