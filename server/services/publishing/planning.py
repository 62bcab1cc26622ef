"""One store's profiles resolved in one snapshot: what each is to play, ready to be stored.

Gathers and decides; stores nothing. A plan that comes out as it was is nothing to publish.
A change that touches today begins with a lead-in: the plan that plays now, to the end of its slot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from playlists.ids import StoreId, sha256
from playlists.localtime import LocalDay
from playlists.manifest import Plan
from playlists.model import Store
from playlists.resolve import (
    Gathered,
    Lead,
    Memo,
    Profile,
    Resolved,
    TooHeavy,
    gather,
    gather_facts,
    lead_from_json,
    lead_to_json,
    profile_of,
    weigh,
    wishes_of,
)
from server.db.mappers import screen_from
from server.db.models import ProfileRow, ScreenHeadRow, ScreenRow
from server.services.base.kept import MAX_IN, batched
from server.services.base.objects import Lately, Packed, Plans, pack
from server.services.publishing.inputs import InputsWriter, profile_from, profile_json
from server.services.publishing.reading import Library, Snapshot
from server.services.publishing.readsets import ReadIndex, ReadSets, split
from server.services.publishing.remembered import Memory, Remembered
from server.services.publishing.viewing import View

log = structlog.get_logger(__name__)

NOTES_KEPT = 50
"""Of what a resolve reports, for people; the rest would say the same."""
NO_EXPIRY_MS = 2**52
"""A plan is only asked what plays, never whether its prices may show."""

_PROFILE = ProfileRow.__table__.c
_KNOWN = select(
    *(_PROFILE.key, _PROFILE.resolved_at, _PROFILE.manifest, _PROFILE.inputs),
    *(_PROFILE.lead, _PROFILE.refused),
).where(_PROFILE.key.in_(bindparam("keys", expanding=True)))

_AS_STORED = frozenset[str]()
"""Of a profile whose facts alone are read anew, what it reads is stored: nobody asks for it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the record holds of a profile; `seen` is its row's `resolved_at`, 0 without one."""

    seen: int = 0
    manifest: str | None = None
    inputs: str | None = None
    lead: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A profile resolved: all that is to be stored of it. `reads` None: they are as stored.
    `refused`: why what plays stays, though something else was wished for.
    """

    key: str
    store: str
    known: Known
    manifest: str
    body: Mapping[str, Any]
    reads: ReadSets | None
    inputs: str | None
    lead: Mapping[str, Any]
    rolls_at: int
    objects: Mapping[str, Packed]
    refused: Mapping[str, Any] | None = None

    def resolved_at(self, now: int) -> int:
        """What its row says once it is stored: greater each time."""
        return max(now, self.known.seen + 1)


@dataclass(slots=True)
class StorePlan:
    """What came of one store. `screens` says which profile each screen plays, None where that was
    not asked; `failed` are profiles that could not be resolved and keep what they have. `begun`
    is how many claims there were before its snapshot, `planner` the process id of the helper that
    made it, 0 the worker itself."""

    store: str
    screens: dict[str, str] | None
    prepared: list[Prepared] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    begun: int = 0
    planner: int = 0


class Planner:
    """Resolves stores, remembering between snapshots. For one thread."""

    def __init__(self, spread_s: int, margin_ms: int) -> None:
        self.library = Library()
        self.plans = Plans()
        self.index = ReadIndex()
        self.inputs = InputsWriter()
        self._memo = Memo()
        self._memory = Memory()
        self._lately = Lately()
        self._spread_ms = max(1, spread_s * 1000)
        self._margin_ms = margin_ms

    def open(self, session: Session, now: int) -> Snapshot:
        """The record as `session` sees it, for `plan`."""
        return self.library.snapshot(session, now)

    def plan(
        self,
        session: Session,
        snapshot: Snapshot,
        store: str,
        profiles: Collection[str] | None = None,
    ) -> StorePlan | None:
        """Resolve `profiles` of a store by key; None: all, after asking which its screens need.

        None comes back where the store is not there (any more).
        """
        made = snapshot.store(store)
        if made is None:
            return None
        screens: dict[str, str] | None = None
        if profiles is None:
            screens, wanted = self._profiles_of(session, snapshot, made)
        else:
            wanted = self._read_profiles(session, profiles)
        known = self._known(session, wanted, screens)
        self._prefetch(session, snapshot, made, wanted)
        plan = StorePlan(store, screens)
        days = snapshot.days(made)
        self._warm(session, known.values(), days)
        for key, profile in wanted.items():
            view = View(snapshot, profile)
            self._add(
                plan,
                key,
                lambda view=view, profile=profile, key=key: self._prepare(  # type: ignore[misc]
                    session, gather(profile, view, days, self._memo), view, known[key], snapshot.now
                ),
            )
        return plan

    def plan_facts(
        self, session: Session, now: int, store: str, profiles: Collection[str], moved: Set[str]
    ) -> StorePlan | None:
        """Resolve profiles of which only the facts `moved` have changed since this worker stored
        them; None where one of them is not remembered so and `plan` must do."""
        snapshot = self.library.facts_only(session, now)
        made = snapshot.store(store)
        if made is None:
            return None
        days = snapshot.days(made)
        known = self._known(session, profiles, None)
        kept = {key: self._memory.get(key, known[key].seen) for key in profiles}
        found = {key: one for key, one in kept.items() if one is not None and one.holds(made, days)}
        if len(found) < len(kept):
            return None
        snapshot.prefetch({key for one in found.values() for key in one.view.lines} & moved)
        self._warm(session, known.values(), days)
        plan = StorePlan(store, None)
        for key, one in found.items():
            self._add(
                plan,
                key,
                lambda key=key, one=one: self._facts(  # type: ignore[misc]
                    session, snapshot, known[key], one, moved
                ),
            )
        return plan

    def confirm(self, plans: Iterable[Prepared], now: int) -> None:
        """These were stored at `now`."""
        for plan in plans:
            self.inputs.confirm(plan.objects)
            self._lately.add(plan.objects, now)
            self._memory.confirm(plan.key, plan.resolved_at(now))

    def _add(self, plan: StorePlan, key: str, prepare: Callable[[], Prepared]) -> None:
        """One profile at fault must not stop the others."""
        try:
            plan.prepared.append(prepare())
        except Exception:
            log.exception("profile_failed", profile=key, store=plan.store)
            plan.failed.add(key)

    def _warm(self, session: Session, known: Iterable[Known], days: tuple[LocalDay, ...]) -> None:
        """Read what plays now of all profiles at once."""
        self.plans.warm(session, [k.manifest for k in known if k.manifest], days[0].date)

    def _prefetch(
        self, session: Session, snapshot: Snapshot, store: Store, wanted: Mapping[str, Profile]
    ) -> None:
        """Read what the profiles read last time; for new ones all that may be on air there."""
        sets = self.index.sets_of(session, wanted)
        names = {name for some in sets.values() for name in some}
        snapshot.prefetch(self.index.keys_of(session, names))
        if not all(sets.values()):
            places = {profile.place for profile in wanted.values()}
            snapshot.prefetch(self.library.on_air(store, places))

    def _profiles_of(
        self, session: Session, snapshot: Snapshot, store: Store
    ) -> tuple[dict[str, str], dict[str, Profile]]:
        """The profile that each screen of a store has under its wishes now."""
        rows = session.execute(select(ScreenRow.__table__).where(ScreenRow.store_id == store.id))
        screens = [screen_from(row) for row in rows]
        asking = View(snapshot, nobody(store))
        wishes = wishes_of(asking, store.id, [screen.id for screen in screens])
        profiles = {screen.id: profile_of(screen, wishes) for screen in screens}
        keys = {screen: profile.key for screen, profile in profiles.items()}
        wanted: dict[str, Profile] = {profile.key: profile for profile in profiles.values()}
        return {str(screen): key for screen, key in keys.items()}, wanted

    def _read_profiles(self, session: Session, keys: Collection[str]) -> dict[str, Profile]:
        found: dict[str, Profile] = {}
        for some in batched(sorted(keys), MAX_IN):
            rows = select(ProfileRow.key, ProfileRow.body).where(ProfileRow.key.in_(some))
            for key, body in session.execute(rows):
                found[key] = profile_from(body["profile"])
        return found

    def _known(
        self, session: Session, wanted: Collection[str], screens: Mapping[str, str] | None
    ) -> dict[str, Known]:
        """What the record holds; a profile that is new begins with what its screens play now."""
        found: dict[str, Known] = {}
        for some in batched(sorted(wanted), MAX_IN):
            rows = session.execute(_KNOWN, {"keys": some})
            found.update((key, Known(*rest)) for key, *rest in rows)
        new = [key for key in wanted if key not in found]
        if new and screens:
            heads = select(ScreenHeadRow.screen_id, ScreenHeadRow.manifest).where(
                ScreenHeadRow.screen_id.in_([s for s, key in screens.items() if key in set(new)])
            )
            for screen, manifest in session.execute(heads.order_by(ScreenHeadRow.screen_id)):
                found.setdefault(screens[screen], Known(0, manifest))
        return {key: found.get(key, Known()) for key in wanted}

    def _facts(
        self,
        session: Session,
        snapshot: Snapshot,
        known: Known,
        kept: Remembered,
        moved: Set[str],
    ) -> Prepared:
        """Prepare a profile again with some facts read anew."""
        view = kept.view.again(snapshot, moved)
        gathered = gather_facts(kept.situation, _AS_STORED, view, moved, self._memo)
        return self._prepare(session, gathered, view, known, snapshot.now, as_stored=True)

    def _prepare(
        self,
        session: Session,
        gathered: Gathered,
        view: View,
        known: Known,
        now: int,
        *,
        as_stored: bool = False,
    ) -> Prepared:
        """All that is to be stored; `as_stored` where it reads what it did."""
        situation = gathered.situation
        profile, store, days = situation.profile, situation.store, situation.days
        old = self._old(session, known, days[0].date)
        lead = lead_from_json(known.lead, old) if old is not None and known.lead else None
        found = gathered.replanned(old, lead, now, view, self._margin_ms)
        same = old is not None and found.manifest == old.manifest
        name, inputs = known.manifest or "", known.inputs
        led = _lead_json(found.lead)
        playing: Plan | Resolved = found
        refused: Mapping[str, Any] | None = None
        objects: dict[str, Packed] = {}
        if not same:
            try:
                name = self._pack(found, old, objects, now)
            except TooHeavy as heavy:
                if old is None:
                    raise
                refused = _refused(heavy, known.refused, now)
                same, playing, led = True, old, dict(known.lead)
        if not same or (known.seen == 0 and refused is None):
            inputs = self.inputs.write(profile, store, days, view, led, objects)
        key = profile.key
        self._memory.keep(key, situation, view)
        return Prepared(
            key=key,
            store=store.id,
            known=known,
            manifest=name,
            body=_body(profile, playing, found, view),
            reads=None if as_stored else self.index.shared(split(found.reads | view.also)),
            inputs=inputs,
            lead=led,
            rolls_at=min(days[0].until_ms + self._jitter(store.id), view.again_at or NO_EXPIRY_MS),
            objects=objects,
            refused=refused,
        )

    def _old(self, session: Session, known: Known, date: str) -> Plan | None:
        """The plan that plays now, with today's chunk only."""
        if known.manifest is None:
            return None
        return self.plans.plan(session, known.manifest, NO_EXPIRY_MS, {date})

    def _pack(self, found: Resolved, old: Plan | None, objects: dict[str, Packed], now: int) -> str:
        """Put a manifest and what it names into `objects`, but for what its predecessor named too
        or was stored lately; the manifest's name. Raises TooHeavy, with nothing put."""
        there = {day.chunk for day in old.manifest.days} if old is not None else set()
        new = found.chunks.keys() - there - self._lately.at(now)
        fresh = {sha: found.chunks[sha] for sha in new}
        data = weigh(found.manifest, found.deck, found.cards, fresh.values())
        objects.update((sha, pack("chunk", chunk)) for sha, chunk in fresh.items())
        if old is None or old.manifest.deck != found.manifest.deck:
            objects[found.manifest.deck] = pack("deck", found.deck)
        name = sha256(data)
        objects[name] = pack("manifest", data)
        self.plans.keep(name, found.manifest, found.cards)
        return name

    def _jitter(self, store: str) -> int:
        """So that stores do not all roll at once: a time of its own for each, the same each day."""
        return int.from_bytes(hashlib.sha256(store.encode()).digest()[:6], "big") % self._spread_ms


