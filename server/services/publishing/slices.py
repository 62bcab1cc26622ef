"""A slice: as many stores as a planner resolves in one snapshot, in a short time.

The worker plans its slices itself, a helper process on being asked: the same function in both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from server.db.engine import Database
from server.services.publishing.planning import Planner, StorePlan
from server.services.publishing.reading import Snapshot


class Ask(NamedTuple):
    """A store to resolve: `profiles` by key, None for all after asking which there are; `facts`
    where nothing but these moved, else None."""

    store: str
    profiles: set[str] | None
    facts: frozenset[str] | None


@dataclass(slots=True)
class Answer:
    """What came of the first of the stores asked for; of the others nothing was done. `gone` are
    stores that are not there (any more); `begun` is how many claims there were before."""

    plans: list[StorePlan] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    begun: int = 0

    def begin(self, claims: int, planner: int = 0) -> None:
        """Say how many claims there were before the snapshot, and which process planned."""
        self.begun = claims
        for plan in self.plans:
            plan.begun, plan.planner = claims, planner

    def stores(self) -> set[str]:
        """The stores it is about."""
        return {*self.gone, *(plan.store for plan in self.plans)}


def plan_slice(
    planner: Planner, db: Database, now: int, asks: Sequence[Ask], enough: Callable[[], bool]
) -> Answer:
    """Resolve stores at the instant `now` until it is `enough`; at least one. The snapshot begins
    here: it sees whatever was claimed before."""
    answer = Answer()
    snapshot: Snapshot | None = None
    with db.read() as session:
        for ask in asks:
            plan: StorePlan | None = None
            if ask.facts is not None and ask.profiles is not None:
                plan = planner.plan_facts(session, now, ask.store, ask.profiles, ask.facts)
            if plan is None:
                snapshot = snapshot or planner.open(session, now)
                plan = planner.plan(session, snapshot, ask.store, ask.profiles)
            if plan is None:
                answer.gone.append(ask.store)
            else:
                answer.plans.append(plan)
            if enough():
                break
    return answer
