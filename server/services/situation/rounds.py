"""The worker's rounds: notes what is not as it should be, and tells whoever should know, once.

A concern is open from when it is first found until nobody has found it for `watch_settle_s`. Each
recipient is told of it when it opens, when it grows worse, again every `watch_remind_s`, and that
it is over; all that is due goes in one message, one in `watch_pause_s` and
`watch_messages_per_hour` at most. Everything is kept in the record: a worker that starts anew goes
on where the last one stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server.db.models import ConcernRow, ToldRow, WatcherRow
from server.ports import PermanentError, TemporaryError
from server.services.base.context import Context
from server.services.situation import posting
from server.services.situation.concerns import KINDS, Concern, ordered
from server.services.situation.looking import look, patience_of
from server.services.situation.messages import Ended, News, body, words
from server.services.situation.recipients import WEBHOOK, Recipient, places_of, recipients
from server.services.situation.spoken import Places

log = structlog.get_logger(__name__)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
CLAIM_MS = 120_000
"""How long a recipient stays taken after the worker that was telling died."""
FIRST_PAUSE_MS, MAX_PAUSE_MS = 60_000, HOUR_MS
"""How long is waited after a message that could not be handed on; twice as long each time."""
EARLY_MS = HOUR_MS
"""What is to be told again within this time is told along with what is due."""


@dataclass(frozen=True, slots=True)
class Known:
    """A concern of the record; `over_at` is when it ended, None while it is open."""

    concern: Concern
    over_at: int | None


def run(ctx: Context) -> int:
    """One round: look, then tell. Returns how many messages went."""
    note(ctx)
    return tell(ctx)


def note(ctx: Context) -> None:
    """Bring the record's concerns up to what is so now."""
    now, settings = ctx.clock(), ctx.settings
    with ctx.db.read() as session:
        found = {one.id: one for one in look(ctx, session, now, patience_of(settings))}
        if not found and session.scalar(select(ConcernRow.id).limit(1)) is None:
            return
    with ctx.db.write() as session:
        rows = {row.id: row for row in session.scalars(select(ConcernRow))}
        for name, concern in found.items():
            row = rows.get(name)
            if row is None:
                session.add(_new(concern, now))
                continue
            back, worse = row.over_at is not None, concern.worse_than(row.said)
            if back:
                row.over_at, row.since, row.opened_at = None, concern.since, now
            if back or worse:  # whoever knew is told anew
                session.execute(delete(ToldRow).where(ToldRow.concern == name))
            row.said, row.stores, row.seen_at = dict(concern.said), list(concern.stores), now
        for name in rows.keys() - found.keys():
            row = rows[name]
            if row.over_at is None and row.seen_at + settings.watch_settle_s * 1000 <= now:
                row.over_at = row.seen_at
        session.flush()
        _forget(session, [one.id for one in recipients(session, settings)])


def _new(concern: Concern, now: int) -> ConcernRow:
    return ConcernRow(
        id=concern.id,
        kind=concern.kind,
        stores=list(concern.stores),
        said=dict(concern.said),
        since=concern.since,
        opened_at=now,
        seen_at=now,
    )


def _forget(session: Session, listening: Sequence[str]) -> None:
    """Drop what was told to those who are told no more, and what is over and told to nobody."""
    session.execute(delete(ToldRow).where(ToldRow.watcher.not_in(listening)))
    told = select(ToldRow.concern)
    session.execute(
        delete(ConcernRow).where(ConcernRow.over_at.is_not(None), ConcernRow.id.not_in(told))
    )


def tell(ctx: Context) -> int:
    """Send each recipient what is due. Returns how many messages went."""
    with ctx.db.read() as session:
        known = [_known(row) for row in session.scalars(select(ConcernRow))]
        if not known:
            return 0
        everyone = recipients(session, ctx.settings)
        told: dict[str, dict[str, int]] = {}
        for row in session.scalars(select(ToldRow)):
            told.setdefault(row.watcher, {})[row.concern] = row.told_at
        places = places_of(session)
    sent = 0
    for one in everyone:
        news = due(
            one, known, told.get(one.id, {}), ctx.clock(), ctx.settings.watch_remind_s * 1000
        )
        if news and _claimed(ctx, one.id):
            sent += _send(ctx, one, news, places)
    return sent


