"""What people should know about a resolve: wishes that cannot play as meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from playlists.ids import ZoneId
from playlists.resolving.casting import Casting
from playlists.resolving.memo import Memo
from playlists.resolving.situation import Situation


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """Something short of what was wished. `wish` is a campaign, override, emergency or base
    playlist.

    Codes: product, asset, price, channel, card (an item's card may not be on air; `subject` is the
    SKU, file or field), playlist_missing, playlist_cycle, playlist_too_deep, playlist_too_long
    (`subject` the playlist), airtime (an item that gets no turn in any loop it was due in),
    inexact (shares are near, not exact, in some loop).
    """

    code: str
    zone: ZoneId
    layer: str
    wish: str
    item: str = ""
    subject: str = ""


@dataclass(slots=True)
class Shortfall:
    """By (zone, place): which slots have a turn in some loop and which have none in some. By (zone,
    candidate): the first voices of loops without exact shares."""

    aired: set[tuple[ZoneId, int]] = field(default_factory=set)
    silent: set[tuple[ZoneId, int]] = field(default_factory=set)
    inexact: set[tuple[ZoneId, int]] = field(default_factory=set)


def notes_of(situation: Situation, shortfall: Shortfall, memo: Memo) -> tuple[Note, ...]:
    """Everything to report of a situation and the days made from it, in order, each once."""
    found: set[Note] = set()
    for zone, plan in situation.zones.items():
        key = ("faults", zone, memo.mark(plan.casting))
        found |= memo.keep(key, partial(_all_faults, zone, plan.casting))
    aired = {(zone, situation.zones[zone].stage.places[at].origin) for zone, at in shortfall.aired}
    for zone, at in shortfall.silent - aired:
        place = situation.zones[zone].stage.places[at]
        candidate = situation.zones[zone].stage.candidates[place.candidate]
        found.add(Note("airtime", zone, candidate.layer, candidate.id, place.entry.item))
    for zone, at in shortfall.inexact:
        candidate = situation.zones[zone].stage.candidates[at]
        found.add(Note("inexact", zone, candidate.layer, candidate.id))
    return tuple(sorted(found))


def _all_faults(zone: ZoneId, castings: Sequence[Casting]) -> frozenset[Note]:
    return frozenset(note for casting in castings for note in _faults(zone, casting))


def _faults(zone: ZoneId, casting: Casting) -> Iterator[Note]:
    candidate = casting.candidate
    if casting.cast.rotation.problem is not None:
        code, playlist = casting.cast.rotation.problem
        yield Note(code, zone, candidate.layer, candidate.id, subject=playlist)
    rows = zip(
        casting.cast.rotation.entries, casting.cast.cards, casting.cast.fallbacks, strict=True
    )
    for entry, *cards in rows:
        for card in cards:
            if isinstance(card, tuple):
                yield Note(card[0], zone, candidate.layer, candidate.id, entry.item, card[1])
