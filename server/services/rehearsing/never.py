"""What never gets airtime, and the one rule that rules it out: asked of the code that explains."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playlists.errors import Invalid
from playlists.explain import explain
from playlists.explain.explanation import Loser
from playlists.explain.judging import FAULT_RULES
from playlists.ids import Sha256
from playlists.manifest import Chunk
from playlists.model import Campaign, Playlist
from server.services.rehearsing.reckoning import EXAMPLES, Pair

MAX_TRIES = 6
"""Instants that are asked about for one item: each later one is where the rule before ends."""
MAX_NEVER = 40
UNUSED = "unused"
"""The rule of an item whose playlist nothing plays."""


@dataclass(frozen=True, slots=True)
class Never:
    """An item without airtime. `rule` and `detail` as `playlists.explain.Loser` has them; unused:
    nothing plays its playlist.
    """

    source: str
    item: str
    rule: str
    detail: Mapping[str, Any]


class Airtime:
    """Watches which items of the rehearsed wishes have a turn anywhere in the window. `lists` and
    `campaigns` are all there are, as they would be.
    """

    def __init__(
        self,
        wishes: Sequence[Playlist | Campaign],
        lists: Mapping[str, Playlist],
        campaigns: Collection[Campaign],
    ) -> None:
        planned = [one for one in wishes if isinstance(one, Campaign)]
        within = {str(one.playlist) for one in planned}
        self._sources: dict[str, frozenset[str]] = {
            str(one.id): frozenset({one.id}) for one in planned
        }
        for one in wishes:
            if isinstance(one, Playlist) and one.id not in within:
                self._sources[str(one.id)] = _players(str(one.id), lists, campaigns)
        self._missing = {
            (str(one.id), str(item.id))
            for one in wishes
            if str(one.id) in self._sources
            for item in _items(one, lists)
        }
        self._order = [(str(one.id), str(item.id)) for one in wishes for item in _items(one, lists)]
        self._places: list[Pair] = []
        self._seen: set[tuple[Sha256, int]] = set()

    @property
    def wanted(self) -> bool:
        """Whether some item has had no turn yet."""
        return bool(self._missing)

    def saw(self, name: Sha256, from_ms: int, read: Callable[[Sha256], Chunk]) -> None:
        """A day of some profile, from so many milliseconds into it on; days alike are read once."""
        if not self._missing or (name, from_ms) in self._seen:
            return
        self._seen.add((name, from_ms))
        turns = set(_turns(read(name), from_ms))
        self._missing = {
            (wish, item)
            for wish, item in self._missing
            if not any((source, item) in turns for source in self._sources[wish])
        }

    def place(self, pair: Pair) -> None:
        """A profile that may be asked why."""
        if len(self._places) < EXAMPLES:
            self._places.append(pair)

    def never(self, now: int) -> tuple[Never, ...]:
        """Those that had none, each with its rule."""
        wanted = [one for one in dict.fromkeys(self._order) if one in self._missing]
        return tuple(self._why(wish, item, now) for wish, item in wanted[:MAX_NEVER])

    def _why(self, source: str, item: str, now: int) -> Never:
        best: Loser | None = None
        for pair in self._places:
            fault = _fault(pair, self._sources[source], item)
            if fault is not None:
                return Never(source, item, *fault)
            lost = _asked(pair, self._sources[source], item, now)
            if lost is not None and lost.rule != "place":
                return Never(source, item, lost.rule, dict(lost.detail))
            best = best or lost
        if best is not None:
            return Never(source, item, best.rule, dict(best.detail))
        return Never(source, item, UNUSED, {})


def _turns(chunk: Chunk, from_ms: int) -> Iterator[tuple[str, str]]:
    """Wish and item of what is still to come of a day."""
    for segments in chunk.zones.values():
        ends = [*(segment.from_ms for segment in segments[1:]), chunk.length_ms]
        for segment, end in zip(segments, ends, strict=True):
            if end > from_ms:
                whys = (chunk.slots[at].why for at in segment.loop)
                yield from ((str(why.source), str(why.item)) for why in whys)


def _items(wish: Playlist | Campaign, lists: Mapping[str, Playlist]) -> Sequence[Any]:
    playlist = wish if isinstance(wish, Playlist) else lists.get(wish.playlist)
    found: list[Any] = []
    for item in playlist.items if playlist is not None else ():
        inner = lists.get(item.content) if isinstance(item.content, str) else None
        found += inner.items if inner is not None else [item]
    return found


def _players(
    playlist: str, lists: Mapping[str, Playlist], campaigns: Collection[Campaign]
) -> frozenset[str]:
    """What may bring a playlist on screens: itself as a base or by hand, campaigns, and what plays
    the playlists that hold it.
    """
    holders = {playlist}
    grown = True
    while grown:
        held = {n for n, one in lists.items() if _holds(one, holders)}
        grown = not held <= holders
        holders |= held
    return frozenset(holders | {str(c.id) for c in campaigns if c.playlist in holders})


def _holds(playlist: Playlist, names: Collection[str]) -> bool:
    return any(isinstance(one.content, str) and one.content in names for one in playlist.items)


def _fault(pair: Pair, sources: Collection[str], item: str) -> tuple[str, Mapping[str, Any]] | None:
    """What is wrong with an item's own card."""
    for note in pair.after.report:
        if note.item == item and note.wish in sources and note.code in FAULT_RULES:
            return FAULT_RULES[note.code], {"subject": note.subject}
    return None


def _asked(pair: Pair, sources: Collection[str], item: str, now: int) -> Loser | None:
    """The rule of one place: of the item, else of the wish that plays it."""
    days = pair.gathered.situation.days
    at = max(now, days[0].from_ms)
    last: Loser | None = None
    for _ in range(MAX_TRIES):
        for box in pair.profile.layout:
            try:
                told = explain(pair.profile, pair.view, days, at, zone=box.id)
            except Invalid:
                continue
            lost = _loser(told.losers, sources, item)
            last = lost or last
        following = last.detail.get("next") if last is not None else None
        if not isinstance(following, int) or following <= at or following >= days[-1].until_ms:
            break
        at = following
    return last


def _loser(losers: Sequence[Loser], sources: Collection[str], item: str) -> Loser | None:
    mine = [one for one in losers if one.item == item and one.wish in sources]
    whole = [one for one in losers if not one.item and one.wish in sources]
    return next((one for one in (*mine, *whole) if one.rule != "turn"), None)