def due(
    one: Recipient, known: Iterable[Known], told: dict[str, int], now: int, remind_ms: int
) -> News:
    """What a recipient is to be told who was `told` of concerns (by id, unix ms). Pure."""
    mine = [each for each in known if one.wants(each.concern)]
    open_ones = [each.concern for each in mine if each.over_at is None]
    new = [each for each in open_ones if each.id not in told]
    old = [each for each in open_ones if each.id in told]
    late = any(told[each.id] + remind_ms <= now for each in old)
    still = [each for each in old if late and told[each.id] + remind_ms - EARLY_MS <= now]
    over = [
        Ended(each.concern, each.over_at)
        for each in mine
        if each.over_at is not None and each.concern.id in told
    ]
    over.sort(key=lambda ended: (KINDS.index(ended.concern.kind), ended.at))
    return News(ordered(new), ordered(still), tuple(over))


def _known(row: ConcernRow) -> Known:
    kind = next(one for one in KINDS if one == row.kind)
    subject = row.id.removeprefix(f"{kind}:")
    return Known(Concern(kind, subject, row.since, tuple(row.stores), row.said), row.over_at)


def _claimed(ctx: Context, name: str) -> bool:
    """Take a recipient to tell, where a message may go now and nobody else is telling."""
    now = ctx.clock()
    with ctx.db.write() as session:
        row = session.get(WatcherRow, name)
        if row is None:
            session.add(WatcherRow(id=name, recent=[], next_at=now + CLAIM_MS))
            return True
        if row.muted or row.next_at > now:
            return False
        taken = session.execute(
            update(WatcherRow)
            .where(WatcherRow.id == name, WatcherRow.next_at == row.next_at)
            .values(next_at=now + CLAIM_MS)
            .returning(WatcherRow.id)
        ).all()
        return bool(taken)


def _send(ctx: Context, one: Recipient, news: News, places: Places) -> int:
    """Hand the news on and write down what came of it. Returns how many messages went."""
    now, settings = ctx.clock(), ctx.settings
    key = news.key(one.id, now // DAY_MS)
    try:
        if one.id == WEBHOOK:
            posting.hook(settings, key, body(news, places, now, settings.url), now)
        else:
            said = words(news, places, now, one.language, settings.url)
            posting.mail(settings, one.address, one.language, key, said, now)
    except (TemporaryError, PermanentError) as error:
        log.warning("cannot tell", recipient=one.id, error=str(error))
        _failed(ctx, one.id, str(error))
        return 0
    _done(ctx, one.id, news)
    return 1


def _failed(ctx: Context, name: str, why: str) -> None:
    with ctx.db.write() as session:
        row = session.get_one(WatcherRow, name)
        row.failures += 1
        row.last_error = why[:500]
        pause = min(FIRST_PAUSE_MS * 2 ** min(row.failures - 1, 10), MAX_PAUSE_MS)
        row.next_at = ctx.clock() + pause


def _done(ctx: Context, name: str, news: News) -> None:
    now, settings = ctx.clock(), ctx.settings
    with ctx.db.write() as session:
        row = session.get_one(WatcherRow, name)
        recent = [at for at in row.recent if at > now - HOUR_MS]
        row.recent = [*recent, now]
        full = len(row.recent) >= settings.watch_messages_per_hour
        row.next_at = row.recent[0] + HOUR_MS if full else now + settings.watch_pause_s * 1000
        row.failures, row.last_error, row.told_at = 0, "", now
        for concern in (*news.new, *news.still):
            session.merge(ToldRow(watcher=name, concern=concern.id, told_at=now))
        ended = [one.concern.id for one in news.over]
        session.execute(delete(ToldRow).where(ToldRow.watcher == name, ToldRow.concern.in_(ended)))
