"""How a rollout of the player goes: first some screens, then a wait, then the rest in waves, one a
night. It halts by itself where the version does harm. Pure: the record and the clock are given.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

State = Literal["pilots", "waiting", "rest", "done", "over"]
"""`over`: given up, or taken back."""
Held = Literal["", "paused", "halted"]
Stage = Literal["due", "told", "done", "has", "failed", "back", "refused", "old", "other"]
"""How a screen stands: due (it came too late, or its turn is to come), told, done (as it says; its
report is to confirm it), has (it reports the version), failed, back (it fell back by itself),
refused (its player is not of a package), old (its player knows no updates), other (somebody gave it
another version meanwhile, which stays).
"""
Fault = Literal["", "failed", "back", "silent", "dark"]
"""What harm a version does: it could not be installed, it fell back, it fell silent, its glass is
not what the plan says.
"""

DAY_MS = 24 * 3_600_000
AWAY_MS = DAY_MS
"""Who was not heard for so long is not waited for; it is told when it comes."""
SETTLE_MS = 10 * 60_000
"""Who said that it was done reports the version within this, or has fallen back."""
ON_ITS_WAY: frozenset[str] = frozenset(("told", "done", "has", "failed", "back"))
ANSWERED_MS = 15 * 60_000
"""Who began at the last instant has answered within this, having gone back if need be."""
TAKEN: frozenset[str] = frozenset(("told", "done", "has"))
"""Stages of screens that have it, or may have it by now."""
LEAST_MS = 5 * 60_000
"""Who is told later than this before the end would come too late."""
FAR = 2**53 - 1
WITHDRAWN = "replaced"
"""The state of a command that was taken back before it was answered."""


@dataclass(frozen=True, slots=True)
class Course:
    """How far a rollout of `version` is. Instants are unix ms: `phase_at` when its state began,
    `held_at` since when it stands still; until `now_until` no hours are heeded. `why` it halted, at
    which screen.
    """

    state: State
    phase_at: int
    wait_ms: int
    held: Held = ""
    why: str = ""
    at_screen: str = ""
    held_at: int | None = None
    now_until: int = 0
    version: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it is on its way or stands still on it."""
        return self.state in ("pilots", "waiting", "rest")


@dataclass(frozen=True, slots=True)
class Member:
    """A screen of a rollout, in its wave (0: a pilot): its stage since when, what its device said,
    the version `before`. `excused`: a person went on in spite of it.
    """

    screen: str
    store: str
    wave: int
    stage: Stage
    since: int
    said: str = ""
    before: str = ""
    excused: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """The command that a screen was told by, and its answer: "" while it waits."""

    state: str
    deadline: int
    said: str = ""
    rolled_back: bool = False

    def is_over(self, now: int) -> bool:
        """Whether no answer comes any more."""
        return not self.state and now >= self.deadline + ANSWERED_MS


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a screen now: the version that it reports, when it was heard, since when its
    glass is not what the plan says, and its last command.
    """

    version: str = ""
    heard_at: int = 0
    dark_since: int | None = None
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as harm: more than `failed_percent` of those told; silence of `silent_ms`, as far
    as the server itself listened (`listens_since`); for `watch_ms` after the update.
    """

    failed_percent: int
    silent_ms: int
    watch_ms: int
    listens_since: int = 0

    def is_heard(self, seen: Seen, now: int) -> bool:
        """Whether a screen spoke lately, or the server could not have heard it."""
        return now - max(seen.heard_at, self.listens_since) <= self.silent_ms


Pairs = Sequence[tuple[Member, Seen]]


