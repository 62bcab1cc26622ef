"""What to do next, as plain values: needs, which of them are due, and how long failures wait."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal

from playlists.ids import ChannelId, Sha256

FIRST_RETRY_MS = 1_000
LAST_RETRY_MS = 60_000
DAMAGED_RETRY_MS = 3_600_000
"""The longest between two downloads of a file that came whole and was not the one it should be:
each costs the shop's line all of it.
"""
SAME_KEYS_MS = 30_000
"""After a keys document that brought nothing new, so that forged messages cause no storm."""
LEFT = 2
"""So many of a kind may be left to somebody else, beside those that may be under way at once."""

Kind = Literal[
    "register",
    "paired",
    "keys",
    "report",
    "offers",
    "object",
    "asset",
    "plays",
    "order",
    "facts",
    "answers",
    "hands",
    "package",
]
FILES: frozenset[Kind] = frozenset(("asset", "object"))
"""Of which a plan has many."""
OBEYED: frozenset[Kind] = frozenset(("order", "facts", "answers", "hands", "package"))
"""What commands, and knowing the machine, need."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something to ask of the server. `key` is the channel or address concerned."""

    kind: Kind
    key: str = ""


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a paired player lacks, as the agent found it."""

    keys: bool = False
    report: bool = False
    plays: bool = False
    channels: Set[ChannelId] = frozenset()
    objects: Sequence[Sha256] = ()
    assets: Sequence[Sha256] = ()


def needs_of(lacking: Lacking) -> Iterator[Need]:
    """The needs, the most urgent first: whom to believe, what is priced, what plays, its files."""
    if lacking.keys:
        yield Need("keys")
    if lacking.report:
        yield Need("report")
    yield from (Need("offers", channel) for channel in sorted(lacking.channels))
    yield from (Need("object", address) for address in lacking.objects)
    yield from (Need("asset", address) for address in lacking.assets)
    if lacking.plays:
        yield Need("plays")


@dataclass(slots=True)
class Pace:
    """Which needs may begin: each once at a time, some of a kind at once, after failures later."""

    limits: dict[str, int] = field(default_factory=lambda: {"asset": 2, "object": 4})
    """At once of a kind; 16 where nothing is said."""
    busy: set[Need] = field(default_factory=set)
    put_off: set[Need] = field(default_factory=set)
    """Left to somebody else for now: begun again before others of their kind."""
    _failures: dict[Need, dict[int, int]] = field(default_factory=dict)
    _not_before: dict[Need, int] = field(default_factory=dict)
    _patience: dict[str, int] = field(default_factory=dict)

    def begin(
        self, needs: Iterable[Need], monotonic_ms: int, urgent: Set[str] = frozenset()
    ) -> list[Need]:
        """Those of `needs` that are due; they are busy from now on. One whose key is `urgent` waits
        for none that is not: a film of next week may take the line for hours.
        """
        begun = []
        needs = list(needs)
        self.put_off.intersection_update(needs)
        for need in needs:
            if need in self.busy or self._not_before.get(need, 0) > monotonic_ms:
                continue
            if self._patience.get(need.kind, 0) > monotonic_ms:
                continue
            limit = self.limits.get(need.kind, 16)
            limit += need.key in urgent and self._is_held_up(need.kind, limit, urgent)
            open_ones = self.busy | self.put_off | {need}
            if sum(it.kind == need.kind for it in open_ones) > limit + LEFT:
                continue
            if sum(it.kind == need.kind for it in self.busy) < limit:
                self.busy.add(need)
                begun.append(need)
        return begun

    def _is_held_up(self, kind: Kind, limit: int, urgent: Set[str]) -> bool:
        """Whether all that may be under way is, and some of it could wait."""
        busy = [it for it in self.busy if it.kind == kind]
        return len(busy) == limit and any(it.key not in urgent for it in busy)

    def done(self, need: Need) -> None:
        """It is met."""
        self.busy.discard(need)
        self.put_off.discard(need)
        self._failures.pop(need, None)
        self._not_before.pop(need, None)

    def failed(
        self, need: Need, monotonic_ms: int, least_ms: int = 0, most_ms: int = LAST_RETRY_MS
    ) -> None:
        """It is not: again after a jittered, growing wait of at least `least_ms`, for which other
        files wait too: the server that wishes it is the same. Failures of another `most_ms` count
        for themselves.
        """
        self.busy.discard(need)
        self.put_off.discard(need)
        counts = self._failures.setdefault(need, {})
        failures = counts.get(most_ms, 0)
        counts[most_ms] = failures + 1
        wait = min(FIRST_RETRY_MS << min(failures, 16), most_ms)
        self._not_before[need] = monotonic_ms + max(least_ms, int(wait * random.uniform(0.5, 1.5)))
        if need.kind in FILES and least_ms:
            until = max(monotonic_ms + least_ms, self._patience.get(need.kind, 0))
            self._patience[need.kind] = until

    def later(self, need: Need, monotonic_ms: int, wait_ms: int) -> None:
        """Met, but not to be asked again before so long."""
        self.done(need)
        self._not_before[need] = monotonic_ms + wait_ms

    def leave(self, need: Need, monotonic_ms: int, wait_ms: int) -> None:
        """Somebody else is at it: begun again after so long, before others of its kind."""
        if wait_ms:
            self.later(need, monotonic_ms, wait_ms)
            self.put_off.add(need)
        else:
            self.done(need)

    def hurry(self) -> None:
        """The server is back: nothing waits any longer."""
        self._failures.clear()
        self._patience.clear()
        self._not_before.clear()
