"""How displays are switched and looked at: each screen's rule or its store's, brought to the
devices and held against what they report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from playlists.ids import Sha256
from playlists.runs import GENESIS
from playlists.wire.commands import Off, PowerPlan, PowerRun
from server.db.models import (
    CommandRow,
    DeviceRow,
    DisplayRow,
    PowerRunRow,
    ScreenRow,
    ScreenStateRow,
    StoreRow,
)
from server.errors import BadInput, Conflict
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import Versioned, check_version, missing
from server.services.base.kept import batched
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.chain.place_views import store_view
from server.services.screens import commands, fetch_rules, hand_plans
from server.services.screens.devices import Viewer
from server.services.screens.power_plans import Hours, Opening, Rule, plan_of

MAX_MARGIN_MIN = 240
"""Minutes before opening and after closing."""
SHOT_EVERY_MIN = (15, 1_440)
"""Minutes between two pictures of a screen, the least and the most."""
REPORTED = ("power_plan", "fetch_rule", "hands")
"""What devices report that they go by."""
OVERTAKEN = "replaced"
"""The state of an own command that a newer one took the place of."""
MINUTE_MS = 60_000
DAY_MINUTES = 1_440
AHEAD_MS = 60 * MINUTE_MS
LONGEST_MS = 400 * DAY_MINUTES * MINUTE_MS
"""Records of displays that end later than this from now, or last longer, are not taken."""
SENT_AT_ONCE = 50
"""Own commands in one transaction: at midnight every screen with a rule is sent one."""
HEARD_MS = 10 * MINUTE_MS
"""Who was heard so lately is there to be told."""


@dataclass(frozen=True, slots=True)
class Display:
    """A display's rule, and how often a picture of it is taken (minutes; 0: when asked)."""

    rule: Rule = field(default_factory=Rule)
    shots_min: int = 0


@dataclass(frozen=True, slots=True)
class DisplayView:
    """What holds for a screen: its own, or its store's where `of_store`."""

    display: Display
    of_store: bool
    plan: PowerPlan
    off: Off | None


@dataclass(frozen=True, slots=True)
class PowerRunView:
    """A stretch that a display was off; `follows`: bound to the record before it."""

    seq: int
    hash: str
    prev: str
    from_ms: int
    until_ms: int
    why: str
    how: str
    said: str
    follows: bool
    received_at: int


def of_screen(ctx: Context, actor: Actor, screen: str) -> Versioned[DisplayView]:
    """What holds for a screen now. Raises NotFound."""
    actor.require("read")
    now = ctx.clock()
    with ctx.db.read() as session:
        place = session.get(ScreenRow, screen)
        if place is None or not actor.sees(place.store_id):
            raise missing("screen")
        subjects = (f"screen:{screen}", f"store:{place.store_id}")
        rows = select(DisplayRow).where(DisplayRow.subject.in_(subjects))
        found = {row.subject: row for row in session.scalars(rows)}
        own = found.get(subjects[0])
        display = _display(own or found.get(subjects[1]))
        plan = plan_of(display.rule, _opening(session, place.store_id), now)
        view = DisplayView(display, own is None, plan, plan.at(now))
        return Versioned(view, own.version if own else 0)


def set_display(
    ctx: Context, actor: Actor, subject: str, display: Display | None, if_version: int | None = None
) -> None:
    """Give `screen:id` or `store:id` a rule, or with None take its own away. Raises NotFound,
    BadInput, StaleEdit.
    """
    if display is not None:
        _check(display)
    now = ctx.clock()
    actor.require("devices")
    with ctx.db.write() as session:
        actor.require("devices", _store_of(session, subject))
        row = session.get(DisplayRow, subject, with_for_update=True)
        check_version(row.version if row else 0, if_version)
        before = asdict(_display(row)) if row else None
        if display is None:
            if row is not None:
                session.delete(row)
        else:
            session.merge(_row(subject, display, (row.version if row else 0) + 1, now))
        after = asdict(display) if display else None
        audit.record(session, actor, now, "display.set", subject, before, after)
    ctx.wake()


