"""One store's profiles resolved in one snapshot: what each is to play, ready to be stored.

Gathers and decides; stores nothing. A plan that comes out as it was is nothing to publish.
A change that touches today begins with a lead-in: the plan that plays now, to the end of its slot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.codec import encode_manifest
from playlists.ids import StoreId, sha256
from playlists.localtime import LocalDay
from playlists.manifest import Plan
from playlists.model import Store
from playlists.resolve import (
    Lead,
    Memo,
    Profile,
    Resolved,
    lead_from_json,
    lead_to_json,
    profile_of,
    replan,
    wishes_of,
)
from server.db.mappers import screen_from
from server.db.models import ProfileRow, ScreenHeadRow, ScreenRow
from server.services.inputs import InputsWriter, profile_from, profile_json
from server.services.kept import MAX_IN, batched
from server.services.objects import Packed, Plans, pack
from server.services.reading import Library, Snapshot
from server.services.readsets import ReadIndex, ReadSets, split
from server.services.viewing import View

log = structlog.get_logger(__name__)

NOTES_KEPT = 50
"""Of what a resolve reports, for people; the rest would say the same."""
NO_EXPIRY_MS = 2**52
"""A plan is only asked what plays, never whether its prices may show."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the record holds of a profile; `seen` is its row's `resolved_at`, 0 without one."""

    seen: int = 0
    manifest: str | None = None
    inputs: str | None = None
    lead: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A profile resolved: all that is to be stored of it."""

    key: str
    store: str
    known: Known
    manifest: str
    body: Mapping[str, Any]
    reads: ReadSets
    inputs: str | None
    lead: Mapping[str, Any]
    rolls_at: int
    objects: Mapping[str, Packed]


@dataclass(slots=True)
class StorePlan:
    """What came of one store. `screens` says which profile each screen plays, None where that was
    not asked; `failed` are profiles that could not be resolved and keep what they have."""

    store: str
    screens: dict[str, str] | None
    prepared: list[Prepared] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)


class Planner:
    """Resolves stores, remembering between snapshots. For one thread."""

    def __init__(self, spread_s: int) -> None:
        self.library = Library()
        self.plans = Plans()
        self.index = ReadIndex()
        self.inputs = InputsWriter()
        self._memo = Memo()
        self._spread_ms = max(1, spread_s * 1000)

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
        for key, profile in wanted.items():
            try:
                prepared = self._prepare(session, snapshot, made, days, profile, known[key])
                plan.prepared.append(prepared)
            except Exception:  # one profile at fault must not stop the others
                log.exception("profile_failed", profile=key, store=store)
                plan.failed.add(key)
        return plan

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
        asking = View(snapshot, _nobody(store))
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
            rows = select(
                ProfileRow.key,
                ProfileRow.resolved_at,
                ProfileRow.manifest,
                ProfileRow.inputs,
                ProfileRow.lead,
            ).where(ProfileRow.key.in_(some))
            found.update((key, Known(*rest)) for key, *rest in session.execute(rows))
        new = [key for key in wanted if key not in found]
        if new and screens:
            heads = select(ScreenHeadRow.screen_id, ScreenHeadRow.manifest).where(
                ScreenHeadRow.screen_id.in_([s for s, key in screens.items() if key in set(new)])
            )
            for screen, manifest in session.execute(heads.order_by(ScreenHeadRow.screen_id)):
                found.setdefault(screens[screen], Known(0, manifest))
        return {key: found.get(key, Known()) for key in wanted}

    def _prepare(
        self,
        session: Session,
        snapshot: Snapshot,
        store: Store,
        days: tuple[LocalDay, ...],
        profile: Profile,
        known: Known,
    ) -> Prepared:
        view = View(snapshot, profile)
        old = self._old(session, known, days[0].date)
        lead = lead_from_json(known.lead, old) if old is not None and known.lead else None
        found = replan(profile, view, days, old, lead, snapshot.now, self._memo)
        same = old is not None and found.manifest == old.manifest
        name, inputs = known.manifest or "", known.inputs
        led = _lead_json(found.lead)
        objects: dict[str, Packed] = {}
        if not same:
            name = self._pack(found, old, objects)
        if not same or known.seen == 0:
            inputs = self.inputs.write(profile, store, days, view, led, objects)
        return Prepared(
            key=profile.key,
            store=store.id,
            known=known,
            manifest=name,
            body=_body(profile, found, view),
            reads=split(found.reads | view.also),
            inputs=inputs,
            lead=led,
            rolls_at=days[0].until_ms + self._jitter(store.id),
            objects=objects,
        )

    def _old(self, session: Session, known: Known, date: str) -> Plan | None:
        """The plan that plays now, with today's chunk only."""
        if known.manifest is None:
            return None
        return self.plans.plan(session, known.manifest, NO_EXPIRY_MS, {date})

    def _pack(self, found: Resolved, old: Plan | None, objects: dict[str, Packed]) -> str:
        """Put a manifest and what it names into `objects`, but for what its predecessor named too;
        the manifest's name."""
        there = {day.chunk for day in old.manifest.days} if old is not None else set()
        for sha, chunk in found.chunks.items():
            if sha not in there:
                objects[sha] = pack("chunk", chunk)
        if old is None or old.manifest.deck != found.manifest.deck:
            objects[found.manifest.deck] = pack("deck", found.deck)
        data = encode_manifest(found.manifest)
        name = sha256(data)
        objects[name] = pack("manifest", data)
        self.plans.keep(name, found.manifest, found.cards)
        return name

    def _jitter(self, store: str) -> int:
        """So that stores do not all roll at once: a time of its own for each, the same each day."""
        return int.from_bytes(hashlib.sha256(store.encode()).digest()[:6], "big") % self._spread_ms


def _nobody(store: Store) -> Profile:
    """A profile to ask for the wishes of a store with."""
    return Profile(StoreId(store.id), (1, 1), "fr", (), "", frozenset(), None)


def _lead_json(lead: Lead | None) -> dict[str, Any]:
    """The lead-in that a plan was made with."""
    found: Any = lead_to_json(lead) if lead is not None else {}
    return dict(found)


def _body(profile: Profile, found: Resolved, view: View) -> dict[str, Any]:
    """What the worker asks of a profile without reading its plan."""
    live = {key for card in found.cards.values() for key in card.live.values()}
    return {
        "profile": profile_json(profile),
        "channels": list(found.manifest.channels),
        "sources": sorted({line.source for line in view.lines.values() if line is not None}),
        "live": sorted(live),
        "notes": [list(astuple(note)) for note in found.report[:NOTES_KEPT]],
    }
