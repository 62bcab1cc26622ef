"""Judge every wish of a situation at one instant: the one rule that keeps it off the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from playlists.conditions import Reason, Truth, evaluate, facts_at
from playlists.explain.explanation import Detail, Loser, Rule
from playlists.intervals import contains, next_edge, normalize
from playlists.manifest import Why
from playlists.resolving.activity import Asked, runs_at
from playlists.resolving.candidates import Candidate, may_take
from playlists.resolving.casting import Casting
from playlists.resolving.situation import Situation, ZonePlan
from playlists.resolving.stage import Loop, Part, paused
from playlists.schedule import Schedule

Verdict = tuple[Rule, Mapping[str, Detail]]
_FACT_RULES: dict[str, Rule] = {
    "stock": "stock",
    "nearest": "stock",
    "footfall": "crowd",
    "occupancy": "crowd",
}
FAULT_RULES: dict[str, Rule] = {
    "product": "product",
    "channel": "product",
    "price": "price",
    "asset": "asset",
    "card": "card",
}
_DECIDED_BY = ("priority", "target", "edit", "id")


@dataclass(frozen=True, slots=True)
class Judge:
    """One zone at one instant.

    `loop` plays until `turn_ends_ms` at least, None where a plan from before still does. It was
    made for the `active` parts, which were active at `decided_ms`; `current` ones are active now.
    `winner` is what shows.
    """

    situation: Situation
    plan: ZonePlan
    loop: Loop | None
    active: int
    current: int
    decided_ms: int
    turn_ends_ms: int
    winner: Why | None

    def losers(self) -> Iterator[Loser]:
        """Every wish but the winner, and the items that lose inside those that play; each once."""
        winner = self._winner()
        for at, casting in enumerate(self.plan.casting):
            if at != winner:
                yield _loser(casting.candidate, self._candidate(at, casting))
            if self.loop is not None and at in self.loop.mixed:
                yield from self._items(at, casting, winning=at == winner)
        yield from self._elsewhere()

    def _winner(self) -> int | None:
        """The candidate that the winner is of: one that plays, else the first of that name."""
        if self.winner is None:
            return None
        numbers = list(self.loop.mixed) if self.loop is not None else []
        numbers += range(len(self.plan.casting))
        for at in numbers:
            candidate = self.plan.casting[at].candidate
            if (candidate.layer, candidate.id) == (self.winner.layer, self.winner.source):
                return at
        return None

    def _elsewhere(self) -> Iterator[Loser]:
        zone = self.plan.stage.zone
        for candidate in self.situation.field.candidates:
            if not candidate.concerns(zone):
                yield _loser(candidate, ("place", {"part": "zone"}))
            elif not may_take(candidate, self._locked()):
                yield _loser(candidate, ("place", {"part": "locked"}))
        for candidate, part in self.situation.field.elsewhere:
            yield _loser(candidate, ("place", {"part": part}))

    def _locked(self) -> bool:
        layout = self.situation.profile.layout
        return any(box.locked for box in layout if box.id == self.plan.stage.zone)

    def _candidate(self, at: int, casting: Casting) -> Verdict:
        parts = [
            (number, part)
            for number, part in enumerate(self.plan.stage.parts)
            if part.candidate == at
        ]
        if not any(self.active >> number & 1 for number, _ in parts):
            if any(self.current >> number & 1 for number, _ in parts):
                return "turn", {"waits": self.turn_ends_ms}
            return self._idle(casting, parts)
        if self.loop is None:
            return "turn", {"waits": self.turn_ends_ms}
        if at in self.loop.mixed:
            places = self.plan.stage.places
            airs = any(places[place].candidate == at for place in self.loop.distinct)
            return ("turn", {}) if airs else ("airtime", {})
        return self._beaten(at, casting.candidate, self.loop)

    def _beaten(self, at: int, candidate: Candidate, loop: Loop) -> Verdict:
        """An active candidate that the loop leaves out."""
        if loop.left_out == at:
            rows = (self.plan.stage.candidates[number].share for number in loop.mixed)
            return "share", {"percent": sum(rows)}
        first = self.plan.stage.candidates[loop.mixed[0]]
        if first.layer == "campaign" and candidate.layer == "base":
            bases = [n for n in loop.mixed if self.plan.stage.candidates[n].layer == "base"]
            bases += [loop.left_out] if loop.left_out is not None else []
            first = self.plan.stage.candidates[bases[0]]
        if candidate.layer != first.layer:
            return "layer", {"winner": first.layer}
        pairs = zip(_DECIDED_BY, first.order[1:], candidate.order[1:], strict=True)
        return "priority", {"by": next(by for by, one, other in pairs if one != other)}

    def _items(self, at: int, casting: Casting, *, winning: bool) -> Iterator[Loser]:
        """The items of a candidate that plays, but for the winner."""
        assert self.loop is not None
        seen = {self.winner.item} if winning and self.winner else set()
        places = self.plan.stage.places
        airing = {places[place].origin for place in self.loop.distinct}
        numbers = {
            places[place].number: (place, number, part)
            for number, part in enumerate(self.plan.stage.parts)
            if part.candidate == at
            for place in part.places
        }
        for index, entry in enumerate(casting.cast.rotation.entries):
            if entry.item in seen:
                continue
            seen.add(entry.item)
            if index not in numbers:
                verdict = _faulty(casting, index)
            else:
                place, number, part = numbers[index]
                if place in airing:
                    verdict = "turn", {}
                elif self.active >> number & 1:
                    verdict = "airtime", {}
                else:
                    verdict = self._off(casting, number, part)
            yield _loser(casting.candidate, verdict, entry.item)

    def _idle(self, casting: Casting, parts: list[tuple[int, Part]]) -> Verdict:
        """Why a candidate has nothing active."""
        rotation = casting.cast.rotation
        if not rotation.entries:
            problem, playlist = rotation.problem or ("no_items", casting.candidate.playlist)
            return "empty", {"problem": problem, "playlist": playlist}
        if not parts:
            return _faulty(casting, 0)
        return self._off(casting, *parts[0])

    def _off(self, casting: Casting, number: int, part: Part) -> Verdict:
        """Why a part is not active."""
        now = self.decided_ms
        ahead = next_edge(self.plan.grid.planned[number], now)
        following: dict[str, Detail] = {} if ahead is None else {"next": ahead}
        if part.window is not None and not part.window[0] <= now < part.window[1]:
            return "dates", following
        for schedule in part.schedules:
            rule = self._unplanned(schedule)
            if rule is not None:
                return rule, following
        if contains(normalize(part.paused), now):
            return "pause", {"by": self._pause(casting, part)}
        asked = next(asked for asked in self.plan.asked[number] if not contains(asked.true, now))
        return _untrue(asked, now)

    def _unplanned(self, schedule: Schedule) -> Rule | None:
        calendar = self.situation.store.calendar
        if runs_at(schedule, calendar, self.decided_ms):
            return None
        dates = Schedule(start=schedule.start, end=schedule.end)
        return "daypart" if runs_at(dates, calendar, self.decided_ms) else "dates"

    def _pause(self, casting: Casting, part: Part) -> str:
        """The override that pauses a part."""
        entry = self.plan.stage.places[part.places[0]].entry
        return next(
            pause.id
            for pause in self.situation.field.pauses
            if paused(casting.candidate, entry, (pause,))
            and pause.window[0] <= self.decided_ms < pause.window[1]
        )


def _loser(candidate: Candidate, verdict: Verdict, item: str = "") -> Loser:
    return Loser(candidate.layer, candidate.id, verdict[0], item, verdict[1])


def _faulty(casting: Casting, index: int) -> Verdict:
    """Why neither an entry's card nor its fallback may be on air: the card's own fault."""
    fault = casting.cast.cards[index]
    assert isinstance(fault, tuple)
    return FAULT_RULES[fault[0]], {"subject": fault[1]}


def _untrue(asked: Asked, now_ms: int) -> Verdict:
    verdict = evaluate(asked.condition, facts_at(asked.lines.get, now_ms))
    if not verdict.reasons:
        return "empty", {"problem": "condition", "playlist": ""}
    return _of_fact(verdict.reasons[0], verdict.truth)


def _of_fact(reason: Reason, truth: Truth) -> Verdict:
    kind = reason.key.split(":", 1)[0]
    needed: dict[str, Detail] = {}
    if isinstance(reason.wanted, tuple):
        needed = {"needed": reason.wanted[0], "high": reason.wanted[1]}
    else:
        needed = {"needed": reason.wanted}
    if reason.had is not None:
        needed["had"] = reason.had
    if truth is Truth.FALSE and reason.truth is Truth.TRUE:
        needed["negated"] = True
    detail = {"fact": str(reason.key), "op": str(reason.op), **needed, "truth": truth.value}
    return _FACT_RULES.get(kind, "weather"), detail
