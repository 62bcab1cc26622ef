"""How displays are switched and looked at: each screen's rule, or its store's. Its plan is sent by
bringing.py, what came of it is in offs.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.wire.commands import Off, PowerPlan
from server.db.models import (
    DisplayRow,
    ScreenRow,
    StoreRow,
)
from server.errors import BadInput
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import Versioned, check_version, missing
from server.services.publishing.storing import alone
from server.services.screens.openings import openings
from server.services.screens.power_plans import Hours, Rule, plan_of

MAX_MARGIN_MIN = 240
"""Minutes before opening and after closing."""
SHOT_EVERY_MIN = (15, 1_440)
"""Minutes between two pictures of a screen, the least and the most."""
DAY_MINUTES = 1_440


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


def of_screen(ctx: Context, actor: Actor, screen: str) -> Versioned[DisplayView]:
    """What holds for a screen now. Raises NotFound."""
    actor.require("read")
    with ctx.db.read() as session:
        place = session.get(ScreenRow, screen)
        if place is None or not actor.sees(place.store_id):
            raise missing("screen")
        subjects = (f"screen:{screen}", f"store:{place.store_id}")
        rows = select(DisplayRow).where(DisplayRow.subject.in_(subjects))
        found = {row.subject: row for row in session.scalars(rows)}
        own, held = found.get(subjects[0]), found.get(subjects[0], found.get(subjects[1]))
        view = _view(session, held, place.store_id, ctx.clock(), of_store=own is None)
        return Versioned(view, own.version if own else 0)


def of_store(ctx: Context, actor: Actor, store: str) -> Versioned[DisplayView]:
    """What holds now for a store's screens without a rule of their own. Raises NotFound."""
    actor.require("read")
    with ctx.db.read() as session:
        if session.get(StoreRow, store) is None or not actor.sees(store):
            raise missing("store")
        held = session.get(DisplayRow, f"store:{store}")
        view = _view(session, held, store, ctx.clock(), of_store=True)
        return Versioned(view, held.version if held else 0)


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
        alone(session)  # where there is none yet, there is no row to lock
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


def rules(session: Session) -> Callable[[str, str], Display]:
    """The display of a screen, by the screen and its store."""
    found = {row.subject: _display(row) for row in session.scalars(select(DisplayRow))}
    default = Display()
    return lambda screen, store: (
        found.get(f"screen:{screen}") or found.get(f"store:{store}") or default
    )


def _store_of(session: Session, subject: str) -> str:
    kind, _, name = subject.partition(":")
    if kind == "store" and session.get(StoreRow, name) is not None:
        return name
    screen = session.get(ScreenRow, name) if kind == "screen" else None
    if screen is None:
        raise missing(kind if kind in ("store", "screen") else "place")
    return screen.store_id


def _view(
    session: Session, held: DisplayRow | None, store: str, now: int, *, of_store: bool
) -> DisplayView:
    display = _display(held)
    plan = plan_of(display.rule, openings(session, (store,))[store], now)
    return DisplayView(display, of_store, plan, plan.at(now))


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