def observe(member: Member, seen: Seen, wanted: str, now: int) -> Member:
    """The screen as it stands by what is known of it now. One that a way back found in the middle
    of getting what it leaves (excused, never told) has its turn once it got that.
    """
    if seen.version == wanted:
        return member if member.stage == "has" else _moved(member, "has", now)
    if member.stage == "has" and member.excused and not seen.told and seen.version == member.before:
        return replace(_moved(member, "due", now), excused=False)
    if member.stage in ("has", "done") and seen.version:
        late = member.stage == "has" or seen.heard_at > member.since + SETTLE_MS
        return _fell_back(member, seen, now) if late else member
    if member.stage == "back" and not member.said:
        return replace(member, said=seen.told.said) if seen.told else member
    if member.stage == "told":
        return _answered(member, seen.told, now)
    if member.stage == "due" and seen.version:
        if not member.before:
            return replace(member, before=seen.version)
        if seen.version != member.before:
            return _moved(member, "other", now)
    return member


def faults(course: Course, pairs: Pairs, rules: Rules, now: int) -> dict[str, Fault]:
    """What harm the version did, by screen. A store of several screens that are all silent is cut
    off: that is the line's fault; where nobody is heard, it is the server's.
    """
    heard = {member.store for member, seen in pairs if rules.is_heard(seen, now)}
    several = Counter(member.store for member, _ in pairs)
    cut_off = {store for store, n in several.items() if not heard or (n > 1 and store not in heard)}
    found = ((one[0].screen, _fault(course, *one, rules, cut_off, now)) for one in pairs)
    return {screen: wrong for screen, wrong in found if wrong}


def go_on(course: Course, pairs: Pairs, rules: Rules, now: int) -> Course:
    """The course after what is known now: halted, in its next state, or as it was."""
    if course.held or not course.is_active:
        return course
    wrong = faults(course, pairs, rules, now)
    allowed = 0
    if course.state == "rest":
        told = sum(member.stage in ON_ITS_WAY for member, _ in pairs)
        allowed = told * rules.failed_percent // 100
    if len(wrong) > allowed:
        screen, why = next(iter(wrong.items()))
        return replace(course, held="halted", why=why, at_screen=screen, held_at=now)
    pilots = [one for one in pairs if one[0].wave == 0]
    if course.state == "pilots":
        return _after_pilots(course, pilots, now)
    if course.state == "waiting":
        is_over = now >= course.phase_at + course.wait_ms and _run_well(course, pilots, rules, now)
        return replace(course, state="rest", phase_at=now) if is_over else course
    settled = all(_is_settled(*one, now) and _was_watched(one[0], rules, now) for one in pairs)
    last = max((member.wave for member, _ in pairs), default=0)
    is_done = settled and now >= opens_at(course, last)
    return replace(course, state="done", now_until=0) if is_done else course


def resume(course: Course, now: int) -> Course:
    """Go on: the time that it stood still counts for nothing."""
    stood = now - (course.held_at or now)
    return replace(
        course, held="", why="", at_screen="", held_at=None, phase_at=course.phase_at + stood
    )


def forgiven(member: Member, wrong: Fault, now: int) -> Member:
    """A faulty screen once a person goes on: what failed without harm is tried again."""
    if wrong == "failed" or member.stage == "told":
        return replace(_moved(member, "due", now), said=member.said)
    return replace(member, excused=True)


def opens_at(course: Course, wave: int) -> int:
    """From when screens of a wave may be told (unix ms); far away while that is not known."""
    if wave == 0:
        return 0
    if course.state in ("rest", "done"):
        return course.phase_at + (wave - 1) * DAY_MS
    return FAR


def deadline(course: Course, member: Member, stretch: tuple[int, int], now: int) -> int | None:
    """Until when a screen may begin, if it may be told now; `stretch` is when its store is quiet
    (now, or next).
    """
    if course.held or course.state == "over" or member.excused or member.stage != "due":
        return None
    if opens_at(course, member.wave) > now:
        return None
    if course.now_until - LEAST_MS > now:
        return course.now_until
    begin, end = stretch
    return end if begin <= now < end - LEAST_MS else None


def choose_pilots(fleet: Sequence[tuple[str, str, bool]], stores: int) -> tuple[str, ...]:
    """One screen of each of so many stores, out of (screen, store, whether it is heard): of stores
    with most screens first, which lose least by one that fails.
    """
    count = Counter(store for _, store, _ in fleet)
    first: dict[str, str] = {}
    for screen, store, is_heard in sorted(fleet):
        if is_heard:
            first.setdefault(store, screen)
    order = sorted(first, key=lambda store: (-count[store], store))
    return tuple(first[store] for store in order[:stores])


