"""Drives the newest rollout of the player, beat by beat: looks at what every screen reports and
answered, writes down how it stands, halts where the version does harm, tells who has its turn.

Level-triggered: a worker that dies in between, or a server of another version, goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache

from sqlalchemy.orm import Session

from playlists.ids import Json
from server.db.models import RolloutRow, UpdateRow
from server.errors import Conflict
from server.services.base.context import Context
from server.services.base.editing import locked
from server.services.base.kept import batched
from server.services.screens import commands, packages
from server.services.screens.openings import openings
from server.services.screens.rollout_hours import Quiet
from server.services.screens.rollout_plans import Course, Member, deadline, go_on, observe
from server.services.screens.rollout_rows import (
    Known,
    course_of,
    keep_course,
    keep_member,
    known_of,
    newest,
    pairs,
    rules_of,
    withdraw,
)
from server.services.screens.screen_states import HEARD_MS

AT_ONCE = 20
"""Screens written down, or told, in one transaction."""
MAX_TOLD = 100
"""Screens that are told in one beat: what they fetch comes from one server, often by one address,
which may ask `stranger_per_minute` times.
"""
_WHAT = "rollout"


class Rollouts:
    """Drives the newest rollout; each call is a beat."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._since = ctx.clock()
        self._kept = False

    def __call__(self) -> None:
        """Look, write down, tell."""
        if not self._kept:
            packages.keep_own(self._ctx)
            self._kept = True
        if not bring(self._ctx, self._since):
            self._since = self._ctx.clock()


def bring(ctx: Context, listens_since: int) -> bool:
    """One beat; whether any screen was heard lately. `listens_since` (unix ms) is from when on the
    server could hear them.
    """
    now = ctx.clock()
    quiet = Quiet.of(ctx.settings)
    with ctx.db.read() as session:
        row = newest(session)
        if row is None or row.state == "over":
            return True
        rollout, edition, was = row.id, row.edition, course_of(row)
        known = known_of(session, row, open_only=was.state == "done")
        hours = openings(session, {one.member.store for one in known})
        arguments = _arguments(row)
        wanted = row.version
    seen = [replace(it, member=observe(it.member, it.seen, wanted, now)) for it in known]
    course = go_on(was, pairs(seen), rules_of(ctx.settings, listens_since), now)
    stretch = cache(lambda store: quiet.at(hours[store], now))
    turns = _turns(course, seen, stretch, now)
    moved = [
        (one.member, turns.get(one.member.screen))
        for one, old in zip(seen, known, strict=True)
        if one.member != old.member or one.member.screen in turns
    ]
    if course != was:
        with ctx.db.write() as session:
            row = locked(session, RolloutRow, rollout, _WHAT)
            if row.edition != edition:
                return True
            _settle(session, row, course, now)
    for some in batched(moved, AT_ONCE):
        with ctx.db.write() as session:
            if locked(session, RolloutRow, rollout, _WHAT).edition != edition:
                return True
            for member, until in some:
                _write(ctx, session, rollout, member, arguments, until, now)
    if turns:
        ctx.wake()
    return not known or any(one.seen.heard_at > now - HEARD_MS for one in known)


def _turns(
    course: Course, known: list[Known], stretch: Callable[[str], tuple[int, int]], now: int
) -> Mapping[str, int]:
    """Who is told now, and until when each may begin."""
    found: dict[str, int] = {}
    for one in known:
        member = one.member
        if len(found) == MAX_TOLD:
            break
        if one.seen.heard_at > now - HEARD_MS:
            until = deadline(course, member, stretch(member.store), now)
            if until is not None:
                found[member.screen] = until
    return found


def _write(
    ctx: Context,
    session: Session,
    rollout: str,
    member: Member,
    arguments: Mapping[str, Json],
    until: int | None,
    now: int,
) -> None:
    row = session.get(UpdateRow, (rollout, member.screen))
    if row is None:
        return
    if until is not None:
        # It may wait for many answers, or be gone.
        with suppress(Conflict):
            told = commands.issue(
                *(ctx, session, member.screen, commands.UPDATE),
                *(arguments, commands.NOBODY, now, until),
            )
            row.command_id = told.id
            member = replace(member, stage="told", since=now, said="")
    keep_member(row, member)


def _settle(session: Session, row: RolloutRow, course: Course, now: int) -> None:
    """What the rollout decided by itself."""
    keep_course(row, course)
    if course.held:
        withdraw(session, row.id)
    if course.state == "done":
        row.ended_at = now


def _arguments(row: RolloutRow) -> Mapping[str, Json]:
    return {"version": row.version, "sha256": row.sha256, "bytes": row.size}
