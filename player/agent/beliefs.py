"""What is believed: each signed message verified and admitted, one after another.

Keys, heads and the time are saved before anything acts on them. Offers and freshness count at once,
and are saved as soon as the page has them: a price that is withdrawn waits for no disk, and does
not stay on screen because the disk is full.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from player.cache.kept import Kept, Memory, Playing
from player.clock import Clock
from player.errors import NoRoom
from player.health import Health
from player.link.door import Heard, Told
from playlists.admission import (
    Admitted,
    Effect,
    Ignored,
    Trusted,
    admit_freshness,
    admit_head,
    admit_keys,
    admit_offers,
    admit_time,
    follow,
)
from playlists.errors import Refused
from playlists.ids import ChannelId
from playlists.slot import Now
from playlists.wire.door import Pull
from playlists.wire.http import Difference

MAX_WAITING = 32
"""Messages that wait for the keys document that may name their key."""
SAVE_TIME_EVERY_MS = 300_000
"""The instant last seen is saved this often, so that a restart without network goes on from it."""
CONFIRM_MS = (1_000, 12_000)
"""A price that was withdrawn is confirmed by a report of its own, at some instant within this."""
_AT_ONCE = frozenset(("offers", "freshness"))
_ADMIT = {"head": admit_head, "offers": admit_offers, "freshness": admit_freshness}


class Beliefs:
    """The trusted state, and what its messages asked for and was not had yet."""

    def __init__(self, kept: Kept, clock: Clock, health: Health) -> None:
        self._kept = kept
        self._clock = clock
        self._health = health
        self._waiting: deque[Heard | Told] = deque(maxlen=MAX_WAITING)
        self._saved_at = clock.monotonic_ms()
        self.keys = False
        """The keys document is to be fetched."""
        self.report = False
        """The server is to be asked for the difference."""
        self.channels: set[ChannelId] = set()
        """Channels to be pulled."""
        self._confirm_at: int | None = None

    @property
    def trusted(self) -> Trusted | None:
        """What is believed; None before this device is a screen."""
        return self._kept.memory.trusted

    def lacking_channels(self) -> set[ChannelId]:
        """Channels to be pulled: asked for, not held, or behind what freshness says of them."""
        trusted = self.trusted
        return self.channels | ({*filter(self.is_behind, trusted.wanted)} if trusted else set())

    def version(self, channel: ChannelId) -> int:
        """The version of a channel that is held whole, 0 where none is."""
        trusted = self.trusted
        held = trusted.channels.get(channel) if trusted else None
        return held.version if held and held.offers is not None else 0

    def is_behind(self, channel: ChannelId) -> bool:
        """Whether a channel is not held, or not at the version that freshness gives it."""
        version = self.version(channel)
        freshness = self.trusted.freshness.values() if self.trusted else ()
        told = [held.message.channels.get(channel) for held in freshness]
        return version == 0 or any(lease is not None and lease.version > version for lease in told)

    def now(self) -> Now:
        """The instant."""
        trusted = self.trusted
        return self._clock.now(trusted.time) if trusted else Now(self._clock.wall_ms(), None)

    def is_wall_right(self) -> bool:
        """Whether the wall clock may judge certificates' dates."""
        return self.trusted is not None and self._clock.wall_agrees(self.trusted.time)

    def confirms(self) -> bool:
        """Whether it is time to confirm that a price was withdrawn; once."""
        due = self._confirm_at is not None and self._clock.monotonic_ms() >= self._confirm_at
        if due:
            self._confirm_at = None
        return due

    def note_time(self) -> None:
        """Say so where nobody vouches for the time."""
        if self.trusted and self.now().uncertainty_ms is None:
            self._health.note("clock_untrusted", "The server has not said the time: no prices.")
        else:
            self._health.clear("clock_untrusted")

    def hear(self, news: Heard | Told) -> bool:
        """Take a message; whether it held. One by an unknown key waits for the keys document."""
        trusted = self.trusted
        if trusted is None:
            return False
        try:
            admitted = _admit(trusted, news, self.now())
        except Refused as refused:
            what = news.kind if isinstance(news, Heard) else "time"
            self._health.count(f"refused:{what}:{refused.reason}")
            if refused.reason == "unknown_key":
                self.keys = True
                self._waiting.append(news)
            return False
        if isinstance(news, Heard) and news.kind in _AT_ONCE:
            if _withdrew(trusted, admitted[0]):
                self._confirm_at = self._clock.monotonic_ms() + random.randint(*CONFIRM_MS)
            self._kept.hold(replace(self._kept.memory, trusted=admitted[0]))
            self._act(admitted[1])
            return True
        return self.adopt(admitted)

    def hear_all(self, difference: Difference) -> None:
        """What a report lacked, but for the time."""
        tokens = [("head", difference.head), ("freshness", difference.freshness)]
        for kind, token in [*(("offers", token) for token in difference.offers), *tokens]:
            if token:
                self.hear(Heard(kind, token))

    def hear_keys(self, token: str) -> bool:
        """Take a keys document, then what waited for it; whether the document was a new one."""
        trusted = self.trusted
        self.keys = False
        waiting = list(self._waiting)
        self._waiting.clear()
        try:
            admitted = None if trusted is None else admit_keys(trusted, token)
        except Refused as refused:
            self._health.count(f"refused:keys:{refused.reason}")
            return False
        if admitted is None or not self.adopt(admitted):
            return False
        for news in waiting:
            self.hear(news)
        # What even the newest document does not name is nobody's: asking again would not help.
        self.keys = False
        self._waiting.clear()
        return not any(isinstance(effect, Ignored) for effect in admitted[1])

    def adopt(self, admitted: Admitted, playing: Playing | None = None) -> bool:
        """Save this state (and the plan that now plays), then act on its effects; whether it could.

        Where it could not, the old state stands and the disk is said to be full.
        """
        state, effects = admitted
        memory = self._kept.memory
        time = state.time.ticked(self._clock.monotonic_ms())
        new = replace(memory, trusted=replace(state, time=time), playing=playing or memory.playing)
        try:
            self._kept.save(new)
        except NoRoom as full:
            self._health.note("disk_full", str(full))
            return False
        self._health.clear("disk_full")
        self._saved_at = self._clock.monotonic_ms()
        self._act(effects)
        return True

    def save(self) -> None:
        """Save what counts already, and now and then how late it is."""
        due = self._clock.monotonic_ms() - self._saved_at >= SAVE_TIME_EVERY_MS
        if self.trusted and (due or not self._kept.is_saved):
            self.adopt((self.trusted, ()))

    def keep_door(self, url: str) -> None:
        """Remember where the server's door is."""
        if url != self._kept.memory.door:
            try:
                self._kept.save(replace(self._kept.memory, door=url))
            except NoRoom as full:
                self._health.note("disk_full", str(full))

    def follow(self, channels: set[ChannelId], playing: Playing | None = None) -> bool:
        """Hold these channels and no others (and play this plan); whether it could be saved."""
        trusted = self.trusted
        if trusted is None:
            return False
        self.channels &= channels
        return self.adopt(follow(trusted, channels), playing)

    def forget(self) -> bool:
        """Believe nothing any more: this device is no screen; whether that could be saved."""
        try:
            self._kept.save(Memory(door=self._kept.memory.door))
        except NoRoom as full:
            self._health.note("disk_full", str(full))
            return False
        self.keys = self.report = False
        self.channels.clear()
        self._waiting.clear()
        return True

    def _act(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Ignored):
                self._health.count(f"ignored:{effect.what}:{effect.reason}")
            elif isinstance(effect, Pull):
                self.pull(effect)

    def pull(self, pull: Pull) -> None:
        """Something is to be had from the server."""
        if pull.what == "offers" and pull.channel is not None:
            self.channels.add(pull.channel)
        elif pull.what == "keys":
            self.keys = True
        else:
            self.report = True


def _withdrew(before: Trusted, after: Trusted) -> bool:
    """Whether a product that had a price has none any more."""
    for channel, held in after.channels.items():
        was = before.channels.get(channel)
        if was is None or was is held or not was.offers or held.offers is None:
            continue
        for sku, offer in held.offers.items():
            if not offer.steps and sku in was.offers and was.offers[sku].steps:
                return True
    return False


def _admit(trusted: Trusted, news: Heard | Told, now: Now) -> Admitted:
    if isinstance(news, Told):
        return admit_time(trusted, news.token, news.nonce, news.sent_at, news.received_at)
    return _ADMIT[news.kind](trusted, news.token, now)
