"""Rollouts as they are kept, and what is known of their screens, in one snapshot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server.config import Settings
from server.db.models import (
    CommandRow,
    DeviceRow,
    RolloutRow,
    ScreenRow,
    ScreenStateRow,
    StoreRow,
    UpdateRow,
)
from server.services.base.kept import MAX_IN, batched
from server.services.screens.rollout_plans import WITHDRAWN, Course, Member, Rules, Seen, Told

REPORTED = ScreenStateRow.report["device"]["package"].as_string()
"""The version of the package that a device runs from, as it reports it: see `version_said`."""
_VERSION = re.compile(r"[0-9A-Za-z.+~-]{1,64}")
SECOND_MS = 1_000


@dataclass(frozen=True, slots=True)
class Known:
    """A screen of a rollout, what is known of it now, and what people call it and its store."""

    member: Member
    seen: Seen
    name: str
    store_name: str
    connected: bool


@dataclass(frozen=True, slots=True)
class Player:
    """A screen whose device runs the player: its version, "" where it says none."""

    screen: str
    store: str
    name: str
    tags: tuple[str, ...]
    version: str
    heard_at: int


def version_said(told: object) -> str:
    """What a device says, where that can be a version at all; else ""."""
    return told if isinstance(told, str) and _VERSION.fullmatch(told) else ""


def newest(session: Session) -> RolloutRow | None:
    """The rollout that counts: the last that was begun."""
    rows = select(RolloutRow).order_by(RolloutRow.started_at.desc(), RolloutRow.id.desc())
    return session.scalar(rows.limit(1))


def course_of(row: RolloutRow) -> Course:
    """How far a rollout is."""
    return Course(
        state=row.state,  # type: ignore[arg-type]
        phase_at=row.phase_at,
        wait_ms=row.wait_s * SECOND_MS,
        held=row.held,  # type: ignore[arg-type]
        why=row.why,
        at_screen=row.at_screen,
        held_at=row.held_at,
        now_until=row.now_until,
        version=row.version,
    )


def keep_course(row: RolloutRow, course: Course) -> None:
    """Write down how far it is."""
    row.state, row.phase_at, row.held = course.state, course.phase_at, course.held
    row.why, row.at_screen, row.held_at = course.why, course.at_screen, course.held_at
    row.now_until = course.now_until


def keep_member(row: UpdateRow, member: Member) -> None:
    """Write down how a screen stands."""
    row.stage, row.since, row.said = member.stage, member.since, member.said
    row.before, row.excused = member.before, member.excused


def rules_of(settings: Settings, listens_since: int = 0) -> Rules:
    """What counts as harm, as it is set."""
    return Rules(
        settings.update_failed_percent,
        settings.update_silent_s * SECOND_MS,
        settings.update_watch_s * SECOND_MS,
        listens_since,
    )


def known_of(session: Session, row: RolloutRow, *, open_only: bool = False) -> list[Known]:
    """Its screens, those with the device that was theirs when it began; pilots first. `open_only`:
    those of which something is still to come.
    """
    state = ScreenStateRow
    rows = (
        select(UpdateRow, ScreenRow.name, StoreRow.id, StoreRow.name)
        .add_columns(state.seen_at, state.connected, state.glass_wrong, REPORTED)
        .add_columns(CommandRow.state, CommandRow.deadline, CommandRow.said, CommandRow.detail)
        .join(ScreenRow, ScreenRow.id == UpdateRow.screen_id)
        .join(StoreRow, StoreRow.id == ScreenRow.store_id)
        .join(DeviceRow, DeviceRow.screen_id == UpdateRow.screen_id)
        .outerjoin(state, state.screen_id == UpdateRow.screen_id)
        .outerjoin(CommandRow, CommandRow.id == UpdateRow.command_id)
        .where(UpdateRow.rollout_id == row.id, DeviceRow.paired_at <= row.started_at)
        .order_by(UpdateRow.wave, ScreenRow.store_id, ScreenRow.id)
    )
    if open_only:
        rows = rows.where(UpdateRow.stage.in_(("due", "told", "done")))
    found = []
    for (
        one,
        name,
        store,
        store_name,
        seen_at,
        connected,
        dark,
        version,
        said,
        deadline,
        why,
        detail,
    ) in session.execute(rows):
        told = None
        if deadline is not None:
            told = Told(said, deadline, why, bool(detail.get("rolled_back")))
        member = Member(
            *(one.screen_id, store, one.wave, one.stage, one.since),
            *(one.said, one.before, one.excused),
        )
        seen = Seen(version_said(version), seen_at or 0, dark, told)
        found.append(Known(member, seen, name, store_name, bool(connected)))
    return found


def players(session: Session) -> list[Player]:
    """Every screen whose device runs the player."""
    rows = (
        select(ScreenRow.id, ScreenRow.store_id, ScreenRow.name, ScreenRow.tags)
        .add_columns(DeviceRow.caps, REPORTED, ScreenStateRow.seen_at)
        .join(DeviceRow, DeviceRow.screen_id == ScreenRow.id)
        .outerjoin(ScreenStateRow, ScreenStateRow.screen_id == ScreenRow.id)
        .order_by(ScreenRow.store_id, ScreenRow.id)
    )
    return [
        Player(screen, store, name, tuple(tags), version_said(version), seen_at or 0)
        for screen, store, name, tags, caps, version, seen_at in session.execute(rows)
        if caps.get("agent")
    ]


def pairs(known: Sequence[Known]) -> list[tuple[Member, Seen]]:
    """For what decides."""
    return [(one.member, one.seen) for one in known]


def sweep(session: Session, before: int) -> None:
    """Forget rollouts that ended before an instant (unix ms), but the newest."""
    last = newest(session)
    if last is not None:
        old = delete(RolloutRow).where(RolloutRow.ended_at < before, RolloutRow.id != last.id)
        session.execute(old)


def withdraw(session: Session, rollout: str) -> None:
    """Take back what was told and is not answered."""
    members = session.query(UpdateRow.command_id).filter(UpdateRow.rollout_id == rollout)
    told = [command for (command,) in members.filter(UpdateRow.stage == "told")]
    for some in batched(told, MAX_IN):
        session.execute(
            update(CommandRow)
            .where(CommandRow.id.in_(some), CommandRow.state == "")
            .values(state=WITHDRAWN)
        )
