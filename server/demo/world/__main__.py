"""Start the outside world: `python -m server.demo.world --help`.

Every peer listens on the loopback address. When all of them answer, their ports are written to the
announce file in one step. The world stops on SIGTERM, on SIGINT and when its parent is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from server.demo.world.world import Ports, Server, World

PARENT_CHECK_S = 0.5
EXIT_CANNOT_START = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run until told to stop; 0 after a clean stop, 2 when a peer cannot start."""
    chosen = _options().parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    ports = Ports(
        shop=chosen.shop_port,
        weather=chosen.weather_port,
        mqtt=chosen.mqtt_port,
        page=chosen.page_port,
    )
    server = Server(
        screens_url=chosen.server_url.rstrip("/") + chosen.screens_path,
        webhook_url=chosen.webhook_url,
        webhook_secret=_secret(chosen.webhook_secret, "ENSEIGNE_DEMO_WEBHOOK_SECRET"),
        counts_url=chosen.counts_url,
        counts_token=_secret(chosen.counts_token, "ENSEIGNE_DEMO_COUNTS_TOKEN"),
        till_url=chosen.till_url,
        till_secret=_secret(None, "ENSEIGNE_DEMO_TILL_SECRET"),
    )
    try:
        world = World(chosen.state, ports, server, chosen.counts_interval)
    except (OSError, ValueError) as error:
        print(f"The outside world cannot start: {error}", file=sys.stderr)
        return EXIT_CANNOT_START
    world.start()
    if chosen.announce:
        _announce(chosen.announce, world.announcement())
    while not stop.wait(PARENT_CHECK_S):
        if os.getppid() != parent:
            break
    world.stop()
    return 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("server.demo.world", description=__doc__)
    for peer in ("shop", "weather", "mqtt", "page"):
        options.add_argument(f"--{peer}-port", type=int, default=0, help="0 takes a free port")
    options.add_argument("--state", type=Path, help="folder that keeps what was set")
    options.add_argument("--webhook-url", help="where the shop tells of its changes")
    options.add_argument("--webhook-secret", help="or ENSEIGNE_DEMO_WEBHOOK_SECRET")
    options.add_argument("--till-url", help="where a store’s tills say what they charge")
    options.add_argument("--counts-url", help="where the HTTP people counters push")
    options.add_argument("--counts-token", help="or ENSEIGNE_DEMO_COUNTS_TOKEN")
    options.add_argument("--counts-interval", type=float, default=5.0, help="seconds")
    options.add_argument("--server-url", default="http://127.0.0.1:8080")
    options.add_argument(
        "--screens-path", default="/wall?embed=1", help="what the page shows beside its controls"
    )
    options.add_argument("--announce", type=Path, help="JSON file for the chosen ports")
    return options


def _secret(given: str | None, variable: str) -> str:
    """A secret from the command line, else from the environment, where `ps` does not show it."""
    return given if given is not None else os.environ.get(variable, "")


def _announce(path: Path, content: dict[str, object]) -> None:
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
