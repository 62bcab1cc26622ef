"""The worker at another time: `python -m tests.bench.late_worker <milliseconds to add>`."""

from __future__ import annotations

import sys
from dataclasses import replace

from server.app import build_context, now_ms, set_up_logs
from server.config import Settings
from server.worker.main import run


def main() -> None:
    """Run the real worker, its clock set off."""
    offset = int(sys.argv[1])
    settings = Settings()
    set_up_logs(settings)
    run(replace(build_context(settings), clock=lambda: now_ms() + offset))


if __name__ == "__main__":
    main()
