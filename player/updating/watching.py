"""Whether a version that was just installed does what the one before did: paint, and stay alive.

What painted before must paint again, within the patience, and go on; what drew no frame before (a
display that is off at night asks for none) must only say that it lives; and where no page was heard
before, nothing that an update could spoil, an agent that answers is enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from player.updating.system import Beat, Life, System

TURN_S = 1.0


@dataclass(frozen=True, slots=True)
class Patience:
    """`paint_s`: so long nothing may be painted; `settle_s`: so long it is looked at after the
    first paint; `restarts`: how often agent and kiosk may end meanwhile.
    """

    paint_s: int = 60
    settle_s: int = 120
    restarts: int = 2


@dataclass(frozen=True, slots=True)
class Before:
    """What the version before did: whether its page was heard, and drew."""

    heard: bool
    drew: bool


def before(system: System, patience: Patience) -> Before:
    """How it is now. A page that paints nothing yet, since all has just begun, is waited for."""
    limit_ms, until = patience.paint_s * 1000, system.monotonic_s() + patience.paint_s
    while True:
        beat = system.beat()
        heard = beat is not None and beat.ago_ms < limit_ms
        drew = beat is not None and beat.drawn_ago_ms < limit_ms and not beat.dark
        if (heard and (drew or (beat and beat.dark))) or system.monotonic_s() > until:
            return Before(heard, drew)
        system.sleep(TURN_S)


def watch(system: System, version: str, was: Before, patience: Patience) -> str:
    """Look until it is certain; "" where all is well, else what is wrong, as a sentence."""
    one = _Watch(version, was, patience, system.monotonic_s(), system.life().restarts)
    while True:
        life = system.life()
        beat = system.beat()
        # One process may end, and another begin, between two questions.
        is_one = system.life().process == life.process
        said = one.see(system.monotonic_s(), life, beat if is_one else None)
        if said is not None:
            return said
        system.sleep(TURN_S)


class _Watch:
    def __init__(
        self, version: str, was: Before, patience: Patience, now: float, restarts: int
    ) -> None:
        self._version, self._was, self._patience = version, was, patience
        self._alive_at, self._restarts = now, restarts
        self._process, self._since = 0, now
        self._first: float | None = None

    def see(self, now: float, life: Life, beat: Beat | None) -> str | None:
        """One look: a sentence where it failed, "" where it is certain, None to look again."""
        # systemd counts from 0 again when it is told to restart a unit.
        self._restarts = min(self._restarts, life.restarts)
        if life.restarts - self._restarts > self._patience.restarts:
            return f"The version {self._version} ended again and again."
        if beat is not None and beat.version == self._version:
            self._take(now, life, beat)
        if now - self._alive_at > self._patience.paint_s:
            done = "stopped to paint" if self._first is not None else "did not paint"
            return f"The version {self._version} {done} within {self._patience.paint_s} s."
        if self._first is not None and now - self._first >= self._patience.settle_s:
            return ""
        return None

    def _take(self, now: float, life: Life, beat: Beat) -> None:
        if life.process != self._process:
            # A new agent says "just now" until it has heard its page: only what comes later counts.
            self._process, self._since = life.process, now
        ago_s = self._ago_ms(beat) / 1000
        if ago_s < now - self._since or not self._was.heard:
            self._alive_at = max(self._alive_at, now - ago_s)
            if self._first is None:
                self._first = now

    def _ago_ms(self, beat: Beat) -> int:
        if not self._was.heard:
            return 0
        return beat.drawn_ago_ms if self._was.drew and not beat.dark else beat.ago_ms
