"""What runs by the clock beside the loop, in threads of its own: one-line calls into services."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from apscheduler.schedulers.background import BackgroundScheduler

from server.services.alignment.reckoning import Reckoner
from server.services.base.context import Context
from server.services.branding import trials
from server.services.calendar import events
from server.services.connectors import Poller, Subscriptions, restocking, sweep_deliveries
from server.services.drafting import releases
from server.services.keeping import retention
from server.services.observed import neighbours, paradoxes
from server.services.prices import horizon, moving, releasing
from server.services.recalls import recalls
from server.services.screens import bringing, rollout_beat
from server.services.situation import rounds
from server.services.tills.rounds import TillRounds

POLL_S = 1
"""How often sources that are due are looked for."""
SUBSCRIBE_S = 3
EXPIRY_S = 15
PARADOX_S = 60
SWEEP_S = 3_600
DISPLAY_S = 60
TILL_S = 1
"""How late a till's time-out may be heeded; the screens heed it by themselves."""
CALENDAR_S = 300
RELEASE_S = 1
"""How late a release that has its time may be."""


class Timers:
    """Runs them all from `start` to `stop`. A job that fails is logged and runs again."""

    def __init__(self, ctx: Context) -> None:
        self._poller = Poller(ctx)
        self._subscriptions = Subscriptions(ctx)
        self._tills = TillRounds(ctx)
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1}
        )
        jobs: tuple[tuple[str, float, Callable[[], object]], ...] = (
            ("sources due", POLL_S, self._poller.tick),
            ("subscriptions", SUBSCRIBE_S, self._subscriptions.sync),
            ("expired facts", EXPIRY_S, Expiry(ctx)),
            ("stock that came back", EXPIRY_S, partial(restocking.come_back, ctx)),
            ("where else goods wait", EXPIRY_S, partial(neighbours.keep, ctx)),
            ("shelves that contradict the shop", PARADOX_S, partial(paradoxes.observe, ctx)),
            ("old deliveries", SWEEP_S, partial(sweep_deliveries, ctx)),
            ("what nothing names", SWEEP_S, partial(retention.sweep, ctx)),
            ("prices that come near", SWEEP_S, partial(horizon.extend, ctx)),
            ("prices of stores that moved", EXPIRY_S, partial(moving.follow, ctx)),
            ("prices released", RELEASE_S, partial(releasing.go_on, ctx)),
            ("releases due", RELEASE_S, partial(releases.run_due, ctx)),
            ("calendars at addresses", CALENDAR_S, partial(events.read_again, ctx)),
            ("brands due", RELEASE_S, partial(trials.run_due, ctx)),
            ("recalls", EXPIRY_S, partial(recalls.complete, ctx)),
            ("tills", TILL_S, self._tills),
            ("what devices go by", DISPLAY_S, partial(bringing.bring, ctx)),
            ("updates of players", DISPLAY_S, rollout_beat.Rollouts(ctx)),
            ("how prices agreed", EXPIRY_S, Reckoner(ctx)),
            ("who should know", ctx.settings.watch_every_s, partial(rounds.run, ctx)),
        )
        for name, every_s, work in jobs:
            self._scheduler.add_job(work, "interval", seconds=every_s, id=name, name=name)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End; what runs is not waited for, its claims lapse."""
        self._scheduler.shutdown(wait=False)
        self._subscriptions.stop()
        self._poller.stop()
        self._tills.stop()


class Expiry:
    """Marks the facts that expired since it last looked; at the start, all that ever did."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._seen = 0

    def __call__(self) -> None:
        """Look."""
        self._seen = retention.mark_expired(self._ctx, self._seen)
