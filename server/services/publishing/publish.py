"""From marked keys to signed heads: the reconciler's one loop, level-triggered.

`Publisher.step`, again and again:

1. claim the marked keys that nobody holds, and ask the index which profiles read them; a key that
   may change which profiles there are (a screen, a target, an override) takes in its whole stores;
2. take the smallest piece of work (an emergency or one store's weather before a whole chain);
3. resolve it in one snapshot, begun after the claim: it sees all that the claimed keys changed;
4. in one short transaction store what came of it, but for profiles whose keys were marked again
   meanwhile or that another worker stored first: those stay, to be resolved again;
5. settle a claim in the same transaction as the last of its profiles; hand the heads to the door.

Killed anywhere, the claim lapses and whoever comes next does it all again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Select, not_, or_, select
from sqlalchemy.orm import Session

from playlists.facts import KINDS
from server.db.models import ProfileReadRow, ProfileRow, ScreenHeadRow, ScreenRow
from server.services.base import outbox
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.base.outbox import Claim
from server.services.publishing.planning import Planner, Prepared, StorePlan
from server.services.publishing.reading import Snapshot
from server.services.publishing.storing import SignedHead, Storer, forget_unused

SLICE_MS = 200
"""A snapshot takes in stores for so long: what is urgent waits for no more."""
PLANS_AT_ONCE = 16
"""Profiles stored in one transaction."""
RENEWALS_AT_ONCE = 200
"""Heads signed anew in one transaction."""
TRIES = 3
"""A profile whose keys are marked again and again is stored all the same after so many tries."""
EXTEND_MS = outbox.CLAIM_MS // 3

_INSIDE = frozenset({*KINDS, "product", "asset", "playlist", "calendar"})
"""Keys that never change which profiles a store has."""

Wanted = dict[str, set[str] | None]
"""By store the profiles to resolve, None for all, after asking which there are."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a step did: heads to hand over; stores where something may read other channels, sources
    or texts than before."""

    heads: tuple[SignedHead, ...] = ()
    stores: frozenset[str] = frozenset()


@dataclass(slots=True)
class Work:
    """A claim (None for what the clock asks) and what of it is not published yet."""

    wanted: Wanted
    claim: Claim | None = None
    held_until: int = 0
    failed: bool = False
    facts_only: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a store's plans; `last` says that no more of them follow."""

    plan: StorePlan
    prepared: list[Prepared]
    last: bool

    def screens(self) -> dict[str, str]:
        """The screens that are to play these profiles from now on."""
        keys = {prepared.key for prepared in self.prepared}
        asked = self.plan.screens or {}
        return {screen: key for screen, key in asked.items() if key in keys}


