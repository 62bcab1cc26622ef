"""Proof of play as screens post it: each run kept once, its chain verified, breaks told.

A device writes one chain for its screen. What was posted before is recognised by its hash. A number
that is missing is a gap: the chain goes on after it. A run that contradicts one that is kept starts
a chain of its own (the device was put back to an older state, set up anew, or its key copied);
both stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.errors import Refused
from playlists.runs import GENESIS, Run, verify_chain
from server.db.models import DeviceRow, RunChainRow, RunRow
from server.errors import BadInput, Conflict, TooMany
from server.services.base import audit
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.screens.devices import Viewer

log = structlog.get_logger(__name__)

DAY_MS = 24 * 3_600_000
MAX_RUNS_A_DAY = 20_000
"""Runs that one device may post in a day (UTC); a busy screen has some hundreds."""
MAX_CHAINS = 20
"""Chains of one device; more means that it never remembers what it wrote."""
MAX_TOLD = 50
"""Gaps of one chain that the log of changes tells one by one."""

Kept = dict[tuple[int, int], str]
"""Hashes by chain and number."""


def take(ctx: Context, viewer: Viewer, runs: Sequence[Run]) -> int:
    """Keep the runs that are new; the number up to which the device may forget its own.

    Raises BadInput (not a chain: nothing of it is kept), TooMany, Conflict.
    """
    screen, now = viewer.screens[0], ctx.clock()
    segments = list(_segments(runs))
    with ctx.db.write() as session:
        if session.get(DeviceRow, screen, with_for_update=True) is None:
            raise missing("device")
        chains = _chains(session, screen, viewer.device)
        if not segments:
            return chains[-1].seq if chains else 0
        for segment in segments:
            _keep(session, viewer, chains, segment, now)
    return runs[-1].seq


def _segments(runs: Sequence[Run]) -> Iterator[Sequence[Run]]:
    """Stretches without a missing number, each verified in itself."""
    start = 0
    for at in range(1, len(runs) + 1):
        if at < len(runs) and runs[at].seq == runs[at - 1].seq + 1:
            continue
        if at < len(runs) and runs[at].seq <= runs[at - 1].seq:
            raise BadInput("Runs come in the order of their numbers.", field=f"runs/{at}/seq")
        segment = runs[start:at]
        try:
            verify_chain(segment, segment[0].prev, segment[0].seq)
        except Refused as refused:
            raise BadInput(str(refused), field="runs", code=refused.reason) from None
        yield segment
        start = at


def _chains(session: Session, screen: str, device: str) -> list[RunChainRow]:
    rows = select(RunChainRow).where(RunChainRow.screen_id == screen, RunChainRow.device == device)
    return list(session.scalars(rows.order_by(RunChainRow.chain)))


def _keep(
    session: Session, viewer: Viewer, chains: list[RunChainRow], runs: Sequence[Run], now: int
) -> None:
    kept = _kept(session, chains, runs[0].seq - 1, runs[-1].seq)
    there = {(seq, found) for (_, seq), found in kept.items()}
    fresh = [run for run in runs if (run.seq, run.hash) not in there]
    if not fresh:
        return
    today = now // DAY_MS
    written = sum(chain.day_rows for chain in chains if chain.day == today)
    if written + len(fresh) > MAX_RUNS_A_DAY:
        raise TooMany(f"A device may post {MAX_RUNS_A_DAY} runs a day.")
    chain = _chain_for(session, viewer, chains, kept, fresh[0], now)
    rows = [_columns(chain, run, now) for run in fresh]
    chain.seq, chain.hash = fresh[-1].seq, fresh[-1].hash
    chain.day_rows = len(fresh) + (chain.day_rows if chain.day == today else 0)
    chain.day = today
    session.flush()
    session.execute(RunRow.__table__.insert(), rows)  # type: ignore[attr-defined]


def _kept(session: Session, chains: Sequence[RunChainRow], first: int, last: int) -> Kept:
    """What there is of numbers `first` to `last`, and where each chain ends."""
    kept: Kept = {}
    if chains:
        rows = select(RunRow.chain, RunRow.seq, RunRow.hash).where(
            RunRow.screen_id == chains[0].screen_id,
            RunRow.chain.in_([chain.chain for chain in chains]),
            RunRow.seq.between(first, last),
        )
        kept.update(((chain, seq), found) for chain, seq, found in session.execute(rows))
    kept.update({(chain.chain, chain.seq): chain.hash for chain in chains})
    return kept


def _chain_for(
    session: Session,
    viewer: Viewer,
    chains: list[RunChainRow],
    kept: Kept,
    run: Run,
    now: int,
) -> RunChainRow:
    """The chain that a new run goes on with; a new one where it goes on with none."""
    for chain in reversed(chains):
        if chain.seq == run.seq - 1 and chain.hash == run.prev:
            return chain
    contradicts = any(seq == run.seq - 1 and found == run.prev for (_, seq), found in kept.items())
    newest = chains[-1] if chains else None
    if newest is not None and not contradicts and run.seq > newest.seq + 1:
        _gap(session, newest, run.seq - newest.seq - 1, now)
        return newest
    made = _new_chain(session, viewer, len(chains), run)
    chains.append(made)
    if newest is not None:
        action = "plays.restart" if run.prev == GENESIS else "plays.fork"
        _tell(session, made, action, {"at": run.seq, "of": newest.chain}, now)
    elif run.seq > 1:
        _gap(session, made, run.seq - 1, now)
    return made


def _new_chain(session: Session, viewer: Viewer, of_device: int, run: Run) -> RunChainRow:
    screen = viewer.screens[0]
    if of_device >= MAX_CHAINS:
        raise Conflict(
            "This device contradicts what it posted before, again and again. Pair it anew.",
            code="forked",
        )
    numbers = select(RunChainRow.chain).where(RunChainRow.screen_id == screen)
    last = session.scalar(numbers.order_by(RunChainRow.chain.desc()).limit(1))
    made = RunChainRow(
        screen_id=screen,
        chain=(last or 0) + 1,
        device=viewer.device,
        seq=run.seq - 1,
        hash=run.prev,
        gaps=0,
        lost=0,
        day=0,
        day_rows=0,
    )
    session.add(made)
    session.flush()
    return made


def _gap(session: Session, chain: RunChainRow, lost: int, now: int) -> None:
    chain.gaps += 1
    chain.lost += lost
    if chain.gaps <= MAX_TOLD:
        _tell(session, chain, "plays.gap", {"after": chain.seq, "lost": lost}, now)


def _tell(
    session: Session, chain: RunChainRow, action: str, what: dict[str, int], now: int
) -> None:
    log.warning(action, screen=chain.screen_id, chain=chain.chain, **what)
    after: dict[str, Any] = {"device": chain.device, "chain": chain.chain, **what}
    audit.record(session, SYSTEM, now, action, f"screen:{chain.screen_id}", None, after)


def _columns(chain: RunChainRow, run: Run, now: int) -> dict[str, Any]:
    return {
        "screen_id": chain.screen_id,
        "chain": chain.chain,
        "seq": run.seq,
        "hash": run.hash,
        "prev": run.prev,
        "zone": run.play.zone,
        "from_ms": run.play.from_ms,
        "until_ms": run.play.until_ms,
        "body": run.to_json(),
        "received_at": now,
    }