def list_power(ctx: Context, actor: Actor, screen: str, cut: Cut = FIRST) -> Page[PowerRunView]:
    """When a screen's display was off, newest first. Raises NotFound."""
    actor.require("read")
    with ctx.db.read() as session:
        place = session.get(ScreenRow, screen)
        if place is None or not actor.sees(place.store_id):
            raise missing("screen")
        rows = select(PowerRunRow).where(PowerRunRow.screen_id == screen)
        keys = [PowerRunRow.from_ms, PowerRunRow.device, PowerRunRow.seq]
        return paged(session, ctx.settings, rows, keys, cut, power_run, newest_first=True)


def take_power(session: Session, viewer: Viewer, runs: tuple[PowerRun, ...], now: int) -> int:
    """Keep what a device says of its display; the number up to which it may forget its own."""
    screen = viewer.screens[0]
    newest = select(PowerRunRow).where(
        PowerRunRow.screen_id == screen, PowerRunRow.device == viewer.device
    )
    last = session.scalar(newest.order_by(PowerRunRow.seq.desc()).limit(1))
    seq, hashed = (last.seq, Sha256(last.hash)) if last else (0, GENESIS)
    for run in runs:
        if run.seq <= seq:
            continue
        if run.until_ms > now + AHEAD_MS or run.until_ms - run.from_ms > LONGEST_MS:
            break  # no honest record is of the future, or of years
        session.add(
            PowerRunRow(
                screen_id=screen,
                device=viewer.device,
                seq=run.seq,
                hash=run.hash,
                prev=run.prev,
                from_ms=run.from_ms,
                until_ms=run.until_ms,
                why=run.why,
                how=run.how,
                said=run.said,
                follows=run.follows(seq, hashed),
                received_at=now,
            )
        )
        seq, hashed = run.seq, run.hash
    return seq


def bring(ctx: Context) -> None:
    """Send each device the plan and the rule for fetching that it does not report, and ask for the
    pictures that are due.
    """
    now = ctx.clock()
    with ctx.db.read() as session:
        due = list(_due(ctx, session, now))
    for some in batched(due, SENT_AT_ONCE):
        with ctx.db.write() as session:
            for screen, kind, arguments in some:
                _send(ctx, session, screen, kind, arguments, now)
    if due:
        ctx.wake()


def _send(
    ctx: Context, session: Session, screen: str, kind: str, arguments: Mapping[str, Any], now: int
) -> None:
    if kind in commands.OWN:
        older = update(CommandRow).where(
            CommandRow.screen_id == screen, CommandRow.kind == kind, CommandRow.state == ""
        )
        session.execute(older.values(state=OVERTAKEN))
    # It may wait for many answers, or be gone.
    with suppress(Conflict):
        commands.issue(ctx, session, screen, kind, arguments, commands.NOBODY, now)


def _due(ctx: Context, session: Session, now: int) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    rules = {row.subject: _display(row) for row in session.scalars(select(DisplayRow))}
    fetch_of = fetch_rules.rules(session)
    told = [ScreenStateRow.report["device"][name].as_string() for name in REPORTED]
    rows = (
        select(ScreenRow.id, ScreenRow.store_id, DeviceRow.caps, *told)
        .join(DeviceRow, DeviceRow.screen_id == ScreenRow.id)
        .join(ScreenStateRow, ScreenStateRow.screen_id == ScreenRow.id)
        .where(or_(ScreenStateRow.connected, ScreenStateRow.seen_at > now - HEARD_MS))
    )
    sent = _last(session)
    plans: dict[tuple[Rule, str], PowerPlan] = {}
    nothing = PowerPlan()
    hands = hand_plans.Plans(ctx, session, now)
    for screen, store, caps, held, fetches, may in session.execute(rows):
        display = rules.get(f"screen:{screen}") or rules.get(f"store:{store}") or Display()
        if not caps.get("agent") or not held:
            continue
        key = (display.rule, store)
        if display.rule == Rule():
            plan = nothing
        else:
            plan = plans[key] = plans.get(key) or plan_of(key[0], _opening(session, store), now)
        rule = fetch_of(store)
        wanted = (
            (commands.POWER, plan, held),
            (commands.FETCH, rule, fetches),
            (commands.HANDS, hands.of(screen, store), may),
        )
        for kind, it, has in wanted:
            waits = sent.get((screen, kind))
            # A player that says nothing of it is older than this.
            if has and has != it.id and not (waits and waits[1] > now and waits[2] == it.id):
                yield screen, kind, {**it.to_json(), "plan": it.id}
        shot = sent.get((screen, "screenshot"))
        if display.shots_min and (not shot or now - shot[0] >= display.shots_min * MINUTE_MS):
            yield screen, "screenshot", {}


