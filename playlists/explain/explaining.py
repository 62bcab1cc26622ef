"""Explain one instant of one zone: decide it again from the same inputs, and judge every wish on
the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playlists.errors import Invalid
from playlists.explain.explanation import Explanation, FactUsed, Loser
from playlists.explain.judging import Judge
from playlists.facts import FactSpan
from playlists.ids import Sha256, ZoneId
from playlists.localtime import LocalDay
from playlists.manifest import Chunk, Day, Segment, Why
from playlists.model import MAIN
from playlists.resolving.binding import Slots
from playlists.resolving.joining import joined_segments, led_slots
from playlists.resolving.lead import Lead
from playlists.resolving.memo import Memo
from playlists.resolving.profile import Profile
from playlists.resolving.reading import Reader
from playlists.resolving.situation import Gatherer, Situation, ZonePlan
from playlists.resolving.stage import Loop
from playlists.resolving.timeline import Edges, Segments, edge_at, segments_of
from playlists.shown import Freshness, Shown
from playlists.turns import Turn, turn_in

_TODAY = Sha256("today")


def explain(
    profile: Profile,
    reader: Reader,
    days: Sequence[LocalDay],
    at_ms: int,
    *,
    zone: ZoneId = MAIN,
    shown: Shown | None = None,
    freshness: Freshness | None = None,
    lead: Lead | None = None,
    memo: Memo | None = None,
) -> Explanation:
    """Why `zone` shows what it shows at `at_ms`, under the inputs that its plan was resolved from.

    `days`, `reader` and `lead` as for `resolve`. `shown` is what slot_at said: its variant and
    reasons are kept, and its winner stands if the two differ (a hand on the screen). `freshness`
    gives the facts' ages. Raises Invalid where the store is not there, or the screen has no such
    zone.
    """
    store = reader.store(profile.store)
    if store is None:
        raise Invalid("No such store.", "store")
    memo = Memo() if memo is None else memo
    situation = Gatherer(profile, store, reader, memo).situation(days)
    plan = situation.zones.get(zone)
    if plan is None:
        raise Invalid("This screen has no such zone.", "zone")
    number = next((n for n, day in enumerate(days) if day.from_ms <= at_ms < day.until_ms), None)
    if number is None:
        return _outside(situation, zone, at_ms)
    decided = _decide(situation, plan, number, at_ms, lead, memo)
    turn = decided.turn
    winner = turn.slot.why if turn.slot else None
    if shown is not None:
        winner = shown.why
    return Explanation(
        at_ms=at_ms,
        zone=zone,
        time_zone=store.calendar.zone,
        winner=winner,
        since=shown.since if shown else turn.since,
        until=shown.until if shown else turn.until,
        variant=shown.variant if shown else "planned" if turn.slot else "slate",
        because=shown.because if shown else (turn.missing,) if turn.missing else (),
        losers=_losers(situation, plan, decided, winner),
        facts=_facts(plan, at_ms, freshness),
    )


@dataclass(frozen=True, slots=True)
class _Decided:
    """The turn at an instant, the loop it is of (None where a plan from before still plays), the
    parts that the loop was made for, an instant when those were active, and the parts active
    now."""

    turn: Turn
    loop: Loop | None
    active: int
    at_ms: int
    current: int


def _decide(
    situation: Situation,
    plan: ZonePlan,
    number: int,
    at_ms: int,
    lead: Lead | None,
    memo: Memo,
) -> _Decided:
    day = situation.days[number]
    edges = plan.edges(number)
    old, new, slots = _segments(day, plan, edges, lead, memo)
    led = lead.chunk.slots if lead is not None else ()
    own = [slots[at].slot for at in range(len(plan.stage.places))]
    segments = [Segment(s.from_ms, s.loop) for s in old]
    segments += [
        Segment(begin, tuple([len(led) + at for at in loop.places])) for begin, loop in new
    ]
    chunk = Chunk(day.until_ms - day.from_ms, (*led, *own), {plan.stage.zone: tuple(segments)})
    today = Day(day.date, day.from_ms, day.until_ms, _TODAY)
    turn = turn_in(today, chunk, plan.stage.zone, at_ms)

    now = at_ms - day.from_ms
    at = edge_at(edges, now)
    current = edges[at][1]
    playing = [(begin, loop) for begin, loop in new if begin <= now]
    if not playing:
        return _Decided(turn, None, current, at_ms, current)
    begin, loop = playing[-1]
    if plan.stage.loop(current) is loop:
        return _Decided(turn, loop, current, at_ms, current)
    while plan.stage.loop(edges[at][1]) is not loop:  # it waits for the end of a slot
        at -= 1
    decided = day.from_ms + max(edges[at][0], begin)
    return _Decided(turn, loop, edges[at][1], decided, current)


def _segments(
    day: LocalDay, plan: ZonePlan, edges: Edges, lead: Lead | None, memo: Memo
) -> tuple[tuple[Segment, ...], Segments, Slots]:
    """The day's segments from before a lead-in (of that one's slots), its own, and the slots that
    its own places stand for."""
    slots = Slots(plan, memo)
    length = day.until_ms - day.from_ms
    if lead is None or lead.date != day.date:
        return (), segments_of(plan.stage, edges, length), slots
    before = led_slots(lead, memo)
    zone = plan.stage.zone
    old, new = joined_segments(lead, zone, plan.stage, edges, slots, before, length)
    return old, new, slots


def _losers(
    situation: Situation, plan: ZonePlan, decided: _Decided, winner: Why | None
) -> tuple[Loser, ...]:
    judge = Judge(
        situation=situation,
        plan=plan,
        loop=decided.loop,
        active=decided.active,
        current=decided.current,
        decided_ms=decided.at_ms,
        turn_ends_ms=decided.turn.until,
        winner=winner,
    )
    return tuple(judge.losers())


def _facts(plan: ZonePlan, at_ms: int, freshness: Freshness | None) -> tuple[FactUsed, ...]:
    found: dict[str, FactUsed] = {}
    for questions in plan.asked:
        for asked in questions:
            for key, line in asked.lines.items():
                span: FactSpan | None = None
                if line is not None:
                    span = next((s for s in line.spans if s.from_ms <= at_ms < s.until_ms), None)
                seen = freshness.sources.get(line.source) if freshness and line else None
                found[key] = FactUsed(
                    key=key,
                    value=span.value if span else None,
                    source=line.source if line else None,
                    age_ms=None if seen is None else at_ms - seen,
                    since=span.from_ms if span else None,
                    until=span.until_ms if span else None,
                )
    return tuple(found[key] for key in sorted(found))


def _outside(situation: Situation, zone: ZoneId, at_ms: int) -> Explanation:
    """An instant that the days do not hold: the slate, and nobody to judge."""
    return Explanation(
        at_ms=at_ms,
        zone=zone,
        time_zone=situation.store.calendar.zone,
        winner=None,
        since=at_ms,
        until=at_ms,
        variant="slate",
        because=("no_day",),
        losers=(),
        facts=(),
    )
