"""What is to be published and is not yet: claims and sweeps, with the stores they still want."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from playlists.facts import KINDS
from server.services.base import outbox
from server.services.base.outbox import Claim
from server.services.publishing.planning import StorePlan
from server.services.publishing.slices import Ask

EXTEND_MS = outbox.CLAIM_MS // 3

Wanted = dict[str, set[str] | None]
"""By store the profiles to resolve, None for all, after asking which there are."""


@dataclass(slots=True)
class Work:
    """A claim (None for what the clock asks) and what of it is not published yet.

    `number` is that of the latest claim when it came: what was begun before sees nothing of it.
    `facts` are the keys of a claim of facts alone, else None.
    """

    wanted: Wanted
    number: int
    claim: Claim | None = None
    held_until: int = 0
    failed: bool = False
    facts: frozenset[str] | None = None

    @classmethod
    def of(cls, wanted: Wanted, number: int, claim: Claim, now: int) -> Work:
        """What a claim taken at `now` wants."""
        keys = claim.keys
        facts_only = all(key.partition(":")[0] in KINDS for key in keys)
        return cls(wanted, number, claim, now + EXTEND_MS, facts=keys if facts_only else None)


class Works:
    """All that is wanted, the smallest first."""

    def __init__(self) -> None:
        self._works: list[Work] = []

    def add(self, work: Work) -> None:
        """One more."""
        self._works.append(work)

    def swept(self) -> bool:
        """Whether what the clock asked for last is not done yet."""
        return any(work.claim is None for work in self._works)

    def asks(self, begun: Collection[str]) -> list[Ask]:
        """The stores of the smallest work, with what all works want of them; those that are
        `begun` already are left out."""
        self._works = [work for work in self._works if work.wanted]
        found: list[str] | None = None
        for work in self._works:
            stores = [store for store in work.wanted if store not in begun]
            if stores and (found is None or len(stores) < len(found)):
                found = stores
        return [self._ask(store) for store in found or ()]

    def gone(self, store: str, begun: int) -> None:
        """The store is not there, as a planner saw that had begun after so many claims."""
        for work in self._works:
            if work.number <= begun:
                work.wanted.pop(store, None)

    def done(self, plan: StorePlan, left: set[str]) -> None:
        """Take off what was stored, but for what is `left`; what failed waits for its claim to
        lapse."""
        for work in self._works:
            if plan.store not in work.wanted or work.number > plan.begun:
                continue
            work.failed = work.failed or bool(plan.failed)
            profiles = work.wanted[plan.store]
            rest = left if profiles is None else profiles & left
            if rest:
                work.wanted[plan.store] = None if profiles is None else rest
            else:
                del work.wanted[plan.store]

    def claimed_after(self, begun: int) -> frozenset[str]:
        """The keys that were claimed since."""
        later = [w.claim.keys for w in self._works if w.claim is not None and w.number > begun]
        return frozenset().union(*later)

    def settle(self, session: Session, now: int) -> None:
        """Give back the claims of which all is stored; hold the others longer."""
        for work in self._works:
            if work.claim is None:
                continue
            if not work.wanted and not work.failed:
                outbox.settle(session, work.claim)
            elif now >= work.held_until:
                outbox.extend(session, work.claim, now)
                work.held_until = now + EXTEND_MS

    def _ask(self, store: str) -> Ask:
        works = [work for work in self._works if store in work.wanted]
        return Ask(
            store,
            _all_of(work.wanted[store] for work in works),
            _facts_of([work.facts for work in works]),
        )


def _facts_of(moved: list[frozenset[str] | None]) -> frozenset[str] | None:
    """The facts on whose account a store is resolved; None where anything else is."""
    if len(moved) == 1:
        return moved[0]
    found: frozenset[str] = frozenset()
    for facts in moved:
        if facts is None:
            return None
        found |= facts
    return found


def _all_of(parts: Iterable[set[str] | None]) -> set[str] | None:
    """The union of what several works want of a store; None is all."""
    found: set[str] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found
