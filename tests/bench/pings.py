"""How long a light process waits for its turn beside a busy one: a door's loop, stood in for.

`python -m tests.bench.pings` ticks every few milliseconds until its input closes, then prints the
lateness of each tick in milliseconds as a JSON list.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time

TICK_S = 0.005


class Pings:
    """A ticking process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.pings"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def stop(self) -> list[float]:
        """End it; the lateness of every tick in milliseconds."""
        out, _ = self._process.communicate()
        found: list[float] = json.loads(out)
        return found


def main() -> None:
    """Tick until told to stop."""
    late: list[float] = []
    while not select.select([sys.stdin], [], [], 0)[0]:
        due = time.perf_counter() + TICK_S
        time.sleep(TICK_S)
        late.append(round((time.perf_counter() - due) * 1000, 3))
    print(json.dumps(late))


if __name__ == "__main__":
    main()
