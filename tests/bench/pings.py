"""How long the door lets people wait while the worker is busy beside it.

`python -m tests.bench.pings PORT` asks the door for its health again and again, until its input
closes, then prints how long each answer took in milliseconds as a JSON list.
"""

from __future__ import annotations

import http.client
import json
import select
import subprocess
import sys
import time

PAUSE_S = 0.02
TIMEOUT_S = 10.0


class Pings:
    """A process that asks the door on this port."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.pings", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def stop(self) -> list[float]:
        """End it; how long every answer took in milliseconds."""
        out, _ = self._process.communicate()
        found: list[float] = json.loads(out)
        return found


def main() -> None:
    """Ask until told to stop."""
    took: list[float] = []
    door = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=TIMEOUT_S)
    while not select.select([sys.stdin], [], [], PAUSE_S)[0]:
        asked = time.perf_counter()
        door.request("GET", "/health")
        door.getresponse().read()
        took.append(round((time.perf_counter() - asked) * 1000, 3))
    print(json.dumps(took))


if __name__ == "__main__":
    main()
