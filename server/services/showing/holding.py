"""What a screen holds, or held at an instant, and how that is known.

In this order: what its own play records say (`run`); of one that fell silent before the instant,
its last report (`report`); for the present what the server says now (`server`), for the future the
plan (`plan`), with a head that is renewed as heads are, and for the past what the server had
published by then (`record`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Executable, select
from sqlalchemy.orm import Session

from playlists.errors import Invalid
from playlists.ids import CardId
from playlists.manifest import DeckCard
from playlists.runs import Play, Run
from playlists.shown import LocalOverride
from playlists.wire.door import Report
from server.db.models import HeadRow, RunRow, ScreenHeadRow, ScreenStateRow
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.showing.by_hand import hands_in
from server.services.showing.standing import silent_since

NOW_MS = 2_000
"""An instant this near the present is asked of the present: with leases and ages as they are."""
MAX_RUNS = 200
"""Records that may lie over one instant of a screen: one as planned, some exceptions, forks."""

Basis = Literal["server", "plan", "run", "report", "record"]

_COLUMNS = (
    HeadRow.screen_id,
    HeadRow.revision,
    HeadRow.issued_at,
    HeadRow.manifest,
    HeadRow.expires_at,
    HeadRow.inputs,
)


@dataclass(frozen=True, slots=True)
class Head:
    """A head of a screen; times in unix ms."""

    revision: int
    issued_at: int
    manifest: str
    expires_at: int
    inputs: str | None


@dataclass(frozen=True, slots=True)
class Holding:
    """What a screen holds: its head, and its offers.

    `versions` are the channels' versions that the screen itself named, None where the server tells;
    `as_of` is the instant (unix ms) whose offers and leases count, None for those in force.
    `said_at` is when the screen said so, `uncertainty_ms` what its clock may be off by (None: it
    has no trusted time), `exceptions` what it recorded as short of plan. `hands` are what of these
    people had it show without the server, `hand_cards` what they showed.
    """

    basis: Basis
    head: Head
    as_of: int | None = None
    versions: tuple[tuple[str, int], ...] | None = None
    said_at: int | None = None
    uncertainty_ms: int | None = 0
    exceptions: tuple[Play, ...] = field(default=())
    hands: tuple[LocalOverride, ...] = ()
    hand_cards: Mapping[CardId, DeckCard] = field(default_factory=dict)


def holdings(
    ctx: Context,
    session: Session,
    screens: Collection[str],
    at_ms: int,
    *,
    proven: bool = False,
) -> dict[str, Holding]:
    """What each of these screens holds at an instant (unix ms), those without a plan left out.

    `proven`: ask their play records too.
    """
    now = ctx.clock()
    wanted = sorted(screens)
    found: dict[str, Holding] = {}
    if proven and at_ms < now:
        for screen in wanted:
            run = _run(session, screen, at_ms)
            if run is not None:
                found[screen] = run
    if at_ms <= now + NOW_MS:
        left = [screen for screen in wanted if screen not in found]
        found.update(_silent(ctx, session, left, at_ms, now))
    basis: Basis = "plan" if at_ms > now + NOW_MS else "record"
    if abs(at_ms - now) <= NOW_MS:
        basis = "server"
    left = [screen for screen in wanted if screen not in found]
    for screen, head in _heads_at(session, left, at_ms).items():
        if basis == "plan":
            head = _renewed(head, at_ms, ctx.settings.head_life_ms)
        found[screen] = Holding(basis, head, at_ms if basis == "record" else None)
    return found


def _renewed(head: Head, at_ms: int, life_ms: int) -> Head:
    """A head as it will be at a coming instant: renewed long before its end."""
    return replace(head, expires_at=max(head.expires_at, at_ms + life_ms))


def _run(session: Session, screen: str, at_ms: int) -> Holding | None:
    """By the screen's play records: the last chain that covers the instant."""
    rows = select(RunRow.chain, RunRow.body).where(
        RunRow.screen_id == screen, RunRow.from_ms <= at_ms, RunRow.until_ms > at_ms
    )
    newest = rows.order_by(RunRow.chain.desc(), RunRow.seq.desc()).limit(MAX_RUNS)
    found = [(chain, Run.from_json(body).play) for chain, body in session.execute(newest)]
    stretch = next(((chain, play) for chain, play in found if not play.because), None)
    if stretch is None:
        return None
    chain, planned = stretch
    head = _head(session, screen, planned.head)
    if head is None:
        return None
    exceptions = tuple(play for one, play in found if one == chain and play.because)
    hands, cards = hands_in(session, exceptions)
    return Holding(
        "run",
        head,
        at_ms,
        tuple(sorted((str(name), version) for name, version in planned.offers.items())),
        planned.until_ms,
        exceptions=exceptions,
        hands=hands,
        hand_cards=cards,
    )


