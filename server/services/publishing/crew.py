"""The worker's helpers: processes that plan stores beside it.

They are started when there is very much to do, and stay. A store goes to whoever planned it last,
who remembers it; one that nobody did, to whoever is free. A helper that dies, or is silent for too
long, loses no work: its stores are asked for again, and the worker plans them itself.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import structlog

from server.services.publishing.planning import StorePlan
from server.services.publishing.slices import Answer, Ask
from server.services.publishing.talk import Ready, Setup, Slice, Stored
from server.services.publishing.telephone import Heard, Telephone

log = structlog.get_logger(__name__)

SLICE_MS = 200
"""A snapshot takes in stores for so long: what is urgent waits for no more."""
LARGE_STORES = 50
"""So many stores to resolve are worth starting helpers for."""
MOST_STORES = 32
"""Stores that a helper is asked for at once; it comes as far as it can in a slice."""
ANSWER_S = 15.0
"""A helper that says nothing for so long hangs: less than a claim holds (outbox.CLAIM_MS)."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
"""After a loss the next helper is started so much later, twice as much after each."""


@dataclass(slots=True)
class Helper:
    """One helper. `asked` are the stores it is busy with, `begun` how many claims there were."""

    telephone: Telephone
    ready: bool = False
    asked: frozenset[str] = frozenset()
    begun: int = 0
    due: float = 0.0

    @property
    def idle(self) -> bool:
        """Whether it may be asked."""
        return self.ready and not self.asked


@dataclass(slots=True)
class Parts:
    """Stores divided among the worker and helpers."""

    own: list[Ask] = field(default_factory=list)
    helpers: list[tuple[Helper, list[Ask]]] = field(default_factory=list)


