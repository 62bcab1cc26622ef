"""What people are shown of updates: which versions run where, the rollout that counts, each screen
of it, and what comes next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.models import DeviceRow, RolloutRow, ScreenRow, ScreenStateRow, StoreRow, UpdateRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.base.naming import names_of_people
from server.services.screens import packages
from server.services.screens.openings import openings
from server.services.screens.packages import Kept
from server.services.screens.rollout_hours import Quiet
from server.services.screens.rollout_plans import (
    AWAY_MS,
    FAR,
    ON_ITS_WAY,
    TAKEN,
    Course,
    Fault,
    Member,
    Stage,
    faults,
    opens_at,
)
from server.services.screens.rollout_rows import (
    REPORTED,
    Known,
    course_of,
    known_of,
    newest,
    pairs,
    players,
    rules_of,
    version_said,
)

MAX_LISTED = 20
"""Rollouts that are listed."""
MAX_CHOICES = 200
_URGENT: Mapping[str, int] = {"back": 0, "failed": 0, "told": 1, "done": 1, "due": 2}


@dataclass(frozen=True, slots=True)
class ScreenProgress:
    """A screen of a rollout: how it stands since when (unix ms), what its device said, what harm
    was done, and when it is told at the earliest (None: it is not to be).
    """

    screen: str
    name: str
    store: str
    store_name: str
    zone: str
    wave: int
    stage: Stage
    since: int
    said: str
    fault: Fault
    excused: bool
    version: str
    heard_at: int
    next_at: int | None


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout. `next_at` is when something happens at the earliest (None: nothing is to come),
    of the store `next_store` ("": of none). Names of people as they are called.
    """

    id: str
    version: str
    sha256: str
    course: Course
    share_percent: int
    back: bool
    started_at: int
    started_by: str
    ended_at: int | None
    ended_by: str
    edition: int
    screens: tuple[ScreenProgress, ...]
    next_at: int | None
    next_store: str

    @property
    def has(self) -> int:
        """Screens that have it."""
        return sum(one.stage == "has" for one in self.screens)

    @property
    def taken(self) -> int:
        """Screens that have it, or may have it by now."""
        return sum(one.stage in TAKEN for one in self.screens)

    @property
    def told(self) -> int:
        """Screens that had their turn."""
        return sum(one.stage in ON_ITS_WAY for one in self.screens)


@dataclass(frozen=True, slots=True)
class Running:
    """So many screens run a version; "" is that they say none."""

    version: str
    screens: int


@dataclass(frozen=True, slots=True)
class Updates:
    """All of it: the version of this server (None: it has no package), what runs, what is kept, the
    rollout that counts, and earlier ones (without their screens). `own_runs` counts the screens
    that run this server's version.
    """

    own: Kept | None
    running: tuple[Running, ...]
    kept: tuple[Kept, ...]
    current: Rollout | None
    earlier: tuple[Rollout, ...]

    @property
    def screens(self) -> int:
        """How many run the player."""
        return sum(one.screens for one in self.running)

    @property
    def behind(self) -> int:
        """How many run another version than this server's own."""
        own = self.own.version if self.own else ""
        return sum(one.screens for one in self.running if one.version != own) if own else 0


