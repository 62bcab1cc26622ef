"""The lead-in: the tail of the plan now playing, which a new plan for today begins with.

A change that arrives now takes effect at the end of the slot then playing. So the new chunk of
today keeps the old one's segments up to that end; before it, nothing that was planned is
rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from playlists.cards import files_of
from playlists.errors import Invalid
from playlists.fields import Fields, whole
from playlists.ids import CardId, Json, ZoneId, check_id
from playlists.manifest import Chunk, Day, DeckCard, Plan, Segment, Slot
from playlists.resolving.reading import Reader
from playlists.turns import turn_at

SWITCH_MARGIN_MS = 1_000
"""Where no other is given: a slot that ends sooner than this after a change may be too near for the
screens to hear of it."""


@dataclass(frozen=True, slots=True)
class Lead:
    """What of a day stays as it was. Instants are milliseconds of the day `date`.

    `since_ms` is when the change came. `until` is by zone the end of the slot then playing.
    `chunk` is the day as it was planned, with the `cards` it names.
    """

    date: str
    since_ms: int
    until: Mapping[ZoneId, int]
    chunk: Chunk
    cards: Mapping[CardId, DeckCard]

    def kept(self, zone: ZoneId, until_ms: int) -> tuple[Segment, ...]:
        """The zone's old segments that begin before `until_ms`."""
        segments = self.chunk.zones.get(zone, ())
        return tuple(segment for segment in segments if segment.from_ms < until_ms)


def lead_of(
    plan: Plan, now_ms: int, reader: Reader, margin_ms: int = SWITCH_MARGIN_MS
) -> Lead | None:
    """The lead-in from a plan that plays at `now_ms` (unix ms), None where it has nothing for that
    day. The change takes effect at the first end of a slot `margin_ms` or more ahead. A picture
    that carries a price which is no longer the shop's is not led out: it goes at once."""
    day = _day_at(plan, now_ms)
    if day is None:
        return None
    return _lead(
        plan,
        day,
        now_ms - day.from_ms,
        {
            zone: _until(plan, day, zone, now_ms, reader, margin_ms)
            for zone in plan.chunks[day.chunk].zones
        },
    )


def lead_to_json(lead: Lead) -> Json:
    """What must be stored of a lead-in: the rest is in the plan that was made with it."""
    return {
        "date": lead.date,
        "since": lead.since_ms,
        "until": {str(zone): end for zone, end in lead.until.items()},
    }


def lead_from_json(value: object, plan: Plan) -> Lead | None:
    """The lead-in that `plan` was made with; None once its day is over in that plan. Raises
    Invalid."""
    fields = Fields.of(value)
    date = fields.text("date", 10)
    since = fields.whole("since")
    until = {
        ZoneId(check_id(zone, "until")): whole(end, f"until/{zone}")
        for zone, end in fields.members("until", 16)
    }
    day = next((day for day in plan.manifest.days if day.date == date), None)
    if day is None or day.chunk not in plan.chunks:
        return None
    if since >= day.until_ms - day.from_ms:
        raise Invalid("The lead-in must lie in its day.", "since")
    return _lead(plan, day, since, until)


def _lead(plan: Plan, day: Day, since_ms: int, until: Mapping[ZoneId, int]) -> Lead:
    chunk = plan.chunks[day.chunk]
    named = {slot.card for slot in chunk.slots} | {s.fallback for s in chunk.slots if s.fallback}
    cards = {name: plan.cards[name] for name in sorted(named) if name in plan.cards}
    return Lead(day.date, since_ms, until, chunk, cards)


def _day_at(plan: Plan, now_ms: int) -> Day | None:
    for day in plan.manifest.days:
        if day.from_ms <= now_ms < day.until_ms:
            return day if day.chunk in plan.chunks else None
    return None


def _until(plan: Plan, day: Day, zone: ZoneId, now_ms: int, reader: Reader, margin_ms: int) -> int:
    """The first end of a slot at or after the margin, in milliseconds of the day, or the day's
    end."""
    earliest = min(now_ms + margin_ms, day.until_ms)
    turn = turn_at(plan, zone, now_ms)
    end = now_ms
    while turn.slot is not None and not _is_withdrawn(plan, turn.slot, reader):
        end = turn.until
        if end >= earliest:
            break
        turn = turn_at(plan, zone, end)
    return min(end, day.until_ms) - day.from_ms


def _is_withdrawn(plan: Plan, slot: Slot, reader: Reader) -> bool:
    """Whether a file of the slot's cards carries a price that is no longer the shop's."""
    cards = (plan.cards.get(name) for name in (slot.card, slot.fallback) if name is not None)
    files = (sha for card in cards if card is not None for sha in files_of(card))
    return any(reader.asset(sha) == "price_differs" for sha in files)