def nobody(store: Store) -> Profile:
    """A profile to ask for the wishes of a store with."""
    return Profile(StoreId(store.id), (1, 1), "fr", (), "", frozenset(), None)


def _lead_json(lead: Lead | None) -> dict[str, Any]:
    """The lead-in that a plan was made with."""
    found: Any = lead_to_json(lead) if lead is not None else {}
    return dict(found)


def _refused(heavy: TooHeavy, before: Mapping[str, Any] | None, now: int) -> dict[str, Any]:
    """Why a plan is not played, since when (unix ms)."""
    since = before["since"] if before is not None else now
    layer, wish = heavy.wish
    log.warning("plan_too_heavy", layer=layer, wish=wish, why=str(heavy))
    return {"since": since, "layer": layer, "wish": wish, "why": str(heavy)}


def _body(
    profile: Profile, playing: Plan | Resolved, found: Resolved, view: View
) -> Mapping[str, Any]:
    """What the worker asks of a profile without reading the plan that is `playing`."""
    live = {key for card in playing.cards.values() for key in card.live.values()}
    sources = {line.source for line in view.lines.values() if line is not None}
    if isinstance(playing, Plan):
        slots = (slot for chunk in playing.chunks.values() for slot in chunk.slots)
        sources.update(source for slot in slots for source, _ in slot.gates)
    return {
        "profile": profile_json(profile),
        "channels": list(playing.manifest.channels),
        "sources": sorted(sources),
        "live": sorted(live),
        "notes": [
            [note.code, note.zone, note.layer, note.wish, note.item, note.subject]
            for note in found.report[:NOTES_KEPT]
        ],
    }
