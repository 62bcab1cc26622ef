"""What a screen says of itself over HTTP, kept, and the answer: what it lacks.

The same as at the door, for players whose socket is silent; each answer brings them up to date.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import canonical
from playlists.wire.door import Report
from playlists.wire.http import Difference
from server.db.engine import Database
from server.db.models import ChannelRow, ScreenHeadRow, ScreenRow, ScreenStateRow
from server.errors import BadInput
from server.services.base.context import Context
from server.services.prices import offers
from server.services.prices.freshness import FreshnessMaker
from server.services.screens import commands, delivery, pages, reissue
from server.services.screens.devices import Viewer

MAX_REPORT_BYTES = 64 * 1024
"""Of a report's canonical JSON."""
FRESH_FOR_MS = 10_000
"""A store's freshness is made at most this often over HTTP, but for a channel's new version."""

Versions = dict[str, int]


@dataclass(frozen=True, slots=True)
class _Made:
    """A store's freshness, when it was made, and for which channel versions."""

    issued_at: int
    versions: Versions
    jws: str


class _Fresh:
    """The freshness messages last made for the stores of one record."""

    def __init__(self, ctx: Context) -> None:
        self._maker = FreshnessMaker(ctx.keys)
        self._made: dict[str, _Made] = {}
        self._lock = threading.Lock()

    def of(self, session: Session, store: str, versions: Versions, now: int) -> _Made | None:
        """The message for a store whose channels have these versions now."""
        with self._lock:
            made = self._made.get(store)
            if made and made.versions == versions and abs(now - made.issued_at) < FRESH_FOR_MS:
                return made
            self._maker.forget([store])
            for _, jws in self._maker.make(session, now, [store]):
                self._made[store] = _Made(self._maker.issued_at(store), versions, jws)
            return self._made.get(store)


_FRESH: WeakKeyDictionary[Database, _Fresh] = WeakKeyDictionary()
_FRESH_LOCK = threading.Lock()


def report(ctx: Context, viewer: Viewer, said: Report) -> Difference:
    """Take the report of a screen's device; the signed time, and what the screen lacks.

    Raises BadInput for one that is longer than any honest one.
    """
    screen, now = viewer.screens[0], ctx.clock()
    _keep(ctx, screen, said, now)
    reissue.after_reports(ctx, {screen: said})
    time = ctx.keys.sign_time(said.nonce, now) if said.nonce else ""
    with ctx.db.read() as session:
        head = session.get(ScreenHeadRow, screen)
        newer = head.jws if head is not None and head.revision != said.revision else ""
        channels = _channels(ctx, session, viewer)
        messages = _offers(ctx, session, channels, said)
        fresh = _freshness(ctx, session, screen, channels, said.freshness, now)
        waiting = tuple(one.jws for one in commands.open_commands(session, now, [screen]))
    return Difference(time, newer, messages, fresh, waiting)


def _keep(ctx: Context, screen: str, said: Report, now: int) -> None:
    body: Any = said.to_json()
    if len(canonical(body)) > MAX_REPORT_BYTES:
        raise BadInput(f"A report has at most {MAX_REPORT_BYTES} bytes.", code="too_large")
    with ctx.db.write() as session:
        row = session.get(ScreenStateRow, screen, with_for_update=True)
        if row is None:
            session.add(ScreenStateRow(screen_id=screen, seen_at=now, connected=False, report=body))
        else:
            row.seen_at, row.report = max(now, row.seen_at), body
        pages.record_reported(session, {screen: (now, body)})


def _channels(ctx: Context, session: Session, viewer: Viewer) -> Versions:
    """The channels of the screen's plans with their versions now."""
    plans = delivery.names_for(ctx, session, viewer)
    names = sorted({channel for plan in plans for channel in plan.channels})
    rows = select(ChannelRow.id, ChannelRow.version).where(ChannelRow.id.in_(names))
    return dict(session.execute(rows.order_by(ChannelRow.id)).all())


def _offers(ctx: Context, session: Session, channels: Versions, said: Report) -> tuple[str, ...]:
    held: Mapping[str, int] = {str(name): version for name, version in said.channels.items()}
    found: list[str] = []
    for channel in channels:
        found += offers.messages_from(ctx, session, channel, held.get(channel, 0))
    return tuple(found)


def _freshness(
    ctx: Context, session: Session, screen: str, channels: Versions, held: int, now: int
) -> str:
    with _FRESH_LOCK:
        fresh = _FRESH.get(ctx.db)
        if fresh is None:
            fresh = _FRESH[ctx.db] = _Fresh(ctx)
    place = session.get(ScreenRow, screen)
    made = fresh.of(session, place.store_id, channels, now) if place is not None else None
    return made.jws if made is not None and made.issued_at > held else ""
