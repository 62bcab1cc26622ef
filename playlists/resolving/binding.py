"""A stage's places bound to one store: cards, fallbacks and gates, as slots ready to be written."""

from __future__ import annotations

from playlists.resolving.carding import Ready
from playlists.resolving.memo import Memo
from playlists.resolving.packing import Bound, bound
from playlists.resolving.situation import ZonePlan


class Slots(dict[int, Bound]):
    """Places of a zone's stage as slots, by number, each bound when first asked for."""

    def __init__(self, plan: ZonePlan, memo: Memo) -> None:
        super().__init__()
        self._plan = plan
        self._memo = memo

    def __missing__(self, at: int) -> Bound:
        stage = self._plan.stage
        place = stage.places[at]
        card, after = cards_at(self._plan, at)
        name = after.id if after is not None else None
        gates = self._plan.gates(stage.part_of[place.origin])
        made = bound(card.id, name, place.entry.duration_ms, place.why, gates, self._memo)
        self[at] = made
        return made


def cards_at(plan: ZonePlan, at: int) -> tuple[Ready, Ready | None]:
    """The card of a place (by number), and what may fill in for it: its own fallback, else its
    spare's (which may be itself, without its price)."""
    place = plan.stage.places[at]
    cast = plan.casting[place.candidate].cast
    card = cast.fallbacks[place.number] if place.stand_in else cast.cards[place.number]
    assert isinstance(card, Ready)
    if place.spare is not None:
        return card, _lasting_card(plan, place.spare)
    after = None if place.stand_in else cast.fallbacks[place.number]
    return card, after if isinstance(after, Ready) else None


def _lasting_card(plan: ZonePlan, at: int) -> Ready | None:
    """What a spare shows come what may: its card, the fallback behind that, or the card without its
    price."""
    place = plan.stage.places[at]
    card, after = cards_at(plan, at)
    if place.lasting:
        return card
    if place.backed:
        return after
    bare = plan.casting[place.candidate].cast.price_free[place.number]
    assert isinstance(bare, Ready)
    return bare
