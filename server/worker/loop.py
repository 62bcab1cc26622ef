"""The reconciler's loop: wakes on the bus's word or a short tick, brings the door up to date.

Prices have a thread of their own, so that they wait for no plan.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from server.bus import BusServer, Peer
from server.services.base.context import Context
from server.services.publishing import tidying
from server.services.publishing.publish import Publisher
from server.services.screens.pages import keep_page
from server.worker.hearing import Hearing
from server.worker.telling import Teller

log = structlog.get_logger(__name__)

TICK_S = 0.25
"""A wake that was lost costs so much."""
FLUSH_S = 1.0
SWEEP_S = 30.0
"""Rolls that are due, screens without a head, heads to renew: looked for this often."""
FRESHNESS_S = 1.0
"""How often it is looked whose turn it is to be told that prices still hold."""
PAGE_S = 3_600.0
"""How often it is looked whether the page's code is another one, beside at the start."""
SETTLE_STEPS = 5
"""After so many steps at once very much was remembered."""
REST_S = 5.0
"""Nothing was published for so long: there is time for what takes a tenth of a second."""
PAUSE_S = 1.0
"""After a fault (the record is away) the loop waits so long."""


class Loop:
    """One worker: publishes, and tells the door. `ctx.wake` of its own context wakes it."""

    def __init__(self, ctx: Context) -> None:
        self._awake = threading.Event()
        self._priced = threading.Event()
        self._stopping = threading.Event()
        self._busy_at = time.monotonic()
        self.ctx = replace(ctx, wake=self._wake)
        self.teller = Teller(self.ctx, self._send)
        self.hearing = Hearing(self.ctx, self.teller.published)
        self.publisher = Publisher(self.ctx, self.teller.published)
        self._timers = (
            Timer(FLUSH_S, self.hearing.flush),
            Timer(SWEEP_S, self.publisher.sweep),
            Timer(SWEEP_S, self.publisher.renew_heads),
            Timer(FRESHNESS_S, self.teller.freshness),
            Timer(PAGE_S, partial(keep_page, self.ctx)),
        )
        self._bus = BusServer(ctx.settings.bus, self._take)

    def stop(self, *_signal: object) -> None:
        """End `run` soon; safe in a signal handler."""
        self._stopping.set()
        self._wake()

    def run(self) -> None:
        """Work until stopped, then close the bus."""
        prices = threading.Thread(
            target=self._repeat, args=(self._priced, self.teller.offers), name="prices"
        )
        prices.start()
        try:
            self._repeat(self._awake, self.turn)
        finally:
            prices.join()
            self.publisher.close()
            self._bus.close()

    def turn(self) -> None:
        """Everything there is to do now but prices."""
        try:
            steps = self._publish()
        finally:
            self._look_around()
        steps += self._publish()
        if steps:
            self._busy_at = time.monotonic()
        if steps >= SETTLE_STEPS:
            tidying.after_much()
        elif time.monotonic() - self._busy_at > REST_S:
            tidying.at_rest()
        if self.teller.behind():
            self._awake.set()

    def _publish(self) -> int:
        """Step until nothing is left; in how many steps."""
        steps = 0
        while self.publisher.step() and not self._stopping.is_set():
            tidying.after_work()
            self._look_around()
            steps += 1
        return steps

    def _look_around(self) -> None:
        """Who may come in and what is due: waits for a step, not for all plans of a large chain."""
        self.teller.directory()
        self.teller.commands()
        for timer in self._timers:
            timer.run_if_due()

    def _repeat(self, event: threading.Event, work: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            event.wait(TICK_S)
            event.clear()
            try:
                work()
            except Exception:  # whatever it is, screens play on and the next turn tries again
                log.exception("worker_turn_failed")
                self._stopping.wait(PAUSE_S)

    def _wake(self) -> None:
        self._priced.set()
        self._awake.set()

    def _send(self, message: Any) -> bool:
        return self._bus.send(message)

    def _take(self, peer: Peer, message: dict[str, Any]) -> None:
        if message["t"] == "hello":
            self.teller.everything(peer.send)
        elif not self.hearing.take(message):
            self._wake()


class Timer:
    """Runs `work` at once and then every `every_s` seconds, when asked."""

    def __init__(self, every_s: float, work: Callable[[], None]) -> None:
        self._every_s = every_s
        self._work = work
        self._due = 0.0

    def run_if_due(self) -> None:
        """Run it if its time has come."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + self._every_s
            self._work()
