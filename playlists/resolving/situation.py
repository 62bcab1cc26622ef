"""All that was read for one profile, put in order: its stages, how each slot is bound, what facts
say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from playlists.conditions import Condition
from playlists.ids import SourceId, ZoneId
from playlists.intervals import Intervals, intersect
from playlists.localtime import LocalDay
from playlists.model import Store
from playlists.resolving.activity import Asked, Gates, Grid, ask, edges_of, grid_of
from playlists.resolving.candidates import Candidate, Field, Span, field_of, may_take
from playlists.resolving.casting import Casting, casting_of
from playlists.resolving.memo import Memo
from playlists.resolving.profile import Profile
from playlists.resolving.reading import Reader
from playlists.resolving.stage import Row, Stage, stage_of
from playlists.resolving.timeline import Edges


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """A zone's stage over the days: `casting` of its candidates, what each part asks, and the
    edges by day."""

    stage: Stage
    casting: tuple[Casting, ...]
    asked: tuple[tuple[Asked, ...], ...]
    grid: Grid
    moved: Mapping[int, Edges]

    def edges(self, day: int) -> Edges:
        """The sets of active parts over a day."""
        return self.moved.get(day) or self.grid.edges[day]

    def gates(self, part: int) -> Gates:
        """The sources on whose freshness a part stands, each with its least max age."""
        ages: dict[SourceId, int] = {}
        for asked in self.asked[part]:
            for source, age in asked.gates:
                ages[source] = min(age, ages.get(source, age))
        return tuple(sorted(ages.items()))


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that decides what a profile shows over `days`."""

    profile: Profile
    store: Store
    days: Sequence[LocalDay]
    field: Field
    zones: Mapping[ZoneId, ZonePlan]

    def to_keep(self) -> Situation:
        """What `Gatherer.again` needs of it."""
        zones = {zone: replace(plan, moved={}) for zone, plan in self.zones.items()}
        return replace(self, zones=zones)


class Gatherer:
    """Reads what concerns one profile, through a Reader that keeps track, into a Situation."""

    def __init__(self, profile: Profile, store: Store, reader: Reader, memo: Memo) -> None:
        self._profile = profile
        self._store = store
        self._reader = reader
        self._memo = memo

    def situation(self, days: Sequence[LocalDay]) -> Situation:
        """Read everything. `days` are the store's, in order."""
        field = field_of(self._profile, self._store, self._reader, self._memo)
        castings = [
            casting_of(candidate, self._profile.language, self._store, self._reader, self._memo)
            for candidate in field.candidates
        ]
        zones = {
            box.id: self._zone(box.id, box.locked, field, castings, days)
            for box in sorted(self._profile.layout, key=lambda box: box.id)
        }
        return Situation(self._profile, self._store, days, field, zones)

    def again(self, last: Situation, moved: Set[str]) -> Situation:
        """The same wishes on the same days, with the facts `moved` as the reader has them now."""
        zones = {
            zone: self._asked_again(plan, last.days, moved) for zone, plan in last.zones.items()
        }
        return replace(last, zones=zones)

    def _zone(
        self,
        zone: ZoneId,
        locked: bool,
        field: Field,
        castings: Sequence[Casting],
        days: Sequence[LocalDay],
    ) -> ZonePlan:
        mine = tuple(
            casting
            for casting in castings
            if casting.candidate.concerns(zone) and may_take(casting.candidate, locked)
        )
        pauses = () if locked else field.pauses
        key = (
            "stage",
            zone,
            pauses,
            *(
                (
                    self._wish(casting.candidate),
                    self._memo.mark(casting.cast.rotation),
                    casting.cast.stand_ins,
                    casting.cast.backed,
                )
                for casting in mine
            ),
        )
        stage = self._memo.keep(
            key,
            lambda: stage_of(zone, [_row(casting) for casting in mine], pauses),
        )
        grid = grid_of(stage, self._store.calendar, days, self._memo)
        return self._planned(stage, mine, grid, days)

    def _planned(
        self, stage: Stage, casting: tuple[Casting, ...], grid: Grid, days: Sequence[LocalDay]
    ) -> ZonePlan:
        """Ask the facts."""
        asked = tuple(
            [
                tuple([self._ask(condition, grid.window) for condition in part.conditions])
                for part in stage.parts
            ]
        )
        return self._answered(ZonePlan(stage, casting, asked, grid, {}), days)

    def _asked_again(self, plan: ZonePlan, days: Sequence[LocalDay], moved: Set[str]) -> ZonePlan:
        """Ask the facts that moved."""
        asked = tuple(
            [
                tuple(
                    [
                        question
                        if moved.isdisjoint(question.lines)
                        else self._ask(condition, plan.grid.window)
                        for question, condition in zip(questions, part.conditions, strict=True)
                    ]
                )
                if questions
                else questions
                for questions, part in zip(plan.asked, plan.stage.parts, strict=True)
            ]
        )
        return self._answered(replace(plan, asked=asked), days)

    def _answered(self, plan: ZonePlan, days: Sequence[LocalDay]) -> ZonePlan:
        """The edges as the answers move them."""
        moving = _moving(plan.grid, plan.asked, self._memo)
        return replace(plan, moved=edges_of(plan.grid, days, moving))

    def _wish(self, candidate: Candidate) -> int:
        return self._memo.token((candidate.layer, candidate.id), candidate.wish)

    def _ask(self, condition: Condition, window: Span) -> Asked:
        profile = self._profile
        return ask(condition, profile.store, profile.place, self._reader.fact, window, self._memo)


def _row(casting: Casting) -> Row:
    cast = casting.cast
    return Row(casting.candidate, cast.rotation, cast.stand_ins, cast.backed)


def _moving(
    grid: Grid, asked: Sequence[Sequence[Asked]], memo: Memo
) -> list[tuple[int, Intervals]]:
    """The parts with conditions, each as its bit and when it is planned and its conditions are
    true."""
    found: list[tuple[int, Intervals]] = []
    for number, questions in enumerate(asked):
        if not questions:
            continue
        active = grid.planned[number]
        for question in questions:
            active = _both(active, question.true, memo) if active else active
        if active:
            found.append((1 << number, active))
    return found


def _both(planned: Intervals, true: Intervals, memo: Memo) -> Intervals:
    """When a part is planned and its condition true: made once for all screens that share both."""
    key = ("both", memo.mark(planned), memo.mark(true))
    return memo.keep(key, lambda: intersect(planned, true))
