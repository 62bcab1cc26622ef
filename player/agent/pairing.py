"""How a device becomes a screen: it shows a code, a person types it, the server names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from player.agent.needs import Need, Pace
from player.agent.work import Done
from player.cache.kept import Kept, Memory
from player.clock import Clock
from player.errors import Denied, Missing, NoRoom, PlayerError
from player.health import Health
from playlists.admission import Trusted, admit_keys
from playlists.errors import DomainError
from playlists.signing import KeyRing, kid_of, public_key
from playlists.wire.http import Paired, PairingGiven

POLL_MS = 1_500
"""Between two questions whether a person has typed the code."""


class Pairing:
    """The pairing under way is kept, so that a power cut shows the same code again."""

    def __init__(self, kept: Kept, clock: Clock, pace: Pace, health: Health) -> None:
        self._kept = kept
        self._clock = clock
        self._pace = pace
        self._health = health

    def needs(self) -> Iterator[Need]:
        """What comes next."""
        yield Need("register" if self._kept.memory.pairing is None else "paired")

    def done(self, done: Done) -> None:
        """A step was made; once `Kept.memory.trusted` is there, this device is a screen."""
        monotonic = self._clock.monotonic_ms()
        try:
            self._take(done, monotonic)
        except (DomainError, PlayerError) as wrong:
            self._health.note("pairing", str(wrong))
            self._pace.failed(done.need, monotonic)

    def _take(self, done: Done, monotonic: int) -> None:
        if isinstance(done.error, Missing | Denied) and done.need.kind == "paired":
            self._pace.done(done.need)
            self._begin_anew()
        elif done.error is not None:
            self._health.note("server", str(done.error))
            self._pace.failed(done.need, monotonic)
        elif isinstance(done.result, PairingGiven):
            self._given(done.result)
            self._pace.done(done.need)
        elif isinstance(done.result, Paired):
            self._paired(done.result)
            self._pace.done(done.need)
        else:
            self._health.clear("server")
            self._pace.later(done.need, monotonic, POLL_MS)

    def _given(self, given: PairingGiven) -> None:
        if given.root.kid != kid_of(public_key(given.root.x)):
            raise Denied("root", "The server's root key does not have the id that it gives.")
        self._kept.save(replace(self._kept.memory, pairing=given))
        self._health.clear("server")

    def _paired(self, paired: Paired) -> None:
        given = self._kept.memory.pairing
        if given is None or paired.root.x != given.root.x:
            # People compared the fingerprint of another key: nothing of this may be believed.
            self._begin_anew()
            raise Denied("root", "The server's root key changed while pairing; a new code is made.")
        state = Trusted(paired.screen, KeyRing(public_key(paired.root.x)))
        try:
            state, _ = admit_keys(state, paired.keys)
        except DomainError:
            self._begin_anew()
            raise
        self._kept.save(Memory(trusted=state, door=self._kept.memory.door))
        self._health.clear("pairing")

    def _begin_anew(self) -> None:
        try:
            self._kept.save(replace(self._kept.memory, pairing=None))
        except NoRoom as full:
            self._health.note("disk_full", str(full))
