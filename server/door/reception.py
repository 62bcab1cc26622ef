"""Who comes in, and what they are told: challenge, proof, welcome, the answer to a report."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import gevent

from playlists.credentials import check_proof, mint_token
from playlists.errors import Invalid, Refused
from playlists.signing import sign, verify
from playlists.wire.door import (
    Challenge,
    Prove,
    ProveWatch,
    Refusal,
    RefusalCode,
    Report,
    Welcome,
    prove_from_json,
)
from playlists.wire.signed import TimeMessage, Watch
from server.door.clones import Clones
from server.door.frames import Pushed
from server.door.health import Counts
from server.door.limits import PROVE_WITHIN_S
from server.door.links import Link, Links, channels_of, stores_of
from server.door.state import State
from server.door.told import Told
from server.errors import KEPT_OUT

FORMAT: Final = 1
POLICY: Final = 1008
"""WebSocket close code: refused, or over a limit."""
TRY_AGAIN: Final = 1013
NONCE_BYTES: Final = 24

_REASONS: Final[Mapping[RefusalCode, str]] = {
    "unknown_screen": KEPT_OUT["unknown_screen"],
    "bad_signature": KEPT_OUT["bad_signature"],
    "cloned_key": KEPT_OUT["cloned_key"],
    "bad_watch": "This leave to follow screens is not good, or over. Reload the page.",
    "format": "This message is not understood here. Update the player or the server.",
}


class Reception:
    """`challenge(sid, body)` must leave through the library, so that it follows its greeting."""

    def __init__(
        self,
        state: State,
        links: Links,
        told: Told,
        counts: Counts,
        clock: Callable[[], int],
        challenge: Callable[[str, Any], None],
        *,
        token_ms: int,
        report_ms: int,
    ) -> None:
        self._state = state
        self._links = links
        self._told = told
        self._counts = counts
        self._clock = clock
        self._challenge = challenge
        self._token_ms = token_ms
        self._report_ms = report_ms
        self._unproved: deque[tuple[float, Link]] = deque()
        self.clones = Clones(links, self._cloned)

    def connected(self, link: Link, *, full: bool) -> None:
        """A connection joined the namespace; it is challenged once the directory is here."""
        self._links.open[link.sid] = link
        if full:
            self.close(link, "full", TRY_AGAIN)
        elif self._state.ready:
            self.challenge(link)

    def challenge(self, link: Link) -> None:
        """Ask it to prove who it is, within PROVE_WITHIN_S."""
        if not link.challenged and not link.ended:
            link.challenged = True
            self._unproved.append((time.monotonic() + PROVE_WITHIN_S, link))
            self._challenge(link.sid, Challenge(link.nonce).to_json())

    def sweep(self) -> None:
        """End those that were challenged and did not answer in time."""
        now = time.monotonic()
        while self._unproved and self._unproved[0][0] <= now:
            _, link = self._unproved.popleft()
            if not link.proved and not link.ended:
                self.close(link, "unproved", POLICY)

    def disconnected(self, sid: str) -> None:
        """A connection has ended."""
        link = self._links.open.pop(sid, None)
        if link is None:
            return
        link.ended = True
        self._links.unsubscribe(link)
        if link.screen and not self._links.players_of(link.screen):
            self._told.down(link.screen)

    def prove(self, link: Link, value: object) -> None:
        """Take the answer to the challenge."""
        if link.proved or link.ended or not link.challenged:
            return
        try:
            answer = prove_from_json(value)
        except Invalid:
            self.refuse(link, "format")
            return
        if isinstance(answer, ProveWatch):
            self._prove_watch(link, answer)
        else:
            self._prove_screen(link, answer)

    def report(self, link: Link, value: object) -> None:
        """Take a report, pass it on, and answer with the signed time and the difference."""
        if not link.proved or link.ended:
            return
        try:
            report = Report.from_json(value)
        except Invalid:
            self._counts.reports.labels("malformed").inc()
            return
        self._counts.reports.labels("taken").inc()
        if report.nonce:
            link.outlet.push(Pushed.of("time", self._time(report.nonce)))
        held = {str(name): version for name, version in report.channels.items()}
        if link.screen:
            self._told.report(link.screen, self._clock(), report.to_json())
            lacking = self._state.lacking(link.screen, report.revision, held, report.freshness)
            self._push(link, lacking)
            self._push(link, self._state.unanswered(link.screen, self._clock()))
        else:
            channels = channels_of(self._state, link.watched)
            self._push(link, self._state.lacking_offers(channels, held))
            self._push(link, self._freshness(link.watched, report.freshness))

    def refuse(self, link: Link, code: RefusalCode) -> None:
        """Say why, and close."""
        self._counts.refused.labels(code).inc()
        self._links.unsubscribe(link)
        link.outlet.push(Pushed.of("refused", Refusal(code, _REASONS[code]).to_json()))
        self.close(link, "refused", POLICY)

    def close(self, link: Link, reason: str, code: int) -> None:
        """End a connection from this side; its proof is worth nothing any more."""
        self._counts.closed.labels(reason).inc()
        link.ended = True
        link.outlet.finish(code)

    def screens_changed(self, screens: Iterable[str]) -> None:
        """These screens are gone, are held, have another key, or read something else."""
        for name in screens:
            known = self._state.screens.get(name)
            for link in self._links.of_screen(name):
                if link.screen and (known is None or known.key != link.key):
                    self.refuse(link, "unknown_screen")
                elif link.screen and known is not None and known.held:
                    self.refuse(link, "cloned_key")
                else:
                    self._links.subscribe(link, self._state)
                    self._push(link, self._freshness(link.follows, 0))

    def ended(self, hashes: Collection[str]) -> None:
        """These sessions or tokens ended: so does what follows screens under them."""
        for link in list(self._links.open.values()):
            if link.under in hashes and not link.ended:
                self.refuse(link, "bad_watch")

    def _prove_screen(self, link: Link, answer: Prove) -> None:
        screen = self._state.screens.get(answer.screen)
        if screen is None:
            self.refuse(link, "unknown_screen")
        elif FORMAT not in answer.formats:
            self.refuse(link, "format")
        elif not check_proof(screen.key, link.nonce, answer.screen, answer.sig):
            self.refuse(link, "bad_signature")
        elif screen.held or self.clones.is_held(answer.screen, screen.key):
            self.refuse(link, "cloned_key")
        else:
            link.screen, link.key = answer.screen, screen.key
            self._welcome(link, self._token(answer.screen), answer.nonce)
            head = self._state.heads.get(answer.screen)
            self._push(link, [head.message] if head else [])
            self._told.up(answer.screen)
            self.clones.came(link, screen.key)

    def _prove_watch(self, link: Link, answer: ProveWatch) -> None:
        now = self._clock()
        try:
            watch = Watch.from_json(verify(answer.watch, "watch", self._state.watch_ring, now))
        except (Invalid, Refused):
            self.refuse(link, "bad_watch")
            return
        if watch.expires_at <= now or watch.under in self._state.ended:
            self.refuse(link, "bad_watch")
            return
        link.watched, link.under = watch.screens, watch.under
        self._welcome(link, answer.watch, link.nonce)
        heads = [self._state.heads[name] for name in watch.screens if name in self._state.heads]
        self._push(link, [head.message for head in heads])
        channels = channels_of(self._state, watch.screens)
        self._push(link, self._state.lacking_offers(channels, {}))
        gevent.spawn_later((watch.expires_at - now) / 1000, self._watch_over, link)

    def _welcome(self, link: Link, token: str, nonce: str) -> None:
        self._links.subscribe(link, self._state)
        welcome = Welcome(token, self._time(nonce), self._report_ms)
        link.outlet.push(Pushed.of("welcome", welcome.to_json()))
        self._push(link, self._freshness(link.follows, 0))

    def _watch_over(self, link: Link) -> None:
        if not link.ended:
            self.refuse(link, "bad_watch")

    def _cloned(self, screen: str) -> None:
        self._told.clone(screen)
        for link in self._links.players_of(screen):
            self.refuse(link, "cloned_key")

    def _push(self, link: Link, messages: Iterable[Pushed]) -> None:
        for message in messages:
            link.outlet.push(message)

    def _freshness(self, screens: Iterable[str], held: int) -> list[Pushed]:
        stores = stores_of(self._state, screens)
        known = [self._state.freshness[it] for it in stores if it in self._state.freshness]
        return [fresh.message for fresh in known if fresh.number > held]

    def _token(self, screen: str) -> str:
        return mint_token(self._state.secret, screen, self._clock() + self._token_ms)

    def _time(self, nonce: str) -> str:
        assert self._state.time_key is not None, "nobody is challenged before the directory is here"
        return sign("time", TimeMessage(nonce, self._clock()).to_json(), self._state.time_key)


def new_nonce() -> str:
    """A challenge's nonce."""
    return secrets.token_urlsafe(NONCE_BYTES)
