"""On which days of the recent past a campaign's condition was true somewhere: from the facts that
the record still holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playlists.conditions import Condition, Truth, bind_condition, evaluate, facts_at, facts_of
from playlists.facts import FactKey, fact_line
from playlists.localtime import day_start, local_date, zone_of
from server.services.base.context import Context
from server.services.calendar.floor import Floor, Mask
from server.services.calendar.window import DAY, Window
from server.services.observed.facts import KEEP_PAST_MS, facts_for

STEP_MS = 30 * 60_000
MAX_SHOPS = 8
"""Stores of a campaign that are asked; the others would only fill days that these fill too."""


@dataclass(frozen=True, slots=True)
class Truths:
    """Days (places in the window) on which each campaign's condition was true, and the first day
    that the record knows about; None where it is after the window.
    """

    true: Mapping[str, tuple[int, ...]]
    known: int | None


def truths(
    ctx: Context, floor: Floor, conditions: Mapping[str, tuple[Condition, Mask]], shown: Window
) -> Truths:
    """When conditions were true, from the facts of the last three days until now."""
    now = ctx.clock()
    asked = {
        name: [
            (shop.id, bind_condition(condition, shop.id, ""), shop.calendar.zone)
            for shop in floor.shops_of(mask)[:MAX_SHOPS]
        ]
        for name, (condition, mask) in conditions.items()
    }
    keys: set[FactKey] = {
        key for bound in asked.values() for _, condition, _ in bound for key in facts_of(condition)
    }
    begin = now - KEEP_PAST_MS
    with ctx.db.read() as session:
        facts = facts_for(session, keys)
    lines = {key: fact_line(facts.get(key, ()), key, begin, now + 1) for key in keys}
    times = range(begin, now + 1, STEP_MS)
    looks = [(at, facts_at(lines.get, at)) for at in (*times, now)]
    true: dict[str, tuple[int, ...]] = {}
    for name, bound in asked.items():
        days: set[int] = set()
        for _, condition, zone in bound:
            tz = zone_of(zone)
            for at, look in looks:
                place = shown.at(local_date(tz, at))
                if place is None or place in days:
                    continue
                if evaluate(condition, look).truth is Truth.TRUE:
                    days.add(place)
        true[name] = tuple(sorted(days))
    return Truths(true, _known(floor, begin, shown))


def _known(floor: Floor, begin: int, shown: Window) -> int | None:
    zones: Sequence[str] = [shop.calendar.zone for shop in floor.shops]
    if not zones:
        return None
    tz = zone_of(zones[0])
    day = local_date(tz, begin)
    first = day if day_start(tz, day) >= begin else day + DAY
    return max(0, (first - shown.first).days) if first <= shown.last else None
