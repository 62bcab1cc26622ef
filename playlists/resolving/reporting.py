"""What people should know about a resolve: wishes that cannot play as meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from playlists.ids import ZoneId
from playlists.resolving.situation import Casting, Situation, ZonePlan
from playlists.resolving.stage import Loop


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


def notes_of(situation: Situation, loops: dict[ZoneId, set[Loop]]) -> tuple[Note, ...]:
    """Everything to report of a situation and the loops that play in it, in order, each once."""
    found: set[Note] = set()
    for zone, plan in situation.zones.items():
        for casting in plan.casting:
            found.update(_faults(zone, casting))
        found.update(_shortfalls(zone, plan, loops.get(zone, set())))
    return tuple(sorted(found))


def _faults(zone: ZoneId, casting: Casting) -> Iterator[Note]:
    candidate = casting.candidate
    if casting.rotation.problem is not None:
        code, playlist = casting.rotation.problem
        yield Note(code, zone, candidate.layer, candidate.id, subject=playlist)
    rows = zip(casting.rotation.entries, casting.cards, casting.fallbacks, strict=True)
    for entry, *cards in rows:
        for card in cards:
            if isinstance(card, tuple):
                yield Note(card[0], zone, candidate.layer, candidate.id, entry.item, card[1])


def _shortfalls(zone: ZoneId, plan: ZonePlan, loops: Iterable[Loop]) -> Iterator[Note]:
    aired: set[int] = set()
    silent: set[int] = set()
    for loop in loops:
        aired.update(loop.places)
        silent.update(loop.unaired)
        if not loop.exact:
            first = plan.stage.candidates[loop.mixed[0]]
            yield Note("inexact", zone, first.layer, first.id)
    for at in silent - aired:
        place = plan.stage.places[at]
        candidate = plan.stage.candidates[place.candidate]
        yield Note("airtime", zone, candidate.layer, candidate.id, place.entry.item)
