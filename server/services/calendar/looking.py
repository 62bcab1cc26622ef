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
from server.services.calendar.judging import Judged, judged
from server.services.calendar.truths import truths
from server.services.calendar.ways import Way, ways_of
from server.services.calendar.window import View, Window, window


@dataclass(frozen=True, slots=True)
class Seen:
    """Campaigns in a window, judged: `now` (unix ms) and today on the clock that it goes by."""

    gathered: Gathered
    window: Window
    judged: Judged
    now: int
    today: date

    def clash(self, name: str) -> Clash | None:
        """A clash by its name."""
        return next((one for one in self.judged.clashes if one.id == name), None)

    def ways(self, clash: Clash) -> tuple[Way, ...]:
        """The ways out of a clash."""
        campaigns = {name: one.campaign for name, one in self.gathered.planned.items()}
        whole = clash.run[1] == self.window.days - 1
        return ways_of(clash, campaigns, self.window.day(clash.run[1]), whole)


def look(ctx: Context, actor: Actor, view: View, day: date | None = None) -> Seen:
    """The calendar around a day, or today. Raises Forbidden."""
    now = ctx.clock()
    today = local_date(zone_of(zone_now(ctx, actor)), now)
    shown: Window = window(view, day or today)
    gathered = gather(ctx, actor, shown)
    campaigns = tuple(one.campaign for one in gathered.planned.values())
    return Seen(gathered, shown, judged(gathered.floor, shown, campaigns), now, today)


def drawn(ctx: Context, seen: Seen) -> Chart:
    """Its bars, filled where conditions were true."""
    gathered = seen.gathered
    conditions = {
        name: (one.campaign.condition, seen.judged.voices[name].mask)
        for name, one in gathered.planned.items()
        if one.campaign.condition is not None
    }
    found = truths(ctx, gathered.floor, conditions, seen.window)
    return chart(gathered, seen.window, seen.judged, found)
