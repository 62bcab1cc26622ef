"""The dependency index: the sets of keys that profiles read, and which profiles a key concerns.

A profile's keys are split into the chain's, the store's and its own, so that most sets are shared
by many profiles and the index stays small; a set is named by its keys' hash and never changes.
A product is known to a shop, whichever store's channel it was read for: the index holds
`product:sku@shop`, one for all stores.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from playlists.facts import KINDS
from playlists.ids import sha256
from server.db.models import ProfileReadRow, ProfileRow, ReadSetRow
from server.services.base.kept import MAX_IN, batched
from server.services.publishing.reading import shop_of

ReadSets = Mapping[str, frozenset[str]]
"""Keys by the set's name."""

_CHAIN = frozenset({"campaign", "playlist", "asset", "emergencies", "product"})

_PROFILE, _READ, _SET = (row.__table__.c for row in (ProfileRow, ProfileReadRow, ReadSetRow))
_READING = (
    select(_PROFILE.key, _PROFILE.store_id)
    .where(_READ.profile == _PROFILE.key, _SET.reads == _READ.reads)
    .where(_SET.key.in_(bindparam("keys", expanding=True)))
)


def split(keys: Iterable[str]) -> dict[str, frozenset[str]]:
    """A profile's keys as sets."""
    parts: dict[str, list[str]] = {"chain": [], "store": [], "own": []}
    for key in map(_indexed, keys):
        kind = key.partition(":")[0]
        is_chain = kind in _CHAIN or key == "base:chain"
        part = "own" if kind in KINDS else "chain" if is_chain else "store"
        parts[part].append(key)
    found = (frozenset(part) for part in parts.values() if part)
    return {name_of(part): part for part in found}


def _indexed(key: str) -> str:
    """A key as the index holds it."""
    if key.startswith("product:"):
        sku, _, channel = key.partition("@")
        return f"{sku}@{shop_of(channel)}"
    return key


def name_of(keys: frozenset[str]) -> str:
    """The name of a set of keys: half a sha256, since the index repeats it for every key."""
    return sha256("\n".join(sorted(keys)).encode())[:32]


class ReadIndex:
    """The index in the record. Sets are immutable, so those once seen are kept in memory."""

    def __init__(self) -> None:
        self._sets: dict[str, frozenset[str]] = {}

    def profiles_reading(self, session: Session, keys: Collection[str]) -> dict[str, str]:
        """The profiles that read any of `keys`, each with its store."""
        found: dict[str, str] = {}
        for some in batched(sorted(set(map(_indexed, keys))), MAX_IN):
            found.update(session.execute(_READING, {"keys": some}).all())
        return found

    def sets_of(self, session: Session, profiles: Collection[str]) -> dict[str, set[str]]:
        """The names of the sets that each profile read."""
        found: dict[str, set[str]] = {profile: set() for profile in profiles}
        for some in batched(sorted(profiles), MAX_IN):
            rows = select(ProfileReadRow.profile, ProfileReadRow.reads)
            for profile, name in session.execute(rows.where(ProfileReadRow.profile.in_(some))):
                found[profile].add(name)
        return found

    def keys_of(self, session: Session, names: Collection[str]) -> set[str]:
        """All keys of these sets."""
        missing = [name for name in names if name not in self._sets]
        for some in batched(missing, MAX_IN):
            rows = select(ReadSetRow.reads, ReadSetRow.key).where(ReadSetRow.reads.in_(some))
            grown: dict[str, set[str]] = {}
            for name, key in session.execute(rows):
                grown.setdefault(name, set()).add(key)
            self._sets.update((name, frozenset(keys)) for name, keys in grown.items())
        return {key for name in names for key in self._sets.get(name, ())}

    def shared(self, sets: ReadSets) -> ReadSets:
        """The same sets, each the one object that is kept of it."""
        return {name: self._sets.setdefault(name, keys) for name, keys in sets.items()}

    def touched(
        self, session: Session, read: Mapping[str, ReadSets | None], keys: Collection[str]
    ) -> set[str]:
        """Which profiles (by key, with the sets that they read; None: those that are stored) read
        any of `keys`."""
        marked = frozenset(map(_indexed, keys))
        found: set[str] = set()
        stored: set[str] = set()
        for profile, sets in read.items():
            if sets is None:
                stored.add(profile)
            elif not all(part.isdisjoint(marked) for part in sets.values()):
                found.add(profile)
        return found | (stored & self.profiles_reading(session, keys).keys() if stored else set())

    def store(self, session: Session, read: Mapping[str, ReadSets]) -> None:
        """Write what each profile (by key) read now: only what differs."""
        before = self.sets_of(session, read.keys())
        self._add_sets(session, {name: sets[name] for sets in read.values() for name in sets})
        added = [
            {"profile": profile, "reads": name}
            for profile, sets in read.items()
            for name in sets.keys() - before[profile]
        ]
        if added:
            session.execute(_insert(session, ProfileReadRow), added)
        for profile, sets in read.items():
            over = before[profile] - sets.keys()
            if over:
                session.execute(
                    delete(ProfileReadRow).where(
                        ProfileReadRow.profile == profile, ProfileReadRow.reads.in_(over)
                    )
                )

    def _add_sets(self, session: Session, sets: ReadSets) -> None:
        there: set[str] = set()
        for some in batched(sorted(sets), MAX_IN):
            names = select(ReadSetRow.reads).where(ReadSetRow.reads.in_(some)).distinct()
            there.update(session.scalars(names))
        rows = [
            {"reads": name, "key": key}
            for name, keys in sets.items()
            if name not in there
            for key in keys
        ]
        if rows:
            session.execute(_insert(session, ReadSetRow), rows)


def sweep_sets(session: Session) -> int:
    """Forget the sets that no profile reads any more; how many keys went."""
    used = select(ProfileReadRow.reads)
    gone = session.execute(delete(ReadSetRow).where(ReadSetRow.reads.not_in(used)))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _insert(session: Session, row: type[ProfileReadRow] | type[ReadSetRow]):  # type: ignore[no-untyped-def]
    """Two workers may write the same set: the second changes nothing."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(row.__table__).on_conflict_do_nothing()
