"""A player's clock: signed instants carried on by monotonic time, never back, ever less certain."""

from __future__ import annotations

from dataclasses import dataclass, replace

from playlists.errors import Refused
from playlists.fields import Fields
from playlists.ids import Json
from playlists.shown import Now

DRIFT_PPM = 100
"""How wrong a player's oscillator may run, in parts per million."""
MAX_ROUND_TRIP_MS = 10_000
"""An answer that took longer than this says too little about the time."""


@dataclass(frozen=True, slots=True)
class TrustedTime:
    """What is known of the time. Monotonic milliseconds count from an origin that a restart loses.

    `mark_ms` is the latest instant that a signed answer named: an answer before it is a replay. It
    comes from signed answers only, so a wrong wall clock can never move it. `seen_ms` is the latest
    instant shown while trusted: without trust, time goes on from there. `kid` signed the last one.
    The other fields hold since this start only: `ms = monotonic + offset_ms`, measured at
    `anchored_at` to within `uncertainty_ms`; `offset_ms` None means that no answer came yet.
    """

    mark_ms: int = 0
    seen_ms: int = 0
    kid: str = ""
    offset_ms: int | None = None
    anchored_at: int = 0
    uncertainty_ms: int = 0

    def now(self, monotonic_ms: int, wall_ms: int) -> Now:
        """The instant. Without an answer since the start: the wall clock or what was seen last,
        whichever is later, with uncertainty None (plans play by it, prices do not show)."""
        if self.offset_ms is None or monotonic_ms < self.anchored_at:
            return Now(max(wall_ms, self.mark_ms, self.seen_ms), None)
        ms = max(monotonic_ms + self.offset_ms, self.mark_ms)
        return Now(ms, self._uncertainty(monotonic_ms))

    def told(self, now_ms: int, sent_at: int, received_at: int, kid: str) -> TrustedTime:
        """After an authentic answer `now_ms` to a question sent and answered at these monotonic ms.

        The server spoke between the two, so the middle is off by at most half the round trip. A
        held estimate that agrees and is finer stays. Raises Refused `late` or `rollback`.
        """
        round_trip = received_at - sent_at
        if not 0 <= round_trip <= MAX_ROUND_TRIP_MS:
            raise Refused("late", f"A signed time is good for {MAX_ROUND_TRIP_MS} ms of waiting.")
        if now_ms < self.mark_ms:
            raise Refused("rollback", "This signed time is older than one already seen.")
        half = (round_trip + 1) // 2
        fresh = replace(
            self,
            mark_ms=now_ms,
            kid=kid,
            offset_ms=now_ms + half - received_at,
            anchored_at=received_at,
            uncertainty_ms=half + 1,
        )
        better = self if self._agrees(fresh, received_at) else fresh
        return replace(better, mark_ms=now_ms, kid=kid).ticked(received_at)

    def ticked(self, monotonic_ms: int) -> TrustedTime:
        """With `seen_ms` moved on, to be saved now and then."""
        now = self.now(monotonic_ms, 0)
        if now.uncertainty_ms is None:
            return self
        return replace(self, seen_ms=max(self.seen_ms, now.ms))

    def to_json(self) -> Json:
        """What outlives a restart."""
        return {"mark": self.mark_ms, "seen": self.seen_ms, "kid": self.kid}

    @classmethod
    def from_json(cls, given: Fields) -> TrustedTime:
        """Undo `to_json`. Raises Invalid."""
        return cls(given.whole("mark"), given.whole("seen"), given.text("kid", 16, empty=True))

    def _uncertainty(self, monotonic_ms: int) -> int:
        drift = (monotonic_ms - self.anchored_at) * DRIFT_PPM
        return self.uncertainty_ms + (drift + 999_999) // 1_000_000

    def _agrees(self, fresh: TrustedTime, at: int) -> bool:
        """Whether this estimate is finer than `fresh` at `at`, and their ranges meet."""
        if self.offset_ms is None or fresh.offset_ms is None or at < self.anchored_at:
            return False
        held, new = self._uncertainty(at), fresh.uncertainty_ms
        return held <= new and abs(self.offset_ms - fresh.offset_ms) <= held + new