@dataclass(frozen=True, slots=True)
class Choices:
    """Who may be the first: stores (id, name) and screens (id, store's name, name) that run the
    player, up to MAX_CHOICES of each, and the tags of those screens.
    """

    stores: tuple[tuple[str, str], ...]
    screens: tuple[tuple[str, str, str], ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfScreen:
    """One screen: the version that it runs ("": it says none), and how it stands in the rollout
    that counts (`stage` None: not in it).
    """

    version: str
    wanted: str
    state: str
    held: str
    stage: Stage | None
    said: str


def updates(ctx: Context, actor: Actor) -> Updates:
    """Everything the page shows. Raises Forbidden."""
    actor.require_chain("devices")
    now = ctx.clock()
    mine = packages.own()
    with ctx.db.read() as session:
        kept = packages.listing(session)
        own = next((one for one in kept if mine and one.sha256 == mine.sha256), None)
        if own is None and mine is not None:
            own = Kept(mine.sha256, mine.version, len(mine.data), now)
        count = Counter(one.version for one in players(session))
        found, people = _latest(session)
        current = _full(ctx, session, found[0], people, now) if found else None
        return Updates(
            own,
            tuple(Running(version, n) for version, n in count.most_common()),
            tuple(kept),
            current,
            tuple(_rollout(row, people) for row in found[1:]),
        )


def choices(ctx: Context, actor: Actor) -> Choices:
    """Who may be the first. Raises Forbidden."""
    actor.require_chain("devices")
    with ctx.db.read() as session:
        found = players(session)
        names = dict(session.execute(select(StoreRow.id, StoreRow.name)).all())
    stores = sorted({(one.store, names[one.store]) for one in found}, key=lambda one: one[1])
    screens = sorted((names[one.store], one.name, one.screen) for one in found)
    return Choices(
        tuple(stores[:MAX_CHOICES]),
        tuple((screen, store, name) for store, name, screen in screens[:MAX_CHOICES]),
        tuple(sorted({tag for one in found for tag in one.tags})),
    )


def listing(ctx: Context, actor: Actor) -> list[Rollout]:
    """The latest rollouts without their screens, newest first. Raises Forbidden."""
    actor.require_chain("devices")
    with ctx.db.read() as session:
        found, people = _latest(session)
    return [_rollout(row, people) for row in found]


def get_rollout(ctx: Context, actor: Actor, rollout: str) -> Rollout:
    """One rollout with its screens. Raises NotFound, Forbidden."""
    actor.require_chain("devices")
    with ctx.db.read() as session:
        row = session.get(RolloutRow, rollout)
        if row is None:
            raise missing("rollout")
        people = names_of_people(session, _people(row))
        return _full(ctx, session, row, people, ctx.clock())


def of_screen(ctx: Context, actor: Actor, screen: str) -> OfScreen:
    """How one screen stands. Raises NotFound."""
    actor.require("read")
    with ctx.db.read() as session:
        place = session.get(ScreenRow, screen)
        if place is None or not actor.sees(place.store_id):
            raise missing("screen")
        says = select(REPORTED).where(ScreenStateRow.screen_id == screen)
        version = version_said(session.scalar(says))
        row = newest(session)
        device = session.get(DeviceRow, screen)
        one = session.get(UpdateRow, (row.id, screen)) if row is not None else None
        if row is None or one is None or device is None or device.paired_at > row.started_at:
            return OfScreen(version, "", "", "", None, "")
        return OfScreen(version, row.version, row.state, row.held, one.stage, one.said)  # type: ignore[arg-type]


def _latest(session: Session) -> tuple[list[RolloutRow], Mapping[str, str]]:
    """The newest rollouts, and what those who minded them are called."""
    rows = select(RolloutRow).order_by(RolloutRow.started_at.desc(), RolloutRow.id.desc())
    found = list(session.scalars(rows.limit(MAX_LISTED)))
    return found, names_of_people(session, [by for row in found for by in _people(row)])


def _full(
    ctx: Context, session: Session, row: RolloutRow, people: Mapping[str, str], now: int
) -> Rollout:
    known, course = known_of(session, row), course_of(row)
    wrong = _wrong(ctx, course, known, now)
    hours = openings(session, {one.member.store for one in known})
    quiet = Quiet.of(ctx.settings)
    following = cache(lambda store, at: quiet.at(hours[store], at)[0])

    def next_at(member: Member) -> int | None:
        opens = opens_at(course, member.wave)
        if member.stage != "due" or member.excused or course.held or opens == FAR:
            return None
        if course.state == "over":
            return None
        at = max(now, opens)
        return at if at < course.now_until else int(following(member.store, at))

    screens = [
        _screen(
            one,
            hours[one.member.store].zone,
            wrong.get(one.member.screen, ""),
            next_at(one.member),
        )
        for one in known
    ]
    due = [one for one in screens if one.next_at and one.heard_at > now - AWAY_MS]
    first = min(due, key=lambda one: one.next_at or 0, default=None)
    at, store = (first.next_at, first.store) if first else (None, "")
    if course.state == "waiting" and not course.held:
        at, store = course.phase_at + course.wait_ms, ""
    screens.sort(key=lambda one: (not one.fault, one.wave > 0, _URGENT.get(one.stage, 3)))
    return _rollout(row, people, tuple(screens), at, store)


def _wrong(ctx: Context, course: Course, known: Sequence[Known], now: int) -> Mapping[str, Fault]:
    """What harm was done, by screen. Who fell silent is not told any more, and still what halted
    it, until it is heard again.
    """
    if not course.is_active:
        return {}
    found = faults(course, pairs(known), rules_of(ctx.settings), now)
    for one in known:
        is_cause = one.member.screen == course.at_screen and course.why == "silent"
        if is_cause and one.seen.heard_at < (course.held_at or 0):
            found.setdefault(course.at_screen, "silent")
    return found


def _screen(one: Known, zone: str, fault: Fault, next_at: int | None) -> ScreenProgress:
    member, seen = one.member, one.seen
    return ScreenProgress(
        *(member.screen, one.name, member.store, one.store_name, zone, member.wave),
        *(member.stage, member.since, member.said, fault, member.excused),
        *(seen.version, seen.heard_at, next_at),
    )


def _rollout(
    row: RolloutRow,
    people: Mapping[str, str],
    screens: Sequence[ScreenProgress] = (),
    next_at: int | None = None,
    next_store: str = "",
) -> Rollout:
    return Rollout(
        id=row.id,
        version=row.version,
        sha256=row.sha256,
        course=course_of(row),
        share_percent=row.share_percent,
        back=row.back,
        started_at=row.started_at,
        started_by=people.get(row.started_by, row.started_by),
        ended_at=row.ended_at,
        ended_by=people.get(row.ended_by, row.ended_by),
        edition=row.edition,
        screens=tuple(screens),
        next_at=next_at,
        next_store=next_store,
    )


def _people(row: RolloutRow) -> list[str]:
    return [one for one in (row.started_by, row.ended_by) if one]
