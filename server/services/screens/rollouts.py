"""Rollouts of the player as people mind them: begun, paused, hurried, given up, taken back. What
goes on by itself meanwhile is in rollout_beat.py.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import insert
from sqlalchemy.orm import Session

from server.db.models import PackageRow, RolloutRow, UpdateRow
from server.errors import BadInput, Conflict
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import check_version, locked
from server.services.publishing.storing import alone
from server.services.screens import packages
from server.services.screens.rollout_plans import (
    TAKEN,
    choose_pilots,
    faults,
    forgiven,
    resume,
    waves,
)
from server.services.screens.rollout_rows import (
    Player,
    course_of,
    keep_course,
    keep_member,
    known_of,
    newest,
    pairs,
    players,
    rules_of,
    withdraw,
)
from server.services.screens.screen_states import HEARD_MS

Step = Literal["pause", "resume", "now", "rest", "give_up", "back"]
"""What a person may do with a rollout: `rest` ends the wait, `back` brings the version before."""
ID_BYTES = 6
MAX_PILOTS = 200
_WHAT = "rollout"
_HERE = "There is no such version of the player here."


@dataclass(frozen=True, slots=True)
class Wish:
    """A version to roll out, by its package; which screens are the first ("" and none: some are
    chosen); so long they run well before others follow, and how many follow a night (None: as it is
    set). `now`: no hours are heeded at first.
    """

    sha256: str
    screens: Collection[str] = ()
    stores: Collection[str] = ()
    tag: str = ""
    wait_s: int | None = None
    share_percent: int | None = None
    now: bool = False


def start(ctx: Context, actor: Actor, wish: Wish) -> str:
    """Begin to roll out a version; the rollout's id. Raises BadInput, Conflict, Forbidden."""
    actor.require_chain("devices")
    now = ctx.clock()
    mine = packages.own()
    with ctx.db.read() as session:
        fleet = players(session)
        kept = session.get(PackageRow, wish.sha256)
        found = kept.version if kept is not None else ""
    if mine is not None and mine.sha256 == wish.sha256:
        found = mine.version
    if not found:
        raise BadInput(_HERE, field="package")
    pilots = _pilots(ctx, wish, found, fleet, now)
    others = {one.screen: one.store for one in fleet if one.screen not in pilots}
    with ctx.db.write() as session:
        alone(session)  # of two people who start at once the second is to see the first
        if mine is not None and mine.sha256 == wish.sha256:
            packages.keep(session, mine, now)
        _refuse_second(session)
        package = locked(session, PackageRow, wish.sha256, "package")
        row = _row(ctx, actor, package, wish, now)
        session.add(row)
        session.flush()
        turns = {**waves(others, row.share_percent, row.id), **dict.fromkeys(pilots, 0)}
        _enlist(session, row, fleet, turns)
        after = {"version": row.version, "pilots": sorted(pilots), "now": wish.now}
        audit.record(session, actor, now, "rollout.start", f"rollout:{row.id}", None, after)
        made = row.id
    ctx.wake()
    return made


def change(
    ctx: Context, actor: Actor, rollout: str, step: Step, if_version: int | None = None
) -> str:
    """Have it stand still, go on, hurry, end, or be taken back; the id of the rollout that counts
    then. Raises NotFound, Conflict, Stale, Forbidden.
    """
    actor.require_chain("devices")
    now = ctx.clock()
    with ctx.db.write() as session:
        alone(session)
        row = locked(session, RolloutRow, rollout, _WHAT)
        check_version(row.edition, if_version)
        last = newest(session)
        if last is None or last.id != row.id:
            raise Conflict("A later rollout took the place of this one.")
        before = {"state": row.state, "held": row.held}
        counts = _STEPS[step](ctx, session, actor, row, now)
        row.edition += 1
        after = {"state": row.state, "held": row.held}
        audit.record(session, actor, now, f"rollout.{step}", f"rollout:{row.id}", before, after)
    ctx.wake()
    return counts


def _refuse_second(session: Session) -> None:
    last = newest(session)
    if last is not None and course_of(last).is_active:
        raise Conflict("A version is on its way already. Give that up first.", code="under_way")


def _pilots(
    ctx: Context, wish: Wish, version: str, fleet: list[Player], now: int
) -> frozenset[str]:
    """The first screens. Raises Conflict, BadInput."""
    if not fleet:
        raise Conflict("No screen runs the player yet.")
    lacking = [one for one in fleet if one.version != version]
    if not lacking:
        raise Conflict("Every screen has this version.")
    if wish.screens or wish.stores or wish.tag:
        chosen = [
            one.screen
            for one in fleet
            if one.screen in wish.screens or one.store in wish.stores or wish.tag in one.tags
        ]
        if not 0 < len(chosen) <= MAX_PILOTS:
            message = f"Choose 1 to {MAX_PILOTS} screens that run the player."
            raise BadInput(message, field="pilots")
        return frozenset(chosen)
    heard = [(one.screen, one.store, one.heard_at > now - HEARD_MS) for one in lacking]
    found = choose_pilots(heard, ctx.settings.update_pilot_stores)
    if not found:
        raise Conflict("No screen is online. Choose the first ones yourself, or wait.")
    return frozenset(found)


