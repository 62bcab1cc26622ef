"""A stage's places bound to one store: cards, fallbacks and gates, as slots ready to be written."""

from __future__ import annotations

from playlists.resolving.carding import Ready
from playlists.resolving.memo import Memo
from playlists.resolving.packing import Bound, bound
from playlists.resolving.situation import ZonePlan


def slots_of(plan: ZonePlan, memo: Memo) -> tuple[Bound, ...]:
    """Every place of the zone's stage as a slot, by its number."""
    found: dict[int, Bound] = {}
    for number, part in enumerate(plan.stage.parts):
        gates = plan.gates(number)
        for at in part.places:
            place = plan.stage.places[at]
            card, after = cards_at(plan, at)
            name = after.id if after is not None else None
            found[at] = bound(card.id, name, place.entry.duration_ms, place.why, gates, memo)
    return tuple([found[at] for at in range(len(found))])


def cards_at(plan: ZonePlan, at: int) -> tuple[Ready, Ready | None]:
    """The card of a place (by number), and its fallback if that may be on air."""
    place = plan.stage.places[at]
    cast = plan.casting[place.candidate].cast
    card = cast.fallbacks[place.number] if place.stand_in else cast.cards[place.number]
    after = None if place.stand_in else cast.fallbacks[place.number]
    assert isinstance(card, Ready)
    return card, after if isinstance(after, Ready) else None
