"""On which days of the recent past a campaign's condition was true somewhere: from the facts that
the record still holds.
"""

from __future__ import annotations

from collections.abc import Mapping

from playlists.conditions import Condition, bind_condition, facts_of, true_intervals
from playlists.facts import FactKey, fact_line
from playlists.localtime import local_date, zone_of
from server.services.base.context import Context
from server.services.calendar.floor import Floor, Mask
from server.services.calendar.window import Run, Window
from server.services.observed.facts import KEEP_PAST_MS, facts_for

MAX_SHOPS = 8
"""Stores of a campaign that are asked; the others would only fill days that these fill too."""


def truths(
    ctx: Context, floor: Floor, conditions: Mapping[str, tuple[Condition, Mask]], shown: Window
) -> dict[str, tuple[int, ...]]:
    """Days (places in the window) on which each campaign's condition was true, from the facts of
    the last three days until now.
    """
    now = ctx.clock()
    begin = now - KEEP_PAST_MS
    asked = {
        name: [
            (bind_condition(condition, shop.id, ""), shop.calendar.zone)
            for shop in floor.shops_of(mask, MAX_SHOPS)
        ]
        for name, (condition, mask) in conditions.items()
    }
    keys: set[FactKey] = set()
    for condition in {condition for bound in asked.values() for condition, _ in bound}:
        keys |= facts_of(condition)
    with ctx.db.read() as session:
        facts = facts_for(session, keys)
    lines = {key: fact_line(facts[key], key, begin, now + 1) for key in keys if key in facts}
    known: dict[tuple[Condition, str], set[int]] = {}
    for one in {one for bound in asked.values() for one in bound}:
        days: set[int] = set()
        tz = zone_of(one[1])
        for low, high in true_intervals(one[0], lines.get, begin, now + 1):
            run: Run | None = shown.clipped(local_date(tz, low), local_date(tz, high - 1))
            if run is not None:
                days.update(range(run[0], run[1] + 1))
        known[one] = days
    return {
        name: tuple(sorted(set().union(*(known[one] for one in bound))))
        for name, bound in asked.items()
    }