def _row(ctx: Context, actor: Actor, package: PackageRow, wish: Wish, now: int) -> RolloutRow:
    settings = ctx.settings
    share = settings.update_share_percent if wish.share_percent is None else wish.share_percent
    return RolloutRow(
        id=secrets.token_hex(ID_BYTES),
        sha256=package.sha256,
        version=package.version,
        size=package.size,
        state="pilots",
        phase_at=now,
        wait_s=settings.update_wait_s if wish.wait_s is None else wish.wait_s,
        share_percent=share,
        now_until=_soon(ctx, now) if wish.now else 0,
        started_at=now,
        started_by=actor.id,
        edition=1,
    )


def _enlist(
    session: Session,
    row: RolloutRow,
    fleet: Collection[Player],
    turns: Mapping[str, int],
    leaving: str = "",
) -> None:
    """Write its screens down; on the way back, those that are in the middle of getting the version
    that is left (`leaving`) as what `observe` looks for.
    """
    rows = []
    for one in fleet:
        has = one.version == row.version
        rows.append(
            {
                "rollout_id": row.id,
                "screen_id": one.screen,
                "wave": turns[one.screen],
                "stage": "has" if has else "due",
                "since": row.started_at,
                "before": leaving if has and leaving else one.version,
                "excused": has and bool(leaving),
            }
        )
    if rows:
        session.execute(insert(UpdateRow), rows)


def _soon(ctx: Context, now: int) -> int:
    return now + ctx.settings.update_now_s * 1_000


def _pause(ctx: Context, session: Session, actor: Actor, row: RolloutRow, now: int) -> str:
    _on_its_way(row)
    keep_course(row, replace(course_of(row), held="paused", held_at=now))
    withdraw(session, row.id)
    return row.id


def _resume(ctx: Context, session: Session, actor: Actor, row: RolloutRow, now: int) -> str:
    course = course_of(row)
    if not (course.held and course.is_active):
        raise Conflict("It does not stand still.")
    if course.why == "none":
        raise Conflict("None of the first screens can take it. Give it up, then choose others.")
    known = known_of(session, row)
    wrong = faults(course, pairs(known), rules_of(ctx.settings), now)
    for one in known:
        if one.member.screen in wrong:
            member = forgiven(one.member, wrong[one.member.screen], now)
            keep_member(session.get_one(UpdateRow, (row.id, member.screen)), member)
    keep_course(row, resume(course, now))
    return row.id


def _hurry(ctx: Context, session: Session, actor: Actor, row: RolloutRow, now: int) -> str:
    _on_its_way(row)
    if row.state == "waiting":
        raise Conflict("Nothing is to be installed while the first screens are watched.")
    row.now_until = _soon(ctx, now)
    return row.id


def _end_wait(ctx: Context, session: Session, actor: Actor, row: RolloutRow, now: int) -> str:
    _on_its_way(row)
    if row.state != "waiting":
        raise Conflict("The first screens do not have it yet, or the others follow already.")
    keep_course(row, replace(course_of(row), state="rest", phase_at=now))
    return row.id


def _give_up(ctx: Context, session: Session, actor: Actor, row: RolloutRow, now: int) -> str:
    if not course_of(row).is_active:
        raise Conflict("It is over.")
    _end(session, actor, row, now)
    return row.id


def _go_back(ctx: Context, session: Session, actor: Actor, row: RolloutRow, now: int) -> str:
    """Bring the version before to every screen that has this one, or was told to, in one night."""
    if row.state == "over":
        raise Conflict("It is over.")
    known = [one.member for one in known_of(session, row) if one.member.stage in TAKEN]
    if not known:
        raise Conflict("No screen has this version.")
    before = Counter(one.before for one in known if one.before not in ("", row.version))
    kept = {one.version: one for one in reversed(packages.listing(session))}
    former = next((kept[version] for version, _ in before.most_common() if version in kept), None)
    if former is None:
        raise Conflict("The version before is not kept here. Choose another one.")
    takers = {one.screen for one in known}
    fleet = [one for one in players(session) if one.screen in takers]
    _end(session, actor, row, now)
    package = session.get_one(PackageRow, former.sha256)
    made = _row(ctx, actor, package, Wish(former.sha256), now)
    made.state, made.back = "rest", True
    session.add(made)
    session.flush()
    _enlist(session, made, fleet, {one.screen: 1 for one in fleet}, row.version)
    return made.id


def _on_its_way(row: RolloutRow) -> None:
    course = course_of(row)
    if course.held or not course.is_active:
        raise Conflict("It stands still, or is over.")


def _end(session: Session, actor: Actor, row: RolloutRow, now: int) -> None:
    withdraw(session, row.id)
    keep_course(row, replace(course_of(row), state="over", now_until=0))
    row.ended_at, row.ended_by = now, actor.id


_STEPS: Mapping[Step, Callable[[Context, Session, Actor, RolloutRow, int], str]] = {
    "pause": _pause,
    "resume": _resume,
    "now": _hurry,
    "rest": _end_wait,
    "give_up": _give_up,
    "back": _go_back,
}
