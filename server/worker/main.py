"""The worker's entry: runs the loop and the timers until the process is told to stop."""

from __future__ import annotations

import signal

import structlog

from server.services.base.context import Context
from server.services.publishing import tidying
from server.worker.loop import Loop
from server.worker.timers import Timers

log = structlog.get_logger(__name__)


def run(ctx: Context) -> None:
    """Run until SIGINT or SIGTERM. Raises Conflict where another worker has the bus."""
    loop = Loop(ctx)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, loop.stop)
    tidying.begin()
    timers = Timers(loop.ctx)
    timers.start()
    log.info("worker_ready", bus=str(ctx.settings.bus))
    try:
        loop.run()
    finally:
        timers.stop()
        ctx.db.close()
