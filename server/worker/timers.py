"""What runs by the clock beside the loop, in threads of its own: one-line calls into services."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler

from server.services import retention
from server.services.context import Context

EXPIRY_S = 15
SWEEP_S = 3_600


class Expiry:
    """Marks the facts that expired since it last looked; at the start, all that ever did."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._seen = 0

    def __call__(self) -> None:
        """Look."""
        self._seen = retention.mark_expired(self._ctx, self._seen)


def start_timers(ctx: Context) -> BackgroundScheduler:
    """Start them all; `shutdown` the scheduler to stop. A job that fails runs again."""
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1}
    )
    jobs: tuple[tuple[str, float, Callable[[], object]], ...] = (
        ("expired facts", EXPIRY_S, Expiry(ctx)),
        ("sweep", SWEEP_S, partial(retention.sweep, ctx)),
    )
    for name, every_s, work in jobs:
        scheduler.add_job(work, "interval", seconds=every_s, id=name, name=name)
    scheduler.start()
    return scheduler
