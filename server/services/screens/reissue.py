"""A server restored from a backup knows less than its players hold: it speaks again, above them.

Versions follow the clock, so most times its next word is ahead anyway. Until that comes, a report
that names a version above the record's has the same content signed anew under a higher one.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from playlists.admission import next_revision
from playlists.ids import ChannelId
from playlists.wire.door import Report
from playlists.wire.offers import OffersMessage
from server.db.engine import Database
from server.db.models import ChannelRow, ScreenHeadRow
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.prices.compiling import Change
from server.services.publishing.readsets import ReadIndex
from server.services.publishing.storing import SignedHead, Storer
from server.services.screens.devices import directory

log = structlog.get_logger(__name__)

MAX_AHEAD_MS = 400 * 24 * 3_600_000
"""A version may be this far ahead of the clock (it once ran wrong); above it is not believed."""
CHANNEL_EVERY_MS = 60_000
"""A channel is signed anew at most this often: all its followers take it whole."""
HEAD_EVERY_MS = 10_000
"""A screen's head at most this often: every one is kept, and a copied key can say any revision."""


@dataclass(frozen=True, slots=True)
class Reissued:
    """What the door must be given."""

    heads: tuple[SignedHead, ...] = ()
    channels: tuple[Change, ...] = ()


class _Pace:
    """Lets each name of a record pass once in a while."""

    def __init__(self, every_ms: int) -> None:
        self._every_ms = every_ms
        self._last: WeakKeyDictionary[Database, dict[str, int]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def take(self, record: Database, names: Iterable[str], now: int) -> list[str]:
        """Those of `names` whose turn it is."""
        with self._lock:
            last = self._last.setdefault(record, {})
            free = [name for name in names if name not in last or self._is_over(last[name], now)]
            last.update((name, now) for name in free)
        return free

    def _is_over(self, last: int, now: int) -> bool:
        """Whether the pause has passed, or the clock was set back."""
        return not 0 <= now - last < self._every_ms


_PACE = _Pace(CHANNEL_EVERY_MS)
_HEADS_PACE = _Pace(HEAD_EVERY_MS)


def after_reports(ctx: Context, reports: Mapping[str, Report]) -> Reissued:
    """Sign anew what the reports, by screen, name above the record's own versions.

    A screen is believed about itself and the channels that its plan reads, nothing else.
    """
    revisions = {screen: said.revision for screen, said in reports.items()}
    return Reissued(heads_above(ctx, revisions), _channels_above(ctx, reports))


def heads_above(ctx: Context, held: Mapping[str, int]) -> tuple[SignedHead, ...]:
    """New heads, of the same plans, for the screens that hold a revision above the record's."""
    now = ctx.clock()
    believed = _believed(held, now, "head")
    if not believed:
        return ()
    known: dict[str, int] = {}
    with ctx.db.read() as session:
        for some in batched(sorted(believed), MAX_IN):
            rows = select(ScreenHeadRow.screen_id, ScreenHeadRow.revision)
            known.update(session.execute(rows.where(ScreenHeadRow.screen_id.in_(some))).all())
    ahead = [name for name, revision in known.items() if believed[name] > revision]
    above = {name: believed[name] for name in _HEADS_PACE.take(ctx.db, ahead, now)}
    if not above:
        return ()
    storer = Storer(ctx.keys, ReadIndex(), ctx.settings.head_life_ms)
    with ctx.db.write() as session:
        for screen, revision in above.items():
            row = update(ScreenHeadRow).where(
                ScreenHeadRow.screen_id == screen, ScreenHeadRow.revision < revision
            )
            session.execute(row.values(revision=revision))
        heads = storer.renew(session, list(above), now)
    log.warning("heads_behind_players", screens=len(heads))
    return tuple(heads)


def channels_above(ctx: Context, held: Mapping[str, int]) -> tuple[Change, ...]:
    """A later version of the same offers for the channels that players hold above the record's.

    `held` are the highest versions that followers of these channels reported.
    """
    now = ctx.clock()
    believed = _believed(held, now, "offers")
    with ctx.db.read() as session:
        known = _versions(session, believed)
    above = [name for name, version in known.items() if believed[name] > version]
    changes = []
    for name in _PACE.take(ctx.db, above, now):
        change = _again(ctx, name, believed[name], now)
        changes += [change] if change is not None else []
    if changes:
        log.warning("channels_behind_players", channels=[change.channel for change in changes])
        ctx.wake()
    return tuple(changes)


def _channels_above(ctx: Context, reports: Mapping[str, Report]) -> tuple[Change, ...]:
    named = {str(channel) for said in reports.values() for channel in said.channels}
    with ctx.db.read() as session:
        known = _versions(session, named)
        ahead = {
            screen: {str(name): v for name, v in said.channels.items() if v > known.get(name, v)}
            for screen, said in reports.items()
        }
        screens = [screen for screen, channels in ahead.items() if channels]
        reads = {row.screen: row.channels for row in directory(session, screens)}
    highest: dict[str, int] = {}
    for screen in screens:
        for channel in ahead[screen].keys() & set(reads.get(screen, ())):
            highest[channel] = max(ahead[screen][channel], highest.get(channel, 0))
    return channels_above(ctx, highest) if highest else ()


def _versions(session: Session, channels: Collection[str]) -> dict[str, int]:
    """The versions of those of `channels` that have one."""
    known: dict[str, int] = {}
    rows = select(ChannelRow.id, ChannelRow.version).where(ChannelRow.version > 0)
    for some in batched(sorted(channels), MAX_IN):
        known.update(session.execute(rows.where(ChannelRow.id.in_(some))).all())
    return known


def _again(ctx: Context, channel: str, held: int, now: int) -> Change | None:
    """Nothing changed from the record's version on: that is the delta; others take it whole."""
    with ctx.db.write() as session:
        row = session.get(ChannelRow, channel, with_for_update=True)
        if row is None or row.version >= held:
            return None
        version = next_revision(held, now)
        message = OffersMessage(ChannelId(channel), row.version, version, (), ())
        row.delta_from, row.delta = row.version, ctx.keys.sign_offers(message)
        row.version = version
        return Change(ChannelId(channel), version, row.delta)


def _believed(held: Mapping[str, int], now: int, what: str) -> dict[str, int]:
    believed = {name: version for name, version in held.items() if version <= now + MAX_AHEAD_MS}
    if len(believed) < len(held):
        log.warning("version_not_believed", what=what, names=sorted(held.keys() - believed.keys()))
    return believed
