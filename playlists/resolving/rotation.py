"""A playlist's rotation: its items in order, with nested playlists unfolded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from playlists.conditions import Condition
from playlists.errors import Invalid, PlaylistCycle
from playlists.ids import ItemId, PlaylistId
from playlists.model import Card, Item, Playlist
from playlists.resolving.memo import Memo
from playlists.resolving.reading import Reader
from playlists.resolving.share import LOOP_MAX_MS
from playlists.schedule import ALWAYS, Schedule

MAX_DEPTH = 8
"""Playlists within playlists, the outer one included."""
MAX_ENTRIES = 1_000
"""Entries and nested playlists of one rotation once unfolded."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A card with everything that bounds it, its own and that of the items it is nested in
    (`within`). `price_free` is a card that gives way without its price, as it is if it may not;
    one whose price is drawn has none."""

    item: ItemId
    card: Card
    duration_ms: int
    fallback: Card | None
    schedules: tuple[Schedule, ...]
    conditions: tuple[Condition, ...]
    within: frozenset[ItemId]
    price_free: Card | None


@dataclass(frozen=True, slots=True, eq=False)
class Rotation:
    """The entries of a playlist. `problem` says why there are none or fewer: playlist_missing,
    playlist_cycle, playlist_too_deep or playlist_too_long, with the playlist at fault."""

    entries: tuple[Entry, ...]
    problem: tuple[str, PlaylistId] | None = None
    reads: tuple[tuple[PlaylistId, int], ...] = ()


def unfold(
    playlist: PlaylistId, read: Callable[[PlaylistId], Playlist | None]
) -> tuple[tuple[Entry, ...], tuple[PlaylistId, ...]]:
    """The entries of a playlist, and the nested playlists that are not there.

    Raises PlaylistCycle where one contains itself, Invalid beyond MAX_DEPTH or MAX_ENTRIES: what
    an editor must refuse.
    """
    walk = _Walk(read)
    walk.into(playlist, (), None)
    return tuple(walk.entries), tuple(walk.missing)


def rotation_of(playlist: PlaylistId, reader: Reader, memo: Memo) -> Rotation:
    """The playlist's rotation, never failing: a playlist at fault plays nothing and says so."""
    key = ("rotation", playlist, memo.token(playlist, reader.playlist(playlist)))
    known = memo.get(key)
    if isinstance(known, Rotation) and all(
        memo.token(name, reader.playlist(name)) == token for name, token in known.reads
    ):
        return known
    made = _rotation(playlist, reader, memo)
    memo.put(key, made)
    return made


def _rotation(playlist: PlaylistId, reader: Reader, memo: Memo) -> Rotation:
    reads: dict[PlaylistId, int] = {}

    def read(name: PlaylistId) -> Playlist | None:
        found = reader.playlist(name)
        reads[name] = memo.token(name, found)
        return found

    entries: tuple[Entry, ...] = ()
    problem: tuple[str, PlaylistId] | None = None
    try:
        entries, missing = unfold(playlist, read)
        if missing:
            problem = ("playlist_missing", missing[0])
    except PlaylistCycle as cycle:
        problem = (cycle.code, PlaylistId(cycle.path[-1]))
    except Invalid as wrong:
        problem = (wrong.field, playlist)
    reads.pop(playlist)
    return Rotation(entries, problem, tuple(reads.items()))


@dataclass(slots=True)
class _Walk:
    read: Callable[[PlaylistId], Playlist | None]
    entries: list[Entry] = field(default_factory=list)
    missing: list[PlaylistId] = field(default_factory=list)
    walked: int = 0

    def into(self, name: PlaylistId, path: tuple[PlaylistId, ...], outer: Entry | None) -> None:
        if name in path:
            raise PlaylistCycle((*path[path.index(name) :], name))
        if len(path) == MAX_DEPTH:
            raise Invalid(f"At most {MAX_DEPTH} playlists may be nested.", "playlist_too_deep")
        self._count()
        playlist = self.read(name)
        if playlist is None:
            self.missing.append(name)
            return
        for item in playlist.items:
            if isinstance(item.content, Card):
                self._add(_entry(item, item.content, outer))
            else:
                self.into(item.content, (*path, name), _entry(item, Card(""), outer))

    def _add(self, entry: Entry) -> None:
        self._count()
        self.entries.append(entry)

    def _count(self) -> None:
        self.walked += 1
        if self.walked > MAX_ENTRIES:
            raise Invalid(f"At most {MAX_ENTRIES} items in all.", "playlist_too_long")


def _entry(item: Item, card: Card, outer: Entry | None) -> Entry:
    card, fallback = _coming(card, item), item.fallback and _coming(item.fallback, item)
    own = () if item.schedule == ALWAYS else (item.schedule,)
    asked = () if item.condition is None else (item.condition,)
    return Entry(
        item=item.id,
        card=card,
        duration_ms=min(max(item.duration_ms, 1), LOOP_MAX_MS),
        fallback=_price_free(fallback) or (outer.fallback if outer else None),
        schedules=(*outer.schedules, *own) if outer else own,
        conditions=(*outer.conditions, *asked) if outer else asked,
        within=(outer.within if outer else frozenset()) | {item.id},
        price_free=_price_free(card) if card.price_loss == "fallback" and not card.drawn else None,
    )


def _coming(card: Card, item: Item) -> Card:
    """The card with the transition that its turn says, as screens are told of it."""
    if item.transition == "brand":
        return card
    return replace(card, params={**card.params, "transition": item.transition})


def _price_free(card: Card | None) -> Card | None:
    """A card as it plays where nothing stands behind it: it stays without its price, unless that
    is drawn in it."""
    if card is None or card.drawn or card.price_loss == "price_free":
        return card
    return replace(card, price_loss="price_free")
