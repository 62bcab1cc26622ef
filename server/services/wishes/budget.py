"""How long a store's own hand may hold its screens on one day: the budget that marketing set.

It binds whoever may not edit content. Holds that run at the same time count once; pauses and
emergencies do not count.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.intervals import Intervals, clip, normalize
from playlists.localtime import LocalDay, local_days
from playlists.model import Override
from server.db.models import OverrideRow, StoreRow
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.wishes.wish_rows import override_of

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS


def check_budget(ctx: Context, session: Session, actor: Actor, override: Override) -> None:
    """Refuse a hold with which some day of its store would be held longer than the budget. Raises
    BadInput (code `hold_budget`).
    """
    if override.kind != "show" or actor.may("content"):
        return
    budget_ms = ctx.settings.hold_minutes_per_day * MINUTE_MS
    zone = session.get_one(StoreRow, override.store).zone
    days = -(-(override.until_ms - override.from_ms) // DAY_MS) + 1
    window = (override.from_ms, override.until_ms)
    for day in local_days(zone, override.from_ms, days):
        taken = _held(session, override.store, day, but=override.id)
        whole = clip(normalize([*taken, window]), day.from_ms, day.until_ms)
        if _length(whole) > budget_ms and _length(whole) > _length(taken):
            hours, minutes = divmod(ctx.settings.hold_minutes_per_day, 60)
            message = (
                f"A store holds its screens by hand for {hours} h {minutes:02d} a day at most. "
                "Choose an earlier end, or ask marketing."
            )
            raise BadInput(message, field="until", code="hold_budget")


def latest_end(ctx: Context, session: Session, actor: Actor, store: str, now: int) -> int:
    """Until when a hold that begins now may last today, unix ms: the budget's end or midnight; now
    where nothing is left.
    """
    day = local_days(session.get_one(StoreRow, store).zone, now, 1)[0]
    if actor.may("content"):
        return day.until_ms
    taken = _held(session, store, day)
    left = ctx.settings.hold_minutes_per_day * MINUTE_MS - _length(taken)
    at = now
    for begin, end in clip(taken, now, day.until_ms):
        if begin - at > left:
            break
        left -= begin - at
        at = end
    return min(at + max(0, left), day.until_ms)


def _held(session: Session, store: str, day: LocalDay, but: str = "") -> Intervals:
    """When the store's screens are held on a day, without the hold `but`."""
    rows = select(OverrideRow).where(
        OverrideRow.store_id == store,
        OverrideRow.from_ms < day.until_ms,
        OverrideRow.until_ms > day.from_ms,
        OverrideRow.id != but,
    )
    holds = [one for row in session.scalars(rows) if (one := override_of(row)).kind == "show"]
    windows = normalize((hold.from_ms, hold.until_ms) for hold in holds)
    return clip(windows, day.from_ms, day.until_ms)


def _length(intervals: Intervals) -> int:
    return sum(end - begin for begin, end in intervals)
