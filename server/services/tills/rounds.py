"""Minds the tills by the clock: what waited long enough, which screens have a higher price, and
which tills are to be called for that.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from server.connectors.source import Limits
from server.connectors.tills import till
from server.connectors.tills.till import TillConfig
from server.db.models import ChannelRow, ConnectorRow, ScreenRow, ScreenStateRow, TillPriceRow
from server.ports import PermanentError, TemporaryError, TillReport
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.prices import offers, seeing, tilling, withholding
from server.services.prices.ledger import Pair
from server.services.prices.tilling import Rules, State
from server.services.tills import taking

log = structlog.get_logger(__name__)

ROWS_AT_ONCE = 500
"""Prices looked at in one round; the rest has its turn in the next."""
SKUS_AT_ONCE = 100
CALLERS = 4
"""Tills that are called at the same time: one that never answers keeps no other waiting."""
CALL_S = 10.0
"""A till that takes longer did not hear."""


class TillRounds:
    """Runs each second. `stop` waits for no call that is under way."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._pool = ThreadPoolExecutor(CALLERS, "till")
        self._calling: dict[str, Future[None]] = {}

    def __call__(self) -> None:
        """Look once."""
        look(self._ctx)
        watch_screens(self._ctx)
        for connector in due_calls(self._ctx):
            under_way = self._calling.get(connector)
            if under_way is None or under_way.done():
                self._calling[connector] = self._pool.submit(call, self._ctx, connector)

    def stop(self) -> None:
        """End."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def look(ctx: Context) -> None:
    """Compile anew what is due: a time-out, a difference that lasted, a planned step; and what a
    till held that is no more.
    """
    now = ctx.clock()
    with ctx.db.read() as session:
        rows = session.execute(
            select(TillPriceRow.channel, TillPriceRow.sku)
            .where(or_(TillPriceRow.look_at <= now, _orphaned(session)))
            .limit(ROWS_AT_ONCE)
        ).all()
    by_channel: dict[str, list[Sku]] = {}
    for channel, sku in rows:
        by_channel.setdefault(channel, []).append(Sku(sku))
    for channel, skus in sorted(by_channel.items()):
        for some in batched(sorted(skus), SKUS_AT_ONCE):
            with ctx.db.write() as session:
                for found in offers.channels_by_id(session, [channel]):
                    taking.settle(ctx, session, found, some)
    if rows:
        ctx.wake()


def _orphaned(session: Session) -> ColumnElement[bool]:
    """Prices that wait for a till that is switched off or gone."""
    on = select(ConnectorRow.id).where(ConnectorRow.enabled, ConnectorRow.kind == withholding.TILL)
    waiting = or_(TillPriceRow.phase != "even", TillPriceRow.apart)
    return waiting & TillPriceRow.connector.not_in(list(session.scalars(on)))


def watch_screens(ctx: Context) -> None:
    """Where a price goes up, see whether each connected screen of the store has it."""
    now = ctx.clock()
    with ctx.db.read() as session:
        rows = session.execute(
            select(TillPriceRow, ChannelRow.store_id)
            .join(ChannelRow, ChannelRow.id == TillPriceRow.channel)
            .where(TillPriceRow.phase == "raising")
            .limit(ROWS_AT_ONCE)
        ).all()
        rules = withholding.rules_by_store(session, {store for _, store in rows})
        held = {
            channel: _held(session, store, channel)
            for channel, store in {(row.channel, store) for row, store in rows}
        }
    after = {}
    for row, store in rows:
        state, minded = withholding.state_of(row), rules.get(store, Rules(""))
        moved = tilling.confirmed(state, held[row.channel], minded, now)
        if moved != state:
            after[ChannelId(row.channel), Sku(row.sku)] = (state, moved)
    _move(ctx, after)


def _held(session: Session, store: str, channel: str) -> list[int]:
    """The versions of a channel that the connected screens of a store hold; 0 of one that has not
    said yet. One that does not follow the channel is not asked.
    """
    rows = session.scalars(
        select(ScreenStateRow.report)
        .join(ScreenRow, ScreenRow.id == ScreenStateRow.screen_id)
        .where(ScreenRow.store_id == store, ScreenStateRow.connected)
    )
    marks = [report.get("channels") for report in rows]
    return [
        0 if mark is None else int(mark[channel])
        for mark in marks
        if mark is None or channel in mark
    ]


def due_calls(ctx: Context) -> list[str]:
    """The tills that are to be called now."""
    with ctx.db.read() as session:
        query = select(TillPriceRow.connector).where(
            TillPriceRow.phase == "releasing", TillPriceRow.call_at <= ctx.clock()
        )
        return sorted(set(session.scalars(query)))


@dataclass(frozen=True, slots=True)
class _Call:
    """What a till is to be told: prices by what they are of, as they stood."""

    config: TillConfig
    secret: str
    prices: dict[Pair, tuple[State, TillReport]]


def call(ctx: Context, connector: str) -> None:
    """Call one till for everything that is due there. A call that is lost is made again; what is
    heard twice is the same.
    """
    due = _call_of(ctx, connector)
    if due is None or not due.prices:
        return
    limits = replace(Limits.of(ctx.settings), connect_s=CALL_S, read_s=CALL_S, total_s=CALL_S)
    wrong = ""
    try:
        told = [report for _, report in due.prices.values()]
        till.release(due.config, due.secret, told, ctx.clock(), limits)
    except (TemporaryError, PermanentError) as error:
        wrong = str(error)
        log.warning("till cannot be called", connector=connector, error=wrong)
    now = ctx.clock()
    _move(
        ctx,
        {
            pair: (state, tilling.called(state, now, heard=not wrong))
            for pair, (state, _) in due.prices.items()
        },
    )
    with ctx.db.write() as session:
        row = session.get(ConnectorRow, connector, with_for_update=True)
        if row is not None and wrong:
            row.last_error, row.last_error_at = wrong[:500], now
            row.failures += 1
        elif row is not None:
            row.last_error, row.failures = "", 0


def _call_of(ctx: Context, connector: str) -> _Call | None:
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, connector)
        if row is None or not row.enabled:
            return None
        config = TillConfig.model_validate(row.config)
        rows = session.execute(
            select(TillPriceRow, ChannelRow.store_id)
            .join(ChannelRow, ChannelRow.id == TillPriceRow.channel)
            .where(
                TillPriceRow.connector == connector,
                TillPriceRow.phase == "releasing",
                TillPriceRow.call_at <= ctx.clock(),
            )
            .order_by(TillPriceRow.channel, TillPriceRow.sku)
            .limit(till.MAX_ITEMS)
        ).all()
        prices = {}
        for one, store in rows:
            told = TillReport(
                one.sku, store, one.target or 0, one.target_currency, str(one.version)
            )
            prices[ChannelId(one.channel), Sku(one.sku)] = (withholding.state_of(one), told)
        return _Call(config, str(row.secrets.get("secret", "")), prices)


def _move(ctx: Context, moves: dict[Pair, tuple[State, State]]) -> None:
    """Keep states that moved, where nobody else moved them meanwhile, and look at each again."""
    now = ctx.clock()
    for some in batched(sorted(moves), SKUS_AT_ONCE):
        with ctx.db.write() as session:
            by_channel: dict[ChannelId, list[Sku]] = {}
            for channel, sku in some:
                by_channel.setdefault(channel, []).append(sku)
            for found in offers.channels_by_id(session, by_channel):
                seeing.lock(session, [found])
                there = withholding.states(session, [found.id], by_channel[found.id])
                same = [pair for pair, state in there.items() if state == moves[pair][0]]
                withholding.move(session, {pair: moves[pair][1] for pair in same}, now)
    if moves:
        ctx.wake()