class Crew:
    """At most `size` helpers. For one thread."""

    def __init__(self, size: int, setup: Setup) -> None:
        self._size = size
        self._setup = setup
        self._helpers: list[Helper] = []
        self._heard: SimpleQueue[tuple[Telephone, Heard]] = SimpleQueue()
        self._owners: dict[str, Helper | None] = {}
        self._pause_s = FIRST_PAUSE_S
        self._start_at = 0.0

    @property
    def pids(self) -> list[int]:
        """The processes that live."""
        return [helper.telephone.pid for helper in self._helpers]

    @property
    def busy(self) -> bool:
        """Whether an answer is awaited."""
        return any(helper.asked for helper in self._helpers)

    def begun(self) -> set[str]:
        """The stores that answers are awaited for."""
        return {store for helper in self._helpers for store in helper.asked}

    def share(self, asks: Sequence[Ask], now: int, begun: int) -> list[Ask]:
        """Give idle helpers their part of what is to be resolved; the worker's own part comes
        back. `begun` is how many claims there were."""
        if len(asks) >= LARGE_STORES:
            self._grow()
        if not self._helpers:
            return list(asks)
        idle = [helper for helper in self._helpers if helper.idle]
        parts = divided(asks, self._owners, idle, 1 + len(self._helpers))
        for helper, some in parts.helpers:
            helper.asked = frozenset(ask.store for ask in some)
            helper.begun = begun
            helper.due = time.monotonic() + ANSWER_S
            helper.telephone.say(Slice(now, SLICE_MS, some))
        return parts.own

    def spoke(self) -> bool:
        """Whether `answers` has something to take at once."""
        return not self._heard.empty()

    def answers(self, wait_s: float) -> list[Answer]:
        """What helpers answered; waits so long for the first, where one is awaited."""
        found: list[Answer] = []
        until = time.monotonic() + (wait_s if self.busy else 0.0)
        while True:
            left_s = 0.0 if found else max(0.0, until - time.monotonic())
            try:
                telephone, heard = self._heard.get(timeout=left_s)
            except Empty:
                break
            for helper in self._helpers:
                if helper.telephone is telephone:
                    self._hear(helper, heard, found)
                    break
        for helper in [one for one in self._helpers if one.due and time.monotonic() > one.due]:
            self._lose(helper, "silent")
        return found

    def planned_here(self, stores: Iterable[str]) -> None:
        """The worker itself planned these, and remembers them."""
        if self._helpers:
            self._owners.update(dict.fromkeys(stores))

    def stored(self, plans: Iterable[StorePlan], profiles: Collection[str], now: int) -> None:
        """Tell helpers which profiles of their plans were stored at `now`."""
        told: dict[int, list[str]] = {}
        for plan in plans:
            keys = [prepared.key for prepared in plan.prepared if prepared.key in profiles]
            told.setdefault(plan.planner, []).extend(keys)
        for helper in self._helpers:
            if keys := told.get(helper.telephone.pid, []):
                helper.telephone.say(Stored(keys, now))

    def close(self) -> None:
        """End them all."""
        for helper in self._helpers:
            helper.telephone.close()
        self._helpers.clear()
        self._owners.clear()

    def _hear(self, helper: Helper, heard: Heard, found: list[Answer]) -> None:
        if isinstance(heard, Answer):
            heard.begin(helper.begun, helper.telephone.pid)
            self._owners.update((plan.store, helper) for plan in heard.plans)
            found.append(heard)
            helper.asked, helper.due = frozenset(), 0.0
            self._pause_s = FIRST_PAUSE_S
        elif isinstance(heard, Ready):
            helper.ready, helper.due = True, 0.0
        else:
            self._lose(helper, heard)

    def _grow(self) -> None:
        """Start the helpers that are missing, unless one was lost a short while ago."""
        if len(self._helpers) < self._size and time.monotonic() >= self._start_at:
            while len(self._helpers) < self._size:
                telephone = Telephone(self._setup, self._heard)
                self._helpers.append(Helper(telephone, due=time.monotonic() + ANSWER_S))
                log.info("helper_started", pid=telephone.pid)

    def _lose(self, helper: Helper, why: str) -> None:
        """Do without a helper; what it was asked for is wanted still."""
        log.warning("helper_lost", pid=helper.telephone.pid, why=why, stores=len(helper.asked))
        helper.telephone.close()
        self._helpers.remove(helper)
        self._owners = {name: one for name, one in self._owners.items() if one is not helper}
        self._start_at = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)


def divided(
    asks: Sequence[Ask],
    owners: dict[str, Helper | None],
    idle: Sequence[Helper],
    planners: int,
) -> Parts:
    """Who resolves which stores: each its own, then what is nobody's, then what is another's.

    A store of another's is taken only where it is to be read anew anyway: for facts alone its
    owner is far quicker. Helpers take no more than a share of what is not theirs, so that all
    end together.
    """
    mine: list[Ask] = []
    free: list[Ask] = []
    theirs: dict[int, list[Ask]] = {id(helper): [] for helper in idle}
    awaited: list[Ask] = []
    for ask in asks:
        if ask.store not in owners:
            free.append(ask)
        elif (owner := owners[ask.store]) is None:
            mine.append(ask)
        else:
            theirs.get(id(owner), awaited).append(ask)
    parts = Parts()
    share = min(MOST_STORES, len(asks) // planners)
    for helper in idle:
        part, rest = theirs[id(helper)][:MOST_STORES], theirs[id(helper)][MOST_STORES:]
        awaited += rest
        part = part or _taken(free, share) or _taken(mine, share) or _taken(awaited, share)
        if part:
            parts.helpers.append((helper, part))
    parts.own = mine + free or _taken(awaited, len(awaited))
    return parts


def _taken(asks: list[Ask], most: int) -> list[Ask]:
    """Take stores off the end of a list, of those that anybody may resolve."""
    found: list[Ask] = []
    kept: list[Ask] = []
    while asks and len(found) < most:
        ask = asks.pop()
        (found if ask.facts is None else kept).append(ask)
    asks += reversed(kept)
    return found