class Publisher:
    """Publishes for one worker. `on_published` is told after each commit. For one thread."""

    def __init__(self, ctx: Context, on_published: Callable[[Published], None]) -> None:
        self._ctx = ctx
        self._tell = on_published
        self._holder = f"worker-{secrets.token_hex(4)}"
        self._claims = 0
        self._works: list[Work] = []
        self._tries: dict[str, int] = {}
        self.planner = Planner(ctx.settings.switch_roll_spread_s, ctx.settings.switch_margin_ms)
        self._storer = Storer(ctx.keys, self.planner.index, ctx.settings.head_life_ms)

    def step(self) -> bool:
        """Do one piece of work; False where there was none."""
        self._claim()
        wanted = self._next()
        if wanted is None:
            return False
        self._publish(wanted)
        return True

    def run_dry(self) -> None:
        """Step until there is nothing left to do."""
        while self.step():
            pass

    def sweep(self) -> None:
        """Add what no key asks for: screens without a head, profiles without index, rolls due."""
        now = self._ctx.clock()
        wanted: Wanted = {}
        with self._ctx.db.read() as session:
            for store in session.scalars(_unpublished_stores()):
                wanted[store] = None
            due = select(ProfileRow.store_id, ProfileRow.key).where(ProfileRow.rolls_at <= now)
            for store, key in session.execute(due):
                profiles = wanted.setdefault(store, set())
                if profiles is not None:
                    profiles.add(key)
        if wanted and not any(work.claim is None for work in self._works):
            self._works.append(Work(wanted))

    def renew_heads(self) -> None:
        """Sign anew the heads whose life is half over, and those that a rotated key signed."""
        now = self._ctx.clock()
        soon = now + self._ctx.settings.head_life_ms // 2
        mine = ScreenHeadRow.jws.startswith(self._ctx.keys.head_prefix, autoescape=True)
        stale = or_(ScreenHeadRow.expires_at <= soon, not_(mine))
        with self._ctx.db.read() as session:
            screens = list(session.scalars(select(ScreenHeadRow.screen_id).where(stale)))
        for some in batched(screens, RENEWALS_AT_ONCE):
            with self._ctx.db.write() as session:
                heads = self._storer.renew(session, some, now)
            self._tell(Published(tuple(heads)))

    # --- what to do -----------------------------------------------------------------------------

    def _claim(self) -> None:
        now = self._ctx.clock()
        with self._ctx.db.read() as session:
            if not outbox.waiting(session, now):
                return
        self._claims += 1
        claim = outbox.claim(self._ctx.db, f"{self._holder}-{self._claims}", now)
        if not claim.keys:
            return
        with self._ctx.db.read() as session:
            wanted = self._concerned(session, claim.keys)
        if wanted:
            facts_only = all(key.partition(":")[0] in KINDS for key in claim.keys)
            self._works.append(Work(wanted, claim, now + EXTEND_MS, facts_only=facts_only))
            return
        with self._ctx.db.write() as session:
            outbox.settle(session, claim)

    def _concerned(self, session: Session, keys: Iterable[str]) -> Wanted:
        """Whom keys concern: the profiles that read them, or their stores whole."""
        inside = [key for key in keys if key.partition(":")[0] in _INSIDE]
        outside = [key for key in keys if key.partition(":")[0] not in _INSIDE]
        index = self.planner.index
        wanted: Wanted = {}
        for profile, store in index.profiles_reading(session, inside).items():
            profiles = wanted.setdefault(store, set())
            assert profiles is not None
            profiles.add(profile)
        stores = set(index.profiles_reading(session, outside).values())
        stores.update(_stores_named(session, outside))
        wanted.update((store, None) for store in stores)
        return wanted

    def _next(self) -> Wanted | None:
        """The stores of the smallest work, with what all works want of them."""
        self._works = [work for work in self._works if work.wanted]
        if not self._works:
            return None
        smallest = min(self._works, key=lambda work: len(work.wanted))
        return {
            store: _all_of(work.wanted.get(store, set()) for work in self._works)
            for store in smallest.wanted
        }

    # --- doing it -------------------------------------------------------------------------------

    def _publish(self, wanted: Wanted) -> None:
        now = self._ctx.clock()
        plans: list[StorePlan] = []
        gone: list[str] = []
        until = time.monotonic() + SLICE_MS / 1000
        with self._ctx.db.read() as session:
            snapshot: Snapshot | None = None
            for store, profiles in wanted.items():
                if time.monotonic() > until:
                    break
                facts = self._facts_moved(store)
                plan: StorePlan | None = None
                if facts is not None and profiles is not None:
                    plan = self.planner.plan_facts(session, now, store, profiles, facts)
                if plan is None:
                    snapshot = snapshot or self.planner.open(session, now)
                    plan = self.planner.plan(session, snapshot, store, profiles)
                if plan is None:
                    gone.append(store)
                else:
                    plans.append(plan)
        for work in self._works:
            for store in gone:
                work.wanted.pop(store, None)
        left: dict[str, set[str]] = {plan.store: set() for plan in plans}
        for pieces in _pieces(plans):
            self._store(pieces, left)
        if gone and not plans:
            with self._ctx.db.write() as session:
                self._settle(session, now)

    def _store(self, pieces: list[Piece], left: dict[str, set[str]]) -> None:
        """Store some plans in one transaction, which also settles what is done with it."""
        now = self._ctx.clock()
        prepared = [plan for piece in pieces for plan in piece.prepared]
        screens = {name: key for piece in pieces for name, key in piece.screens().items()}
        with self._ctx.db.write() as session:
            outdated = self._outdated(session, prepared)
            stored = self._storer.store(session, prepared, screens, outdated, now)
            for piece in pieces:
                missed = left[piece.plan.store]
                missed |= stored.left & {plan.key for plan in piece.prepared}
                if piece.last:
                    self._done(piece.plan, missed)
            whole = [
                piece.plan for piece in pieces if piece.last and piece.plan.screens is not None
            ]
            forget_unused(session, [p.store for p in whole if not left[p.store] and not p.failed])
            self._settle(session, now)
        self.planner.confirm([p for p in prepared if p.key in stored.profiles], now)
        moved = frozenset(plan.store for plan in prepared if plan.key in stored.profiles)
        self._tell(Published(tuple(stored.heads), moved))

    def _facts_moved(self, store: str) -> frozenset[str] | None:
        """The facts on whose account a store is resolved; None where anything else is."""
        moved: set[str] = set()
        for work in self._works:
            if store in work.wanted:
                if work.claim is None or not work.facts_only:
                    return None
                moved |= work.claim.keys
        return frozenset(moved)

    def _outdated(self, session: Session, piece: list[Prepared]) -> set[str]:
        """The profiles that read a key which was marked since, unless they were tried enough."""
        marked = outbox.marked_since(session)
        if not marked:
            return set()
        found: set[str] = set()
        for plan in piece:
            if plan.keys.isdisjoint(marked):
                continue
            tries = self._tries.get(plan.key, 0)
            if tries < TRIES:
                found.add(plan.key)
                self._tries[plan.key] = tries + 1
        return found

    def _done(self, plan: StorePlan, left: set[str]) -> None:
        """Take off each work what was stored; what failed waits for its claim to lapse."""
        for work in self._works:
            if plan.store not in work.wanted:
                continue
            work.failed = work.failed or bool(plan.failed)
            profiles = work.wanted[plan.store]
            rest = left if profiles is None else profiles & left
            if rest:
                work.wanted[plan.store] = None if profiles is None else rest
            else:
                del work.wanted[plan.store]
        for prepared in plan.prepared:
            if prepared.key not in left:
                self._tries.pop(prepared.key, None)

    def _settle(self, session: Session, now: int) -> None:
        for work in self._works:
            if work.claim is None:
                continue
            if not work.wanted and not work.failed:
                outbox.settle(session, work.claim)
            elif now >= work.held_until:
                outbox.extend(session, work.claim, now)
                work.held_until = now + EXTEND_MS


