"""Ways out of a clash, each as the changes of drafts that it comes to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from playlists.model import Campaign
from playlists.resolving.share import ALL_BP
from playlists.schedule_json import schedule_to_json
from server.services.calendar.clashes import Clash
from server.services.drafting.ops import Op

Name = Literal["evenly", "first", "later"]
SHARE_STEP = 100
"""Shares are given in whole percents."""


@dataclass(frozen=True, slots=True)
class Way:
    """`shares` are what each campaign has then, by id (basis points); `subject` is whose turn it
    is: the first, or who begins later, on `begins`.
    """

    name: Name
    shares: Mapping[str, int]
    subject: str = ""
    begins: date | None = None


def ways_of(
    clash: Clash, campaigns: Mapping[str, Campaign], last: date, whole: bool
) -> tuple[Way, ...]:
    """What a person may choose. `last` is the clash's last day; `whole`: it goes on after that."""
    asked = {part.id: part.asks for part in clash.parts}
    even = ALL_BP // len(asked) // SHARE_STEP * SHARE_STEP
    found = [Way("evenly", dict.fromkeys(asked, max(even, SHARE_STEP)))]
    first = clash.parts[0].id
    rest = ALL_BP - asked[first]
    others = sum(asked.values()) - asked[first]
    if rest >= SHARE_STEP * (len(asked) - 1):
        left = {
            name: max(SHARE_STEP, share * rest // others // SHARE_STEP * SHARE_STEP)
            for name, share in asked.items()
            if name != first
        }
        found.append(Way("first", {first: asked[first], **left}, first))
    later = max(asked, key=lambda name: (campaigns[name].schedule.start or "", name))
    start, end = campaigns[later].schedule.start, campaigns[later].schedule.end
    begins = last + timedelta(days=1)
    enough = sum(asked.values()) - asked[later] <= ALL_BP
    if start and not whole and enough and (end is None or end > begins.isoformat()):
        found.append(Way("later", asked, later, begins))
    return tuple(found)


def ops_of(way: Way, campaigns: Mapping[str, Campaign]) -> dict[str, list[Op]]:
    """The operations of a way, by campaign."""
    if way.name == "later" and way.begins is not None:
        schedule = {
            **schedule_to_json(campaigns[way.subject].schedule),
            "start": way.begins.isoformat(),
        }
        return {way.subject: [{"op": "set", "path": "schedule", "value": schedule}]}
    return {
        name: [{"op": "set", "path": "share", "value": share}]
        for name, share in way.shares.items()
        if share != campaigns[name].share
    }
