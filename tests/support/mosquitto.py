"""A real Mosquitto broker on a free port of this machine."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.support.programs import NotReady, answers, end, free_port, need, wait_until

PORT_TRIES = 3


class Broker(NamedTuple):
    """Where the broker listens."""

    host: str
    port: int


@contextmanager
def running_broker() -> Iterator[Broker]:
    """A Mosquitto broker open to anyone on 127.0.0.1 for the length of the block."""
    program = need("mosquitto")
    with tempfile.TemporaryDirectory(prefix="enseigne-mqtt-") as folder:
        child, port = _start(program, Path(folder))
        try:
            yield Broker("127.0.0.1", port)
        finally:
            end(child)


def _start(program: str, folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    for left in reversed(range(PORT_TRIES)):
        port = free_port()
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen([program, "-c", str(config)], stdout=log, stderr=log)
        try:
            wait_until(partial(answers, port), child, "Mosquitto")
            return child, port
        except NotReady:
            end(child)
            if not left:
                raise
    raise AssertionError("PORT_TRIES must be positive")
