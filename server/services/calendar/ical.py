"""The calendar as iCalendar (RFC 5545): one event for each stretch of days of each campaign."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from playlists.localtime import local_date, zone_of
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.calendar.bands import WEEK_GAP, days_on
from server.services.calendar.gathering import Gathered, gather, zone_now
from server.services.calendar.judging import heard
from server.services.calendar.window import DAY, Window, beside, runs, window

PRODUCT = "-//Enseigne//calendar//EN"
REFRESH = timedelta(hours=1)


def feed(ctx: Context, actor: Actor) -> bytes:
    """What is on air in this quarter of the year and the next, drafts left out: the same bytes as
    long as nothing changes. Raises Forbidden.
    """
    today = local_date(zone_of(zone_now(ctx, actor)), ctx.clock())
    now = window("quarter", today)
    after = window("quarter", beside(now, 1))
    both = Window("quarter", now.first, now.days + after.days)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Enseigne")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for event in _events(gather(ctx, actor, both, drafts=False), both, ctx.settings.url):
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(gathered: Gathered, shown: Window, url: str) -> Iterator[Event]:
    campaigns = tuple(one.campaign for one in gathered.planned.values())
    voices, _ = heard(gathered.floor, shown, campaigns)
    for campaign in campaigns:
        for run in runs(days_on(campaign, voices[campaign.id], shown), WEEK_GAP):
            first = shown.day(run[0])
            event = Event()
            event.add("uid", f"{campaign.id}-{first.isoformat()}@enseigne")
            event.add("dtstamp", datetime.fromtimestamp(campaign.edited_at // 1000, UTC))
            event.add("summary", campaign.name)
            event.add("dtstart", first)
            event.add("dtend", shown.day(run[1]) + DAY)
            event.add("transp", "TRANSPARENT")
            event.add("url", f"{url}/calendar?at={first.isoformat()}&pick={campaign.id}")
            yield event