def _all_of(parts: Iterable[set[str] | None]) -> set[str] | None:
    """The union of what several works want of a store; None is all."""
    found: set[str] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found


def _pieces(plans: list[StorePlan]) -> Iterator[list[Piece]]:
    """Plans in transactions' worth: several small stores together, a large one in parts."""
    some: list[Piece] = []
    count = 0
    for plan in plans:
        parts = list(batched(plan.prepared, PLANS_AT_ONCE)) or [[]]
        for number, part in enumerate(parts, 1):
            if some and count + len(part) > PLANS_AT_ONCE:
                yield some
                some, count = [], 0
            some.append(Piece(plan, part, number == len(parts)))
            count += len(part)
    if some:
        yield some


def _stores_named(session: Session, keys: Iterable[str]) -> set[str]:
    """The stores that keys name, and those of the screens that they name."""
    stores: set[str] = set()
    screens: set[str] = set()
    for key in keys:
        name, at, subject = key.partition("@")
        if at and name in ("campaigns", "overrides"):
            stores.add(subject)
        elif key.startswith(("base:chain", "emergencies")):
            stores.update(session.scalars(select(ScreenRow.store_id).distinct()))
        elif key.startswith(("store:", "base:store:")):
            stores.add(key.rpartition(":")[2])
        elif key.startswith(("screen:", "base:screen:")):
            screens.add(key.rpartition(":")[2])
    for some in batched(sorted(screens), MAX_IN):
        rows = select(ScreenRow.store_id).where(ScreenRow.id.in_(some))
        stores.update(session.scalars(rows))
    return stores


def _unpublished_stores() -> Select[str]:
    """Stores with a screen that has no head, or whose profile is not there or not in the index."""
    return (
        select(ScreenRow.store_id)
        .distinct()
        .join(ScreenHeadRow, ScreenHeadRow.screen_id == ScreenRow.id, isouter=True)
        .join(ProfileReadRow, ProfileReadRow.profile == ScreenHeadRow.profile, isouter=True)
        .where(ProfileReadRow.reads.is_(None))
    )
