"""How the screens of a store fetch files: the store's rule, or the chain's; sent by bringing.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.wire.commands import DAY_MINUTES, MAX_WINDOWS, FetchRule
from server.db.models import FetchRuleRow, StoreRow
from server.errors import BadInput
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import check_version, missing
from server.services.publishing.storing import alone

CHAIN = ""
"""In the place of a store: those without a rule of their own."""
KIB = 1_024
KIB_S = (16, 1_000_000)
"""The least and the most KiB a second: below, no film would ever arrive."""


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `kib_s` KiB a second of each screen (0: no limit), and files that are not needed
    within the hour only in `windows`, minutes of the store's day (none: always).
    """

    kib_s: int = 0
    windows: tuple[tuple[int, int], ...] = ()

    def rule(self) -> FetchRule:
        """As devices are told."""
        return FetchRule(self.kib_s * KIB, self.windows)


@dataclass(frozen=True, slots=True)
class PaceView:
    """What holds for a store: its own, or the chain's where `of_chain`; and the version of what was
    set for it, 0 for nothing.
    """

    pace: Pace
    of_chain: bool
    version: int


def of_store(ctx: Context, actor: Actor, store: str) -> PaceView:
    """What holds for a store now (CHAIN: for those without a rule of their own). Raises NotFound,
    Forbidden.
    """
    if store == CHAIN:
        actor.require_chain("read")
    else:
        actor.require("read", store)
    with ctx.db.read() as session:
        _check_store(session, store)
        rows = session.scalars(select(FetchRuleRow).where(FetchRuleRow.store.in_((store, CHAIN))))
        found = {row.store: row for row in rows}
    own, chains = found.get(store), found.get(CHAIN)
    row = own or chains
    of_chain = own is None or store == CHAIN
    return PaceView(_pace(row) if row else Pace(), of_chain, own.edited_at if own else 0)


def set_pace(
    ctx: Context, actor: Actor, store: str, pace: Pace | None, if_version: int | None = None
) -> None:
    """Give a store (CHAIN: all others) a rule, or with None take its own away. Raises NotFound,
    Forbidden, BadInput, StaleEdit.
    """
    if store == CHAIN:
        actor.require_chain("devices")
    else:
        actor.require("devices", store)
    if pace is not None:
        _check(pace)
    now = ctx.clock()
    with ctx.db.write() as session:
        alone(session)  # where there is none yet, there is no row to lock
        _check_store(session, store)
        row = session.get(FetchRuleRow, store, with_for_update=True)
        version = row.edited_at if row else 0
        check_version(version, if_version)
        before = asdict(_pace(row)) if row else None
        if pace is not None:
            windows = [list(one) for one in pace.windows]
            at = max(now, version + 1)
            session.merge(
                FetchRuleRow(store=store, kib_s=pace.kib_s, windows=windows, edited_at=at)
            )
        elif row is not None:
            session.delete(row)
        subject = f"store:{store}" if store else "chain"
        audit.record(
            session, actor, now, "fetching.set", subject, before, asdict(pace) if pace else None
        )
    ctx.wake()


def rules(session: Session) -> Callable[[str], FetchRule]:
    """The rule of each store."""
    found = {store: pace.rule() for store, pace in _rows(session).items()}
    default = found.get(CHAIN, FetchRule())
    return lambda store: found.get(store, default)


def _rows(session: Session) -> dict[str, Pace]:
    return {row.store: _pace(row) for row in session.scalars(select(FetchRuleRow))}


def _check_store(session: Session, store: str) -> None:
    if store != CHAIN and session.get(StoreRow, store) is None:
        raise missing("store")


def _pace(row: FetchRuleRow) -> Pace:
    return Pace(row.kib_s, tuple((begin, end) for begin, end in row.windows))


def _check(pace: Pace) -> None:
    least, most = KIB_S
    if pace.kib_s and not least <= pace.kib_s <= most:
        raise BadInput(f"Give 0, or {least} to {most} KiB a second.", field="kib_s")
    if len(pace.windows) > MAX_WINDOWS:
        raise BadInput(f"Give {MAX_WINDOWS} windows at most.", field="windows")
    for begin, end in pace.windows:
        if begin == end or not (0 <= begin <= DAY_MINUTES and 0 <= end <= DAY_MINUTES):
            raise BadInput("A window ends at another minute than it begins.", field="windows")
