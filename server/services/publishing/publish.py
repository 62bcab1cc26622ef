"""From marked keys to signed heads: the reconciler's one loop, level-triggered.

`Publisher.step`, again and again:

1. claim the marked keys that nobody holds, and ask the index which profiles read them; a key that
   may change which profiles there are (a screen, a target, an override) takes in its whole stores;
2. take the smallest piece of work (an emergency or one store's weather before a whole chain);
3. resolve it in one snapshot, begun after the claim: it sees all that the claimed keys changed.
   Where there is very much to resolve, helper processes do a part of it meanwhile (crew.py);
4. in one short transaction store what came of it, but for profiles whose keys were marked again
   meanwhile or that another worker stored first: those stay, to be resolved again;
5. settle a claim in the same transaction as the last of its profiles; hand the heads to the door.

Killed anywhere, the claim lapses and whoever comes next does it all again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Select, not_, or_, select
from sqlalchemy.orm import Session

from playlists.facts import KINDS
from server.db.models import ProfileReadRow, ProfileRow, ScreenHeadRow, ScreenRow
from server.services.base import outbox
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.publishing.crew import SLICE_MS, Crew
from server.services.publishing.planning import Planner, Prepared, StorePlan
from server.services.publishing.readsets import ReadIndex
from server.services.publishing.slices import Answer, Ask, plan_slice
from server.services.publishing.storing import SignedHead, Storer, forget_unused
from server.services.publishing.talk import Setup
from server.services.publishing.works import Wanted, Work, Works

PLANS_AT_ONCE = 16
"""Profiles stored in one transaction."""
RENEWALS_AT_ONCE = 200
"""Heads signed anew in one transaction."""
TRIES = 3
"""A profile whose keys are marked again and again is stored all the same after so many tries."""

_INSIDE = frozenset({*KINDS, "product", "asset", "playlist", "calendar"})
"""Keys that never change which profiles a store has."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a step did: heads to hand over; stores where something may read other channels, sources
    or texts than before."""

    heads: tuple[SignedHead, ...] = ()
    stores: frozenset[str] = frozenset()


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
        self._works = Works()
        self._tries: dict[str, int] = {}
        settings = ctx.settings
        setup = Setup(settings.db_url, settings.switch_roll_spread_s, settings.switch_margin_ms)
        self.planner = Planner(setup.spread_s, setup.margin_ms)
        self.crew = Crew(settings.planner_processes - 1, setup)
        self._storer = Storer(ctx.keys, self.planner.index, settings.head_life_ms)

    def step(self) -> bool:
        """Do one piece of work; False where there was none."""
        self._claim()
        own = self._share(())
        if not own and not self.crew.busy:
            return False
        answers = self._plan(own)
        heard = self.crew.answers(0 if own else SLICE_MS / 1000)
        answers += heard
        if heard:  # who is free goes on while this is stored
            self._share({store for answer in answers for store in answer.stores()})
        self._publish(answers)
        return True

    def close(self) -> None:
        """End what helps."""
        self.crew.close()

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
        if wanted and not self._works.swept():
            self._works.add(Work(wanted, self._claims))

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
            wanted = concerned(session, self.planner.index, claim.keys)
        if wanted:
            self._works.add(Work.of(wanted, self._claims, claim, now))
            return
        with self._ctx.db.write() as session:
            outbox.settle(session, claim)

    def _share(self, planned: Collection[str]) -> list[Ask]:
        """Give helpers their part of the smallest work, without what is `planned` and not stored;
        the worker's own part."""
        asks = self._works.asks(self.crew.begun().union(planned))
        return self.crew.share(asks, self._ctx.clock(), self._claims) if asks else []

    # --- doing it -------------------------------------------------------------------------------

    def _plan(self, own: list[Ask]) -> list[Answer]:
        """Resolve the worker's own part, until a slice is over or a helper waits for more."""
        if not own:
            return []
        until = time.monotonic() + SLICE_MS / 1000
        answer = plan_slice(
            self.planner,
            self._ctx.db,
            self._ctx.clock(),
            own,
            lambda: self.crew.spoke() or time.monotonic() > until,
        )
        answer.begin(self._claims)
        self.crew.planned_here(answer.stores())
        return [answer]

    def _publish(self, answers: list[Answer]) -> None:
        plans = [plan for answer in answers for plan in answer.plans]
        gone = False
        for answer in answers:
            for store in answer.gone:
                self._works.gone(store, answer.begun)
                gone = True
        left: dict[str, set[str]] = {plan.store: set() for plan in plans}
        for pieces in _pieces(plans):
            self._store(pieces, left)
        if gone and not plans:
            with self._ctx.db.write() as session:
                self._works.settle(session, self._ctx.clock())

    def _store(self, pieces: list[Piece], left: dict[str, set[str]]) -> None:
        """Store some plans in one transaction, which also settles what is done with it."""
        now = self._ctx.clock()
        prepared = [plan for piece in pieces for plan in piece.prepared]
        screens = {name: key for piece in pieces for name, key in piece.screens().items()}
        with self._ctx.db.write() as session:
            outdated = self._outdated(session, pieces)
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
            self._works.settle(session, now)
        moved = frozenset(plan.store for plan in prepared if plan.key in stored.profiles)
        self._tell(Published(tuple(stored.heads), moved))
        own = [plan for p in pieces if p.plan.planner == 0 for plan in p.prepared]
        self.planner.confirm([plan for plan in own if plan.key in stored.profiles], now)
        self.crew.stored([piece.plan for piece in pieces], stored.profiles, now)

    def _outdated(self, session: Session, pieces: list[Piece]) -> set[str]:
        """The profiles that read a key which was marked since, unless they were tried enough."""
        marked = outbox.marked_since(session)
        found: set[str] = set()
        for piece in pieces:
            since = marked | self._works.claimed_after(piece.plan.begun)
            if not since:
                continue
            read = {plan.key: plan.reads for plan in piece.prepared}
            for key in self.planner.index.touched(session, read, since):
                tries = self._tries.get(key, 0)
                if tries < TRIES:
                    found.add(key)
                    self._tries[key] = tries + 1
        return found

    def _done(self, plan: StorePlan, left: set[str]) -> None:
        """Take off each work what was stored; what failed waits for its claim to lapse."""
        self._works.done(plan, left)
        for prepared in plan.prepared:
            if prepared.key not in left:
                self._tries.pop(prepared.key, None)


def concerned(session: Session, index: ReadIndex, keys: Iterable[str]) -> Wanted:
    """Whom keys concern: the profiles that read them, or their stores whole."""
    inside: list[str] = []
    outside: list[str] = []
    for key in keys:
        (inside if key.partition(":")[0] in _INSIDE else outside).append(key)
    wanted: Wanted = {}
    for profile, store in index.profiles_reading(session, inside).items():
        profiles = wanted.setdefault(store, set())
        assert profiles is not None
        profiles.add(profile)
    stores = set(index.profiles_reading(session, outside).values())
    stores.update(_stores_named(session, outside))
    wanted.update((store, None) for store in stores)
    return wanted


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
