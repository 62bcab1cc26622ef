"""The calendar as one call: gathered, judged, laid out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from playlists.localtime import local_date, zone_of
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.calendar.bands import Chart, chart
from server.services.calendar.clashes import Clash
from server.services.calendar.gathering import Gathered, gather, zone_now
from server.services.calendar.truths import truths
from server.services.calendar.ways import Way, ways_of
from server.services.calendar.window import View, Window, window


@dataclass(frozen=True, slots=True)
class Seen:
    """A calendar to draw: `now` (unix ms) and today on the clock that it goes by."""

    gathered: Gathered
    chart: Chart
    now: int
    today: date

    def clash(self, name: str) -> Clash | None:
        """A clash by its name."""
        return next((one for one in self.chart.clashes if one.id == name), None)

    def ways(self, clash: Clash) -> tuple[Way, ...]:
        """The ways out of a clash."""
        campaigns = {name: one.campaign for name, one in self.gathered.planned.items()}
        shown = self.chart.window
        whole = clash.run[1] == shown.days - 1
        return ways_of(clash, campaigns, shown.day(clash.run[1]), whole)


def look(ctx: Context, actor: Actor, view: View, day: date | None = None) -> Seen:
    """The calendar around a day, or today. Raises Forbidden."""
    now = ctx.clock()
    today = local_date(zone_of(zone_now(ctx, actor)), now)
    shown: Window = window(view, day or today)
    gathered = gather(ctx, actor, shown)
    floor = gathered.floor
    conditions = {
        name: (one.campaign.condition, floor.hit(one.campaign.target, one.campaign.zone))
        for name, one in gathered.planned.items()
        if one.campaign.condition is not None
    }
    return Seen(gathered, chart(gathered, shown, truths(ctx, floor, conditions, shown)), now, today)
