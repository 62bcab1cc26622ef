"""Sends each device what it should go by and does not report yet: its display's plan, its store's
rule for fetching, who may act on it; and asks for the pictures that are due.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from playlists.wire.commands import PowerPlan
from server.db.models import CommandRow, DeviceRow, ScreenRow, ScreenStateRow
from server.errors import Conflict
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.screens import commands, displays, fetch_rules, hand_plans
from server.services.screens.openings import openings
from server.services.screens.power_plans import Rule, plan_of
from server.services.screens.screen_states import HEARD_MS

REPORTED = ("power_plan", "fetch_rule", "hands")
"""What devices report that they go by."""
SENT_AT_ONCE = 50
"""Own commands in one transaction: at midnight every screen with a rule is sent one."""
MINUTE_MS = 60_000


def bring(ctx: Context) -> None:
    """Send it all, once."""
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
        session.execute(older.values(state=commands.REPLACED))
    # It may wait for many answers, or be gone.
    with suppress(Conflict):
        commands.issue(ctx, session, screen, kind, arguments, commands.NOBODY, now)


def _due(ctx: Context, session: Session, now: int) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    display_of = displays.rules(session)
    fetch_of = fetch_rules.rules(session)
    hands = hand_plans.Plans(ctx, session, now)
    sent = _last(session)
    players = [
        (screen, store, display_of(screen, store), reported)
        for screen, store, caps, *reported in session.execute(_heard(now))
        if caps.get("agent") and reported[0]
    ]
    switched = {store for _, store, display, _ in players if display.rule != Rule()}
    hours = openings(session, switched)
    plan_for = cache(lambda rule, store: plan_of(rule, hours[store], now))
    nothing = PowerPlan()
    for screen, store, display, (held, fetches, may) in players:
        plan = plan_for(display.rule, store) if display.rule != Rule() else nothing
        # A player that says nothing of one is older than that.
        wanted = (
            (commands.POWER, plan, held),
            (commands.FETCH, fetch_of(store), fetches),
            (commands.HANDS, hands.news(may, screen, store) if may else None, may),
        )
        for kind, it, has in wanted:
            waits = sent.get((screen, kind))
            if it and has and has != it.id and not (waits and waits[1] > now and waits[2] == it.id):
                yield screen, kind, {**it.to_json(), "plan": it.id}
        shot = sent.get((screen, "screenshot"))
        if display.shots_min and (not shot or now - shot[0] >= display.shots_min * MINUTE_MS):
            yield screen, "screenshot", {}


def _heard(now: int) -> Select[Any]:
    """Who is there to be told, and what it says that it goes by."""
    told = [ScreenStateRow.report["device"][name].as_string() for name in REPORTED]
    return (
        select(ScreenRow.id, ScreenRow.store_id, DeviceRow.caps, *told)
        .join(DeviceRow, DeviceRow.screen_id == ScreenRow.id)
        .join(ScreenStateRow, ScreenStateRow.screen_id == ScreenRow.id)
        .where(or_(ScreenStateRow.connected, ScreenStateRow.seen_at > now - HEARD_MS))
    )


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