def _last(session: Session) -> dict[tuple[str, str], tuple[int, int, str]]:
    """The newest own commands that wait and the newest picture asked for, of each screen."""
    kinds = (*commands.OWN, "screenshot")
    newest = (
        select(CommandRow.screen_id, CommandRow.kind, func.max(CommandRow.issued_at).label("at"))
        .where(CommandRow.kind.in_(kinds))
        .group_by(CommandRow.screen_id, CommandRow.kind)
        .subquery()
    )
    rows = select(CommandRow).join(
        newest,
        (CommandRow.screen_id == newest.c.screen_id)
        & (CommandRow.kind == newest.c.kind)
        & (CommandRow.issued_at == newest.c.at),
    )
    return {
        (row.screen_id, row.kind): (
            row.issued_at,
            row.deadline if not row.state else 0,
            str(row.arguments.get("plan", "")),
        )
        for row in session.scalars(rows)
    }


def _opening(session: Session, store: str) -> Opening:
    view = store_view(session.get_one(StoreRow, store)).value
    return Opening(view.zone, view.hours, view.special_hours)


def _store_of(session: Session, subject: str) -> str:
    kind, _, name = subject.partition(":")
    if kind == "store" and session.get(StoreRow, name) is not None:
        return name
    screen = session.get(ScreenRow, name) if kind == "screen" else None
    if screen is None:
        raise missing(kind if kind in ("store", "screen") else "place")
    return screen.store_id


def _check(display: Display) -> None:
    rule = display.rule
    for name, value in (("before_min", rule.before_min), ("after_min", rule.after_min)):
        if not 0 <= value <= MAX_MARGIN_MIN:
            raise BadInput(f"Give 0 to {MAX_MARGIN_MIN} minutes.", field=name)
    least, most = SHOT_EVERY_MIN
    if display.shots_min and not least <= display.shots_min <= most:
        raise BadInput(f"Give 0, or {least} to {most} minutes.", field="shots_min")
    if rule.mode == "own":
        whole = [begin < end <= DAY_MINUTES for day in rule.hours for begin, end in day]
        if len(rule.hours) != 7 or not any(rule.hours) or not all(whole):
            raise BadInput("Give the hours of each day, the end after the begin.", field="hours")


def _display(row: DisplayRow | None) -> Display:
    if row is None:
        return Display()
    hours: tuple[Hours, ...] = tuple(tuple((a, b) for a, b in day) for day in row.hours)
    rule = Rule(row.mode, row.before_min, row.after_min, hours, row.night)  # type: ignore[arg-type]
    return Display(rule, row.shots_min)


def _row(subject: str, display: Display, version: int, now: int) -> DisplayRow:
    rule = display.rule
    return DisplayRow(
        subject=subject,
        mode=rule.mode,
        before_min=rule.before_min,
        after_min=rule.after_min,
        hours=[[list(one) for one in day] for day in rule.hours],
        night=rule.night,
        shots_min=display.shots_min,
        version=version,
        edited_at=now,
    )


def power_run(row: PowerRunRow) -> PowerRunView:
    """A record as people see it."""
    return PowerRunView(
        seq=row.seq,
        hash=row.hash,
        prev=row.prev,
        from_ms=row.from_ms,
        until_ms=row.until_ms,
        why=row.why,
        how=row.how,
        said=row.said,
        follows=row.follows,
        received_at=row.received_at,
    )
