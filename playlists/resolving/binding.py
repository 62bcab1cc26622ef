"""A stage's places bound to one store: cards, fallbacks and gates, as slots ready to be written."""

from __future__ import annotations

from playlists.resolving.carding import Ready
from playlists.resolving.memo import Memo
from playlists.resolving.packing import Bound, bound
from playlists.resolving.situation import ZonePlan


def slots_of(plan: ZonePlan, memo: Memo) -> tuple[Bound, ...]:
    """Every place of the zone's stage as a bound slot, by its number."""
    found: dict[int, Bound] = {}
    for number, part in enumerate(plan.stage.parts):
        gates = plan.gates(number)
        for at in part.places:
            place = plan.stage.places[at]
            cast = plan.casting[place.candidate].cast
            card: object = cast.cards[place.number]
            fallback: object = cast.fallbacks[place.number]
            if place.stand_in:
                card, fallback = fallback, None
            assert isinstance(card, Ready)
            after = fallback if isinstance(fallback, Ready) else None
            key = ("slot", card.id, after and after.id, place.entry.duration_ms, place.why, gates)
            found[at] = memo.keep(
                key,
                lambda card=card, after=after, place=place, gates=gates: bound(  # type: ignore[misc]
                    card, after, place.entry.duration_ms, place.why, gates
                ),
            )
    return tuple([found[at] for at in range(len(found))])
