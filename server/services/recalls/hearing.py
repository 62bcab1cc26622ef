"""Which screens have a recall, which do not, and until when those may still show the price at most.

A screen confirmed once its report holds the channel at the recall's version or a later one. Of one
that has an older version and is out of reach the server knows: it shows the price no longer than
its step runs, and no longer than the lease that the shop's last word gave it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db.models import (
    ProfileRow,
    RecalledRow,
    ScreenHeadRow,
    ScreenRow,
    ScreenStateRow,
    StoreRow,
)
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.recalls.recalls import get_recall

Heard = Literal["away", "coming", "over", "confirmed"]
"""away: out of reach, and may still show it; coming: connected, not confirmed yet; over: out of
reach, and can show it no more; confirmed."""
HEARD: tuple[Heard, ...] = get_args(Heard)
"""What needs somebody first."""
PAGE_SCREENS = 50


@dataclass(frozen=True, slots=True)
class ScreenHeard:
    """One screen of a recall. `until` (unix ms): it may show the price up to then at most; 0: not
    any more. `seen_at` is its last word.
    """

    screen: str
    name: str
    store: str
    store_name: str
    zone: str
    heard: Heard
    until: int
    seen_at: int | None


@dataclass(frozen=True, slots=True)
class Hearing:
    """How far a recall has come at `now`: how many screens of each kind, `until` when the last of
    those out of reach may show it (unix ms; 0: none may), and some of the screens.
    """

    now: int
    counts: Mapping[Heard, int]
    until: int
    screens: tuple[ScreenHeard, ...]
    more: bool

    @property
    def all(self) -> int:
        """How many screens it concerns."""
        return sum(self.counts.values())


def hearing(
    ctx: Context, actor: Actor, recall_id: str, heard: Heard | None = None, page: int = 0
) -> Hearing:
    """How far a recall has come among the actor's screens; screens of one kind where `heard` is
    given, in pages of PAGE_SCREENS. Raises Forbidden, NotFound.
    """
    get_recall(ctx, actor, recall_id)
    now = ctx.clock()
    with ctx.db.read() as session:
        found = _screens(session, actor, recall_id, now)
    counts = Counter(one.heard for one in found)
    chosen = sorted(
        (one for one in found if heard is None or one.heard == heard),
        key=lambda one: (HEARD.index(one.heard), -one.until, one.store_name, one.name, one.screen),
    )
    begin = page * PAGE_SCREENS
    return Hearing(
        now,
        {kind: counts.get(kind, 0) for kind in HEARD},
        max((one.until for one in found), default=0),
        tuple(chosen[begin : begin + PAGE_SCREENS]),
        len(chosen) > begin + PAGE_SCREENS,
    )


def _screens(session: Session, actor: Actor, recall_id: str, now: int) -> list[ScreenHeard]:
    told = {
        row.channel: row
        for row in session.scalars(select(RecalledRow).where(RecalledRow.recall_id == recall_id))
    }
    readers = _readers(session, actor, told)
    if not readers:
        return []
    query = (
        select(
            ScreenRow.id,
            ScreenRow.name,
            ScreenRow.store_id,
            StoreRow.name,
            StoreRow.zone,
            ScreenHeadRow.profile,
            ScreenStateRow.connected,
            ScreenStateRow.seen_at,
            ScreenStateRow.report["channels"],
        )
        .join(StoreRow, StoreRow.id == ScreenRow.store_id)
        .join(ScreenHeadRow, ScreenHeadRow.screen_id == ScreenRow.id)
        .join(ScreenStateRow, ScreenStateRow.screen_id == ScreenRow.id)
    )
    if actor.stores is not None:
        query = query.where(ScreenRow.store_id.in_(actor.stores))
    found = []
    for screen, name, store, called, zone, profile, connected, seen_at, marks in session.execute(
        query
    ):
        if profile in readers:
            kind, until = max(
                (_heard(told[channel], marks, connected, now) for channel in readers[profile]),
                key=lambda one: (-HEARD.index(one[0]), one[1]),
            )
            found.append(ScreenHeard(screen, name, store, called, zone, kind, until, seen_at))
    return found


def _readers(
    session: Session, actor: Actor, told: Mapping[str, RecalledRow]
) -> dict[str, list[str]]:
    """By profile the recalled channels that its screens follow."""
    query = select(ProfileRow.key, ProfileRow.body["channels"])
    if actor.stores is not None:
        query = query.where(ProfileRow.store_id.in_(actor.stores))
    found = {}
    for profile, channels in session.execute(query):
        if mine := [channel for channel in channels or () if channel in told]:
            found[profile] = mine
    return found


def _heard(
    told: RecalledRow, marks: Mapping[str, int] | None, connected: bool, now: int
) -> tuple[Heard, int]:
    """How a screen stands to one recalled channel, by the versions that it said it holds; and until
    when it may show the price.
    """
    mark = 0 if marks is None else int(marks.get(told.channel, 0))
    if mark >= told.version:
        return "confirmed", 0
    if connected:
        return "coming", 0
    if marks is not None and not mark:  # it holds nothing of this channel
        return "over", 0
    until = told.lease_end
    if mark == told.was and told.step_end is not None:
        until = min(until, told.step_end)
    return ("away", until) if until > now else ("over", 0)