def _silent(
    ctx: Context, session: Session, screens: Sequence[str], at_ms: int, now: int
) -> dict[str, Holding]:
    """Those that fell silent before the instant, by their last report."""
    found: dict[str, Holding] = {}
    before = min(at_ms, silent_since(now, ctx.settings.report_every_s))
    for some in batched(list(screens), MAX_IN):
        rows = select(ScreenStateRow).where(
            ScreenStateRow.screen_id.in_(some),
            ScreenStateRow.connected.is_(False),
            ScreenStateRow.seen_at < before,
        )
        said = {row.screen_id: (row.seen_at, _report(row.report)) for row in session.scalars(rows)}
        held = {screen: report.revision for screen, (_, report) in said.items() if report}
        for screen, head in _heads(session, held).items():
            seen_at, report = said[screen]
            if report is not None:
                found[screen] = Holding(
                    "report",
                    head,
                    report.freshness or seen_at,
                    tuple(sorted((str(name), v) for name, v in report.channels.items())),
                    seen_at,
                    report.uncertainty_ms,
                )
    return found


def _report(body: Mapping[str, Any]) -> Report | None:
    try:
        report = Report.from_json(body)
    except Invalid:  # one that only connected has said nothing yet
        return None
    return report if report.revision else None


def _head(session: Session, screen: str, revision: int) -> Head | None:
    return _heads(session, {screen: revision}).get(screen)


def _heads(session: Session, revisions: Mapping[str, int]) -> dict[str, Head]:
    """The heads of these revisions, as far as they are kept."""
    found: dict[str, Head] = {}
    for some in batched(sorted(revisions), MAX_IN):
        wanted = sorted({revisions[screen] for screen in some})
        rows = select(*_COLUMNS).where(HeadRow.screen_id.in_(some), HeadRow.revision.in_(wanted))
        for screen, head in _read(session, rows):
            if head.revision == revisions[screen]:
                found[screen] = head
    return found


def _heads_at(session: Session, screens: Sequence[str], at_ms: int) -> dict[str, Head]:
    """The head of each screen that was, is, or as planned will be in force at an instant."""
    found: dict[str, Head] = {}
    for some in batched(list(screens), MAX_IN):
        current = (
            select(*_COLUMNS)
            .join(
                ScreenHeadRow,
                (ScreenHeadRow.screen_id == HeadRow.screen_id)
                & (ScreenHeadRow.revision == HeadRow.revision),
            )
            .where(HeadRow.screen_id.in_(some))
        )
        found.update(_read(session, current))
    for name in [name for name, head in found.items() if head.issued_at > at_ms]:
        past = select(*_COLUMNS).where(HeadRow.screen_id == name, HeadRow.issued_at <= at_ms)
        before = dict(_read(session, past.order_by(HeadRow.revision.desc()).limit(1)))
        del found[name]
        found.update(before)
    return found


def _read(session: Session, rows: Executable) -> list[tuple[str, Head]]:
    return [(screen, Head(*rest)) for screen, *rest in session.execute(rows)]