def waves(screens: Mapping[str, str], share_percent: int, salt: str) -> dict[str, int]:
    """Each screen's wave from 1, by screen and its store: a share of all in each, and never all
    screens of a store that has several.
    """
    room = max(1, -(-len(screens) * share_percent // 100))
    several = Counter(screens.values())
    taken: Counter[int] = Counter()
    there: Counter[tuple[str, int]] = Counter()
    found: dict[str, int] = {}
    for screen in sorted(screens, key=lambda one: hashlib.sha256(f"{salt}{one}".encode()).digest()):
        store, wave = screens[screen], 1
        most = max(1, several[store] // 2)
        while taken[wave] >= room or there[store, wave] >= most:
            wave += 1
        found[screen] = wave
        taken[wave] += 1
        there[store, wave] += 1
    return found


def _fault(
    course: Course,
    member: Member,
    seen: Seen,
    rules: Rules,
    cut_off: Collection[str],
    now: int,
) -> Fault:
    if not _is_judged(member, course):
        return ""
    if member.stage in ("failed", "back"):
        return "back" if member.stage == "back" else "failed"
    if member.stage not in ("told", "done", "has"):
        return ""
    is_pilot = member.wave == 0 and course.state in ("pilots", "waiting")
    until = now + 1 if is_pilot else member.since + rules.watch_ms
    silent = not rules.is_heard(seen, now) and member.store not in cut_off
    if silent and seen.heard_at < until:
        return "silent"
    dark = seen.dark_since if member.stage == "has" else None
    return "dark" if dark is not None and member.since <= dark < until else ""


def _after_pilots(course: Course, pilots: Pairs, now: int) -> Course:
    if not all(_is_settled(*one, now) for one in pilots):
        return course
    if any(member.stage == "has" for member, _ in pilots):
        return replace(course, state="waiting", phase_at=now, now_until=0)
    if any(member.stage == "due" for member, _ in pilots):
        return course
    return replace(course, held="halted", why="none", held_at=now)


def _is_judged(member: Member, course: Course) -> bool:
    """Whether what becomes of a screen is the version's doing: not where it had it before."""
    return not member.excused and (not member.before or member.before != course.version)


def _run_well(course: Course, pilots: Pairs, rules: Rules, now: int) -> bool:
    """Whether the first screens can be asked: those that are away for long need not be."""
    judged = [seen for it, seen in pilots if it.stage == "has" and _is_judged(it, course)]
    heard = [seen for seen in judged if rules.is_heard(seen, now)]
    away = [seen for seen in judged if seen.heard_at < now - AWAY_MS]
    return not judged or (bool(heard) and len(heard) + len(away) >= len(judged))


def _is_settled(member: Member, seen: Seen, now: int) -> bool:
    """Whether nothing more is waited for of this screen."""
    if member.excused or member.stage in ("has", "failed", "back", "refused", "old", "other"):
        return True
    return member.stage == "due" and seen.heard_at < now - AWAY_MS


def _was_watched(member: Member, rules: Rules, now: int) -> bool:
    return member.stage != "has" or now >= member.since + rules.watch_ms


def _fell_back(member: Member, seen: Seen, now: int) -> Member:
    return replace(_moved(member, "back", now), said=seen.told.said if seen.told else "")


def _answered(member: Member, told: Told | None, now: int) -> Member:
    if told is None or told.state == WITHDRAWN or told.is_over(now):
        return _moved(member, "due", now)
    stages: dict[str, Stage] = {
        "done": "done",
        "failed": "back" if told.rolled_back else "failed",
        "refused": "refused",
        "unknown": "old",
    }
    stage = stages.get(told.state)
    return replace(_moved(member, stage, now), said=told.said) if stage else member


def _moved(member: Member, stage: Stage, now: int) -> Member:
    return replace(member, stage=stage, since=now, said="")
