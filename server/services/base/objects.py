"""Content-addressed objects in the record: stored once, read back, decoded plans kept in memory."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from playlists.codec import decode_deck, decode_manifest, decode_own_chunk
from playlists.ids import CardId, Sha256
from playlists.manifest import Chunk, DeckCard, Manifest, Plan
from server.db.models import ObjectRow
from server.errors import NotFound
from server.services.base.kept import MAX_IN, batched

ZLIB_LEVEL = 1
"""Objects are written in thousands and read seldom: more would cost time, not save much."""
PLANS_KEPT = 6_000
"""Decoded manifests held in memory: a chain's profiles, three times over."""
CHUNKS_KEPT = 6_000
LATELY_MS = 24 * 3_600_000

_OBJECT = ObjectRow.__table__.c
_DATA = select(_OBJECT.sha, _OBJECT.data).where(_OBJECT.sha.in_(bindparam("names", expanding=True)))

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Packed:
    """An object as stored: its kind (manifest, deck, chunk, inputs, shared) and zlib bytes."""

    kind: str
    data: bytes


def pack(kind: str, data: bytes) -> Packed:
    """Compress an object for storing."""
    return Packed(kind, zlib.compress(data, ZLIB_LEVEL))


def store_objects(session: Session, objects: Mapping[str, Packed], now: int) -> None:
    """Insert those that are not there yet."""
    if not objects:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    insert = dialect.insert(ObjectRow.__table__).on_conflict_do_nothing()
    session.execute(
        insert,
        [
            {"sha": sha, "kind": packed.kind, "data": packed.data, "created_at": now}
            for sha, packed in objects.items()
        ],
    )


def load_object(session: Session, sha: str) -> bytes:
    """An object's bytes. Raises NotFound."""
    found = load_objects(session, [sha])
    if sha not in found:
        raise NotFound("This object is not kept (any more).")
    return found[sha]


def load_objects(session: Session, shas: Iterable[str]) -> dict[str, bytes]:
    """The bytes of those objects that are there, by sha256."""
    found: dict[str, bytes] = {}
    for some in batched(list(dict.fromkeys(shas)), MAX_IN):
        rows = session.execute(_DATA, {"names": some})
        found.update((sha, zlib.decompress(data)) for sha, data in rows)
    return found


class Lately:
    """Names of objects that this process stored a short while ago, with a head that names them:
    that keeps them for the whole of history, so they need not be stored again."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._since = 0

    def at(self, now: int) -> Set[str]:
        """Those stored lately, as of `now` (unix milliseconds)."""
        if not 0 <= now - self._since < LATELY_MS:
            self._names.clear()
            self._since = now
        return self._names

    def add(self, names: Iterable[str], now: int) -> None:
        """These were committed."""
        self.at(now)
        self._names.update(names)


class Plans:
    """Decoded manifests, decks and chunks by sha256, the last used ones kept."""

    def __init__(self) -> None:
        self._plans: OrderedDict[str, tuple[Manifest, Mapping[CardId, DeckCard]]] = OrderedDict()
        self._chunks: OrderedDict[str, Chunk] = OrderedDict()

    def keep(self, sha: str, manifest: Manifest, cards: Mapping[CardId, DeckCard]) -> None:
        """Remember a manifest that was just made."""
        _put(self._plans, sha, (manifest, cards), PLANS_KEPT)

    def manifest(self, session: Session, sha: str) -> Manifest | None:
        """A manifest, None where it is not kept."""
        known = self._load(session, sha)
        return known[0] if known else None

    def plan(
        self, session: Session, sha: str, expires_at: int, dates: Collection[str] | None = None
    ) -> Plan | None:
        """The plan of a manifest, with the chunks of `dates` only where given; None if not kept."""
        known = self._load(session, sha)
        if known is None:
            return None
        manifest, cards = known
        wanted = [day.chunk for day in manifest.days if dates is None or day.date in dates]
        return Plan(manifest, cards, self._load_chunks(session, wanted), expires_at)

    def chunk(self, session: Session, sha: Sha256) -> Chunk:
        """A day of a manifest that is kept. Raises NotFound."""
        found = self._load_chunks(session, [sha])
        if sha not in found:
            raise NotFound("This object is not kept (any more).")
        return found[sha]

    def warm(self, session: Session, manifests: Iterable[str], date: str) -> None:
        """Read the chunks of one date of several manifests at once, for `plan`."""
        days = (day for manifest in self._read(session, manifests) for day in manifest.days)
        self._load_chunks(session, [day.chunk for day in days if day.date == date])

    def warm_between(
        self, session: Session, manifests: Iterable[str], from_ms: int, until_ms: int
    ) -> None:
        """The same for the days that touch `[from_ms, until_ms)`."""
        days = (day for manifest in self._read(session, manifests) for day in manifest.days)
        wanted = [day.chunk for day in days if day.from_ms < until_ms and from_ms < day.until_ms]
        self._load_chunks(session, wanted)

    def _read(self, session: Session, manifests: Iterable[str]) -> list[Manifest]:
        """Those manifests that are kept, all that is not in memory read at once."""
        names = list(dict.fromkeys(manifests))
        missing = [sha for sha in names if sha not in self._plans]
        made = {sha: decode_manifest(data) for sha, data in load_objects(session, missing).items()}
        decks = load_objects(session, [manifest.deck for manifest in made.values()])
        cards = {sha: decode_deck(data) for sha, data in decks.items()}
        known = [self._plans[sha][0] for sha in names if sha in self._plans]
        for sha, manifest in made.items():
            if manifest.deck in cards:
                self.keep(sha, manifest, cards[manifest.deck])
                known.append(manifest)
        return known

    def _load(
        self, session: Session, sha: str
    ) -> tuple[Manifest, Mapping[CardId, DeckCard]] | None:
        if sha not in self._plans and not self._read(session, [sha]):
            return None
        self._plans.move_to_end(sha)
        return self._plans[sha]

    def _load_chunks(self, session: Session, shas: Iterable[Sha256]) -> dict[Sha256, Chunk]:
        wanted = list(dict.fromkeys(shas))
        missing = [sha for sha in wanted if sha not in self._chunks]
        found = load_objects(session, missing) if missing else {}
        read = {sha: decode_own_chunk(data) for sha, data in found.items()}
        chunks = {sha: self._chunks[sha] for sha in wanted if sha in self._chunks}
        for sha, chunk in read.items():
            chunks[Sha256(sha)] = chunk
            _put(self._chunks, sha, chunk, CHUNKS_KEPT)
        return chunks


def _put(kept: OrderedDict[str, T], sha: str, value: T, most: int) -> None:
    kept[sha] = value
    kept.move_to_end(sha)
    if len(kept) > most:
        kept.popitem(last=False)
