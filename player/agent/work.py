"""The work that needs the network or much disk, in threads, one result each back to the agent."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Protocol

from player.agent.fetching import Fetch
from player.agent.needs import Need
from player.agent.sharing import Spared
from player.cache.store import Store
from player.errors import Corrupt
from player.link.door import Told
from player.link.http import Server
from player.spool import Spool
from playlists.ids import ChannelId, Sha256
from playlists.wire.door import Report
from playlists.wire.http import Difference, PairingGiven, PairingRequest

RUNS_AT_ONCE = 200
"""Play records in one request."""


@dataclass(frozen=True, slots=True)
class Done:
    """A need's end: its `result`, or the error that it met."""

    need: Need
    result: object = None
    error: Exception | None = None


class Runner(Protocol):
    """Runs jobs: `submit` returns at once, the job runs some time."""

    def submit(self, need: Need, job: Callable[[], object]) -> None:
        """Run it."""

    def stop(self) -> None:
        """Begin nothing more."""


class Threads:
    """Two pools, so that a long film never keeps prices waiting. Of files, two of any time come at
    once, one that is needed soon, and a package of the player.
    """

    def __init__(self, done: Callable[[Done], None]) -> None:
        self._done = done
        self._quick = _Pool(6, "ask")
        self._files = _Pool(4, "file")

    def submit(self, need: Need, job: Callable[[], object]) -> None:
        """Run it, and hand its end to `done`."""
        pool = self._files if need.kind in ("asset", "package") else self._quick
        pool.jobs.put(lambda: self._done(attempt(need, job)))

    def stop(self) -> None:
        """Begin nothing more."""
        for pool in (self._quick, self._files):
            pool.ended = True


class _Pool:
    """Daemon threads: what waits for a server that trickles does not keep the player from ending,
    and what is cut off in the middle is as safe as in a power cut.
    """

    def __init__(self, count: int, name: str) -> None:
        self.jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.ended = False
        for number in range(count):
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True).start()

    def _run(self) -> None:
        while not self.ended:
            self.jobs.get()()


def attempt(need: Need, job: Callable[[], object]) -> Done:
    """Run a job here and now."""
    try:
        return Done(need, job())
    except Exception as error:  # whatever it is, the agent must hear that the need is open again
        return Done(need, error=error)


class Jobs:
    """What each kind of need does."""

    def __init__(
        self,
        server: Server,
        objects: Store,
        fetch: Fetch,
        spool: Spool,
        monotonic_ms: Callable[[], int],
    ) -> None:
        self._server = server
        self._objects = objects
        self._fetch = fetch
        self._spool = spool
        self._monotonic_ms = monotonic_ms

    def register(self, request: PairingRequest) -> Callable[[], object]:
        """A code to show."""
        return lambda: self._server.register(request)

    def paired(self, given: PairingGiven) -> Callable[[], object]:
        """Whether a person has typed it."""
        return lambda: self._server.paired(given)

    def keys(self) -> Callable[[], object]:
        """The keys document."""
        return self._server.keys

    def offers(self, channel: ChannelId, since: int) -> Callable[[], object]:
        """A channel from that version on."""
        return lambda: self._server.offers(channel, since)

    def report(self, report: Report) -> Callable[[], tuple[Difference, Told]]:
        """What lacks, and the time."""

        def job() -> tuple[Difference, Told]:
            sent_at = self._monotonic_ms()
            difference = self._server.report(report)
            received_at = self._monotonic_ms()
            return difference, Told(difference.time, report.nonce, sent_at, received_at)

        return job

    def object(self, address: Sha256, keep: Set[Sha256]) -> Callable[[], None]:
        """An object, onto the disk."""
        return lambda: self._objects.put(address, self._server.fetch_object(address), keep)

    def asset(self, address: Sha256, keep: Set[Sha256]) -> Callable[[], Spared | None]:
        """A file, onto the disk."""
        return lambda: self._fetch.get(address, keep)

    def plays(self) -> Callable[[], None]:
        """Play records, until the server holds them all."""

        def job() -> None:
            while runs := self._spool.waiting(RUNS_AT_ONCE):
                acked = self._server.plays(runs)
                if acked < runs[0].seq:
                    raise Corrupt("The server does not take the play records that follow its last.")
                self._spool.acknowledge(acked)

        return job
